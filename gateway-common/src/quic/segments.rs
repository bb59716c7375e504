//! Which bytes of the CRYPTO stream are there, and where.
//!
//! The pieces are kept as they came, duplicates and overlaps included; nothing is copied. Where pieces overlap, the one
//! that came first counts. RFC 9000, 2.2 forbids a sender to change what it has sent, and servers keep what they have got;
//! so it takes a client that breaks the protocol to make the filter and the server read different bytes.

/// How many pieces of a stream are kept.
pub(super) const MAX_SEGMENTS: usize = 64;

/// How far the stream is followed. A power of two.
pub(super) const MAX_STREAM: u32 = 16 * 1024;

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

/// What adding a piece came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Added {
    /// It is kept or there already.
    Kept,
    /// It has the byte that is waited for.
    Awaited,
    /// There is no room.
    Full,
}

/// The pieces of a stream.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Segments {
    list: [Segment; MAX_SEGMENTS],
    /// How many there are.
    pub(super) count: u32,
    /// The piece that is being read, up to where an earlier one overlaps it.
    current: Segment,
    /// How many pieces the last call has looked at.
    pub(super) looked: u32,
}

impl Segments {
    pub(super) const EMPTY: Self =
        Self { list: [Segment::EMPTY; MAX_SEGMENTS], count: 0, current: Segment::EMPTY, looked: 0 };

    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.current = Segment::EMPTY;
    }

    /// Adds a piece from `start` to `end`, at most [`MAX_STREAM`], whose first byte is at `place`. `awaited` is where the
    /// reader is.
    #[inline(always)]
    pub(super) fn add(&mut self, start: u32, end: u32, place: u32, awaited: u32) -> Added {
        self.looked = 0;
        if start >= end || end <= awaited {
            return Added::Kept;
        }
        for index in 0..MAX_SEGMENTS as u32 {
            if index >= self.count {
                break;
            }
            self.looked = index;
            let there = self.list[index as usize & (MAX_SEGMENTS - 1)];
            if u32::from(there.start) <= start && end <= u32::from(there.end) {
                return Added::Kept;
            }
        }
        if self.count as usize >= MAX_SEGMENTS {
            return Added::Full;
        }
        #[expect(clippy::cast_possible_truncation, reason = "less than 2^16 each")]
        let segment = Segment { start: start as u16, end: end as u16, place: place as u16, reserved: 0 };
        self.list[self.count as usize & (MAX_SEGMENTS - 1)] = segment;
        self.count += 1;
        if segment.has(awaited) { Added::Awaited } else { Added::Kept }
    }

    /// Makes the first piece that has the byte `at` the current one; false if none has it.
    #[inline(always)]
    pub(super) fn find(&mut self, at: u32) -> bool {
        // An earlier piece that begins further on counts from there.
        let mut limit = MAX_STREAM;
        for index in 0..MAX_SEGMENTS as u32 {
            if index >= self.count {
                break;
            }
            self.looked = index;
            let segment = self.list[index as usize & (MAX_SEGMENTS - 1)];
            if segment.has(at) {
                self.current = segment;
                if u32::from(segment.end) > limit {
                    #[expect(clippy::cast_possible_truncation, reason = "at most MAX_STREAM")]
                    let limit = limit as u16;
                    self.current.end = limit;
                }
                return true;
            }
            let start = u32::from(segment.start);
            if start > at && start < limit {
                limit = start;
            }
        }
        false
    }

    /// Where the byte `at` is and how many follow it in one piece, itself included; 0 if [`Segments::find`] has to look.
    #[inline(always)]
    pub(super) fn at_hand(&self, at: u32) -> (u32, u32) {
        if !self.current.has(at) {
            return (0, 0);
        }
        let into = at - u32::from(self.current.start);
        (u32::from(self.current.place) + into, u32::from(self.current.end) - at)
    }

    /// Forgets the pieces from number `first` on.
    #[inline(always)]
    pub(super) fn truncate(&mut self, first: u32) {
        self.count = first;
        self.current = Segment::EMPTY;
    }

    /// Forgets the pieces from number `first` on if the reader, which is at `at`, has passed them all; false if not.
    #[inline(always)]
    pub(super) fn drop_passed(&mut self, first: u32, at: u32) -> bool {
        for index in 0..MAX_SEGMENTS as u32 {
            let number = first + index;
            if number >= self.count {
                break;
            }
            if u32::from(self.list[number as usize & (MAX_SEGMENTS - 1)].end) > at {
                return false;
            }
        }
        self.count = first;
        true
    }
}
