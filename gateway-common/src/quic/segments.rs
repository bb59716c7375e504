//! Which bytes of the CRYPTO stream are there, and where.
//!
//! The pieces are kept as they came, duplicates and overlaps included; nothing is copied. Every byte that is read must be
//! the same in all pieces that have it. Which of them a server got, and which it would prefer, is then all the same: a
//! sender must not change what it has sent (RFC 9000, 2.2), so only one that wants to be misread is refused by that.

use core::hint::black_box;

/// How many pieces of a stream are kept.
pub(super) const MAX_SEGMENTS: u32 = 64;

/// How far the stream is followed. A power of two.
pub(super) const MAX_STREAM: u32 = 16 * 1024;

/// How many copies of one byte are compared.
pub(super) const MAX_COPIES: u32 = 4;

/// A piece of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Segment {
    /// Its place in the stream.
    pub(super) start: u16,
    /// Where it ends in the stream.
    pub(super) end: u16,
    /// Where its first byte is kept.
    pub(super) place: u16,
    reserved: u16,
}

impl Segment {
    const EMPTY: Self = Self { start: 0, end: 0, place: 0, reserved: 0 };

    #[inline(always)]
    const fn has(&self, at: u32) -> bool {
        self.start as u32 <= at && at < self.end as u32
    }
}

/// What adding a piece came to. The numbers are what the kernel function around it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Added {
    /// It is kept.
    Kept,
    /// It is kept, and has the byte that is waited for.
    Awaited,
    /// There is no room.
    Full,
}

/// Where a byte is. The numbers are what the kernel function around [`super::Flight::find`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Found {
    /// In no piece.
    Missing,
    /// In the stretch that is now the current one.
    Here,
    /// In more than [`MAX_COPIES`] pieces.
    TooOften,
}

/// The pieces of a stream.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Segments {
    list: [Segment; MAX_SEGMENTS as usize],
    /// How many there are.
    pub(super) count: u32,
    /// The stretch that is being read, the same in all pieces that have it.
    current: Segment,
    /// Where the other copies of that stretch are: the place of the stream's byte 0, if it were there (modulo 2^32).
    copies: [u32; MAX_COPIES as usize],
    /// How many copies there are, the first one included.
    copy_count: u32,
    /// Whether any byte is in more than one piece.
    pub(super) overlap: bool,
    /// Whether a piece since [`Segments::begin_datagram`] had a byte that no other single piece has.
    pub(super) news: bool,
    /// Whether one of the pieces has all of the one that is being added.
    covered: bool,
    /// The byte that is looked for, and where the stretch around it ends at the latest.
    sought: u32,
    limit: u32,
}

impl Segments {
    pub(super) const EMPTY: Self = Self {
        list: [Segment::EMPTY; MAX_SEGMENTS as usize],
        count: 0,
        current: Segment::EMPTY,
        copies: [0; MAX_COPIES as usize],
        copy_count: 0,
        overlap: false,
        news: false,
        covered: false,
        sought: 0,
        limit: 0,
    };

    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.overlap = false;
        self.rewind();
    }

    /// Sets out to read the stream from its beginning.
    #[inline(always)]
    pub(super) fn rewind(&mut self) {
        self.current = Segment::EMPTY;
        self.copy_count = 0;
    }

    /// Sets out to add the pieces of a datagram.
    #[inline(always)]
    pub(super) fn begin_datagram(&mut self) {
        self.news = false;
    }

    /// Adds a piece from `start` to `end`, at most [`MAX_STREAM`], whose first byte is at `place`; each of those that are there
    /// must have been compared with it ([`Segments::compare`]). `awaited` is where the reader is.
    #[inline(always)]
    pub(super) fn add(&mut self, start: u32, end: u32, place: u32, awaited: u32) -> Added {
        if start >= end {
            return Added::Kept;
        }
        self.news |= !self.covered;
        if self.count >= MAX_SEGMENTS {
            return Added::Full;
        }
        #[expect(clippy::cast_possible_truncation, reason = "less than 2^16 each")]
        let segment = Segment { start: start as u16, end: end as u16, place: place as u16, reserved: 0 };
        self.list[black_box(self.count) as usize & (MAX_SEGMENTS as usize - 1)] = segment;
        self.count += 1;
        if segment.has(awaited) { Added::Awaited } else { Added::Kept }
    }

    /// Compares the piece with this number with one from `start` to `end` that is to be added. Step by step, so that
    /// the kernel's verifier sees one piece and a loop around it.
    #[inline(always)]
    pub(super) fn compare(&mut self, number: u32, start: u32, end: u32) {
        let there = self.list[number as usize & (MAX_SEGMENTS as usize - 1)];
        self.overlap |= u32::from(there.start) < end && start < u32::from(there.end);
        self.covered |= u32::from(there.start) <= start && end <= u32::from(there.end);
    }

    /// Sets out to look for the byte `at`, or to compare a piece with those that are there.
    #[inline(always)]
    pub(super) fn begin_search(&mut self, at: u32) {
        self.sought = at;
        self.limit = MAX_STREAM;
        self.covered = false;
        self.rewind();
    }

    /// Looks at the piece with this number for the byte that is sought. False if the search is at its end.
    #[inline(always)]
    pub(super) fn look(&mut self, number: u32) -> bool {
        let at = self.sought;
        let segment = self.list[number as usize & (MAX_SEGMENTS as usize - 1)];
        let (start, end) = (u32::from(segment.start), u32::from(segment.end));
        if start > at {
            self.limit = min(self.limit, start);
            return true;
        }
        if at >= end {
            return true;
        }
        self.limit = min(self.limit, end);
        if self.copy_count == 0 {
            self.current = segment;
        }
        // Out of the box comes a number of which the compiler does not know how small it is: it keeps the mask, which is
        // what the verifier understands.
        self.copies[black_box(self.copy_count) as usize & (MAX_COPIES as usize - 1)] =
            u32::from(segment.place).wrapping_sub(start);
        self.copy_count += 1;
        // Without overlaps there is no other copy.
        self.overlap && self.copy_count <= MAX_COPIES
    }

    /// Makes the stretch that begins with the byte that was sought the current one, up to where a piece begins or ends.
    #[inline(always)]
    pub(super) fn end_search(&mut self) -> Found {
        if self.copy_count == 0 {
            return Found::Missing;
        }
        if self.copy_count > MAX_COPIES {
            return Found::TooOften;
        }
        if self.overlap {
            #[expect(clippy::cast_possible_truncation, reason = "at most MAX_STREAM")]
            let limit = self.limit as u16;
            self.current.end = limit;
        }
        Found::Here
    }

    /// Where the byte `at` is and how many follow it in the current stretch, itself included; 0 if it has to be
    /// looked for.
    #[inline(always)]
    pub(super) fn at_hand(&self, at: u32) -> (u32, u32) {
        if !self.current.has(at) {
            return (0, 0);
        }
        let into = at - u32::from(self.current.start);
        (u32::from(self.current.place) + into, u32::from(self.current.end) - at)
    }

    /// Where the copy with this number (from 1) has the byte `at` of the current stretch, if there is such a copy.
    #[inline(always)]
    pub(super) fn copy(&self, number: u32, at: u32) -> Option<u32> {
        let base = self.copies[number as usize & (MAX_COPIES as usize - 1)];
        if number < self.copy_count { Some(base.wrapping_add(at)) } else { None }
    }

    /// Forgets the pieces from number `first` on.
    #[inline(always)]
    pub(super) fn truncate(&mut self, first: u32) {
        self.count = first;
        self.rewind();
    }
}

#[inline(always)]
const fn min(a: u32, b: u32) -> u32 {
    if a < b { a } else { b }
}
