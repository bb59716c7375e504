//! Host names as the filter compares them, and their hash.
//!
//! A name is compared as wire bytes, lower-case, without a trailing dot. Its hash runs from the last byte to the first,
//! so that one pass over `a.b.example.org` meets the hash of `org`, `example.org`, `b.example.org` and of the whole name
//! on its way, and none of them costs more than a finish:
//!
//! 1. The state begins as the seed, which the daemon draws anew for every generation of the tables. Without the seed,
//!    nobody can compute two names that fall together.
//! 2. Each byte is mixed in by xor, a multiplication and a shift; for one byte each of them can be undone, so that two
//!    states that differ stay different while they take in the same bytes.
//! 3. The finish spreads the state over all 64 bits (the finalizer of MurmurHash3, which is public domain).
//!
//! Two different names fall together with probability 2⁻⁶⁴: among a million entries, once in 10¹³ names asked for.

use core::hint::black_box;

use crate::abi::{MAX_NAME, NAME_BYTES};

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mixes the byte in front of those that `state` has taken in.
#[inline(always)]
pub const fn absorb(state: u64, byte: u8) -> u64 {
    let mixed = (state ^ byte as u64).wrapping_mul(MULTIPLIER);
    mixed ^ (mixed >> 32)
}

/// The hash of the name whose bytes `state` has taken in.
#[inline(always)]
pub const fn finish(state: u64) -> u64 {
    let mut hash = state;
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// The hash of a whole name, which must be lower-case and without a trailing dot.
pub const fn hash(seed: u64, name: &[u8]) -> u64 {
    let mut state = seed;
    let mut left = name.len();
    while left > 0 {
        left -= 1;
        state = absorb(state, name[left]);
    }
    finish(state)
}

/// A name that is being read from the wire: lower-case bytes in a buffer that is a power of two long, so that kernel
/// code can index it with a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct WireName {
    /// The bytes, of which `len` count.
    pub bytes: [u8; NAME_BYTES],
    /// How many there are.
    pub len: u32,
}

impl WireName {
    /// A name without a byte.
    pub const EMPTY: Self = Self { bytes: [0; NAME_BYTES], len: 0 };

    /// Appends a byte in lower case; false if there is no room.
    #[inline(always)]
    pub fn push(&mut self, byte: u8) -> bool {
        if self.len as usize >= NAME_BYTES {
            return false;
        }
        // Out of the box comes a length of which the compiler has not seen that it is small enough: it keeps the mask, which
        // is what the verifier understands.
        self.bytes[black_box(self.len) as usize & (NAME_BYTES - 1)] = byte.to_ascii_lowercase();
        self.len += 1;
        true
    }

    /// The byte at `index`, or 0 outside the buffer.
    #[inline(always)]
    pub const fn byte(&self, index: u32) -> u8 {
        self.bytes[index as usize & (NAME_BYTES - 1)]
    }

    /// Takes off one trailing dot, which only says that the name is absolute; false if then nothing is left or the name
    /// is longer than a name can be.
    #[inline(always)]
    pub fn close(&mut self) -> bool {
        if self.len > 0 && self.byte(self.len - 1) == b'.' {
            self.len -= 1;
        }
        self.len > 0 && self.len as usize <= MAX_NAME
    }

    /// The bytes of the name.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len as usize).unwrap_or(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8]) -> (WireName, bool) {
        let mut name = WireName::EMPTY;
        let fits = text.iter().all(|byte| name.push(*byte));
        let good = name.close();
        (name, fits && good)
    }

    #[test]
    fn a_name_is_lower_case_without_its_trailing_dot() {
        let (name, good) = read(b"API.Account.XIAOMI.com.");
        assert!(good);
        assert_eq!(name.as_bytes(), b"api.account.xiaomi.com");
    }

    #[test]
    fn an_empty_name_a_lone_dot_and_a_name_over_253_bytes_are_refused() {
        assert!(!read(b"").1);
        assert!(!read(b".").1);
        assert!(read(&[b'a'; 253]).1);
        assert!(!read(&[b'a'; 254]).1);
        assert!(!read(&[b'a'; 300]).1);
    }

    proptest! {
        #[test]
        fn a_pass_over_a_name_meets_the_hash_of_each_name_above_it(
            labels in prop::collection::vec("[a-z0-9-]{1,12}", 1..8), seed: u64,
        ) {
            let name = labels.join(".");
            let mut state = seed;
            let mut met = Vec::new();
            for byte in name.bytes().rev() {
                if byte == b'.' {
                    met.push(finish(state));
                }
                state = absorb(state, byte);
            }
            met.push(finish(state));
            let expected: Vec<u64> =
                (0..labels.len()).rev().map(|from| hash(seed, labels[from..].join(".").as_bytes())).collect();
            prop_assert_eq!(met, expected);
        }

        #[test]
        fn names_that_differ_have_hashes_that_differ(a in "[a-z.]{1,20}", b in "[a-z.]{1,20}", seed: u64) {
            prop_assume!(a != b);
            prop_assert_ne!(hash(seed, a.as_bytes()), hash(seed, b.as_bytes()));
        }
    }
}
