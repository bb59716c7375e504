//! The lines of a list, in bounded memory.

use std::io::{self, Read};

use memchr::memchr2;

/// Bytes that are read at a time, and from the first of which the format is found out.
pub(crate) const BUFFER: usize = 128 * 1024;

/// Longest line that can hold a rule, in bytes. Of a longer one, only one byte more is kept.
pub(crate) const MAX_LINE: usize = 4096;

/// Reads lines that end in LF, CR LF or CR; the last one need not end.
pub(crate) struct Lines<'r> {
    input: &'r mut dyn Read,
    buffer: Box<[u8]>,
    /// What of the buffer is read and not yet given out.
    start: usize,
    end: usize,
    /// Whether the input has ended.
    ended: bool,
    /// Whether the last line ended in CR, so that a LF that follows belongs to it.
    after_cr: bool,
}

impl<'r> Lines<'r> {
    pub(crate) fn new(input: &'r mut dyn Read) -> Self {
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Self { input, buffer, start: 0, end: 0, ended: false, after_cr: false }
    }

    /// The beginning of the input, before the first line is taken, up to the end of a line if there is one.
    ///
    /// # Errors
    /// Those of the input.
    pub(crate) fn head(&mut self) -> io::Result<&[u8]> {
        while self.fill()? {}
        let head = self.rest();
        let whole =
            if self.ended { head.len() } else { memchr::memrchr2(b'\n', b'\r', head).unwrap_or(head.len()) };
        Ok(head.get(..whole).unwrap_or(head))
    }

    /// The next line without its end. If it is longer than [`MAX_LINE`], it is only the beginning.
    ///
    /// # Errors
    /// Those of the input.
    pub(crate) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        // How much of the line has been searched for its end.
        let mut searched = 0;
        loop {
            if self.after_cr && self.start < self.end {
                self.after_cr = false;
                self.start += usize::from(self.rest().first() == Some(&b'\n'));
            }
            let rest = self.rest();
            if let Some(at) = memchr2(b'\n', b'\r', rest.get(searched..).unwrap_or_default()) {
                let line = self.start..self.start + searched + at;
                self.after_cr = self.buffer.get(line.end) == Some(&b'\r');
                self.start = line.end + 1;
                return Ok(Some(short(self.buffer.get(line).unwrap_or_default())));
            }
            if rest.len() > MAX_LINE {
                self.end = self.start + MAX_LINE + 1;
            }
            searched = self.end - self.start;
            if !self.fill()? && self.ended {
                let line = self.start..self.end;
                self.start = self.end;
                return Ok(if line.is_empty() { None } else { self.buffer.get(line).map(short) });
            }
        }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Reads once behind what is there, if there is room; false if there is none or the input has ended.
    fn fill(&mut self) -> io::Result<bool> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        if room.is_empty() || self.ended {
            return Ok(false);
        }
        let read = loop {
            match self.input.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.end += read;
        self.ended = read == 0;
        Ok(read > 0)
    }
}

/// The line, or one byte more of it than a rule can have.
fn short(line: &[u8]) -> &[u8] {
    line.get(..=MAX_LINE).unwrap_or(line)
}
