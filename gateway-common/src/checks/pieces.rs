//! The ways to cut a stream.

use core::fmt::Debug;
use std::vec::Vec;

/// A stream up to this many bytes is cut in two at every place.
const EVERY_CUT: usize = 192;

/// How many places a longer stream is cut in two at, and how often a stream is cut into many pieces.
const SOME_CUTS: usize = 24;

/// Asserts that `read` comes to the same however `stream` is cut, and that what a beginning of it comes to `stands` in
/// front of what the whole comes to. Returns what it comes to.
pub(super) fn same_in_pieces<T: PartialEq + Debug>(
    stream: &[u8],
    read: impl Fn(&[&[u8]]) -> T,
    stands: impl Fn(&T, &T) -> bool,
) -> T {
    let whole = read(&[stream]);
    for cut in cuts(stream) {
        let (first, second) = stream.split_at(cut);
        assert_eq!(read(&[first, second]), whole, "cut behind {cut} bytes (right: whole)");
        let beginning = read(&[first]);
        assert!(stands(&beginning, &whole), "first {beginning:?}, then {whole:?} ({cut} bytes)");
    }
    let singles: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(read(&singles), whole, "byte by byte (right: whole)");
    let mut random = Random::of(stream);
    for _ in 0..SOME_CUTS / 4 {
        let pieces = random.pieces(stream);
        let sizes: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
        assert_eq!(read(&pieces), whole, "pieces of {sizes:?} bytes (right: whole)");
    }
    whole
}

/// Where a stream is cut in two: at every place, if it is not too long for that.
pub(super) fn cuts(stream: &[u8]) -> Vec<usize> {
    if stream.len() <= EVERY_CUT {
        return (0..=stream.len()).collect();
    }
    let mut random = Random::of(stream);
    (0..SOME_CUTS).map(|_| random.below(stream.len() + 1)).collect()
}

/// Numbers that look random and are the same for the same bytes, so that an input shows its failure again (xorshift64*).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(crate::name::hash(1, bytes) | 1)
    }

    /// A number below `end`, which must not be 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap_or(0) % end
    }

    /// The stream in pieces, small ones more often than large ones.
    fn pieces<'a>(&mut self, mut stream: &'a [u8]) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        while !stream.is_empty() {
            let most = [4, 40, 400, 4000][self.below(4)];
            let (piece, rest) = stream.split_at((1 + self.below(most)).min(stream.len()));
            pieces.push(piece);
            stream = rest;
        }
        pieces
    }
}
