//! Responses that are cut, or in which a length lies: never an address that is not there, never a panic.

use proptest::prelude::*;

use super::*;

/// Responses of every shape.
pub(super) fn samples() -> Vec<Message> {
    let other = record(Owner::Labels(vec![b"ns".to_vec(), b"example".to_vec()]), 46, 1, 9, vec![0xab; 40]);
    vec![
        Message::of(NAME).with([a(1, 60)]),
        Message::of(NAME).with([alias("cdn.example", 30), aaaa(1, 60), other, a(2, 20)]),
        Message { labels: vec![b"x".to_vec(); 127], ..Message::of("").with([a(1, 60), a(2, 60)]) },
        Message::of(NAME).with([record(
            Owner::Pointer(vec![b"y".to_vec(); 40], 12),
            TYPE_A,
            1,
            60,
            vec![192, 0, 2, 1],
        )]),
    ]
}

/// Whether `outcomes` end so, with nothing in front of that but what the whole message begins with.
fn ends(whole: &[Outcome], mut outcomes: Vec<Outcome>, progress: Progress) -> bool {
    outcomes.pop() == Some(end(progress)) && whole[..whole.len() - 1].starts_with(&outcomes)
}

#[test]
fn a_response_that_ends_early_is_malformed_behind_the_answers_that_are_whole() {
    for message in samples() {
        let bytes = message.bytes();
        let whole = read(&bytes);
        for len in 0..bytes.len() {
            let outcomes = read(&bytes[..len]);
            assert!(ends(&whole, outcomes.clone(), Progress::Malformed), "{len} bytes: {outcomes:?}");
            // The last answer of each is an address.
            assert!(outcomes.len() < whole.len(), "{len} bytes");
        }
    }
}

#[test]
fn a_response_that_says_that_it_was_cut_gives_the_answers_that_are_whole() {
    for message in samples() {
        let question = Message { answers: vec![], ..message.clone() }.bytes().len();
        let whole = read(&message.bytes());
        let bytes = Message { flags: message.flags | 0x0200, ..message }.bytes();
        assert_eq!(read(&bytes), whole);
        for len in 0..bytes.len() {
            let expected = if len < question { Progress::Malformed } else { Progress::Done };
            assert!(ends(&whole, read(&bytes[..len]), expected), "{len} bytes");
        }
    }
}

#[test]
fn a_response_of_which_only_the_beginning_is_there_gives_the_answers_that_are_whole() {
    for message in samples() {
        let question = Message { answers: vec![], ..message.clone() }.bytes().len();
        let bytes = message.bytes();
        let whole = read(&bytes);
        for len in 0..bytes.len() {
            let expected = if len < question { Progress::Malformed } else { Progress::Done };
            assert!(ends(&whole, read_announced(&bytes[..len], bytes.len()), expected), "{len} bytes");
        }
    }
}

#[test]
fn a_response_that_a_piece_does_not_hold_gives_the_answers_of_its_beginning() {
    let long = record(Owner::Name, 16, 1, 60, vec![b't'; 600]);
    let message = Message::of(NAME).with([a(1, 60), long.clone(), long.clone(), long.clone(), a(2, 60)]);
    assert_eq!(answers(&message), [v4(1, 60), v4(2, 60), end(Progress::Done)]);
    let message =
        Message::of(NAME).with([a(1, 60), long.clone(), long.clone(), long.clone(), long, a(2, 60)]);
    assert_eq!(answers(&message), [v4(1, 60), end(Progress::Done)]);
}

#[test]
fn a_count_that_promises_more_answers_than_there_are_is_malformed() {
    for (count, followed) in [(3, 2), (32, 2), (33, 2), (u16::MAX, 2), (2, 2), (1, 1)] {
        let message = Message { count: Some(count), ..Message::of(NAME).with([a(1, 60), a(2, 60)]) };
        let last = if count > followed { Progress::Malformed } else { Progress::Done };
        let expected = (1..=followed).map(|at| v4(u8::try_from(at).unwrap(), 60)).chain([end(last)]);
        assert_eq!(answers(&message), expected.collect::<Vec<_>>(), "{count}");
    }
}

#[test]
fn a_length_of_a_record_that_leads_out_of_the_message_is_malformed_and_its_address_none() {
    let whole = Message::of(NAME).with([a(1, 60), a(2, 60)]).bytes();
    let at = whole.len() - 6;
    for lie in 5..=u16::MAX {
        let mut bytes = whole.clone();
        bytes[at..at + 2].copy_from_slice(&lie.to_be_bytes());
        assert_eq!(read(&bytes), [asked(NAME), v4(1, 60), end(Progress::Malformed)], "{lie}");
    }
}

#[test]
fn a_name_that_is_none_is_malformed_and_no_pointer_is_taken_for_one() {
    for len in 64..=u8::MAX {
        for place in 0..4 {
            let mut bytes = Message::of("aaa.bbb.ccc").with([a(1, 60)]).bytes();
            bytes[12 + 4 * place] = len;
            bytes.extend([0; 300]);
            assert_eq!(read(&bytes), [end(Progress::Malformed)], "{len} at label {place}");
        }
    }
    let over = Message { labels: vec![vec![b'a'; 63]; 4], ..Message::of("").with([a(1, 60)]) };
    assert_eq!(read(&over.bytes()), [end(Progress::Malformed)]);
    let over = Message { labels: vec![b"x".to_vec(); 128], ..Message::of("").with([a(1, 60)]) };
    assert_eq!(read(&over.bytes()), [end(Progress::Malformed)]);
}

#[test]
fn a_length_of_an_owner_from_64_to_191_is_malformed() {
    for len in 64..0xc0 {
        let mut odd = a(2, 60);
        odd[0] = len;
        odd.extend([0; 300]);
        let message = Message::of(NAME).with([a(1, 60), odd]);
        assert_eq!(answers(&message), [v4(1, 60), end(Progress::Malformed)], "{len}");
    }
}

#[test]
fn the_costliest_response_needs_fewer_steps_than_there_are() {
    // A question that is no stride, and owners of the most labels as long as there is room: then of one each.
    let mut message = Message { labels: vec![b"x".to_vec(); 127], ..Message::of("") };
    let most = || record(Owner::Labels(vec![b"y".to_vec(); 127]), 16, 1, 60, vec![]);
    message = message.with((0..5).map(|_| most()).chain((0..27).map(|_| a(1, 60))));
    assert!(message.bytes().len() <= crate::tls::PIECE_BYTES);
    let (mut piece, mut name) = (Piece::new(&message.bytes()), WireName::EMPTY);
    let mut answers = Answers::datagram(piece.len);
    let last =
        (0..MAX_STEPS).map(|_| answers.step(&mut piece, &mut name)).position(|step| step == Progress::Done);
    let steps = last.expect("no end") + 1;
    assert_eq!(steps, 1 + 9 + 5 * 8 + 27 + 1);
}

#[test]
fn the_state_is_small() {
    assert!(size_of::<Answers>() <= 64);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(message in prop::collection::vec(any::<u8>(), 0..600), announced in 0_usize..700) {
        read_announced(&message, announced);
    }

    #[test]
    fn random_answers_behind_an_honest_question_never_panic(
        count in 1_u16..40,
        mut answers in prop::collection::vec(any::<u8>(), 0..1200),
        mask in prop::sample::select(&[0x03, 0x0f, 0x3f, 0xff][..]),
    ) {
        for byte in &mut answers {
            *byte &= mask;
        }
        let message = Message { count: Some(count), ..Message::of(NAME).with([answers]) };
        let outcomes = read(&message.bytes());
        prop_assert_eq!(&outcomes[0], &asked(NAME));
        prop_assert!(outcomes.len() <= usize::from(count) + 2);
    }
}
