//! Long headers (RFC 8999, 5.1; RFC 9000, 17.2): which version, which packet, which connection ID, and where the rest is.
//!
//! ```text
//! first byte | version (4) | DCID length | DCID | SCID length | SCID
//!     Initial alone:    token length | token
//!     all but Retry:    length | packet number | payload
//! ```

use zerocopy::transmute_mut;

use super::keys::Secret;

/// Bytes of a packet that are looked at for its header: first byte, version, two connection IDs of 20 bytes with their
/// lengths and a varint need 55. A power of two, so that kernel code can index with a mask.
pub const HEAD_BYTES: usize = HEAD_LEN as usize;

/// [`HEAD_BYTES`] as the number that lengths are.
pub(super) const HEAD_LEN: u32 = 64;

/// Longest connection ID of the versions that are read (RFC 9000, 17.2).
pub(super) const MAX_CONNECTION_ID: u32 = 20;

/// Authentication tag of AEAD_AES_128_GCM.
const TAG: u32 = 16;
/// The sample of the header protection begins where the payload does if the packet number has four bytes (RFC 9001, 5.4.2).
const SAMPLE_AT: u32 = 4;
const SAMPLE: u32 = 16;

/// How many bytes show whether a datagram can begin with an Initial.
pub const START: usize = 6;

/// Whether a packet with this first byte has a long header (RFC 8999, 5.1).
#[inline(always)]
pub const fn is_long(first: u8) -> bool {
    first & 0x80 != 0
}

/// Whether a datagram with these first bytes can begin with a packet that is worth a look: a long header of a version whose
/// Initials can be read. Others that begin with the same bit, as RTP does, are told apart by the version.
#[inline(always)]
pub const fn may_begin(start: [u8; START]) -> bool {
    is_long(start[0]) && Secret::of(u32::from_be_bytes([start[1], start[2], start[3], start[4]])).is_some()
}

/// Whether these are the first bytes of a client's packet with a long header, of whatever version (RFC 8999, 5.1): the
/// fixed bit of RFC 9000 is set, and the version is not that of version negotiation.
#[inline(always)]
pub const fn may_be_quic(start: [u8; START]) -> bool {
    start[0] & 0xc0 == 0xc0 && (start[1] | start[2] | start[3] | start[4]) != 0
}

/// What kind of packet it is. The numbers are what the kernel function around [`Header::begin`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// No long header, or one cut short.
    Other,
    /// A long header of a version whose Initials cannot be read.
    UnknownVersion,
    /// A version negotiation packet: its version is 0. Only servers send it.
    Negotiation,
    /// An Initial.
    Initial,
    /// 0-RTT data.
    EarlyData,
    /// A Handshake packet.
    Handshake,
    /// A Retry. Only servers send it.
    Retry,
    /// A length contradicts the datagram or the version.
    Malformed,
}

impl Kind {
    /// The kind with this number, as a kernel function returned it.
    #[inline(always)]
    pub(super) const fn from_number(number: u32) -> Self {
        match number {
            0 => Self::Other,
            1 => Self::UnknownVersion,
            2 => Self::Negotiation,
            3 => Self::Initial,
            4 => Self::EarlyData,
            5 => Self::Handshake,
            6 => Self::Retry,
            _ => Self::Malformed,
        }
    }
}

/// The header of a packet, as far as it has been read.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Header {
    /// The first bytes of the packet, later those from its length field on; `have` of them are there.
    pub(super) head: [u8; HEAD_BYTES],
    /// The destination connection ID, zero behind its end.
    pub(super) id: ConnectionId,
    /// How many bytes of `head` are there.
    pub(super) have: u32,
    /// How long the datagram is from the start of the packet on.
    pub(super) left: u32,
    /// Where the length field is, from the start of the packet.
    pub(super) length_at: u32,
    /// Where the packet number is, from the start of the packet.
    pub(super) number_at: u32,
    /// Where the packet ends, from its start.
    pub(super) end: u32,
    /// A [`Secret`] as a number.
    pub(super) secret: u32,
    /// The one that a reserved version is read with.
    guess: u32,
    /// The first byte, protected.
    pub(super) first: u8,
    /// Whether the version is reserved, so that `secret` is a guess.
    pub(super) reserved: bool,
}

/// A connection ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ConnectionId {
    /// Its bytes, zero behind its end. There is room for 32, so that kernel code can index with a mask.
    words: [u32; 8],
    pub(super) len: u32,
}

impl ConnectionId {
    pub(super) const EMPTY: Self = Self { words: [0; 8], len: 0 };

    /// The first 20 bytes as SHA-256 takes them.
    #[inline(always)]
    pub(super) fn words(&self) -> [u32; 5] {
        let [a, b, c, d, e, ..] = self.words;
        [a, b, c, d, e].map(u32::from_be)
    }

    /// Whether both are the same.
    #[inline(always)]
    pub fn is(&self, other: &Self) -> bool {
        let mut differ = self.len ^ other.len;
        for index in 0..5 {
            differ |= self.words[index] ^ other.words[index];
        }
        differ == 0
    }
}

impl Header {
    pub(super) const EMPTY: Self = Self {
        head: [0; HEAD_BYTES],
        id: ConnectionId::EMPTY,
        have: 0,
        left: 0,
        length_at: 0,
        number_at: 0,
        end: 0,
        secret: 0,
        guess: Secret::V1 as u32,
        first: 0,
        reserved: false,
    };

    /// Sets which [`Secret`], as a number, a reserved version is read with.
    #[inline(always)]
    pub(super) const fn guess(&mut self, secret: u32) {
        self.guess = secret;
        if self.reserved {
            self.secret = secret;
        }
    }

    #[inline(always)]
    const fn byte(&self, at: u32) -> u8 {
        self.head[at as usize & (HEAD_BYTES - 1)]
    }

    /// Reads a variable-length integer of `head` (RFC 9000, 16): its value and where it ends.
    #[inline(always)]
    fn varint(&self, at: u32) -> Option<(u64, u32)> {
        if at >= self.have {
            return None;
        }
        let first = self.byte(at);
        let end = at + (1 << (first >> 6));
        if end > self.have {
            return None;
        }
        let mut value = u64::from(first & 0x3f);
        for next in 1..8 {
            if at + next >= end {
                break;
            }
            value = value << 8 | u64::from(self.byte(at + next));
        }
        Some((value, end))
    }

    /// Reads the packet up to its length field.
    #[inline(always)]
    pub(super) fn begin(&mut self) -> Kind {
        self.first = self.byte(0);
        // The fixed bit is not asked for: servers may leave it unchecked (RFC 9287).
        if self.have < 7 || self.first & 0x80 == 0 {
            return Kind::Other;
        }
        let version = u32::from_be_bytes([self.byte(1), self.byte(2), self.byte(3), self.byte(4)]);
        if version == 0 {
            return Kind::Negotiation;
        }
        let Some(secret) = Secret::of(version) else { return Kind::UnknownVersion };
        self.reserved = Secret::is_reserved(version);
        self.secret = if self.reserved { self.guess } else { secret as u32 };
        let kind = secret.kind(self.first >> 4 & 3);
        self.id.len = u32::from(self.byte(5));
        if self.id.len > MAX_CONNECTION_ID {
            return Kind::Malformed;
        }
        let source = 6 + self.id.len;
        let source_len = u32::from(self.byte(source));
        let token = source + 1 + source_len;
        if source >= self.have || source_len > MAX_CONNECTION_ID || token > self.have {
            return Kind::Malformed;
        }
        self.keep_id();
        self.length_at = token;
        if matches!(kind, Kind::Initial) {
            let Some((token_len, end)) = self.varint(token) else { return Kind::Malformed };
            // Both are compared before they are added, so the sum is in range.
            if end > self.left || token_len > u64::from(self.left - end) {
                return Kind::Malformed;
            }
            #[expect(clippy::cast_possible_truncation, reason = "at most the rest of the datagram")]
            let token_len = token_len as u32;
            self.length_at = end + token_len;
        }
        kind
    }

    #[inline(always)]
    fn keep_id(&mut self) {
        self.id.words = [0; 8];
        for at in 0..MAX_CONNECTION_ID {
            if at >= self.id.len {
                break;
            }
            let byte = self.byte(6 + at);
            let bytes: &mut [u8; 32] = transmute_mut!(&mut self.id.words);
            bytes[at as usize & 31] = byte;
        }
    }

    /// Reads the length of the packet; `head` begins at `length_at` now. False if the packet is longer than the datagram
    /// or, of an Initial, too short for a sample of the header protection.
    #[inline(always)]
    pub(super) fn length(&mut self) -> bool {
        let Some((length, end)) = self.varint(0) else { return false };
        let number_at = self.length_at + end;
        if number_at > self.left || length > u64::from(self.left - number_at) {
            return false;
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most the rest of the datagram")]
        let length = length as u32;
        self.number_at = number_at;
        self.end = number_at + length;
        // `head` holds at most 8 + 4 + 16 bytes up to the end of the sample.
        length >= SAMPLE_AT + SAMPLE && end + SAMPLE_AT + SAMPLE <= self.have
    }

    /// The sample of the header protection, in words as they are in memory.
    #[inline(always)]
    pub(super) fn sample(&self) -> [u32; 4] {
        let at = self.number_at - self.length_at + SAMPLE_AT;
        let byte = |index| self.byte(at + index);
        let word =
            |index| u32::from_ne_bytes([byte(index), byte(index + 1), byte(index + 2), byte(index + 3)]);
        [word(0), word(4), word(8), word(12)]
    }

    /// The byte of the packet number with this index, protected.
    #[inline(always)]
    pub(super) const fn number_byte(&self, index: u32) -> u8 {
        self.byte(self.number_at - self.length_at + index)
    }

    /// Where the payload begins behind a packet number of so many bytes, and how long it is without its tag.
    #[inline(always)]
    pub(super) const fn payload(&self, number_len: u32) -> (u32, u32) {
        let start = self.number_at + number_len;
        (start, self.end.saturating_sub(start + TAG))
    }
}
