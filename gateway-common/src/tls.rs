//! From the bytes of a TCP stream to the server name of a TLS ClientHello.
//!
//! The reader is an automaton that takes the stream in pieces, cut anywhere: inside a record header, inside a length,
//! inside the name. It keeps what it needs between pieces (some thirty bytes and the name), never the bytes themselves.
//! Each [`Hello::step`] reads at most one integer or a few bytes of the name, so that the kernel's verifier sees one
//! small function and a bounded loop around it. What lies in one piece whole, as nearly all of a hello does, is read in
//! strides (`strides`): the header up to the extensions, each extension, and the name.
//!
//! What is read, with the two layers in one stream (RFC 8446, 5.1 and 4.1.2; RFC 6066, 3):
//!
//! ```text
//! record     type 22 | version 3.x | length 1..2^14                  again and again, anywhere below
//! handshake  type 1  | length (24 bits)
//! hello      version, random (34) | session id <0..32> | cipher suites <2..2^16-2> | compression methods <1..255>
//! extensions length | ( type | length | body )*
//! server_name body: list length | ( name type 0 | length | name )
//! ```
//!
//! A hello that contradicts itself in how long all of its extensions are is still one with a name if it shows one, as a
//! dissector sees it; without a name it is malformed. What follows the name is read only by those who step on behind
//! [`Progress::Named`]: in search of the extension that holds an encrypted hello.

mod strides;

use crate::name::WireName;

/// Bytes of a stream that are looked at together: a power of two, so that kernel code can index with a mask.
pub const PIECE_BYTES: usize = PIECE_LEN as usize;

/// [`PIECE_BYTES`] as the number that lengths in a piece are.
pub const PIECE_LEN: u32 = 2048;

/// Longest ClientHello that is followed, in bytes of the handshake message.
pub const MAX_HELLO: u32 = 16 * 1024;

/// How many steps one piece may take. An extension takes at least four bytes and one step, a TLS record of one byte six
/// bytes and two steps, so no piece needs more than half its bytes and a few.
pub const MAX_STEPS: u32 = PIECE_LEN / 2 + 64;

/// How many bytes of a name one step copies.
const NAME_STEP: u32 = 64;

/// A piece of a stream and how far it has been read.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct Piece {
    /// The bytes, of which `len` count.
    pub bytes: [u8; PIECE_BYTES],
    /// How many there are, at most `PIECE_BYTES`.
    pub len: u32,
    /// The next one to read.
    pub at: u32,
}

impl Piece {
    /// A piece with the first bytes of `stream`, at most [`PIECE_BYTES`].
    pub fn new(stream: &[u8]) -> Self {
        let mut bytes = [0; PIECE_BYTES];
        let len = stream.len().min(PIECE_BYTES);
        bytes[..len].copy_from_slice(&stream[..len]);
        #[expect(clippy::cast_possible_truncation, reason = "at most PIECE_BYTES")]
        let len = len as u32;
        Self { bytes, len, at: 0 }
    }

    #[inline(always)]
    pub(crate) const fn left(&self) -> u32 {
        self.len.saturating_sub(self.at)
    }

    /// The next byte. The caller has asked [`Piece::left`]; outside the buffer the mask makes it some other byte of it.
    #[inline(always)]
    pub(crate) const fn next(&mut self) -> u8 {
        let byte = self.bytes[self.at as usize & (PIECE_BYTES - 1)];
        self.at += 1;
        byte
    }
}

/// The first byte of a stream of TLS records that begins with a handshake.
pub const FIRST_BYTE: u8 = 22;

/// How many bytes show whether a stream can begin with a ClientHello.
pub const HELLO_START: usize = 6;

/// Whether a stream with these first bytes can begin with a ClientHello: the type and major version of the record, the
/// type of the handshake message.
#[inline(always)]
pub const fn may_begin(start: [u8; HELLO_START]) -> bool {
    start[0] as u64 == CONTENT_HANDSHAKE
        && is_version(start[1] as u64, start[2] as u64)
        && start[5] as u32 == HANDSHAKE_CLIENT_HELLO
}

/// Whether a record can have this version: SSL 3.0 and all of TLS, and TLCP (GB/T 38636-2020), whose hello is the same.
#[inline(always)]
const fn is_version(major: u64, minor: u64) -> bool {
    major == 3 || (major == 1 && minor == 1)
}

/// What a step came to. The numbers are what the kernel function around it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Progress {
    /// Step again.
    Going,
    /// The piece is read to its end; the hello goes on in the next one.
    Hungry,
    /// The name is complete. Whoever steps on comes to the end of the hello.
    Named,
    /// The hello ended without a server name.
    Nameless,
    /// The stream does not begin with a ClientHello.
    NotHello,
    /// Lengths contradict each other, or a value is none that the protocol has.
    Malformed,
    /// The hello or its name is longer than is followed.
    TooLong,
    /// The hello ended, behind its name.
    Ended,
}

/// Which integer comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Field {
    HandshakeHeader,
    SessionIdLen,
    CipherSuitesLen,
    CompressionLen,
    ExtensionsLen,
    ExtensionHeader,
    NameListLen,
    NameHeader,
    Name,
}

impl Field {
    /// Width in bytes.
    const fn width(self) -> u8 {
        match self {
            Self::SessionIdLen | Self::CompressionLen => 1,
            Self::CipherSuitesLen | Self::ExtensionsLen | Self::NameListLen => 2,
            Self::NameHeader => 3,
            Self::HandshakeHeader | Self::ExtensionHeader => 4,
            Self::Name => 0,
        }
    }
}

/// How far a ClientHello has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Hello {
    /// The record header so far, first byte highest.
    header: u64,
    /// The integer so far, first byte highest.
    value: u32,
    /// Bytes to pass over before the next integer.
    skip: u32,
    /// Bytes left of the handshake message.
    hello_left: u32,
    /// Bytes left of the list of names, then of the name.
    name_left: u16,
    /// Bytes left of the record.
    record_left: u16,
    /// Whether the extension of an encrypted hello was met.
    ech: bool,
    /// Whether something contradicts the rest, so that without a name the hello is malformed.
    odd: bool,
    /// How many bytes of `header` are there.
    header_have: u8,
    /// How many bytes of `value` are there.
    value_have: u8,
    /// Whether a record header was accepted.
    begun: bool,
    field: Field,
    /// Whether the name is complete.
    named: bool,
    /// Always 0.
    reserved: u8,
}

const RECORD_HEADER: u8 = 5;
const CONTENT_HANDSHAKE: u64 = 22;
const HANDSHAKE_CLIENT_HELLO: u32 = 1;
/// RFC 8446, 5.1: a record must not be longer.
const MAX_RECORD: u64 = 1 << 14;
/// `legacy_version` and `random`.
const VERSION_RANDOM: u32 = 34;
const EXTENSION_SERVER_NAME: u32 = 0;
/// encrypted_client_hello (RFC 9849).
const EXTENSION_ECH: u32 = 0xfe0d;
const NAME_TYPE_HOST: u32 = 0;
/// Body of a server_name extension with a name of one byte: list length, type, name length, name.
const NAME_LIST_MIN: u32 = 2 + 3 + 1;
const MAX_SESSION_ID: u32 = 32;

impl Hello {
    /// A hello of which nothing has been read.
    pub const START: Self = Self {
        header: 0,
        value: 0,
        skip: 0,
        hello_left: 0,
        name_left: 0,
        record_left: 0,
        ech: false,
        odd: false,
        header_have: 0,
        value_have: 0,
        begun: false,
        field: Field::HandshakeHeader,
        named: false,
        reserved: 0,
    };

    /// Whether the extension of an encrypted hello (ECH) was met so far; wherever it stands, after [`Progress::Ended`] and
    /// [`Progress::Nameless`].
    #[inline(always)]
    pub const fn has_ech(&self) -> bool {
        self.ech
    }

    /// Whether the name is complete.
    #[inline(always)]
    pub const fn is_named(&self) -> bool {
        self.named
    }

    /// Reads on in `piece`: in strides what lies in it whole, else one integer, or a stretch to pass over, or some bytes of
    /// the name into `name`.
    ///
    /// The kernel half calls the three parts by themselves, so that the verifier goes through each once and not once for
    /// every way that led there.
    #[inline(always)]
    pub fn step(&mut self, piece: &mut Piece, name: &mut WireName) -> Progress {
        self.leap(piece);
        let progress = self.stride(piece, name);
        if matches!(progress, Progress::Going) { self.crawl(piece, name) } else { progress }
    }

    /// One step without a stride.
    #[inline(always)]
    pub fn crawl(&mut self, piece: &mut Piece, name: &mut WireName) -> Progress {
        if self.named && self.skip == 0 && self.hello_left == 0 {
            return Progress::Ended;
        }
        if self.record_left == 0 {
            return self.record_header(piece);
        }
        let here = min(piece.left(), self.record_left as u32);
        if here == 0 {
            return Progress::Hungry;
        }
        if self.skip > 0 {
            let passed = min(self.skip, here);
            piece.at += passed;
            self.skip -= passed;
            return self.consume(passed);
        }
        if matches!(self.field, Field::Name) {
            return self.name(piece, name, min(here, NAME_STEP));
        }
        self.integer(piece, here)
    }

    /// Books bytes that were read of the record.
    #[inline(always)]
    const fn consume(&mut self, bytes: u32) -> Progress {
        #[expect(clippy::cast_possible_truncation, reason = "at most record_left, which has 16 bits")]
        let bytes = bytes as u16;
        self.record_left -= bytes;
        Progress::Going
    }

    #[inline(always)]
    fn record_header(&mut self, piece: &mut Piece) -> Progress {
        for _ in 0..RECORD_HEADER {
            if self.header_have == RECORD_HEADER {
                break;
            }
            if piece.left() == 0 {
                return Progress::Hungry;
            }
            self.header = self.header << 8 | u64::from(piece.next());
            self.header_have += 1;
        }
        let (content, len) = (self.header >> 32, self.header & 0xffff);
        if content != CONTENT_HANDSHAKE || !is_version(self.header >> 24 & 0xff, self.header >> 16 & 0xff) {
            return if self.begun { Progress::Malformed } else { Progress::NotHello };
        }
        // RFC 8446, 5.1: a handshake record is never empty.
        if len == 0 || len > MAX_RECORD {
            return Progress::Malformed;
        }
        #[expect(clippy::cast_possible_truncation, reason = "16 bits were kept")]
        let len = len as u16;
        self.record_left = len;
        self.header = 0;
        self.header_have = 0;
        self.begun = true;
        Progress::Going
    }

    #[inline(always)]
    fn integer(&mut self, piece: &mut Piece, here: u32) -> Progress {
        let width = self.field.width();
        let mut read = 0;
        for _ in 0..4 {
            if self.value_have >= width || read >= here {
                break;
            }
            self.value = self.value << 8 | u32::from(piece.next());
            self.value_have += 1;
            read += 1;
        }
        self.consume(read);
        if self.value_have < width {
            // The rest is in the next record or the next piece.
            return Progress::Going;
        }
        let value = self.value;
        self.value = 0;
        self.value_have = 0;
        if matches!(self.field, Field::HandshakeHeader) {
            return self.handshake_header(value);
        }
        match self.hello_left.checked_sub(u32::from(width)) {
            Some(left) => self.hello_left = left,
            None => return Progress::Malformed,
        }
        self.accept(value)
    }

    #[inline(always)]
    const fn handshake_header(&mut self, value: u32) -> Progress {
        if value >> 24 != HANDSHAKE_CLIENT_HELLO {
            return Progress::NotHello;
        }
        self.hello_left = value & 0x00ff_ffff;
        if self.hello_left > MAX_HELLO {
            return Progress::TooLong;
        }
        self.field = Field::SessionIdLen;
        self.pass(VERSION_RANDOM)
    }

    /// Takes the value of the integer `self.field` and goes to the next field.
    #[inline(always)]
    const fn accept(&mut self, value: u32) -> Progress {
        match self.field {
            Field::SessionIdLen => {
                self.field = Field::CipherSuitesLen;
                if value > MAX_SESSION_ID { Progress::Malformed } else { self.pass(value) }
            }
            Field::CipherSuitesLen => {
                self.field = Field::CompressionLen;
                if value < 2 || !value.is_multiple_of(2) { Progress::Malformed } else { self.pass(value) }
            }
            Field::CompressionLen => {
                self.field = Field::ExtensionsLen;
                let progress = if value < 1 { Progress::Malformed } else { self.pass(value) };
                // TLS 1.2 knows hellos that end here, without extensions (RFC 5246, 7.4.1.2).
                if matches!(progress, Progress::Going) && self.hello_left == 0 {
                    Progress::Nameless
                } else {
                    progress
                }
            }
            Field::ExtensionsLen => {
                self.field = Field::ExtensionHeader;
                if value != self.hello_left {
                    self.odd = true;
                    self.hello_left = min(value, self.hello_left);
                }
                self.at_end()
            }
            Field::ExtensionHeader => self.extension(value >> 16, value & 0xffff),
            Field::NameListLen => {
                self.field = Field::NameHeader;
                self.name_left -= 2;
                if value != self.name_left as u32 { Progress::Malformed } else { Progress::Going }
            }
            Field::NameHeader => self.name_header(value >> 16, value & 0xffff),
            Field::HandshakeHeader | Field::Name => Progress::Malformed,
        }
    }

    #[inline(always)]
    const fn extension(&mut self, kind: u32, len: u32) -> Progress {
        self.ech = self.ech || kind == EXTENSION_ECH;
        if kind != EXTENSION_SERVER_NAME || self.named {
            let progress = self.pass(len);
            return if matches!(progress, Progress::Going) { self.at_end() } else { progress };
        }
        if len < NAME_LIST_MIN || len > self.hello_left {
            return Progress::Malformed;
        }
        self.name_left = low_half(len);
        self.field = Field::NameListLen;
        Progress::Going
    }

    #[inline(always)]
    const fn name_header(&mut self, kind: u32, len: u32) -> Progress {
        // RFC 6066, 3: only host names are defined, and a list holds at most one of a type; how long an entry of
        // another type is cannot be known.
        if kind != NAME_TYPE_HOST || len == 0 || len + 3 != self.name_left as u32 {
            return Progress::Malformed;
        }
        self.name_left = low_half(len);
        self.field = Field::Name;
        Progress::Going
    }

    #[inline(always)]
    fn name(&mut self, piece: &mut Piece, name: &mut WireName, here: u32) -> Progress {
        let mut read = 0;
        for _ in 0..NAME_STEP {
            if read >= here || read >= u32::from(self.name_left) {
                break;
            }
            if !name.push(piece.next()) {
                return Progress::TooLong;
            }
            read += 1;
        }
        self.name_left -= low_half(read);
        self.hello_left = self.hello_left.saturating_sub(read);
        self.consume(read);
        if self.name_left > 0 { Progress::Going } else { self.name_ends(name) }
    }

    #[inline(always)]
    fn name_ends(&mut self, name: &mut WireName) -> Progress {
        if !name.close() {
            return if name.len == 0 { Progress::Malformed } else { Progress::TooLong };
        }
        self.named = true;
        self.field = Field::ExtensionHeader;
        Progress::Named
    }

    /// Sets `bytes` to be passed over, which must lie within the hello.
    #[inline(always)]
    const fn pass(&mut self, bytes: u32) -> Progress {
        match self.hello_left.checked_sub(bytes) {
            Some(left) => {
                self.hello_left = left;
                self.skip = bytes;
                Progress::Going
            }
            None => Progress::Malformed,
        }
    }

    /// What it comes to that the hello ends here, if it does.
    #[inline(always)]
    const fn at_end(&self) -> Progress {
        if self.hello_left > 0 {
            Progress::Going
        } else if self.named {
            Progress::Ended
        } else if self.odd {
            Progress::Malformed
        } else {
            Progress::Nameless
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "no length that is asked for has more than 16 bits")]
#[inline(always)]
const fn low_half(len: u32) -> u16 {
    len as u16
}

#[inline(always)]
const fn min(a: u32, b: u32) -> u32 {
    if a < b { a } else { b }
}

/// Reads `stream` as the start of a connection: what the kernel does, for the host.
///
/// Returns the progress when the name, the end or the last byte was reached ([`Progress::Hungry`]), and the name, which
/// is complete only with [`Progress::Named`].
pub fn read(stream: &[u8]) -> (Progress, WireName) {
    let (mut hello, mut name) = (Hello::START, WireName::EMPTY);
    let mut progress = Progress::Hungry;
    for chunk in stream.chunks(PIECE_BYTES) {
        progress = hello.feed(&mut Piece::new(chunk), &mut name);
        if progress != Progress::Hungry {
            break;
        }
    }
    (progress, name)
}

impl Hello {
    /// Steps until the piece is read or there is a result; [`Progress::TooLong`] after [`MAX_STEPS`] steps.
    pub fn feed(&mut self, piece: &mut Piece, name: &mut WireName) -> Progress {
        for _ in 0..MAX_STEPS {
            match self.step(piece, name) {
                Progress::Going => {}
                done => return done,
            }
        }
        Progress::TooLong
    }
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
