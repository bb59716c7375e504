//! AES-128 encryption (FIPS 197) as BPF can run it, and counter mode with what is the same in every block done once.
//!
//! Four tables join SubBytes, ShiftRows and MixColumns of one byte. They are read by bytes of the packet, so the time that
//! this takes tells something about the keys; the keys of an Initial are public (RFC 9001, 5.2).
//!
//! A word holds a column, its first byte lowest, so that four words in memory are the block as it is on the wire.

use core::hint::black_box;

use zerocopy::transmute_ref;

/// Keys of the ten rounds and the one before them.
pub(super) type RoundKeys = [u32; 44];

const SBOX_CONST: [u8; 256] = sbox();

/// The tables, one behind the other, so that kernel code reaches all of them from one address.
struct Tables {
    t0: [u32; 256],
    t1: [u32; 256],
    t2: [u32; 256],
    t3: [u32; 256],
    sbox: [u8; 256],
}

static TABLES: Tables = Tables { t0: table(0), t1: table(8), t2: table(16), t3: table(24), sbox: SBOX_CONST };

/// The tables, without the compiler knowing which: it would load the address anew for each byte.
#[inline(always)]
fn tables() -> &'static Tables {
    black_box(&TABLES)
}

const fn double(byte: u8) -> u8 {
    (byte << 1) ^ (if byte & 0x80 != 0 { 0x1b } else { 0 })
}

/// FIPS 197, 5.1.1: the inverse in GF(2⁸), then an affine map. Walks all powers of 3 and, beside them, their inverses.
const fn sbox() -> [u8; 256] {
    let mut sbox = [0; 256];
    let (mut power, mut inverse) = (1_u8, 1_u8);
    loop {
        power ^= double(power);
        inverse ^= inverse << 1;
        inverse ^= inverse << 2;
        inverse ^= inverse << 4;
        if inverse & 0x80 != 0 {
            inverse ^= 0x09;
        }
        let spread =
            inverse.rotate_left(1) ^ inverse.rotate_left(2) ^ inverse.rotate_left(3) ^ inverse.rotate_left(4);
        sbox[power as usize] = inverse ^ spread ^ 0x63;
        if power == 1 {
            break;
        }
    }
    sbox[0] = 0x63;
    sbox
}

const fn table(turn: u32) -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let byte = SBOX_CONST[index];
        let twice = double(byte);
        table[index] = u32::from_le_bytes([twice, byte, byte, twice ^ byte]).rotate_left(turn);
        index += 1;
    }
    table
}

/// The bytes of some words that have just been written.
///
/// What comes out of the box is in memory and the compiler knows nothing of it, so it loads bytes, of which the verifier
/// knows that they index a table of 256. Shifts and masks of a word would be rearranged until it no longer does.
#[inline(always)]
fn bytes(words: &[u32; 4]) -> &[u8; 16] {
    transmute_ref!(black_box(words))
}

/// Expands `key` (FIPS 197, 5.2) into `keys`; `word` is working memory.
#[inline(always)]
pub(super) fn expand(key: [u32; 4], keys: &mut RoundKeys, word: &mut [u32; 4]) {
    let tables = tables();
    let [mut a, mut b, mut c, mut d] = key;
    keys[..4].copy_from_slice(&key);
    let mut constant = 1;
    for round in 1..11 {
        word[0] = d.to_le();
        let [b0, b1, b2, b3, ..] = *bytes(word);
        let turned = [b1, b2, b3, b0].map(|byte| tables.sbox[usize::from(byte)]);
        a ^= u32::from_le_bytes(turned) ^ u32::from(constant);
        b ^= a;
        c ^= b;
        d ^= c;
        keys[4 * round] = a;
        keys[4 * round + 1] = b;
        keys[4 * round + 2] = c;
        keys[4 * round + 3] = d;
        constant = double(constant);
    }
}

/// One column of a round without its key: the bytes that ShiftRows brings there, through the tables.
#[inline(always)]
fn column(tables: &Tables, block: &[u8; 16], at: [usize; 4]) -> u32 {
    tables.t0[usize::from(block[at[0]])]
        ^ tables.t1[usize::from(block[at[1]])]
        ^ tables.t2[usize::from(block[at[2]])]
        ^ tables.t3[usize::from(block[at[3]])]
}

#[inline(always)]
fn round(tables: &Tables, block: &mut [u32; 4], keys: &RoundKeys, round: usize) {
    let old = bytes(block);
    let new = [
        column(tables, old, [0, 5, 10, 15]) ^ keys[4 * round],
        column(tables, old, [4, 9, 14, 3]) ^ keys[4 * round + 1],
        column(tables, old, [8, 13, 2, 7]) ^ keys[4 * round + 2],
        column(tables, old, [12, 1, 6, 11]) ^ keys[4 * round + 3],
    ];
    *block = new.map(u32::to_le);
}

#[inline(always)]
fn last_round(tables: &Tables, block: &mut [u32; 4], keys: &RoundKeys) {
    let old = bytes(block);
    let column = |at: [usize; 4]| u32::from_le_bytes(at.map(|at| tables.sbox[usize::from(old[at])]));
    let new = [
        column([0, 5, 10, 15]) ^ keys[40],
        column([4, 9, 14, 3]) ^ keys[41],
        column([8, 13, 2, 7]) ^ keys[42],
        column([12, 1, 6, 11]) ^ keys[43],
    ];
    *block = new.map(u32::to_le);
}

/// Encrypts `block` in place.
#[inline(always)]
pub(super) fn encrypt(block: &mut [u32; 4], keys: &RoundKeys) {
    let tables = tables();
    for index in 0..4 {
        block[index] = (u32::from_le(block[index]) ^ keys[index]).to_le();
    }
    for number in 1..10 {
        round(tables, block, keys, number);
    }
    last_round(tables, block, keys);
}

/// What the blocks of one packet have in common.
///
/// They differ in the counter, of which only the last byte changes in a packet of at most 253 blocks. One byte of the input
/// reaches one column in the first round and one byte of each column in the second.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Counter {
    /// The column of the first round that the counter reaches, without it.
    first: u32,
    /// The columns of the second round without that column.
    second: [u32; 4],
    /// The byte of the key that the counter meets.
    key: u32,
}

impl Counter {
    pub(super) const EMPTY: Self = Self { first: 0, second: [0; 4], key: 0 };

    /// For a packet with this nonce; `block` is working memory.
    #[inline(always)]
    pub(super) fn set(&mut self, nonce: [u32; 3], keys: &RoundKeys, block: &mut [u32; 4]) {
        let tables = tables();
        *block = [nonce[0] ^ keys[0], nonce[1] ^ keys[1], nonce[2] ^ keys[2], keys[3]].map(u32::to_le);
        let old = bytes(block);
        self.key = u32::from(old[15]);
        self.first = tables.t0[usize::from(old[0])]
            ^ tables.t1[usize::from(old[5])]
            ^ tables.t2[usize::from(old[10])]
            ^ keys[4];
        let columns = [
            0,
            column(tables, old, [4, 9, 14, 3]) ^ keys[5],
            column(tables, old, [8, 13, 2, 7]) ^ keys[6],
            column(tables, old, [12, 1, 6, 11]) ^ keys[7],
        ];
        *block = columns.map(u32::to_le);
        let old = bytes(block);
        let t0 = |byte: u8| tables.t0[usize::from(byte)];
        let t1 = |byte: u8| tables.t1[usize::from(byte)];
        let t2 = |byte: u8| tables.t2[usize::from(byte)];
        let t3 = |byte: u8| tables.t3[usize::from(byte)];
        self.second = [
            t1(old[5]) ^ t2(old[10]) ^ t3(old[15]) ^ keys[8],
            t0(old[4]) ^ t1(old[9]) ^ t2(old[14]) ^ keys[9],
            t0(old[8]) ^ t1(old[13]) ^ t3(old[7]) ^ keys[10],
            t0(old[12]) ^ t2(old[6]) ^ t3(old[11]) ^ keys[11],
        ];
    }

    /// Makes the key stream of two blocks, the first with this counter. The processor works on both at a time, which takes
    /// not much longer than one.
    #[inline(always)]
    pub(super) fn encrypt(&self, counter: u32, keys: &RoundKeys, blocks: &mut [[u32; 4]; 2]) {
        let tables = tables();
        let [one, other] = blocks;
        self.second_round(tables, counter, one);
        self.second_round(tables, counter + 1, other);
        for number in 3..10 {
            round(tables, one, keys, number);
            round(tables, other, keys, number);
        }
        last_round(tables, one, keys);
        last_round(tables, other, keys);
    }

    /// The state after two rounds.
    #[inline(always)]
    fn second_round(&self, tables: &Tables, counter: u32, block: &mut [u32; 4]) {
        block[0] = (counter ^ self.key).to_le();
        let reached = self.first ^ tables.t3[usize::from(bytes(block)[0])];
        block[0] = reached.to_le();
        let [b0, b1, b2, b3, ..] = *bytes(block);
        let [s0, s1, s2, s3] = self.second;
        let second = [
            s0 ^ tables.t0[usize::from(b0)],
            s1 ^ tables.t3[usize::from(b3)],
            s2 ^ tables.t2[usize::from(b2)],
            s3 ^ tables.t1[usize::from(b1)],
        ];
        *block = second.map(u32::to_le);
    }
}
