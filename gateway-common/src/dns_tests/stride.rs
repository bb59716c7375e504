//! A question that is read in one stride comes to the same as one that is read byte by byte.

use proptest::prelude::*;

use super::lies::samples;
use super::*;
use crate::checks::dns::outcome;

/// Every result of a datagram, with all that is known then.
fn results(
    message: &[u8],
    announced: u32,
    step: fn(&mut Questions, &mut Piece, &mut WireName) -> Progress,
) -> Vec<(Outcome, Option<Questions>, u32)> {
    let (mut questions, mut name) = (Questions::datagram(announced), WireName::EMPTY);
    let mut piece = Piece::new(message);
    let mut results = Vec::new();
    for _ in 0..MAX_DATAGRAM_STEPS {
        let progress = step(&mut questions, &mut piece, &mut name);
        if progress == Progress::Going {
            continue;
        }
        let goes_on = matches!(progress, Progress::Named | Progress::Root);
        results.push((outcome(progress, &name), goes_on.then_some(questions), piece.at));
        if !goes_on {
            return results;
        }
    }
    panic!("no end: {results:?}");
}

proptest! {
    #[test]
    fn a_stride_comes_to_what_single_bytes_come_to(
        sample: prop::sample::Index,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        len: prop::sample::Index,
        whole: bool,
        beyond in prop_oneof![3 => Just(0_u32), 1 => 0_u32..20],
    ) {
        let mut message = samples()[sample.index(samples().len())].bytes();
        for (at, value) in changes {
            let at = at.index(message.len());
            message[at] = value;
        }
        let len = if whole { message.len() } else { len.index(message.len() + 1) };
        let announced = u32::try_from(len).unwrap() + beyond;
        prop_assert_eq!(
            results(&message[..len], announced, Questions::step),
            results(&message[..len], announced, Questions::crawl)
        );
    }
}
