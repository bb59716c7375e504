//! SHA-256 (FIPS 180-4) as BPF can run it: one compression at a time over working memory, no big locals.
//!
//! BPF has no rotation. A word written twice into 64 bits ([`double`]) can be shifted instead: three rotations cost three
//! shifts.

/// The state before the first block.
pub(super) const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Round constants.
#[rustfmt::skip]
const K_CONST: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// The round constants as a table in memory, which kernel code reads by index.
static K: [u32; 64] = K_CONST;

/// One compression: the block, what comes of it, and the state that takes it in.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Compression {
    /// Words of the block, then of its expansion.
    words: [u32; 64],
    /// Each of `words` with its round constant added.
    schedule: [u32; 64],
    /// The state, before and after.
    pub(super) state: [u32; 8],
}

impl Compression {
    pub(super) const EMPTY: Self = Self { words: [0; 64], schedule: [0; 64], state: [0; 8] };

    /// Where the words of the next block go.
    #[inline(always)]
    pub(super) fn block(&mut self) -> &mut [u32; 64] {
        &mut self.words
    }

    /// Takes the block into the state.
    #[inline(always)]
    pub(super) fn run(&mut self) {
        self.expand();
        rounds(&mut self.state, &self.schedule);
    }

    /// Takes a block into the state of which the schedule is known.
    #[inline(always)]
    pub(super) fn run_known(&mut self, schedule: &[u32; 64]) {
        rounds(&mut self.state, schedule);
    }

    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "an index is what the kernel's verifier follows")]
    fn expand(&mut self) {
        for index in 0..16 {
            self.schedule[index] = self.words[index].wrapping_add(K[index]);
        }
        for index in 16..64 {
            let word = expanded(&self.words, index);
            self.words[index] = word;
            self.schedule[index] = word.wrapping_add(K[index]);
        }
    }
}

/// The 64 rounds, and their result added to the state.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the low half is the word")]
fn rounds(state: &mut [u32; 8], schedule: &[u32; 64]) {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state.map(u64::from);
    let mut both = b ^ c;
    for eight in schedule.as_chunks::<8>().0 {
        // After eight rounds each letter is again where it was.
        (d, h) = round([a, b, c, d, e, f, g, h], eight[0], &mut both);
        (c, g) = round([h, a, b, c, d, e, f, g], eight[1], &mut both);
        (b, f) = round([g, h, a, b, c, d, e, f], eight[2], &mut both);
        (a, e) = round([f, g, h, a, b, c, d, e], eight[3], &mut both);
        (h, d) = round([e, f, g, h, a, b, c, d], eight[4], &mut both);
        (g, c) = round([d, e, f, g, h, a, b, c], eight[5], &mut both);
        (f, b) = round([c, d, e, f, g, h, a, b], eight[6], &mut both);
        (e, a) = round([b, c, d, e, f, g, h, a], eight[7], &mut both);
    }
    for (old, new) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *old = old.wrapping_add(new as u32);
    }
}

/// The word twice over: a shift of it is a rotation of the word.
#[inline(always)]
const fn double(word: u64) -> u64 {
    word << 32 | word & 0xffff_ffff
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the low half is the rotated word")]
const fn expanded(words: &[u32; 64], index: usize) -> u32 {
    let (early, late) = (words[index - 15], words[index - 2]);
    let small0 = ((double(early as u64) >> 11 ^ double(early as u64)) >> 7) as u32 ^ early >> 3;
    let small1 = ((double(late as u64) >> 2 ^ double(late as u64)) >> 17) as u32 ^ late >> 10;
    words[index - 16].wrapping_add(small0).wrapping_add(words[index - 7]).wrapping_add(small1)
}

/// One round: the new values of the letters in the places of `d` and `h`. `both` is `b ^ c`, and becomes that of the next
/// round.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the low half is the rotated word")]
const fn round([a, b, _, d, e, f, g, h]: [u64; 8], scheduled: u32, both: &mut u64) -> (u64, u64) {
    let choice = g ^ (e & (f ^ g));
    let doubled = e << 32 | e as u32 as u64;
    let big1 = doubled >> 6 ^ doubled >> 11 ^ doubled >> 25;
    let first = h.wrapping_add(scheduled as u64).wrapping_add(choice).wrapping_add(big1);
    let next = a ^ b;
    let majority = b ^ (next & *both);
    *both = next;
    let doubled = a << 32 | a as u32 as u64;
    let big0 = doubled >> 2 ^ doubled >> 13 ^ doubled >> 22;
    (d.wrapping_add(first), first.wrapping_add(majority).wrapping_add(big0))
}

/// The schedule of a block that is known when this is compiled.
pub(super) const fn schedule(block: [u32; 16]) -> [u32; 64] {
    let mut words = [0; 64];
    let mut schedule = [0; 64];
    let mut index = 0;
    while index < 64 {
        words[index] = if index < 16 { block[index] } else { expanded(&words, index) };
        schedule[index] = words[index].wrapping_add(K_CONST[index]);
        index += 1;
    }
    schedule
}

/// The state after a block that is known when this is compiled, as the first one.
#[expect(clippy::cast_possible_truncation, reason = "the low half is the word")]
pub(super) const fn first_state(block: [u32; 16]) -> [u32; 8] {
    let schedule = schedule(block);
    let mut letters = [0; 8];
    let mut index = 0;
    while index < 8 {
        letters[index] = START[index] as u64;
        index += 1;
    }
    let mut both = letters[1] ^ letters[2];
    let mut index = 0;
    while index < 64 {
        let [a, b, c, _, e, f, g, _] = letters;
        let (new_e, new_a) = round(letters, schedule[index], &mut both);
        letters = [new_a, a, b, c, new_e, e, f, g];
        index += 1;
    }
    let mut state = START;
    let mut index = 0;
    while index < 8 {
        state[index] = state[index].wrapping_add(letters[index] as u32);
        index += 1;
    }
    state
}
