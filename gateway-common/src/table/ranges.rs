//! Addresses by range: a static search tree, a cache line for each of its nodes.
//!
//! Nets that lie in each other cut the line of all addresses into ranges. Of each range the tree holds where it starts, and
//! the number of the link with which the search for a verdict begins: the longest net around it, from which a chain leads to
//! the shorter ones. A search takes one cell for each level, whatever the nets are.
#![expect(clippy::cast_possible_truncation, reason = "a word is taken apart, and small numbers are counted")]

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{Cell, Cells, record};
use crate::abi::Masks;

/// The most levels that a tree of either family can have.
pub const MAX_LEVELS: usize = 12;

/// The longest chain: prefixes that contain each other differ in length, from 0 to 128 bits, and it ends with no net.
pub const MAX_CHAIN: u32 = 130;

/// Where the parts of a tree lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Shape {
    /// The first cell of each level, the root's first; the last level is that of the leaves.
    pub at: [u32; MAX_LEVELS],
    /// Cells of each level; 0 behind the last.
    pub len: [u32; MAX_LEVELS],
    /// How many levels there are; 0 if nothing is listed.
    pub levels: u32,
    /// The cell from which on the links lie, two in each; number 0 is the end of each chain.
    pub links: u32,
}

/// An address as a tree compares it.
pub trait Address: Copy {
    /// Children of a node, a power of two: one more than it has keys.
    const CHILDREN: usize;
    /// Ranges in a leaf.
    const RANGES: usize;
    /// The most levels of a tree: enough for more ranges than memory holds.
    const LEVELS: usize;

    /// Which child of this node holds the address: how many of the node's keys are not behind it.
    fn child(self, node: &Cell) -> u32;

    /// The link of the range in this leaf that holds the address.
    fn link(self, leaf: &Cell) -> u32;
}

/// An IPv4 address. A node holds 15 keys, two in each word; a leaf eight ranges, of which the start is the high half of a
/// word and the link the low one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct V4(pub u32);

impl V4 {
    /// 1 if the address in the low half of a word is not behind this one, else 0.
    #[inline(always)]
    const fn reaches(self, word: u64) -> u64 {
        // Written as a comparison, it becomes a branch on bpf.
        (self.0 as u64 + (1 << 32) - (word & 0xffff_ffff)) >> 32
    }
}

impl Address for V4 {
    const CHILDREN: usize = 16;
    const RANGES: usize = 8;
    const LEVELS: usize = 7;

    #[inline(always)]
    fn child(self, node: &Cell) -> u32 {
        // Every key is compared, without a branch: a processor guesses wrong every other one of a binary search.
        let last = node.len() - 1;
        let mut child = self.reaches(node[last]);
        for word in &node[..last] {
            child += self.reaches(*word) + self.reaches(word >> 32);
        }
        child as u32
    }

    #[inline(always)]
    fn link(self, leaf: &Cell) -> u32 {
        let mut range = 0;
        for word in &leaf[1..] {
            range += self.reaches(word >> 32);
        }
        leaf[range as usize & 7] as u32
    }
}

/// An IPv6 address, or one that is written as such: the high and the low half. A node holds three keys in six words; a leaf
/// three ranges, their starts in six words and their links in the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct V6(pub u64, pub u64);

impl V6 {
    /// Whether the address in two words is not behind this one.
    #[inline(always)]
    const fn reaches(self, high: u64, low: u64) -> bool {
        high < self.0 || high == self.0 && low <= self.1
    }
}

impl Address for V6 {
    const CHILDREN: usize = 4;
    const RANGES: usize = 3;
    const LEVELS: usize = MAX_LEVELS;

    #[inline(always)]
    fn child(self, node: &Cell) -> u32 {
        let reached = |key: usize| u32::from(self.reaches(node[2 * key], node[2 * key + 1]));
        reached(0) + reached(1) + reached(2)
    }

    #[inline(always)]
    fn link(self, leaf: &Cell) -> u32 {
        if self.reaches(leaf[4], leaf[5]) {
            leaf[7] as u32
        } else if self.reaches(leaf[2], leaf[3]) {
            (leaf[6] >> 32) as u32
        } else {
            leaf[6] as u32
        }
    }
}

/// The link with which the chain of `address` begins, 0 if no net holds it.
#[inline(always)]
pub fn find<A: Address>(cells: &(impl Cells + ?Sized), shape: &Shape, address: A) -> u32 {
    let mut index: u32 = 0;
    for level in 0..A::LEVELS {
        let len = shape.len[level];
        if len == 0 {
            break;
        }
        // Keys that only fill a node up are those of no child.
        let last = len - 1;
        let Some(cell) = cells.cell(shape.at[level] + if index < last { index } else { last }) else { break };
        if level as u32 + 1 >= shape.levels {
            return address.link(cell);
        }
        index = index * A::CHILDREN as u32 + address.child(cell);
    }
    0
}

/// The masks of a link, and the number of the next.
#[inline(always)]
pub fn link(cells: &(impl Cells + ?Sized), shape: &Shape, number: u32) -> (Masks, u32) {
    let Some([block, allow, next, _]) = record(cells, shape.links, number) else {
        return (Masks::default(), 0);
    };
    (Masks { block, allow }, next as u32)
}

/// The masks with which the longest net around `address` that says something about `policies` does so.
#[inline(always)]
pub fn masks<A: Address>(cells: &(impl Cells + ?Sized), shape: &Shape, address: A, policies: u64) -> Masks {
    let mut number = find(cells, shape, address);
    for _ in 0..MAX_CHAIN {
        if number == 0 {
            break;
        }
        let (masks, next) = link(cells, shape, number);
        if (masks.block | masks.allow) & policies != 0 {
            return masks;
        }
        number = next;
    }
    Masks::default()
}
