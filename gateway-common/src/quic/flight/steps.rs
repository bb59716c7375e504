//! The steps through the frames of a packet and through the hello in them: one integer or so at a time.

use super::super::engine::Engine;
use super::super::frames;
use super::super::open::PAIR_BYTES;
use super::super::progress::Progress;
use super::super::segments::{Added, Found, MAX_COPIES, MAX_SEGMENTS, MAX_STREAM};
use super::Flight;

/// What two blocks of AES cost, in units of a step.
const PAIR_COST: u32 = 7;
/// So many pieces, as power of two, are looked at for one unit.
const LOOKED_SHIFT: u32 = 1;

/// How many bytes a step looks at.
const WINDOW: u32 = 8;

impl Flight {
    /// Looks for the byte that is waited for.
    #[inline(always)]
    pub fn find<E: Engine>(&mut self) -> Found {
        self.segments.begin_search(self.hello.at);
        for number in 0..MAX_SEGMENTS {
            if number >= self.segments.count || E::look(self, number) == 0 {
                break;
            }
        }
        self.spent += self.segments.count >> LOOKED_SHIFT;
        self.segments.end_search()
    }

    /// Looks for it in one piece.
    #[inline(always)]
    pub fn look(&mut self, number: u32) -> bool {
        self.segments.look(number)
    }

    /// Adds the CRYPTO data that ends where the frames have been read to.
    #[inline(always)]
    pub fn add<E: Engine>(&mut self, start: u32, len: u32) -> Added {
        self.segments.begin_search(self.hello.at);
        for number in 0..MAX_SEGMENTS {
            if number >= self.segments.count {
                break;
            }
            E::compare(self, number, start, len);
        }
        self.spent += self.segments.count >> LOOKED_SHIFT;
        self.segments.add(start, start + len, self.frames.at - len, self.hello.at)
    }

    /// Compares it with one piece.
    #[inline(always)]
    pub fn compare(&mut self, number: u32, start: u32, len: u32) {
        if len > 0 {
            self.segments.compare(number, start, start + len);
        }
    }

    /// Reads one integer of the hello, or finds that it cannot go on.
    #[inline(always)]
    pub fn hello_step<E: Engine>(&mut self) -> Progress {
        let (mut place, mut there) = self.segments.at_hand(self.hello.at);
        if there == 0 {
            let found = E::find(self);
            if found == Found::TooOften as u32 {
                return Progress::TooLong;
            }
            if found == Found::Missing as u32 {
                self.reading = false;
                return if self.draining { Progress::Hungry } else { Progress::Going };
            }
            (place, there) = self.segments.at_hand(self.hello.at);
        }
        let there = if there < WINDOW { there } else { WINDOW };
        let window = self.window::<E>(place, there);
        if self.segments.overlap && E::copies_agree(self, there) == 0 {
            return Progress::Malformed;
        }
        self.hello.step(window, there, &mut self.name)
    }

    /// Whether all copies of the next `there` bytes (1 to 8) of the hello are the same.
    #[inline(always)]
    pub fn copies_agree<E: Engine>(&mut self, there: u32) -> bool {
        let (place, _) = self.segments.at_hand(self.hello.at);
        let shift = 64 - 8 * (there & 15).clamp(1, 8);
        let window = self.window::<E>(place, there) >> shift;
        for number in 1..MAX_COPIES {
            let Some(other) = self.segments.copy(number, self.hello.at) else { break };
            self.spent += 1;
            if self.window::<E>(other, there) >> shift != window {
                return false;
            }
        }
        true
    }

    /// Reads some integers of a frame. [`Progress::Hungry`] at the end of the packet.
    #[inline(always)]
    pub fn frame_step<E: Engine>(&mut self) -> Progress {
        let (at, left) = (self.frames.at, self.frames.left());
        let there = if left < WINDOW { left } else { WINDOW };
        let window = if there > 0 { self.window::<E>(at, there) } else { 0 };
        let whole_pair = left >= PAIR_BYTES && at & (PAIR_BYTES - 1) == 0;
        if window == 0 && whole_pair && self.frames.at_frame() && self.payloads.pair_is_zero(at) {
            // PADDING.
            self.frames.at += PAIR_BYTES;
            return Progress::Going;
        }
        match self.frames.step(window) {
            frames::Found::Going => Progress::Going,
            frames::Found::Crypto(offset, len) => self.crypto::<E>(offset, len),
            frames::Found::End => self.end_of_frames(),
            frames::Found::Malformed => Progress::Malformed,
        }
    }

    /// Where pieces overlap, the hello is read only now and from its start, so that every copy is compared.
    #[inline(always)]
    fn end_of_frames(&mut self) -> Progress {
        if !self.segments.overlap || !self.has_pieces() {
            return Progress::Hungry;
        }
        self.restart_hello();
        self.segments.rewind();
        self.draining = true;
        self.reading = true;
        Progress::Going
    }

    #[inline(always)]
    fn crypto<E: Engine>(&mut self, offset: u64, len: u32) -> Progress {
        if offset + u64::from(len) > u64::from(MAX_STREAM) {
            return Progress::TooLong;
        }
        #[expect(clippy::cast_possible_truncation, reason = "was compared")]
        let added = E::add(self, offset as u32, len);
        if added == Added::Full as u32 {
            return Progress::TooLong;
        }
        self.reading = added == Added::Awaited as u32 && self.reads_at_once();
        Progress::Going
    }

    /// Whether the hello is read as soon as a piece is there, and not only when the frames of the packet are at their end.
    #[inline(always)]
    pub(super) const fn reads_at_once(&self) -> bool {
        !self.segments.overlap && !self.complete
    }

    /// The eight bytes from `place` on, the first `there` of them decrypted.
    #[inline(always)]
    fn window<E: Engine>(&mut self, place: u32, there: u32) -> u64 {
        // The bytes may lie in two pairs of blocks.
        for _ in 0..2 {
            let Err(pair) = self.payloads.are_decrypted(place, there) else { break };
            self.spent += PAIR_COST;
            E::decrypt(self, pair);
        }
        self.payloads.window(place)
    }
}
