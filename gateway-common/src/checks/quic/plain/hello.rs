//! A ClientHello from pieces of the stream, from its beginning, byte by byte.

use std::vec::Vec;

use super::{Piece, Read};
use crate::abi::{MAX_NAME, NAME_BYTES};
use crate::quic::Progress;

/// How many copies of a byte are compared.
const COPIES: usize = 4;
/// Longest hello with its header.
const LONGEST: usize = 16 * 1024;

/// Why reading ends.
enum End {
    /// By what the hello says. Behind a complete name the name stands all the same.
    Says(Progress),
    /// By what is there of it.
    There(Progress),
}

const MALFORMED: End = End::Says(Progress::Malformed);
const NAMELESS: End = End::Says(Progress::Nameless);

/// How far the hello is read.
pub struct Hello<'a> {
    pieces: &'a [Piece],
    /// How far contradictions are looked for ahead of what is read.
    ahead: usize,
    seeks_ech: bool,
    at: usize,
    end: usize,
    name: Vec<u8>,
    named: bool,
    odd: bool,
    ech: bool,
}

impl<'a> Hello<'a> {
    pub fn new(pieces: &'a [Piece], ahead: usize, seeks_ech: bool) -> Self {
        Self {
            pieces,
            ahead,
            seeks_ech,
            at: 0,
            end: 4,
            name: Vec::new(),
            named: false,
            odd: false,
            ech: false,
        }
    }

    pub fn read(mut self) -> Read {
        let progress = match self.hello() {
            Ok(()) => Progress::Named,
            Err(End::Says(Progress::Malformed | Progress::Nameless)) if self.named => Progress::Named,
            Err(End::Says(progress) | End::There(progress)) => progress,
        };
        let name = if progress == Progress::Named { self.name } else { Vec::new() };
        Read { progress, name, ech: self.ech, idle: false }
    }

    /// RFC 8446, 4.1.2.
    fn hello(&mut self) -> Result<(), End> {
        let header = self.integer(4)?;
        self.end = 4 + (header & 0xff_ffff);
        if header >> 24 != 1 {
            return Err(MALFORMED);
        }
        if self.end > LONGEST {
            return Err(End::Says(Progress::TooLong));
        }
        self.pass(2 + 32)?;
        let session_id = self.integer(1)?;
        within(session_id, 0, 32)?;
        self.pass(session_id)?;
        let suites = self.integer(2)?;
        within(suites, 2, 0xfffe)?;
        within(suites % 2, 0, 0)?;
        self.pass(suites)?;
        let methods = self.integer(1)?;
        within(methods, 1, 255)?;
        self.pass_to_end(methods)?;
        let extensions = self.integer(2)?;
        // A hello that contradicts itself here is read as far as both lengths allow.
        let left = self.end - self.at;
        self.odd = extensions != left;
        self.end = self.at + extensions.min(left);
        self.pass_to_end(0)?;
        loop {
            let header = self.integer(4)?;
            let (kind, len) = (header >> 16, header & 0xffff);
            if kind == 0 && !self.named {
                within(len, 6, self.end - self.at)?;
                self.server_name(len)?;
                if !self.seeks_ech || self.at == self.end {
                    return Ok(());
                }
            } else {
                self.ech |= kind == 0xfe0d;
                self.pass_to_end(len)?;
            }
        }
    }

    /// RFC 6066, 3.
    fn server_name(&mut self, len: usize) -> Result<(), End> {
        let list = self.integer(2)?;
        within(list, len - 2, len - 2)?;
        // A type, of which only 0 is known, and a length.
        let entry = self.integer(3)?;
        within(entry, list - 3, list - 3)?;
        for _ in 0..entry {
            let byte = self.byte()?;
            if self.name.len() == NAME_BYTES {
                return Err(End::Says(Progress::TooLong));
            }
            self.name.push(byte.to_ascii_lowercase());
        }
        if self.name.last() == Some(&b'.') {
            self.name.pop();
        }
        within(self.name.len(), 1, usize::MAX)?;
        if self.name.len() > MAX_NAME {
            return Err(End::Says(Progress::TooLong));
        }
        self.named = true;
        Ok(())
    }

    fn integer(&mut self, width: usize) -> Result<usize, End> {
        let mut value = 0;
        for _ in 0..width {
            value = value << 8 | usize::from(self.byte()?);
        }
        Ok(value)
    }

    /// The next byte, which must lie in the hello, and be the same in all pieces.
    fn byte(&mut self) -> Result<u8, End> {
        let copies = |at: usize| self.pieces.iter().filter_map(move |piece| piece.byte(at));
        let Some(byte) = copies(self.at).next() else { return Err(End::There(Progress::Hungry)) };
        if copies(self.at).count() > COPIES {
            return Err(End::There(Progress::TooLong));
        }
        let agree = |at| copies(at).all(|copy| copies(at).next() == Some(copy));
        if !(self.at..=self.at + self.ahead).all(agree) {
            return Err(End::There(Progress::Malformed));
        }
        self.at += 1;
        if self.at > self.end { Err(MALFORMED) } else { Ok(byte) }
    }

    /// Passes over bytes, which must lie in the hello but need not be there.
    fn pass(&mut self, bytes: usize) -> Result<(), End> {
        within(bytes, 0, self.end - self.at)?;
        self.at += bytes;
        Ok(())
    }

    /// Likewise where the hello may end.
    fn pass_to_end(&mut self, bytes: usize) -> Result<(), End> {
        self.pass(bytes)?;
        if self.at < self.end {
            return Ok(());
        }
        Err(if self.odd { MALFORMED } else { NAMELESS })
    }
}

fn within(value: usize, least: usize, most: usize) -> Result<(), End> {
    if (least..=most).contains(&value) { Ok(()) } else { Err(MALFORMED) }
}
