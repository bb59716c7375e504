//! From the bytes of an authority to its host.
//!
//! ```text
//! authority  [userinfo "@"] host [":" digits]
//! host       name | "[" address literal "]"
//! ```
//!
//! Whether bytes are userinfo is known only at the `@`, so everything is first read as host and port, and what is neither
//! is remembered and not yet told.

use super::{Progress, is_control};
use crate::name::WireName;

/// How far an authority has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Authority {
    part: Part,
    /// Whether what was read is no host and port.
    odd: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Part {
    Name,
    NamePort,
    /// Between the brackets.
    Literal,
    /// Behind them.
    LiteralEnd,
    LiteralPort,
}

/// Whether an authority ends before this byte.
#[inline(always)]
pub(super) const fn ends_before(byte: u8) -> bool {
    matches!(byte, b' ' | b'/' | b'?' | b'#') || is_control(byte)
}

impl Authority {
    /// An authority of which nothing has been read. The name must be empty.
    pub(super) const START: Self = Self { part: Part::Name, odd: false };

    /// Takes the next byte, which does not end the authority.
    #[inline(always)]
    pub(super) fn byte(&mut self, byte: u8, name: &mut WireName) {
        match (self.part, byte) {
            (Part::Name | Part::NamePort, b'@') => {
                *self = Self::START;
                name.len = 0;
            }
            (Part::Name, b':') => self.part = Part::NamePort,
            (Part::Name, b'[') if name.len == 0 => self.part = Part::Literal,
            (Part::Literal, b']') => self.part = Part::LiteralEnd,
            (Part::LiteralEnd, b':') => self.part = Part::LiteralPort,
            (Part::NamePort | Part::LiteralPort, b'0'..=b'9') => {}
            // No name holds a byte written as `%61`, or one that browsers take for a slash. Only literals need colons.
            (Part::Name, b'%' | b'\\' | b'[' | b']') | (Part::Literal, b'@' | b'\\' | b'[') => {
                self.odd = true
            }
            // A name that finds no more room stays too long for `close`.
            (Part::Name | Part::Literal, _) => _ = name.push(byte),
            (Part::NamePort | Part::LiteralEnd | Part::LiteralPort, _) => self.odd = true,
        }
    }

    /// What the authority came to.
    #[inline(always)]
    pub(super) fn end(&self, name: &mut WireName) -> Progress {
        if self.odd || matches!(self.part, Part::Literal) {
            Progress::Malformed
        } else if !name.close() {
            if name.len == 0 { Progress::Malformed } else { Progress::TooLong }
        } else if matches!(self.part, Part::LiteralEnd | Part::LiteralPort) {
            Progress::Literal
        } else {
            Progress::Named
        }
    }
}
