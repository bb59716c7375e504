//! What is read in strides comes to the same as what is read byte by byte.

use proptest::prelude::*;

use super::builder::records;
use super::cuts::hellos;
use super::*;

/// Every result of a stream in one piece, to the end of the hello, with what is known of it then.
fn results(
    stream: &[u8],
    step: fn(&mut Hello, &mut Piece, &mut WireName) -> Progress,
) -> Vec<(Progress, bool, Vec<u8>)> {
    let (mut hello, mut name) = (Hello::START, WireName::EMPTY);
    let mut piece = Piece::new(stream);
    let mut results = Vec::new();
    for _ in 0..2 * PIECE_BYTES {
        let progress = step(&mut hello, &mut piece, &mut name);
        if progress == Progress::Going {
            continue;
        }
        results.push((progress, hello.has_ech(), outcome(progress, &name).1));
        if progress != Progress::Named {
            return results;
        }
    }
    panic!("no end: {results:?}");
}

proptest! {
    #[test]
    fn strides_come_to_what_single_bytes_come_to(
        (hello, cuts) in hellos(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        len: prop::sample::Index,
        whole: bool,
    ) {
        let mut stream = records(&hello.message().bytes, &cuts);
        for (at, value) in changes {
            let at = at.index(stream.len().min(400));
            stream[at] = value;
        }
        let len = if whole { stream.len() } else { len.index(stream.len() + 1) };
        prop_assert_eq!(results(&stream[..len], Hello::step), results(&stream[..len], Hello::crawl));
    }
}

#[test]
fn a_word_is_the_eight_bytes_from_any_place_on() {
    let bytes: Vec<u8> = (0..PIECE_BYTES).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect();
    let piece = Piece::new(&bytes);
    for at in 0..PIECE_BYTES - 8 {
        let expected = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        assert_eq!(piece.word(at.try_into().unwrap()), expected, "at {at}");
    }
}
