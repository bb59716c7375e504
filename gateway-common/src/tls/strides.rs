//! What of a ClientHello lies in one piece and one record whole, in strides: no state is kept between its bytes.
//!
//! Each function either reads something to its end, with the very outcome that reading it byte by byte has, or changes
//! nothing. So everything that is cut, at its end or wrong is left to [`Hello::crawl`], the one place that says what it
//! comes to.

use super::{
    CONTENT_HANDSHAKE, EXTENSION_ECH, EXTENSION_SERVER_NAME, Field, HANDSHAKE_CLIENT_HELLO, Hello, MAX_HELLO,
    MAX_RECORD, MAX_SESSION_ID, NAME_TYPE_HOST, PIECE_BYTES, Piece, Progress, RECORD_HEADER, VERSION_RANDOM,
    is_version, low_half, min,
};
use crate::abi::MAX_NAME;
use crate::name::WireName;

/// How many extensions one stride passes over: nearly all of a browser.
const STRIDE: u32 = 24;

/// Length of the header of a handshake message and of an extension.
const HEADER: u32 = 4;

/// Of server_name: header of the extension, length of the list, type and length of the name.
const NAME_AT: u32 = HEADER + 2 + 3;

#[expect(clippy::cast_possible_truncation, reason = "253")]
const LONGEST: u32 = MAX_NAME as u32;

impl Piece {
    /// Eight bytes from `at` on, the first lowest. Outside the buffer they are others of it.
    ///
    /// By two aligned reads: what is not known to be aligned is read byte by byte on bpf.
    #[inline(always)]
    pub(crate) fn word(&self, at: u32) -> u64 {
        const WORDS: usize = PIECE_BYTES / 8;
        let words = self.bytes.as_chunks::<8>().0;
        let index = (at >> 3) as usize;
        let (low, high) = (words[index & (WORDS - 1)], words[(index + 1) & (WORDS - 1)]);
        let shift = (at & 7) * 8;
        // In two parts, since a shift by 64 is none.
        u64::from_le_bytes(low) >> shift | u64::from_le_bytes(high) << 8 << (56 - shift)
    }
}

/// The 16 bits in network order of which the first is at `shift`.
#[inline(always)]
const fn short(word: u64, shift: u32) -> u32 {
    byte(word, shift) << 8 | byte(word, shift + 8)
}

#[expect(clippy::cast_possible_truncation, reason = "eight bits are kept")]
#[inline(always)]
const fn byte(word: u64, shift: u32) -> u32 {
    (word >> shift) as u32 & 0xff
}

impl Hello {
    /// From the beginning of the stream to the first extension.
    #[inline(always)]
    pub fn leap(&mut self, piece: &mut Piece) {
        const RECORD: u32 = RECORD_HEADER as u32;
        if self.begun || self.header_have > 0 || piece.left() < RECORD + HEADER + VERSION_RANDOM {
            return;
        }
        let begin = piece.at;
        let start = piece.word(begin);
        let record = short(start, 24);
        let message = byte(start, 48) << 16 | short(piece.word(begin + 7), 0);
        if u64::from(byte(start, 0)) != CONTENT_HANDSHAKE
            || !is_version(byte(start, 8).into(), byte(start, 16).into())
            || u64::from(record) > MAX_RECORD
            || byte(start, 40) != HANDSHAKE_CLIENT_HELLO
            || message > MAX_HELLO
        {
            return;
        }
        let message_at = begin + RECORD + HEADER;
        let end = begin + RECORD + min(record, piece.left() - RECORD);
        let session_at = message_at + VERSION_RANDOM;
        let session = byte(piece.word(session_at), 0);
        let ciphers_at = session_at + 1 + session;
        let ciphers = short(piece.word(ciphers_at), 0);
        let compression_at = ciphers_at + 2 + ciphers;
        let compression = byte(piece.word(compression_at), 0);
        let extensions_at = compression_at + 1 + compression;
        let extensions = short(piece.word(extensions_at), 0);
        let at = extensions_at + 2;
        // Only if this much is there was anything of the above read from where it stands.
        if at > end
            || session > MAX_SESSION_ID
            || ciphers < 2
            || !ciphers.is_multiple_of(2)
            || compression < 1
            || extensions < 1
            || at - message_at + extensions != message
        {
            return;
        }
        piece.at = at;
        self.record_left = low_half(record - (at - begin - RECORD));
        self.begun = true;
        self.hello_left = extensions;
        self.field = Field::ExtensionHeader;
    }

    /// Over whole extensions, up to that of the name, and that too.
    #[inline(always)]
    pub fn stride(&mut self, piece: &mut Piece, name: &mut WireName) -> Progress {
        if !matches!(self.field, Field::ExtensionHeader) || self.value_have > 0 || self.skip > 0 {
            return Progress::Going;
        }
        let begin = piece.at;
        let end = begin + min(piece.left(), self.record_left as u32);
        let mut at = begin;
        let mut hello_left = self.hello_left;
        let mut ech = false;
        let mut named = false;
        for _ in 0..STRIDE {
            if at + HEADER > end {
                break;
            }
            let header = piece.word(at);
            let (kind, len) = (short(header, 0), HEADER + short(header, 16));
            if len > hello_left || at + len > end {
                break;
            }
            if kind == EXTENSION_SERVER_NAME && !self.named {
                named = true;
                break;
            }
            ech |= kind == EXTENSION_ECH;
            at += len;
            hello_left -= len;
        }
        self.ech = self.ech || ech;
        self.hello_left = hello_left;
        self.advance(piece, at - begin);
        if hello_left == 0 {
            // Of a record that holds no extension, nothing was read.
            return if at > begin { self.at_end() } else { Progress::Going };
        }
        if named { self.whole_name(piece, name) } else { Progress::Going }
    }

    /// The extension of the name, which is whole.
    #[inline(always)]
    fn whole_name(&mut self, piece: &mut Piece, name: &mut WireName) -> Progress {
        let header = piece.word(piece.at + 2);
        let (extension, list) = (short(header, 0), short(header, 16));
        let (kind, len) = (byte(header, 32), short(header, 40));
        if list + 2 != extension || len + 3 != list || kind != NAME_TYPE_HOST || !(1..=LONGEST).contains(&len)
        {
            return Progress::Going;
        }
        name.take_lower(len, |at| piece.word(piece.at + NAME_AT + at));
        self.hello_left -= NAME_AT + len;
        self.advance(piece, NAME_AT + len);
        self.name_ends(name)
    }

    #[inline(always)]
    fn advance(&mut self, piece: &mut Piece, bytes: u32) {
        piece.at += bytes;
        self.record_left -= low_half(bytes);
    }
}
