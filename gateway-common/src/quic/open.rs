//! Packet protection taken off (RFC 9001, 5.3 and 5.4), of just the blocks that are looked at.

use super::aes::{self, Counter, RoundKeys};
use super::header::Header;
use super::keys::Keys;

/// How many packets are kept.
pub const SLOTS: usize = MAX_SLOTS as usize;

/// [`SLOTS`] as the number that slots are counted by.
pub(super) const MAX_SLOTS: u32 = 4;

/// Room for the payload of one packet. A power of two.
pub const SLOT_BYTES: usize = SLOT_LEN as usize;

/// [`SLOT_BYTES`] as the number that lengths are.
pub(super) const SLOT_LEN: u32 = 2048;

/// Bits of a place that tell the byte in a slot.
const SLOT_SHIFT: u32 = SLOT_BYTES.trailing_zeros();
const WORDS: usize = SLOTS * SLOT_BYTES / 8;

/// Blocks are decrypted in pairs: as many of them as a word has bits fill a slot.
const PAIR_SHIFT: u32 = 5;
/// Bytes of a pair.
pub(super) const PAIR_BYTES: u32 = 1 << PAIR_SHIFT;
const PAIRS_OF_SLOT: u32 = SLOT_LEN >> PAIR_SHIFT;
const _: () = assert!(PAIRS_OF_SLOT == u64::BITS);

/// Counter of the first block of a payload (NIST SP 800-38D, 7.1: 1 is for the tag).
const FIRST_COUNTER: u32 = 2;

/// The payload of one packet, as words.
pub type Slot = [u64; SLOT_BYTES / 8];

/// Payloads, some of their blocks decrypted. A byte's place is its number, counted through all slots.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Payloads {
    pub(super) slots: [Slot; SLOTS],
    /// Which pairs of blocks are decrypted, of each slot.
    decrypted: [u64; SLOTS],
    counters: [Counter; SLOTS],
    /// Working memory: the input of AES, then its output.
    blocks: [[u32; 4]; 2],
}

impl Payloads {
    pub(super) const EMPTY: Self = Self {
        slots: [[0; SLOT_BYTES / 8]; SLOTS],
        decrypted: [0; SLOTS],
        counters: [Counter::EMPTY; SLOTS],
        blocks: [[0; 4]; 2],
    };

    /// Takes off the header protection: length of the packet number, or none if the reserved bits are not zero, as they
    /// are only if the keys are the right ones (or by chance). Prepares `slot` for the payload.
    #[inline(always)]
    pub(super) fn header(&mut self, header: &Header, keys: &Keys, slot: u32) -> Option<u32> {
        let block = &mut self.blocks[0];
        *block = header.sample();
        aes::encrypt(block, &keys.header);
        let mask = u32::from_le(block[0]).to_le_bytes();
        let fifth = u32::from_le(block[1]).to_le_bytes()[0];
        let first = header.first ^ mask[0] & 0x0f;
        if first & 0x0c != 0 {
            return None;
        }
        let number_len = u32::from(first & 0x03) + 1;
        // All four bytes are there, since the sample lies behind them (RFC 9001, 5.4.2); those of the payload are shifted out.
        let number = u32::from_be_bytes([0, 1, 2, 3].map(|index| header.number_byte(index)));
        let mask = u32::from_be_bytes([mask[1], mask[2], mask[3], fifth]);
        let number = (number ^ mask) >> (32 - 8 * number_len);
        self.begin(slot, number, keys);
        Some(number_len)
    }

    /// Prepares a slot for the payload of the packet with this number. Initials count from 0, so what the header holds is
    /// the whole number (RFC 9000, 12.3 and A.3).
    #[inline(always)]
    fn begin(&mut self, slot: u32, number: u32, keys: &Keys) {
        let slot = slot as usize & (SLOTS - 1);
        let [a, b, c] = keys.iv;
        self.counters[slot].set([a, b, c ^ number.swap_bytes()], &keys.payload, &mut self.blocks[0]);
        self.decrypted[slot] = 0;
    }

    /// Whether the first `len` bytes (1 to 8) from `place` on are decrypted; if not, the number of a pair that is not.
    #[inline(always)]
    pub(super) const fn are_decrypted(&self, place: u32, len: u32) -> Result<(), u32> {
        let (first, last) = (place >> PAIR_SHIFT, (place + len - 1) >> PAIR_SHIFT);
        if !self.is_decrypted(first) {
            Err(first)
        } else if first != last && !self.is_decrypted(last) {
            Err(last)
        } else {
            Ok(())
        }
    }

    #[inline(always)]
    const fn is_decrypted(&self, pair: u32) -> bool {
        let slot = (pair / PAIRS_OF_SLOT) as usize & (SLOTS - 1);
        self.decrypted[slot] >> (pair % PAIRS_OF_SLOT) & 1 != 0
    }

    /// Decrypts the pair of blocks with this number, which must not be decrypted.
    #[inline(always)]
    pub(super) fn decrypt(&mut self, pair: u32, keys: &RoundKeys) {
        let slot = (pair / PAIRS_OF_SLOT) as usize & (SLOTS - 1);
        let in_slot = pair % PAIRS_OF_SLOT;
        self.counters[slot].encrypt(2 * in_slot + FIRST_COUNTER, keys, &mut self.blocks);
        self.decrypted[slot] |= 1 << in_slot;
        let slot = &mut self.slots[slot];
        let word = 4 * in_slot as usize;
        for (index, block) in self.blocks.iter().enumerate() {
            let [a, b, c, d] = block.map(|word| u64::from(u32::from_le(word)));
            slot[word + 2 * index] ^= (a | b << 32).to_le();
            slot[word + 2 * index + 1] ^= (c | d << 32).to_le();
        }
    }

    /// Whether the pair of blocks that begins at `place` holds nothing but zeros, as it is there.
    #[inline(always)]
    pub(super) fn pair_is_zero(&self, place: u32) -> bool {
        let first = place >> 3;
        self.word(first) | self.word(first + 1) | self.word(first + 2) | self.word(first + 3) == 0
    }

    /// The eight bytes from `place` on, first one highest, as they are there, decrypted or not.
    #[inline(always)]
    pub(super) fn window(&self, place: u32) -> u64 {
        let shift = 8 * (place & 7);
        let (high, low) = (u64::from_be(self.word(place >> 3)), u64::from_be(self.word((place >> 3) + 1)));
        high << shift | (low >> 1) >> (63 - shift)
    }

    #[inline(always)]
    fn word(&self, index: u32) -> u64 {
        const WORDS_OF_SLOT: usize = SLOT_BYTES / 8;
        let index = index as usize & (WORDS - 1);
        self.slots[index / WORDS_OF_SLOT][index % WORDS_OF_SLOT]
    }
}

/// Where a slot begins.
#[inline(always)]
pub(super) const fn place_of(slot: u32) -> u32 {
    slot << SLOT_SHIFT
}
