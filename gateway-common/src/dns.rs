//! From the bytes of a DNS message to the names it asks for.
//!
//! The reader is an automaton that takes a message in pieces, cut anywhere, and keeps some thirty bytes between them and
//! the name. Each [`Questions::step`] reads up to [`STEP_BYTES`] bytes, one after another, so that the kernel's verifier
//! sees one small function and a bounded loop around it. The first question of a datagram that is in one piece, as nearly
//! all are, is read in one stride (`stride`).
//!
//! What is read (RFC 1035, 4.1; in a TCP stream with the length, again and again, RFC 7766, 8):
//!
//! ```text
//! message   [length (16 bits)] | header | question * QDCOUNT | the rest, which is not looked at
//! header    id | QR 0, opcode 0, other flags | QDCOUNT 1..4 | ANCOUNT | NSCOUNT | ARCOUNT     (16 bits each)
//! question  (length 1..63 | label)* | 0 | QTYPE | QCLASS                                      (name 1..255 bytes)
//! ```
//!
//! A name that points elsewhere (compression) is refused: before a question there is nothing to point to but another
//! question, and a query with two is against RFC 9619.
//!
//! What answers a query is read by [`answer`].

pub mod answer;
mod stride;

use core::hint::black_box;

use crate::name::WireName;
use crate::tls::Piece;

/// How many questions of a message are followed.
pub const MAX_QUESTIONS: u16 = 4;

/// How many bytes one step reads.
pub const STEP_BYTES: u32 = 32;

/// How many steps it takes at most to come to the next result or the end of the piece: nine for a header and a question of
/// any length, and one each for the rest of the message before, the length of the next, and the end of the piece.
pub const MAX_STEPS: u32 = 12;

/// How many steps a whole datagram may take, if it is in one piece.
pub const MAX_DATAGRAM_STEPS: u32 = (MAX_QUESTIONS as u32 + 1) * MAX_STEPS;

/// What stands in a name for a dot that is part of a label: a byte that no text has, so that the label `example.org` is
/// never taken for the labels `example` and `org`.
pub const DOT_IN_LABEL: u8 = 0xff;

/// RFC 1035, 2.3.4: longest label and longest name with the lengths of its labels and the root.
const MAX_LABEL: u8 = 63;
const MAX_WIRE: u16 = 255;

const QUERY_RESPONSE: u32 = 0x8000;
const OPCODE: u32 = 0x7800;

/// What a step came to. The numbers are what the kernel function around it returns.
///
/// After [`Progress::Named`] and [`Progress::Root`] step on for the next question. All behind them end the message;
/// step on for the next one of the stream, or for [`Progress::Done`] once more in a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Progress {
    /// Step again.
    Going,
    /// The piece is read to its end; the message goes on, or the next one begins, in the next piece.
    Hungry,
    /// A question is complete, and its name.
    Named,
    /// A question is complete: it asks for the root, which has no name.
    Root,
    /// All questions were read.
    Done,
    /// A query without a question.
    Nameless,
    /// A response.
    NotQuery,
    /// A request of another kind than a query (RFC 1035, 4.1.1), such as an update.
    OtherOpcode,
    /// Lengths contradict each other, or a name is none.
    Malformed,
    /// There are more questions than are followed.
    TooLong,
}

/// Which part of a message the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Part {
    /// The length of the message, in a stream.
    Length,
    /// The id and the flags.
    Flags,
    QuestionCount,
    OtherCounts,
    LabelLength,
    Label,
    /// Type and class of a question.
    Kind,
    /// A question is complete.
    Asked,
    /// What is not looked at.
    Rest,
}

/// How far a message has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Questions {
    /// The last four bytes, first byte highest.
    word: u32,
    /// Bytes read of the message, as far as it is looked at.
    at: u32,
    /// Bytes left of the message.
    left: u32,
    /// Questions left.
    questions: u16,
    /// Bytes read of the name.
    wire: u16,
    /// Bytes left of the integer or the label.
    part_left: u8,
    part: Part,
    /// Whether messages follow each other in a stream, each with its length.
    stream: bool,
    /// Always 0.
    reserved: u8,
}

impl Questions {
    /// A stream of messages of which nothing has been read.
    pub const STREAM: Self = Self {
        word: 0,
        at: 0,
        left: 2,
        questions: 0,
        wire: 0,
        part_left: 2,
        part: Part::Length,
        stream: true,
        reserved: 0,
    };

    /// A message of `len` bytes, of which nothing has been read.
    #[inline(always)]
    pub const fn datagram(len: u32) -> Self {
        Self { left: len, part_left: 4, part: Part::Flags, stream: false, ..Self::STREAM }
    }

    /// Where in the message, counted from its header, the question that was read last ends; after [`Progress::Done`], the
    /// whole question section.
    #[inline(always)]
    pub const fn end(&self) -> u32 {
        self.at
    }

    /// How many questions of the message follow the one that was read last.
    #[inline(always)]
    pub const fn left(&self) -> u16 {
        self.questions
    }

    /// Type (QTYPE) and class (QCLASS) of the question, as long as it is the last that a step came to.
    #[inline(always)]
    pub const fn kind(&self) -> (u16, u16) {
        let [a, b, c, d] = self.word.to_be_bytes();
        (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
    }

    /// Reads on in `piece`, a question in one stride or up to [`STEP_BYTES`] bytes, and writes the name of a question into
    /// `name`.
    #[inline(always)]
    pub fn step(&mut self, piece: &mut Piece, name: &mut WireName) -> Progress {
        if self.stride(piece, name) { Progress::Named } else { self.crawl(piece, name) }
    }

    /// One step without a stride.
    #[inline(always)]
    fn crawl(&mut self, piece: &mut Piece, name: &mut WireName) -> Progress {
        if matches!(self.part, Part::Rest) {
            return self.rest(piece);
        }
        if matches!(self.part, Part::Asked) {
            if self.questions == 0 {
                return self.ends(Progress::Done);
            }
            self.name_begins(name);
        }
        let here = min(min(piece.left(), self.left), STEP_BYTES);
        if here == 0 {
            return if self.left == 0 { self.ends(Progress::Malformed) } else { Progress::Hungry };
        }
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

    /// Passes over what is not looked at.
    #[inline(always)]
    fn rest(&mut self, piece: &mut Piece) -> Progress {
        if !self.stream {
            return Progress::Done;
        }
        let passed = min(self.left, piece.left());
        piece.at += passed;
        self.left -= passed;
        if self.left > 0 {
            return Progress::Hungry;
        }
        *self = Self::STREAM;
        Progress::Going
    }

    #[inline(always)]
    fn byte(&mut self, byte: u8, name: &mut WireName) -> Progress {
        self.at += 1;
        self.left -= 1;
        self.word = self.word << 8 | u32::from(byte);
        match self.part {
            Part::LabelLength => return self.label_length(byte, name),
            // There is room: names are shorter than that.
            Part::Label => _ = name.push(if byte == b'.' { DOT_IN_LABEL } else { byte }),
            _ => {}
        }
        self.part_left -= 1;
        if self.part_left > 0 { Progress::Going } else { self.part_ends(name) }
    }

    #[inline(always)]
    const fn part_ends(&mut self, name: &mut WireName) -> Progress {
        match self.part {
            Part::Length => {
                self.left = self.word & 0xffff;
                self.at = 0;
                self.begins(Part::Flags, 4)
            }
            Part::Flags if self.word & QUERY_RESPONSE != 0 => self.ends(Progress::NotQuery),
            Part::Flags if self.word & OPCODE != 0 => self.ends(Progress::OtherOpcode),
            Part::Flags => self.begins(Part::QuestionCount, 2),
            Part::QuestionCount => {
                #[expect(clippy::cast_possible_truncation, reason = "the last two bytes")]
                let questions = self.word as u16;
                self.questions = questions;
                match questions {
                    0 => self.ends(Progress::Nameless),
                    1..=MAX_QUESTIONS => self.begins(Part::OtherCounts, 6),
                    _ => self.ends(Progress::TooLong),
                }
            }
            Part::OtherCounts => self.name_begins(name),
            Part::Label => self.begins(Part::LabelLength, 1),
            Part::Kind => {
                self.questions -= 1;
                self.part = Part::Asked;
                if name.len == 0 { Progress::Root } else { Progress::Named }
            }
            Part::LabelLength | Part::Asked | Part::Rest => Progress::Malformed,
        }
    }

    #[inline(always)]
    fn label_length(&mut self, len: u8, name: &mut WireName) -> Progress {
        self.wire += 1 + u16::from(len);
        if len == 0 {
            return self.begins(Part::Kind, 4);
        }
        // The root is still to come. What has one of the two high bits is a pointer or of a kind that was never used.
        if len > MAX_LABEL || self.wire + 1 > MAX_WIRE {
            return self.ends(Progress::Malformed);
        }
        if name.len > 0 {
            _ = name.push(b'.');
        }
        self.begins(Part::Label, len)
    }

    #[inline(always)]
    const fn name_begins(&mut self, name: &mut WireName) -> Progress {
        name.len = 0;
        self.wire = 0;
        self.begins(Part::LabelLength, 1)
    }

    #[inline(always)]
    const fn begins(&mut self, part: Part, bytes: u8) -> Progress {
        self.part = part;
        self.part_left = bytes;
        Progress::Going
    }

    /// Ends the message; what is left of it is not looked at.
    #[inline(always)]
    const fn ends(&mut self, progress: Progress) -> Progress {
        self.part = Part::Rest;
        progress
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

#[inline(always)]
const fn min(a: u32, b: u32) -> u32 {
    if a < b { a } else { b }
}

#[cfg(test)]
#[path = "dns_tests.rs"]
mod tests;
