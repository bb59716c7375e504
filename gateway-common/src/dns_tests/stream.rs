//! Messages in a TCP stream, cut anywhere.

use proptest::prelude::*;

use super::builder::framed;
use super::lies::samples;
use super::*;
use crate::checks::dns::read_stream;

/// Everything that reading the stream in these pieces comes to.
fn read_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Outcome> {
    read_stream(&pieces.into_iter().collect::<Vec<_>>())
}

/// Messages of every outcome one after another, and what they come to.
fn conversation() -> (Vec<u8>, Vec<Outcome>) {
    let mut messages: Vec<Vec<u8>> = samples().iter().map(Message::bytes).collect();
    messages.extend([
        Message { flags: 0x8180, ..Message::of("response.example") }.bytes(),
        Message { flags: 0x2800, ..Message::of("update.example") }.bytes(),
        Message { count: Some(0), ..Message::of("none.example") }.bytes(),
        Message { count: Some(5), ..Message::of("five.example") }.bytes(),
        Message { count: Some(2), ..Message::of("one.example") }.bytes(),
        vec![],
        vec![0; 11],
        vec![0xc0; 40],
        [Message::of("padded.example").bytes(), vec![0xff; 3000]].concat(),
        Message::of("last.example").bytes(),
    ]);
    let outcomes = messages.iter().flat_map(|message| read_all(message)).collect();
    (messages.iter().flat_map(|message| framed(message)).collect(), outcomes)
}

#[test]
fn messages_that_follow_each_other_are_read_one_by_one_whatever_they_come_to() {
    let (stream, outcomes) = conversation();
    assert_eq!(read_pieces([&stream[..]]), outcomes);
    assert_eq!(outcomes.last(), Some(&without_name(Progress::Done)));
    assert_eq!(outcomes[outcomes.len() - 2], named("last.example"));
}

#[test]
fn a_stream_in_two_pieces_and_in_pieces_of_any_one_size_gives_the_same() {
    let (stream, outcomes) = conversation();
    for cut in 0..=stream.len() {
        let (first, second) = stream.split_at(cut);
        assert_eq!(read_pieces([first, second]), outcomes, "cut at {cut}");
    }
    for size in (1..300).chain([1448, 2047, 2048]) {
        assert_eq!(read_pieces(stream.chunks(size)), outcomes, "pieces of {size} bytes");
    }
}

#[test]
fn every_beginning_is_hungry_until_the_byte_that_decides() {
    let stream =
        Message { questions: vec![question("a.example"), question(NAME)], ..Message::of("") }.framed();
    let first = 2 + 12 + "a.example".len() + 2 + 4;
    for len in 0..=stream.len() {
        let expected = match len {
            _ if len < first => vec![],
            _ if len < stream.len() => vec![named("a.example")],
            _ => vec![named("a.example"), named(NAME), without_name(Progress::Done)],
        };
        assert_eq!(read_pieces([&stream[..len]]), expected, "{len} bytes");
    }
}

#[test]
fn a_length_that_ends_a_message_early_is_malformed_and_the_next_message_begins_there() {
    let message = Message::of(NAME).bytes();
    let next = Message::of("next.example").framed();
    for len in 0..message.len() {
        let stream = [framed(&message[..len]), next.clone()].concat();
        let expected =
            [without_name(Progress::Malformed), named("next.example"), without_name(Progress::Done)];
        assert_eq!(read_pieces([&stream[..]]), expected, "{len} bytes");
    }
}

#[test]
fn a_length_beyond_the_questions_swallows_what_follows_and_nothing_else() {
    let (message, next) = (Message::of(NAME).bytes(), Message::of("next.example").framed());
    for more in [1, 2, next.len() - 1, next.len(), 20_000] {
        let len = u16::try_from(message.len() + more).unwrap();
        let stream = [&len.to_be_bytes(), &message[..], &next, &vec![0; 30_000][..]].concat();
        let mut expected = all_named(&[NAME.as_bytes()]);
        let rest = &stream[(2 + usize::from(len)).min(stream.len())..];
        expected.extend(read_pieces([rest]));
        assert_eq!(read_pieces([&stream[..]]), expected, "{more} bytes more");
    }
}

#[test]
fn the_end_of_the_questions_counts_from_the_header_in_every_message() {
    let names = ["a.example", NAME, "b"];
    let stream: Vec<u8> = names.iter().flat_map(|name| Message::of(name).framed()).collect();
    for size in [1, 5, stream.len()] {
        let (mut questions, mut name, mut ends) = (Questions::STREAM, WireName::EMPTY, Vec::new());
        for piece in stream.chunks(size) {
            let mut piece = Piece::new(piece);
            loop {
                match questions.feed(&mut piece, &mut name) {
                    Progress::Hungry => break,
                    Progress::Done => ends.push(usize::try_from(questions.end()).unwrap()),
                    other => assert_eq!(other, Progress::Named),
                }
            }
        }
        assert_eq!(ends, names.map(|name| Message::of(name).bytes().len()), "pieces of {size} bytes");
    }
}

proptest! {
    #[test]
    fn a_stream_in_pieces_of_any_sizes_gives_the_same(cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let (stream, outcomes) = conversation();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.index(stream.len())).chain([0, stream.len()]).collect();
        cuts.sort_unstable();
        prop_assert_eq!(read_pieces(cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]])), outcomes);
    }

    #[test]
    fn random_streams_never_panic_and_cuts_change_nothing(
        mut stream in prop::collection::vec(any::<u8>(), 0..3000),
        mask in prop::sample::select(&[0x01, 0x03, 0x1f, 0xff][..]),
        size in 1_usize..100,
    ) {
        for byte in &mut stream {
            *byte &= mask;
        }
        prop_assert_eq!(read_pieces(stream.chunks(size)), read_pieces([&stream[..]]));
    }
}
