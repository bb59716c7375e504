//! The hello cut into CRYPTO frames and packets in every way.

use proptest::prelude::*;

use super::*;

/// The frames of a hello that is cut at these places.
fn frames(hello: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut % hello.len()).chain([0, hello.len()]).collect();
    places.sort_unstable();
    places.dedup();
    places.windows(2).map(|ends| crypto(ends[0], &hello[ends[0]..ends[1]])).collect()
}

fn seal_all(payloads: impl IntoIterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    let packets = payloads.into_iter().enumerate();
    packets
        .map(|(number, payload)| {
            Initial { number: u32::try_from(number).unwrap(), ..Initial::new(padded(payload)) }.seal()
        })
        .collect()
}

#[test]
fn every_cut_in_two_frames_or_two_datagrams_in_either_order_gives_the_name() {
    let hello = hello(b"api.account.xiaomi.com", &[30], &[25]);
    for cut in 1..hello.len() {
        let frames = frames(&hello, &[cut]);
        let name = named("api.account.xiaomi.com");
        assert_eq!(read_all(&seal_all([frames.concat()])), name, "{cut}");
        assert_eq!(read_all(&seal_all([[&frames[1][..], &frames[0]].concat()])), name, "{cut}");
        assert_eq!(read_all(&seal_all(frames.clone())), name, "{cut}");
        assert_eq!(read_all(&seal_all([frames[1].clone(), frames[0].clone()])), name, "{cut}");
    }
}

#[test]
fn a_hello_that_is_read_to_its_end_for_an_encrypted_one_is_found_in_every_cut() {
    let hello = hello(b"a.example", &[3], &[5]);
    for cut in 1..hello.len() {
        let mut flow = Flow::seeking_ech();
        let datagrams = seal_all(frames(&hello, &[cut]));
        let first = flow.read(&datagrams[0]);
        // What the last extension holds need not be there.
        if cut < hello.len() - 5 {
            assert_eq!(first, nameless(Progress::Hungry), "{cut}");
            assert_eq!(flow.read(&datagrams[1]), named("a.example"), "{cut}");
        } else {
            assert_eq!(first, named("a.example"), "{cut}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn frames_in_any_order_with_padding_and_pings_between_give_the_name(
        cuts in prop::collection::vec(0..2000_usize, 0..12),
        order in any::<prop::sample::Index>(),
        padding in prop::collection::vec(0..60_usize, 13),
        seed: u64,
    ) {
        let hello = hello(b"www.example.org", &[40, 90], &[60]);
        let mut frames = frames(&hello, &cuts);
        let len = frames.len();
        frames.rotate_left(order.index(len));
        if seed & 1 == 0 {
            frames.reverse();
        }
        let mut payload = Vec::new();
        for (frame, padding) in frames.iter().zip(&padding) {
            payload.extend(frame);
            payload.extend(&[1][..usize::from(seed & 2 == 0)]);
            payload.resize(payload.len() + padding, 0);
        }
        prop_assert_eq!(read_all(&seal_all([payload])), named("www.example.org"));
    }

    #[test]
    fn frames_over_up_to_four_datagrams_give_the_name_with_the_last_that_is_needed(
        cuts in prop::collection::vec(0..3000_usize, 3..9),
        homes in prop::collection::vec(0..4_usize, 10),
    ) {
        let hello = hello(b"www.example.org", &[900], &[700]);
        let mut payloads = Vec::from([Vec::new(), Vec::new(), Vec::new(), Vec::new()]);
        for (frame, home) in frames(&hello, &cuts).iter().zip(&homes) {
            payloads[*home].extend(frame);
        }
        payloads.retain(|payload| !payload.is_empty() && payload.len() < 1800);
        prop_assume!(payloads.iter().map(Vec::len).sum::<usize>() > hello.len());
        prop_assert_eq!(read_all(&seal_all(payloads)), named("www.example.org"));
    }
}
