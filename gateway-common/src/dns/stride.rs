//! The first question of a datagram in one stride, be it of a query or of what answers it.
//!
//! It either is read to its end, with the very outcome that reading it byte by byte has, or nothing is changed but the
//! bytes of a name that has not begun. So what is cut, wrong or unusual is left to [`Questions::crawl`].

use super::{MAX_LABEL, MAX_QUESTIONS, OPCODE, Part, QUERY_RESPONSE, Questions};
use crate::abi::MAX_NAME;
use crate::name::{WireName, equal};
use crate::tls::Piece;

/// How many labels a name may have here.
const LABELS: u32 = 10;

/// Length of the header of a message, and of type and class.
pub(super) const HEADER: u32 = 12;
const KIND: u32 = 4;

#[expect(clippy::cast_possible_truncation, reason = "253")]
const LONGEST: u32 = MAX_NAME as u32;

impl Questions {
    /// Reads the header and the first question; false if nothing was read.
    #[inline(always)]
    pub(super) fn stride(&mut self, piece: &mut Piece, name: &mut WireName) -> bool {
        // A datagram of which nothing was read has all its length left.
        if !matches!(self.part, Part::Flags) || self.stream || self.at > 0 || piece.left() < self.left {
            return false;
        }
        let begin = piece.at;
        let [_, _, a, b, c, d, _, _] = piece.word(begin).to_le_bytes();
        let (flags, questions) = (u32::from_be_bytes([0, 0, a, b]), u16::from_be_bytes([c, d]));
        if flags & (QUERY_RESPONSE | OPCODE) != 0 || !(1..=MAX_QUESTIONS).contains(&questions) {
            return false;
        }
        self.first(piece, questions, name)
    }

    /// Reads the first of so many questions of a datagram, of which nothing was read, with the header in front of it, which
    /// is not looked at; false if nothing was read. The caller knows that the bytes that are left are in the piece.
    #[inline(always)]
    pub(super) fn first(&mut self, piece: &mut Piece, questions: u16, name: &mut WireName) -> bool {
        let begin = piece.at;
        let first = begin + HEADER;
        let Some(root) = root(piece, first) else { return false };
        let asked = root + 1 + KIND;
        // The dots of the name lie between its labels: one less than there are bytes of length.
        let len = root.wrapping_sub(first + 1);
        if asked > begin + self.left || len > LONGEST {
            return false;
        }
        // Only now is it known that all of the above was read from the message.
        let mut dots = 0;
        name.take_lower(len, |at| {
            let word = piece.word(first + 1 + at);
            dots |= equal(word, b'.');
            word
        });
        // One that is part of a label is written in another way. (Or it is a length of 46, or behind the name.)
        if dots != 0 {
            return false;
        }
        set_dots(piece, first, name);
        #[expect(clippy::cast_possible_truncation, reason = "at most MAX_NAME and 2")]
        let wire = len as u16 + 2;
        let [_, a, b, c, d, ..] = piece.word(root).to_le_bytes();
        *self = Self {
            word: u32::from_be_bytes([a, b, c, d]),
            at: asked - begin,
            left: self.left - (asked - begin),
            questions: questions - 1,
            wire,
            part_left: 0,
            part: Part::Asked,
            ..*self
        };
        piece.at = asked;
        true
    }
}

/// Where the name ends that begins at `at`, if it has few labels.
#[inline(always)]
fn root(piece: &Piece, mut at: u32) -> Option<u32> {
    for _ in 0..LABELS {
        let len = byte(piece, at);
        if len == 0 {
            return Some(at);
        }
        if len > MAX_LABEL {
            return None;
        }
        at += 1 + u32::from(len);
    }
    None
}

/// Writes a dot in the place of every length but the first.
#[inline(always)]
fn set_dots(piece: &Piece, first: u32, name: &mut WireName) {
    let mut at = first;
    for _ in 0..LABELS {
        at += 1 + u32::from(byte(piece, at) & MAX_LABEL);
        if at - first > name.len {
            break;
        }
        name.put(at - first - 1, b'.');
    }
}

/// The byte at `at`; outside the buffer it is another of it.
#[inline(always)]
pub(super) fn byte(piece: &Piece, at: u32) -> u8 {
    piece.word(at).to_le_bytes()[0]
}
