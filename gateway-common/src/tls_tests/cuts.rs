//! A name that arrives in pieces is one name: pieces of the stream, TLS records, and both at once.

use proptest::prelude::*;

use super::builder::{parts, records};
use super::*;

/// Hellos of every shape, with and without a name, and places where to cut them into records.
pub(super) fn hellos() -> impl Strategy<Value = (Builder, Vec<usize>)> {
    let other = (1_u16.., prop_oneof![4 => 0_usize..40, 1 => 0_usize..1500], any::<u8>())
        .prop_map(|(kind, len, byte)| Extension::Other(kind, vec![byte; len]));
    let name = prop_oneof![
        4 => "[a-zA-Z0-9_-]{1,20}(\\.[a-zA-Z0-9_-]{1,20}){0,5}\\.?".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..300),
    ];
    (
        prop::collection::vec(any::<u8>(), 0..=32),
        prop::collection::vec(any::<[u8; 2]>(), 1..30),
        prop::collection::vec(any::<u8>(), 1..4),
        prop::collection::vec(other, 0..12),
        prop::option::weighted(0.9, (name, any::<prop::sample::Index>())),
        prop::collection::btree_set(1_usize..3000, 0..12),
    )
        .prop_map(|(session, suites, compressions, mut extensions, name, cuts)| {
            if let Some((name, place)) = name {
                extensions.insert(place.index(extensions.len() + 1), Extension::Name(name));
            }
            let extensions = Some(extensions);
            let hello = Builder { session, suites: suites.concat(), compressions, extensions };
            (hello, cuts.into_iter().collect())
        })
}

/// A hello like those of today's browsers: a key share of 1,216 bytes before the name.
fn browser() -> Builder {
    let extensions = [
        Extension::Other(0x0a0a, vec![]),
        Extension::Other(51, vec![0x5a; 1216]),
        Extension::Other(16, b"\0\x0c\x02h2\x08http/1.1".to_vec()),
        Extension::Name(NAME.to_vec()),
        Extension::Other(43, vec![4, 3, 4, 3, 3]),
    ];
    Builder::new(extensions)
}

#[test]
fn a_stream_in_two_pieces_gives_the_name_wherever_it_is_cut() {
    for hello in [Builder::named(NAME), browser()] {
        let stream = hello.stream();
        for cut in 0..=stream.len() {
            assert_eq!(read_pieces(&parts(&stream, &[cut])), named(NAME), "cut at {cut}");
        }
    }
}

#[test]
fn a_stream_in_pieces_of_any_one_size_gives_the_name() {
    for hello in [Builder::named(NAME), Builder::named(&long_name(253)), browser()] {
        let stream = hello.stream();
        let expected = read_all(&stream);
        assert_eq!(expected.0, Progress::Named);
        for size in 1..=stream.len() {
            let pieces: Vec<&[u8]> = stream.chunks(size).collect();
            assert_eq!(read_pieces(&pieces), expected, "pieces of {size} bytes");
        }
    }
}

#[test]
fn a_piece_without_a_byte_changes_nothing() {
    let stream = Builder::named(NAME).stream();
    for cut in 0..stream.len() {
        assert_eq!(read_pieces(&[&stream[..cut], &[], &stream[cut..]]), named(NAME));
        let (mut hello, mut name) = (Hello::START, WireName::EMPTY);
        if hello.feed(&mut Piece::new(&stream[..cut]), &mut name) == Progress::Hungry {
            let before = (hello, name);
            assert_eq!(hello.feed(&mut Piece::new(&[]), &mut name), Progress::Hungry);
            assert_eq!((hello, name), before);
        }
    }
}

#[test]
fn a_hello_in_two_records_gives_the_name_wherever_it_is_cut() {
    for hello in [Builder::named(NAME), browser()] {
        let message = hello.message().bytes;
        for cut in 1..message.len() {
            assert_eq!(read_all(&records(&message, &[cut])), named(NAME), "cut at {cut}");
        }
    }
}

#[test]
fn a_record_of_one_byte_anywhere_in_a_hello_changes_nothing() {
    for hello in [Builder::named(NAME), browser()] {
        let message = hello.message().bytes;
        for at in 1..message.len() - 1 {
            assert_eq!(read_all(&records(&message, &[at, at + 1])), named(NAME), "the byte at {at}");
        }
    }
}

#[test]
fn a_name_and_its_lengths_in_records_of_one_byte_each_are_read() {
    let message = browser().message();
    let (begin, end) = message.name.unwrap();
    let cuts: Vec<usize> = (begin - 9..=end).collect();
    assert_eq!(read_all(&records(&message.bytes, &cuts)), named(NAME));
}

#[test]
fn a_small_hello_in_records_of_one_byte_each_is_read() {
    let hello = Builder { session: vec![], suites: vec![0x13, 0x01], ..Builder::named(b"a.example") };
    let message = hello.message().bytes;
    let cuts: Vec<usize> = (1..message.len()).collect();
    assert_eq!(read_all(&records(&message, &cuts)), named(b"a.example"));
}

#[test]
fn every_prefix_is_hungry_until_the_name_is_complete_and_from_there_on_named() {
    for hello in [Builder::named(NAME), browser(), Builder::named(&long_name(253))] {
        let message = hello.message();
        let (begin, end) = message.name.unwrap();
        for cuts in [vec![], vec![begin + 3], vec![1, 3, 40, begin - 1, begin, end - 1], vec![end]] {
            let stream = records(&message.bytes, &cuts);
            let complete = message.name_ends(&cuts);
            for len in 0..=stream.len() {
                let progress = read_all(&stream[..len]).0;
                let expected = if len < complete { Progress::Hungry } else { Progress::Named };
                assert_eq!(progress, expected, "{len} of {complete} bytes");
            }
        }
    }
}

#[test]
fn a_prefix_of_a_nameless_hello_is_hungry_until_it_is_clear_that_no_name_comes() {
    let stream = Builder::new(others(5, 7)).stream();
    let outcomes: Vec<Progress> = (0..=stream.len()).map(|len| read_all(&stream[..len]).0).collect();
    let known = outcomes.iter().position(|progress| *progress != Progress::Hungry).unwrap();
    assert!(outcomes[known..].iter().all(|progress| *progress == Progress::Nameless));
    // The last extension is the six bytes of signature_algorithms.
    assert_eq!(known, stream.len() - 6);
}

proptest! {
    #[test]
    fn any_cut_into_pieces_gives_the_result_of_the_whole(
        (hello, record_cuts) in hellos(),
        piece_cuts in prop::collection::btree_set(1_usize..4000, 0..40),
    ) {
        let stream = records(&hello.message().bytes, &record_cuts);
        let piece_cuts: Vec<usize> = piece_cuts.into_iter().collect();
        prop_assert_eq!(read_pieces(&parts(&stream, &piece_cuts)), read_all(&stream));
    }

    #[test]
    fn any_cut_of_bytes_that_are_no_honest_hello_gives_the_result_of_the_whole(
        (hello, record_cuts) in hellos(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        piece_cuts in prop::collection::btree_set(1_usize..4000, 0..40),
    ) {
        let mut stream = records(&hello.message().bytes, &record_cuts);
        for (at, value) in changes {
            let at = at.index(stream.len().min(400));
            stream[at] = value;
        }
        let piece_cuts: Vec<usize> = piece_cuts.into_iter().collect();
        prop_assert_eq!(read_pieces(&parts(&stream, &piece_cuts)), read_all(&stream));
    }

    #[test]
    fn any_split_into_records_gives_the_result_of_one_record((hello, cuts) in hellos()) {
        let message = hello.message().bytes;
        prop_assume!(message.len() <= 16_384);
        prop_assert_eq!(read_all(&records(&message, &cuts)), read_all(&record(&message)));
    }

    #[test]
    fn a_hello_comes_to_its_name_or_to_what_is_wrong_with_it((hello, cuts) in hellos()) {
        let message = hello.message();
        let expected = match message.name {
            None => without_name(Progress::Nameless),
            Some((begin, end)) => {
                let name = message.bytes[begin..end].to_ascii_lowercase();
                let name = name.strip_suffix(b".").unwrap_or(&name);
                match name.len() {
                    0 => without_name(Progress::Malformed),
                    1..=253 => named(name),
                    _ => without_name(Progress::TooLong),
                }
            }
        };
        // The bytes of the hello that are not its name make it longer than is followed only by thousands.
        prop_assume!(message.bytes.len() <= 16_384);
        prop_assert_eq!(read_all(&records(&message.bytes, &cuts)), expected);
    }
}
