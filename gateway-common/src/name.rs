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

/// Copies the first `len` bytes, and up to seven more.
///
/// By eight at a time, if both are aligned: on bpf a copy of this size is otherwise a call of `memcpy`, which goes byte
/// by byte.
#[inline(always)]
pub fn copy_words(to: &mut [u8; NAME_BYTES], from: &[u8; NAME_BYTES], len: u32) {
    let mut at = 0;
    for (to, from) in to.as_chunks_mut::<8>().0.iter_mut().zip(from.as_chunks::<8>().0) {
        if at >= len {
            break;
        }
        // Out of the box comes something of which the compiler knows nothing, so that it does not make a `memcpy` of this.
        *to = black_box(u64::from_ne_bytes(*from)).to_ne_bytes();
        at += 8;
    }
}

/// Longest IPv4 address in dotted form.
const MAX_IPV4: u32 = 15;
/// Longest IPv6 address, `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`, with a bracket at each end and up to a whole
/// number of words.
const MAX_IPV6: u32 = 48;

/// The high bit of each of eight bytes, by which what follows marks those that it finds.
const HIGH: u64 = splat(0x80);

/// Eight times this byte.
const fn splat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Marks the bytes that are `first` to `last`, which are ASCII.
#[inline(always)]
pub(crate) const fn within(word: u64, first: u8, last: u8) -> u64 {
    // With their high bits out of the way, no byte carries into the next. A sum has the high bit if its byte is at least
    // `first`, or is behind `last`.
    let low = word & !HIGH;
    let from = low + splat(0x80 - first);
    let behind = low + splat(0x80 - last - 1);
    from & !behind & !word & HIGH
}

/// Marks the bytes that are `byte`, which is ASCII.
#[inline(always)]
pub(crate) const fn equal(word: u64, byte: u8) -> u64 {
    within(word, byte, byte)
}

/// How many bytes are marked.
#[inline(always)]
const fn marks(marked: u64) -> u64 {
    (marked >> 7).wrapping_mul(splat(1)) >> 56
}

/// Eight bytes with the ASCII letters among them in lower case.
#[inline(always)]
pub const fn lower(word: u64) -> u64 {
    word | within(word, b'A', b'Z') >> 2
}

/// A name that is being read from the wire: lower-case bytes in a buffer that is a power of two long, so that kernel
/// code can index it with a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(8))]
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

    /// Takes `len` bytes, at most [`MAX_NAME`], in lower case. `word` gives the eight bytes from a place in the name on, the
    /// first lowest; what of the last eight is behind the name does not count.
    #[inline(always)]
    pub fn take_lower(&mut self, len: u32, mut word: impl FnMut(u32) -> u64) {
        let words = self.bytes.as_chunks_mut::<8>().0;
        let mut at = 0;
        for slot in words {
            if at >= len {
                break;
            }
            *slot = lower(word(at)).to_le_bytes();
            at += 8;
        }
        self.len = len;
    }

    /// Becomes `other`; bytes behind its length stay what they were.
    #[inline(always)]
    pub fn copy_from(&mut self, other: &Self) {
        copy_words(&mut self.bytes, &other.bytes, other.len);
        self.len = other.len;
    }

    /// Writes a byte that stands in the name already. The index is masked, and the mask kept, as in [`WireName::push`].
    #[inline(always)]
    pub(crate) fn put(&mut self, index: u32, byte: u8) {
        self.bytes[black_box(index) as usize & (NAME_BYTES - 1)] = byte;
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

    /// Whether this is an address in the place of a name (RFC 6066, 3 allows none as a server name): four groups of digits
    /// with dots between them, or what IPv6 addresses are made of with at least two colons, perhaps in brackets.
    ///
    /// So it takes for an address also what has the form of one and is none, such as `1.2.3.256`: no name ends in a number
    /// or has a colon.
    #[inline(always)]
    pub fn is_ip_literal(&self) -> bool {
        // The last byte tells nearly every name from an address.
        let last = self.byte(self.len.wrapping_sub(1));
        if !matches!(last, b'0'..=b'9' | b'a'..=b'f' | b':' | b']') || self.len > MAX_IPV6 {
            return false;
        }
        // By eight bytes and without a branch: a loop with a branch for each byte is one that the verifier walks through in
        // every way there is.
        let (mut no_v4, mut no_v6, mut dots, mut colons, mut dot_before) = (0, 0, 0, 0, 0);
        let mut left = self.len;
        for word in self.bytes.as_chunks::<8>().0.iter().take(MAX_IPV6 as usize / 8) {
            if left == 0 {
                break;
            }
            let here = if left < 8 { left } else { 8 };
            left -= here;
            let behind = !(u64::MAX >> (64 - 8 * here));
            let word = u64::from_le_bytes(*word) & !behind | splat(b'0') & behind;
            let (dot, colon, digit) = (equal(word, b'.'), equal(word, b':'), within(word, b'0', b'9'));
            no_v4 |= HIGH & !(digit | dot) | dot & (dot << 8 | dot_before);
            no_v6 |= HIGH
                & !(digit | within(word, b'a', b'f') | colon | dot | equal(word, b'[') | equal(word, b']'));
            dots += marks(dot);
            colons += marks(colon);
            dot_before = dot >> 56;
        }
        no_v4 == 0 && dots == 3 && self.len <= MAX_IPV4 && self.byte(0) != b'.' || no_v6 == 0 && colons >= 2
    }

    /// The bytes of the name.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len as usize).unwrap_or(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString as _;
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

    #[test]
    fn addresses_are_told_from_names() {
        let addresses = [
            "192.0.2.1",
            "0.0.0.0",
            "255.255.255.255",
            "1.2.3.4",
            "2001:db8::1",
            "::",
            "::1",
            "fe80::1:2",
            "[2001:db8::1]",
            "::ffff:192.0.2.1",
            "1:2:3:4:5:6:7:8",
            "2001:DB8:0:0:8:800:200C:417A",
        ];
        for address in addresses {
            assert!(read(address.as_bytes()).0.is_ip_literal(), "{address}");
        }
        let names = [
            "example.org",
            "1.2.3",
            "1.2.3.4.5",
            "1..2.3",
            ".1.2.3",
            "1.2.3.4a",
            "1.2.3.a",
            "1.2.3.4.example",
            "1",
            "...1",
            "1234.1234.1234.1234",
            "4.3.2.1.in-addr.arpa",
            "1e100.net",
            "a",
            "9",
            "face",
            "a:443",
            "example.org:443",
            "fe80:1",
            "[face]",
            "192.0.2.1:80",
            "a.b:c:g",
            "1.2.3.4.5.6.7.8.9",
            "12345678..9.1",
            "1234567..89.1",
        ];
        for name in names {
            assert!(!read(name.as_bytes()).0.is_ip_literal(), "{name}");
        }
        assert!(!WireName::EMPTY.is_ip_literal());
    }

    #[test]
    fn eight_bytes_become_lower_case_as_one_by_one() {
        for byte in 0..=u8::MAX {
            for at in 0..8 {
                let mut bytes = [b'Q', b'@', 0xff, b'[', 0x80, b'Z', 0, b'A'];
                bytes[at] = byte;
                assert_eq!(
                    lower(u64::from_le_bytes(bytes)).to_le_bytes(),
                    bytes.map(|b| b.to_ascii_lowercase())
                );
            }
        }
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
        fn every_address_in_its_usual_form_is_an_address(v4: [u8; 4], v6: [u16; 8]) {
            let forms = [
                std::net::Ipv4Addr::from(v4).to_string(),
                std::net::Ipv6Addr::from(v6).to_string(),
                std::format!("[{}]", std::net::Ipv6Addr::from(v6)),
            ];
            for form in forms {
                prop_assert!(read(form.as_bytes()).0.is_ip_literal(), "{form}");
            }
        }

        #[test]
        fn names_that_differ_have_hashes_that_differ(a in "[a-z.]{1,20}", b in "[a-z.]{1,20}", seed: u64) {
            prop_assume!(a != b);
            prop_assert_ne!(hash(seed, a.as_bytes()), hash(seed, b.as_bytes()));
        }
    }
}
