//! From the bytes of a DNS response in a datagram to the name that was asked for and the addresses that it got.
//!
//! What is read (RFC 1035, 4.1; RFC 3596, 2.2; RFC 6672, 2.1):
//!
//! ```text
//! message   header | question | answer * ANCOUNT | the rest (authorities, EDNS), which is not looked at
//! header    id | QR 1, opcode 0, TC, RCODE 0, other flags | QDCOUNT 1 | ANCOUNT 1.. | NSCOUNT | ARCOUNT   (16 bits each)
//! question  name | QTYPE A, AAAA or ANY | QCLASS IN
//! answer    owner | TYPE | CLASS | TTL (32 bits) | RDLENGTH | RDATA
//! owner     (length 1..63 | label)* | 0 or a pointer (16 bits, the two highest set)
//! ```
//!
//! The question is read by [`Questions`], so that its name is the very one that the query showed. Of the answers, each
//! [`Answers::step`] reads one record, or up to [`STEP_LABELS`] labels of its owner. No pointer is followed. The high bits
//! of an extended RCODE (RFC 6891, 6.1.3) are in the rest; a response to an error that has them has no answer.
//!
//! **Whose address it is.** Every address among the answers belongs to the name of the question, whatever owner its
//! record has: nobody checks that the names of a chain of aliases (CNAME, DNAME) lead from one to the next. It would
//! prove nothing, since whoever answers can put any address at the first name as well.
//!
//! **How long it holds.** As long as the record and every alias in front of it: the least of their TTLs. Servers send
//! aliases first (RFC 1034, 4.3.2), so one behind an address is not of its chain.
//!
//! **What is broken.** An address that was told stands, whatever is wrong behind it. The device may have read it just
//! so; and one that is known in vain only takes a place until its time is over.

use super::stride::{HEADER, byte};
use super::{MAX_LABEL, MAX_WIRE, OPCODE, QUERY_RESPONSE, Questions, min};
use crate::dns;
use crate::name::WireName;
use crate::tls::{PIECE_LEN, Piece};
use crate::wire::mapped;

/// How many answers of a message are followed.
pub const MAX_ANSWERS: u16 = 32;

/// How many labels of an owner one step passes over.
pub const STEP_LABELS: u32 = 16;

/// How many steps a datagram takes at most, and so also the next result: one for its header, nine for a question of any
/// length, one for each answer and one more for each [`STEP_LABELS`] labels in front of those, and one for the end.
pub const MAX_STEPS: u32 = 1 + 9 + MAX_ANSWERS as u32 + PIECE_LEN / (2 * STEP_LABELS) + 1;

const TRUNCATED: u32 = 0x0200;
const RCODE: u32 = 0x000f;

/// The two bits of a pointer; what else is above [`MAX_LABEL`] was never used.
const POINTER: u8 = 0xc0;

/// Length of an answer between owner and RDATA.
const FIXED: u32 = 10;

const CLASS_IN: u16 = 1;
const TYPE_A: u16 = 1;
const TYPE_CNAME: u16 = 5;
const TYPE_AAAA: u16 = 28;
const TYPE_DNAME: u16 = 39;
const TYPE_ANY: u16 = 255;

/// What a step came to. The numbers are what the kernel function around it returns.
///
/// All behind [`Progress::Address`] end the message; whoever steps on comes to [`Progress::Done`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Progress {
    /// Step again.
    Going,
    /// The name that was asked for is complete, and stays what it is.
    Question,
    /// [`Answers::address`] and [`Answers::ttl`] are those of an answer.
    Address,
    /// All answers were read, or all that came of a message that was cut.
    Done,
    /// A query, a response without an answer or with an error, or one to another question than for an address.
    NotAnswer,
    /// A length leads out of the message, or a name is none.
    Malformed,
    /// There are more answers than are followed.
    TooLong,
}

/// Which part of a message comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Part {
    Header,
    Question,
    Answer,
    /// What is not looked at.
    Rest,
}

/// How far a response has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(8))]
pub struct Answers {
    /// The address read last, IPv4 mapped.
    address: [u8; 16],
    /// How many seconds it holds.
    ttl: u32,
    /// The least TTL of the aliases so far.
    alias_ttl: u32,
    /// Bytes left of the message, as far as it is in the piece.
    left: u32,
    question: Questions,
    /// Answers left.
    answers: u16,
    /// Answers left that are followed.
    followed: u16,
    /// Bytes read of the owner.
    owner: u16,
    part: Part,
    /// Whether the message goes on behind what is there of it.
    cut: bool,
}

impl Answers {
    /// A message of `len` bytes, of which nothing has been read. All of it that is looked at is in one piece.
    #[inline(always)]
    pub const fn datagram(len: u32) -> Self {
        Self {
            address: [0; 16],
            ttl: 0,
            alias_ttl: u32::MAX,
            left: len,
            question: Questions::datagram(0),
            answers: 0,
            followed: MAX_ANSWERS,
            owner: 0,
            part: Part::Header,
            cut: false,
        }
    }

    /// The address of the answer, IPv4 mapped, as long as it is the last that a step came to.
    #[inline(always)]
    pub const fn address(&self) -> [u8; 16] {
        self.address
    }

    /// How many seconds that address holds; 0 if for the one use alone.
    #[inline(always)]
    pub const fn ttl(&self) -> u32 {
        self.ttl
    }

    /// Reads on in `piece`, and writes the name of the question into `name`.
    #[inline(always)]
    pub fn step(&mut self, piece: &mut Piece, name: &mut WireName) -> Progress {
        match self.part {
            Part::Header => self.header(piece, name),
            Part::Question => {
                let progress = self.question.crawl(piece, name);
                self.asked(progress)
            }
            Part::Answer => self.answer(piece),
            Part::Rest => Progress::Done,
        }
    }

    /// Reads the header, and the question if that is one stride.
    #[inline(always)]
    fn header(&mut self, piece: &mut Piece, name: &mut WireName) -> Progress {
        self.cut = piece.left() < self.left;
        self.left = min(self.left, piece.left());
        if self.left < HEADER {
            return self.ends(Progress::Malformed);
        }
        let [_, _, a, b, c, d, e, f] = piece.word(piece.at).to_le_bytes();
        let (flags, questions) = (u32::from_be_bytes([0, 0, a, b]), u16::from_be_bytes([c, d]));
        self.answers = u16::from_be_bytes([e, f]);
        if flags & (QUERY_RESPONSE | OPCODE | RCODE) != QUERY_RESPONSE || questions != 1 || self.answers == 0
        {
            return self.ends(Progress::NotAnswer);
        }
        self.cut |= flags & TRUNCATED != 0;
        self.question = Questions::datagram(self.left);
        if self.question.first(piece, 1, name) {
            return self.asked(dns::Progress::Named);
        }
        piece.at += HEADER;
        self.question = Questions { at: HEADER, left: self.left - HEADER, questions: 1, ..self.question };
        _ = self.question.name_begins(name);
        self.part = Part::Question;
        Progress::Going
    }

    /// What the progress of reading the question comes to.
    #[inline(always)]
    const fn asked(&mut self, progress: dns::Progress) -> Progress {
        match progress {
            dns::Progress::Going => return Progress::Going,
            dns::Progress::Named => {}
            dns::Progress::Root => return self.ends(Progress::NotAnswer),
            // Also of a message that is cut there: it has nothing to tell.
            _ => return self.ends(Progress::Malformed),
        }
        self.left = self.question.left;
        self.part = Part::Answer;
        match self.question.kind() {
            (TYPE_A | TYPE_AAAA | TYPE_ANY, CLASS_IN) => Progress::Question,
            _ => self.ends(Progress::NotAnswer),
        }
    }

    /// Reads the next answer, or labels of its owner.
    #[inline(always)]
    fn answer(&mut self, piece: &mut Piece) -> Progress {
        if self.answers == 0 {
            return self.ends(Progress::Done);
        }
        if self.followed == 0 {
            return self.ends(Progress::TooLong);
        }
        for _ in 0..STEP_LABELS {
            if self.left == 0 {
                return self.ends_early();
            }
            let len = byte(piece, piece.at);
            let (passed, last) = match len {
                0 => (1, true),
                1..=MAX_LABEL => (1 + u32::from(len), false),
                POINTER.. => (2, true),
                _ => return self.ends(Progress::Malformed),
            };
            if passed > self.left {
                return self.ends_early();
            }
            self.left -= passed;
            piece.at += passed;
            if last {
                return self.record(piece);
            }
            // The root is still to come.
            self.owner += 1 + u16::from(len);
            if self.owner + 1 > MAX_WIRE {
                return self.ends(Progress::Malformed);
            }
        }
        Progress::Going
    }

    /// Reads what follows the owner.
    #[inline(always)]
    fn record(&mut self, piece: &mut Piece) -> Progress {
        let at = piece.at;
        let [a, b, c, d, e, f, g, h] = piece.word(at).to_le_bytes();
        let (kind, class) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let [i, j, v4 @ .., _, _] = piece.word(at + 8).to_le_bytes();
        let len = u16::from_be_bytes([i, j]);
        let whole = FIXED + u32::from(len);
        // Only if this much is there was anything of the above read from where it stands.
        if whole > self.left {
            return self.ends_early();
        }
        self.left -= whole;
        piece.at += whole;
        self.answers -= 1;
        self.followed -= 1;
        self.owner = 0;
        if class != CLASS_IN {
            return Progress::Going;
        }
        // RFC 2181, 8: a TTL has 31 bits, and one with the highest is none.
        let ttl = match u32::from_be_bytes([e, f, g, h]) {
            ttl @ 0..0x8000_0000 => ttl,
            _ => 0,
        };
        match (kind, len) {
            (TYPE_CNAME | TYPE_DNAME, _) => {
                self.alias_ttl = min(self.alias_ttl, ttl);
                return Progress::Going;
            }
            (TYPE_A, 4) => self.address = mapped(v4),
            (TYPE_AAAA, 16) => {
                let words = [piece.word(at + FIXED), piece.word(at + FIXED + 8)];
                for (half, word) in self.address.as_chunks_mut().0.iter_mut().zip(words) {
                    *half = word.to_le_bytes();
                }
            }
            _ => return Progress::Going,
        }
        self.ttl = min(self.alias_ttl, ttl);
        Progress::Address
    }

    /// Ends a message in which a length leads beyond its end: if it was cut, that is no lie.
    #[inline(always)]
    const fn ends_early(&mut self) -> Progress {
        self.ends(if self.cut { Progress::Done } else { Progress::Malformed })
    }

    /// Ends the message; what is left of it is not looked at.
    #[inline(always)]
    const fn ends(&mut self, progress: Progress) -> Progress {
        self.part = Part::Rest;
        progress
    }

    /// Steps until there is a result.
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
#[path = "answer_tests.rs"]
mod tests;
