//! What devices asked DNS for, and got.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::flow::SUFFIXES;
use crate::wire::MacAddr;

/// How many pairs of device and address are remembered; the least recently used make room.
pub const MAX_ASKED: u32 = 32_768;

/// Shortest time in seconds that an answer is remembered: what resolvers on the devices themselves keep answers for, whatever the
/// TTL says (Chromium: a minute).
pub const MIN_LIFE: u32 = 60;

/// Longest time in seconds that an answer is remembered (RFC 8767, 5 advises a week at most; an address is soon another's).
pub const MAX_LIFE: u32 = 86_400;

/// How many names that were asked for before are remembered beside the last.
pub const ALSO_ASKED: usize = 3;

/// Key of the map `ASKED`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct AskedKey {
    /// The device.
    pub mac: MacAddr,
    /// Always 0.
    pub reserved: [u8; 2],
    /// The address in the answer; IPv4 as IPv4-mapped IPv6.
    pub address: [u8; 16],
}

/// Value of the map `ASKED`: the name that the device asked for when it was given the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Asked {
    /// Second since boot, suspended time left out, up to which the answer holds.
    pub until: u64,
    /// Hashes of what the name ends in, as in [`super::Learned::suffixes`].
    pub suffixes: [u64; SUFFIXES],
    /// How many of `suffixes` count.
    pub count: u32,
    /// Always 0.
    pub reserved: u32,
    /// Hashes of other names that it asked for and was given the address, the last first; 0 for none.
    pub before: [u64; ALSO_ASKED],
}

impl Asked {
    /// The hash of the whole name; `None` of a value that was never written.
    pub fn name(&self) -> Option<u64> {
        self.suffixes.get(usize::try_from(self.count).ok()?.checked_sub(1)?).copied()
    }
}
