//! Hellos in which one length lies, and bytes that no client sent: never the wrong name, never a panic.

use proptest::prelude::*;

use super::builder::{Message, records};
use super::cuts::hellos;
use super::*;

/// Hellos with the name first, in the middle and last, and with the least and the most around it.
fn victims() -> Vec<Message> {
    let name = || Extension::Name(NAME.to_vec());
    let bare = Builder { session: vec![], suites: vec![0x13, 0x01], ..Builder::new([name()]) };
    let rich = Builder { session: vec![0xa5; 32], compressions: vec![0; 3], ..Builder::named(NAME) };
    vec![
        bare.message(),
        rich.message(),
        Builder::new(others(3, 20).chain([name()])).message(),
        Builder::new([name()].into_iter().chain(others(3, 20))).message(),
        Builder::new(others(2, 20).chain([name()]).chain([Extension::Other(21, vec![0; 50])])).message(),
    ]
}

/// What may stand behind a hello in the stream: nothing, rubbish of several kinds, or a hello for another name.
fn tails() -> Vec<Vec<u8>> {
    let other = Builder::named(b"other.example").stream();
    vec![vec![], vec![0; 1000], vec![0xaa; 1000], other.repeat(10)]
}

/// Asserts that no other name than the true one is read.
fn assert_honest(stream: &[u8], lie: &str) {
    let outcome = read_all(stream);
    match outcome.0 {
        Progress::Named => assert_eq!(outcome.1, NAME, "{lie}"),
        Progress::Malformed | Progress::Nameless | Progress::Hungry | Progress::TooLong => {}
        Progress::NotHello | Progress::Going | Progress::Ended => panic!("{lie}: {outcome:?}"),
    }
}

#[test]
fn a_lie_in_one_length_of_the_message_never_leads_to_another_name() {
    for honest in victims() {
        for tail in tails() {
            for field in honest.lengths.clone() {
                let truth = honest.get(field);
                let most = (1 << (8 * field.width)) - 1;
                let near = [truth.saturating_sub(1), truth + 1, 0xff, 0x100, most - 1, most];
                for lie in (0..512).chain(near).filter(|lie| *lie <= most && *lie != truth) {
                    let mut message = honest.clone();
                    message.set(field, lie);
                    let stream = [record(&message.bytes), tail.clone()].concat();
                    assert_honest(&stream, &std::format!("{} is {truth}, says {lie}", field.of));
                }
            }
        }
    }
}

#[test]
fn a_lie_in_the_length_of_the_list_or_the_name_is_always_malformed() {
    for honest in victims() {
        for field in honest.lengths.iter().filter(|field| ["list of names", "name"].contains(&field.of)) {
            for lie in (0..600).chain([0x1600, 0xff00, 0xffff]).filter(|lie| *lie != honest.get(*field)) {
                let mut message = honest.clone();
                message.set(*field, lie);
                assert_eq!(read_all(&record(&message.bytes)), without_name(Progress::Malformed));
            }
        }
    }
}

#[test]
fn a_lie_in_the_length_of_the_record_that_holds_the_name_or_of_the_next_never_leads_to_another_name() {
    for honest in victims() {
        let (_, end) = honest.name.unwrap();
        let stream = records(&honest.bytes, &[end]);
        for tail in tails() {
            for at in [3, 5 + end + 3] {
                for lie in (0..512_u16).chain([16_384, 16_385, u16::MAX]) {
                    let mut stream = [stream.clone(), tail.clone()].concat();
                    if let Some(len) = stream.get_mut(at..at + 2) {
                        len.copy_from_slice(&lie.to_be_bytes());
                    }
                    assert_honest(&stream, &std::format!("the record at {} says {lie}", at - 3));
                }
            }
        }
    }
}

#[test]
fn a_hello_that_lacks_any_one_byte_outside_its_name_never_leads_to_another_name() {
    for honest in victims() {
        let (begin, end) = honest.name.unwrap();
        for at in (5..begin).chain(end..honest.bytes.len()) {
            let mut bytes = honest.bytes.clone();
            bytes.remove(at);
            assert_honest(&record(&bytes), &std::format!("without byte {at}"));
        }
    }
}

#[test]
fn a_change_of_any_one_byte_leads_to_another_name_only_inside_the_name() {
    for honest in victims() {
        let (begin, end) = honest.name.unwrap();
        for at in 0..honest.bytes.len() {
            for value in 0..=u8::MAX {
                let mut bytes = honest.bytes.clone();
                bytes[at] = value;
                let (progress, name) = read_all(&record(&bytes));
                if (begin..end).contains(&at) {
                    assert_eq!(progress, Progress::Named);
                } else {
                    assert!(progress != Progress::Named || name == NAME, "byte {at} is {value}: {name:?}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(stream in prop::collection::vec(any::<u8>(), 0..5000)) {
        read_all(&stream);
    }

    #[test]
    fn random_bytes_behind_an_honest_beginning_never_panic(
        mut stream in prop::collection::vec(any::<u8>(), 0..5000),
        plausible: bool,
        record_len in 1_u16..=16_384,
        hello_len in 0_u16..=17_000,
    ) {
        if plausible {
            // Mostly the bytes that lengths and types are made of, so that the reader comes further.
            for byte in &mut stream {
                *byte = [0, 0, 0, 1, 2, 3, 22, *byte][usize::from(*byte % 8)];
            }
        }
        let [high, low] = hello_len.to_be_bytes();
        let begin = [&[22, 3, 1][..], &record_len.to_be_bytes(), &[1, 0, high, low]].concat();
        read_all(&[begin, stream].concat());
    }

    #[test]
    fn a_hello_that_was_tampered_with_never_panics_and_its_result_stands(
        (hello, cuts) in hellos(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        prefix: prop::sample::Index,
    ) {
        let mut stream = records(&hello.message().bytes, &cuts);
        for (at, value) in changes {
            let at = at.index(stream.len());
            stream[at] = value;
        }
        let whole = read_all(&stream);
        let part = read_all(&stream[..prefix.index(stream.len() + 1)]);
        prop_assert!(part == whole || part.0 == Progress::Hungry, "first {:?}, then {:?}", part, whole);
    }

    #[test]
    fn what_comes_to_a_name_or_to_none_may_begin_a_hello(
        (hello, _) in hellos(),
        changes in prop::collection::vec((0_usize..12, any::<u8>()), 0..4),
    ) {
        let mut stream = hello.stream();
        for (at, value) in changes {
            stream[at] = value;
        }
        if matches!(read_all(&stream).0, Progress::Named | Progress::Nameless) {
            prop_assert!(may_begin(*stream.first_chunk().unwrap()));
        }
    }
}
