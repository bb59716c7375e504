//! From the first bytes of a TCP stream to the host of an HTTP/1.x request.
//!
//! The reader is an automaton that takes the stream in pieces, cut anywhere, and keeps some twenty bytes between them
//! and the name. Each [`Request::step`] reads up to [`STEP_BYTES`] bytes, one after another, so that the kernel's verifier
//! sees one small function and a bounded loop around it.
//!
//! What is read (RFC 9112, 2 to 5; RFC 3986, 3.2), as servers read it: a line may end without CR, words of the request
//! line may stand more than one space apart, and its version is its last word:
//!
//! ```text
//! request    empty line* | method SP target SP "HTTP/1." digits line end | field* | empty line
//! method     1 to 17 of A-Z and "-"
//! target     scheme "://" authority rest      the authority decides, whatever Host says (RFC 9112, 3.2.2)
//!            authority                        with the method CONNECT
//!            anything else                    the first field with the name Host decides, in any case
//! field      name ":" value line end          no space before the colon, no line that begins with a space
//! authority  [userinfo "@"] host [":" digits]
//! host       name | "[" address literal "]"
//! ```
//!
//! The first request of a connection decides, and in it the first Host: what follows the line that holds the host is not
//! looked at, but for one byte, which tells whether that line goes on.

mod authority;
mod fields;
mod line;

use core::hint::black_box;

use authority::Authority;

use crate::name::{WireName, equal, within};
use crate::tls::{PIECE_BYTES, Piece};

/// Longest request line that is followed, empty lines before it and its end included.
pub const MAX_REQUEST_LINE: u32 = 8 * 1024;

/// Longest request line and header fields together that are followed.
pub const MAX_HEAD: u32 = 16 * 1024;

/// How many bytes one step reads.
pub const STEP_BYTES: u32 = 32;

/// How many words of eight bytes more a step may pass over.
const STRIDE: u32 = 32;

/// How many steps one piece may take; one is cut short where the request line must end, and one finds the piece empty.
pub const MAX_STEPS: u32 = PIECE_STEPS + 2;

#[expect(clippy::cast_possible_truncation, reason = "64")]
const PIECE_STEPS: u32 = (PIECE_BYTES / STEP_BYTES as usize) as u32;

/// How many first bytes tell whether a stream can begin with a request.
pub const REQUEST_START: usize = 6;

/// Whether a stream with these first bytes can begin with a request: a method, or as much of one as there is, perhaps
/// behind empty lines.
#[inline(always)]
pub const fn may_begin(start: [u8; REQUEST_START]) -> bool {
    let mut at = 0;
    while at < REQUEST_START {
        let byte = start[at];
        if byte == b' ' {
            return at > 0;
        }
        if !is_method(byte) && !matches!(byte, b'\r' | b'\n') {
            return false;
        }
        at += 1;
    }
    true
}

/// What a step came to. The numbers are what the kernel function around it returns; the first seven are those of
/// [`crate::tls::Progress`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Progress {
    /// Step again.
    Going,
    /// The piece is read to its end; the request goes on in the next one.
    Hungry,
    /// The name of the host is complete.
    Named,
    /// The request ended without a host, or its Host is empty.
    Nameless,
    /// The stream does not begin with a request: a byte that no request line has, or a line without a version at its end.
    NotHttp,
    /// The host, or a line before it, breaks a rule, and servers differ in what they make of it.
    Malformed,
    /// The request or its host is longer than is followed.
    TooLong,
    /// The host is complete and an address literal; the name holds what stands between the brackets.
    Literal,
    /// The stream begins with the preface of HTTP/2, whose hosts are compressed.
    Http2,
}

/// Where in the request the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Stage {
    /// Before the method, perhaps between empty lines.
    Start,
    Method,
    /// Before the target.
    TargetStart,
    Scheme,
    /// Behind the colon of a scheme.
    Colon,
    /// Behind the first slash after it.
    Slash,
    /// In a target, or the part of it that no longer matters.
    Target,
    /// In a later word of the request line.
    Word,
    /// Behind `HTTP/1.`.
    Minor,
    /// Behind `HTTP/1.` and a digit.
    Minors,
    /// Behind the version and a space.
    Versioned,
    /// Behind the CR at the end of the request line.
    LineCr,
    /// At the first byte of a field, or of the empty line that ends the header.
    FieldStart,
    /// Behind the CR of that empty line.
    HeadCr,
    FieldName,
    Value,
    ValueCr,
    /// Before the host, where white space does not count.
    HostStart,
    Host,
    /// In the white space behind the value of Host.
    HostTail,
    HostCr,
    /// At the first byte of the line after Host.
    HostDone,
}

/// How far a request has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Request {
    /// The last bytes of the word that is being read, first byte highest, field names in lower case. A word of more than
    /// eight bytes never looks like a shorter one: no byte of a word is 0.
    word: u64,
    /// Bytes read.
    seen: u32,
    /// What the target or Host came to; [`Progress::Going`] without one.
    found: Progress,
    stage: Stage,
    /// Bytes of the method.
    method: u8,
    /// Whether this is the request line.
    in_line: bool,
    /// Whether the method is that of the HTTP/2 preface.
    preface: bool,
    authority: Authority,
    /// Always 0.
    reserved: u16,
}

impl Request {
    /// A request of which nothing has been read.
    pub const START: Self = Self {
        word: 0,
        seen: 0,
        found: Progress::Going,
        stage: Stage::Start,
        method: 0,
        in_line: true,
        preface: false,
        authority: Authority::START,
        reserved: 0,
    };

    /// Reads on in `piece`, up to [`STEP_BYTES`] bytes, and writes the host into `name`.
    #[inline(always)]
    pub fn step(&mut self, piece: &mut Piece, name: &mut WireName) -> Progress {
        let most = if self.in_line { MAX_REQUEST_LINE } else { MAX_HEAD };
        let room = most.saturating_sub(self.seen);
        if room == 0 {
            return Progress::TooLong;
        }
        let there = min(piece.left(), room);
        let passed = self.pass_over(piece, there);
        self.seen += passed;
        let here = min(there - passed, STEP_BYTES);
        if here == 0 {
            return if passed > 0 { Progress::Going } else { Progress::Hungry };
        }
        self.seen += here;
        for read in 0..STEP_BYTES {
            if read >= here {
                break;
            }
            // What comes out of the box is in memory and the compiler knows nothing of it. So the verifier sees the same
            // state at every turn and goes through the automaton once a turn, not once for every way that led there.
            let progress = black_box(&mut *self).byte(piece.next(), black_box(&mut *name));
            if !matches!(progress, Progress::Going) {
                return progress;
            }
        }
        Progress::Going
    }

    /// Passes over bytes of a value or a target that change nothing, by eight at a time; how many of the next `there`.
    #[inline(always)]
    fn pass_over(&self, piece: &mut Piece, there: u32) -> u32 {
        // What ends a target, and what may end a value.
        let ends = match self.stage {
            Stage::Value => 0x1f,
            Stage::Target => b' ',
            _ => return 0,
        };
        let mut passed = 0;
        for _ in 0..STRIDE {
            if passed + 8 > there {
                break;
            }
            let word = piece.word(piece.at + passed);
            if within(word, 0, ends) | equal(word, 0x7f) != 0 {
                break;
            }
            passed += 8;
        }
        piece.at += passed;
        passed
    }

    #[inline(always)]
    fn byte(&mut self, byte: u8, name: &mut WireName) -> Progress {
        match self.stage {
            Stage::Start => self.start(byte),
            Stage::Method => self.method(byte),
            Stage::TargetStart => self.target_start(byte),
            Stage::Scheme => self.scheme(byte),
            Stage::Colon if byte == b'/' => self.go(Stage::Slash),
            Stage::Slash if byte == b'/' => self.go(Stage::Host),
            Stage::Colon | Stage::Slash | Stage::Target => self.target(byte),
            Stage::Word => self.word(byte),
            Stage::Minor if byte.is_ascii_digit() => self.go(Stage::Minors),
            Stage::Minor => self.word(byte),
            Stage::Minors if byte.is_ascii_digit() => Progress::Going,
            Stage::Minors | Stage::Versioned => self.versioned(byte),
            Stage::LineCr if byte == b'\n' => self.line_end(),
            Stage::FieldStart => self.field_start(byte),
            Stage::HeadCr if byte == b'\n' => Progress::Nameless,
            Stage::FieldName => self.field_name(byte),
            Stage::Value => self.value(byte),
            Stage::ValueCr if byte == b'\n' => self.go(Stage::FieldStart),
            Stage::HostStart => self.host_start(byte, name),
            Stage::Host => self.host(byte, name),
            Stage::HostTail => self.host_tail(byte),
            Stage::HostCr if byte == b'\n' => self.go(Stage::HostDone),
            // A value that goes on in the next line.
            Stage::HostDone if matches!(byte, b' ' | b'\t') => Progress::Malformed,
            Stage::HostDone => self.found,
            // A CR without LF.
            Stage::LineCr | Stage::HeadCr | Stage::ValueCr | Stage::HostCr => Progress::Malformed,
        }
    }

    #[inline(always)]
    const fn go(&mut self, stage: Stage) -> Progress {
        self.stage = stage;
        Progress::Going
    }

    /// Steps until the piece is read or there is a result.
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

/// Bytes of a method.
#[inline(always)]
const fn is_method(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'-')
}

#[inline(always)]
const fn is_control(byte: u8) -> bool {
    byte < b' ' || byte == 0x7f
}

/// A word of at most eight bytes as [`Request::word`] holds it.
const fn word(bytes: &[u8]) -> u64 {
    let mut word = 0;
    let mut at = 0;
    while at < bytes.len() {
        word = word << 8 | bytes[at] as u64;
        at += 1;
    }
    word
}

#[inline(always)]
const fn min(a: u32, b: u32) -> u32 {
    if a < b { a } else { b }
}

/// Reads `stream` as the start of a connection: what the kernel does, for the host.
///
/// Returns the progress when the host, the end or the last byte was reached ([`Progress::Hungry`]), and the name, which
/// is complete only with [`Progress::Named`] and [`Progress::Literal`].
pub fn read(stream: &[u8]) -> (Progress, WireName) {
    let (mut request, mut name) = (Request::START, WireName::EMPTY);
    let mut progress = Progress::Hungry;
    for chunk in stream.chunks(PIECE_BYTES) {
        progress = request.feed(&mut Piece::new(chunk), &mut name);
        if progress != Progress::Hungry {
            break;
        }
    }
    (progress, name)
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
