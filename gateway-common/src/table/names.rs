//! Host names by hash: two places for each, in cells of five.
//!
//! A hash of 64 bits gives a name two cells; it lies in the first, or in the second if the first was full. A cell from which
//! names had to go to their second place says so, with a bit of 32 for each, so that nearly all searches for others end at one
//! cache line. What a name means, the masks of policies, is a number: most names share theirs with many others.
//!
//! | words of a cell | hold |
//! |---|---|
//! | 0 to 4 | hashes |
//! | 5, 6, low half of 7 | numbers of the masks, two in each word; 0 is a free slot |
//! | high half of 7 | a bit for each value of the lowest five bits of the hashes that went to their second cell |
#![expect(clippy::cast_possible_truncation, reason = "a word is taken apart")]

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{Cell, Cells, record};
use crate::abi::{Masks, NameMasks};

/// Names in a cell.
pub const SLOTS: usize = 5;

/// Where the parts of a table of names lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Shape {
    /// How many cells hold names, from cell 0 on; 0 if there is none.
    pub buckets: u32,
    /// The cell from which on the masks lie, two in each; those with the number 0 are empty.
    pub masks: u32,
}

/// The two cells of a name, of which there are `buckets`. The first rises with the hash.
#[inline(always)]
pub const fn places(hash: u64, buckets: u32) -> [u32; 2] {
    let (high, low) = (hash >> 32, hash & 0xffff_ffff);
    [((high * buckets as u64) >> 32) as u32, ((low * buckets as u64) >> 32) as u32]
}

/// The number of the masks in a slot.
#[inline(always)]
const fn number(cell: &Cell, slot: usize) -> u32 {
    (cell[SLOTS + slot / 2] >> (slot % 2 * 32)) as u32
}

/// The bit by which the first cell of a name says that it may lie in its second.
#[inline(always)]
const fn sent_on(hash: u64) -> u64 {
    1 << 32 << (hash & 31)
}

/// The number of the masks of `hash` in this cell, or 0.
#[inline(always)]
fn find_in(cell: &Cell, hash: u64) -> u32 {
    let mut found = 0;
    let mut slot = 0;
    while slot < SLOTS {
        if cell[slot] == hash {
            found |= number(cell, slot);
        }
        slot += 1;
    }
    found
}

/// The number of the masks of the name with this hash, 0 if it is not listed.
#[inline(always)]
pub fn find(cells: &(impl Cells + ?Sized), shape: Shape, hash: u64) -> u32 {
    let [first, second] = places(hash, shape.buckets);
    let Some(cell) = cells.cell(first) else { return 0 };
    let found = find_in(cell, hash);
    if found != 0 || cell[7] & sent_on(hash) == 0 {
        return found;
    }
    cells.cell(second).map_or(0, |cell| find_in(cell, hash))
}

/// The masks with this number.
#[inline(always)]
pub fn masks(cells: &(impl Cells + ?Sized), shape: Shape, number: u32) -> NameMasks {
    let Some([below_block, below_allow, block, allow]) = record(cells, shape.masks, number) else {
        return NameMasks::default();
    };
    NameMasks { below: Masks { block: below_block, allow: below_allow }, exact: Masks { block, allow } }
}

/// Puts a name into a free slot of the cell; false if there is none. `number` is not 0.
pub fn put(cell: &mut Cell, hash: u64, number: u32) -> bool {
    for slot in 0..SLOTS {
        if self::number(cell, slot) == 0 {
            swap(cell, slot, hash, number);
            return true;
        }
    }
    false
}

/// Puts a name into a slot and returns hash and number of what was there.
pub fn swap(cell: &mut Cell, slot: usize, hash: u64, number: u32) -> (u64, u32) {
    let before = (cell[slot], self::number(cell, slot));
    cell[slot] = hash;
    let shift = slot % 2 * 32;
    let word = &mut cell[SLOTS + slot / 2];
    *word = *word & !(0xffff_ffff << shift) | u64::from(number) << shift;
    before
}

/// Marks the first cell of a name that lies in its second.
pub const fn set_sent_on(cell: &mut Cell, hash: u64) {
    cell[7] |= sent_on(hash);
}
