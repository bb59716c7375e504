//! Messages that end early or in which one length lies: never the wrong name, never a panic.

use proptest::prelude::*;

use super::*;

/// Messages of one question and of several.
pub(super) fn samples() -> Vec<Message> {
    let names = |names: &[&str]| Message {
        questions: names.iter().map(|name| question(name)).collect(),
        ..Message::of("")
    };
    vec![
        names(&[NAME]),
        names(&[""]),
        names(&["a.example", NAME, "", "b"]),
        names(&[&std::format!("{NAME}.").repeat(10)]),
    ]
}

#[test]
fn a_datagram_that_ends_early_is_malformed_after_the_questions_that_are_whole() {
    for message in samples() {
        let bytes = message.bytes();
        let whole = read_all(&bytes);
        for len in 0..bytes.len() {
            let mut outcomes = read_all(&bytes[..len]);
            assert_eq!(outcomes.pop(), Some(without_name(Progress::Malformed)), "{len} bytes");
            assert!(whole.starts_with(&outcomes) && outcomes.len() < whole.len());
        }
    }
}

#[test]
fn a_datagram_of_which_only_the_beginning_arrived_is_hungry_after_the_questions_that_are_whole() {
    for message in samples() {
        let bytes = message.bytes();
        let whole = read_all(&bytes);
        for len in 0..bytes.len() {
            let mut outcomes = read_announced(&bytes[..len], bytes.len()).0;
            assert_eq!(outcomes.pop(), Some(without_name(Progress::Hungry)), "{len} bytes");
            assert!(whole.starts_with(&outcomes) && outcomes.len() < whole.len());
        }
    }
}

#[test]
fn a_lie_in_the_length_of_a_label_never_leads_to_the_true_name_and_no_label_ends_where_it_did_not() {
    let bytes = Message::of(NAME).bytes();
    for at in [12, 16, 24, 31, 35] {
        for lie in (0..=u8::MAX).filter(|lie| *lie != bytes[at]) {
            let mut bytes = bytes.clone();
            bytes[at] = lie;
            let outcomes = read_all(&bytes);
            assert!(outcomes.iter().all(|outcome| *outcome != named(NAME)), "{lie} at {at}");
            if lie > 63 {
                assert_eq!(outcomes, [without_name(Progress::Malformed)], "{lie} at {at}");
            }
        }
    }
}

#[test]
fn the_longest_questions_fit_into_the_steps_of_a_datagram_and_into_one_piece() {
    let longest = Message { questions: vec![(labels_of(&[1; 127]), 1, 1); 4], ..Message::of("") }.bytes();
    assert!(longest.len() <= crate::tls::PIECE_BYTES);
    let (mut questions, mut piece, mut name) =
        (Questions::datagram(u32::MAX), Piece::new(&longest), WireName::EMPTY);
    let results = (0..MAX_DATAGRAM_STEPS)
        .map(|_| questions.step(&mut piece, &mut name))
        .filter(|progress| *progress != Progress::Going);
    assert_eq!(
        results.take(5).collect::<Vec<_>>(),
        [[Progress::Named; 4].as_slice(), &[Progress::Done]].concat()
    );
}

#[test]
fn the_state_between_pieces_is_small() {
    assert!(size_of::<Questions>() <= 24);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(message in prop::collection::vec(any::<u8>(), 0..600), announced in 0_usize..700) {
        read_announced(&message, announced);
    }

    #[test]
    fn random_bytes_behind_an_honest_header_never_panic(
        count in 1_u16..5,
        mut message in prop::collection::vec(any::<u8>(), 0..1200),
        mask in prop::sample::select(&[0x03, 0x0f, 0x3f, 0xff][..]),
    ) {
        for byte in &mut message {
            *byte &= mask;
        }
        let header = Message { questions: vec![], count: Some(count), ..Message::of("") }.bytes();
        let (outcomes, end) = read_announced(&[&header[..], &message].concat(), 12 + message.len());
        prop_assert!(outcomes.len() <= usize::from(count) + 1);
        prop_assert!(end <= 12 + message.len());
    }
}
