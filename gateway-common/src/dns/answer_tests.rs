//! The reader of DNS answers: names, addresses and how long they hold.

extern crate std;

use std::vec;
use std::vec::Vec;

use super::*;
use crate::checks::answers::{Outcome, read, read_announced};
use crate::dns::DOT_IN_LABEL;

#[path = "answer_tests/builder.rs"]
mod builder;
#[path = "answer_tests/lies.rs"]
mod lies;
#[path = "answer_tests/oracle.rs"]
mod oracle;
#[path = "answer_tests/real.rs"]
mod real;

use builder::{Message, Owner, a, aaaa, alias, label, record};

const NAME: &str = "api.account.xiaomi.com";

fn asked(name: impl AsRef<[u8]>) -> Outcome {
    Outcome::Question(name.as_ref().to_vec())
}

fn v4(last: u8, ttl: u32) -> Outcome {
    Outcome::Address(mapped([192, 0, 2, last]), ttl)
}

fn v6(last: u8, ttl: u32) -> Outcome {
    Outcome::Address(builder::v6(last), ttl)
}

const fn end(progress: Progress) -> Outcome {
    Outcome::End(progress)
}

/// What reading a message with these answers comes to behind its question.
fn answers(message: &Message) -> Vec<Outcome> {
    let mut outcomes = read(&message.bytes());
    assert_eq!(outcomes.remove(0), asked(NAME));
    outcomes
}

#[test]
fn an_address_of_either_family_is_told_with_its_ttl() {
    let message = Message::of(NAME).with([a(1, 60), aaaa(2, 300)]);
    assert_eq!(read(&message.bytes()), [asked(NAME), v4(1, 60), v6(2, 300), end(Progress::Done)]);
}

#[test]
fn a_chain_of_three_aliases_gives_the_address_the_least_of_all_ttls() {
    for ttls in [[300, 20, 60, 100], [20, 300, 60, 100], [300, 60, 20, 100], [300, 60, 100, 20]] {
        let [first, second, third, last] = ttls;
        let message = Message::of(NAME).with([
            alias("a.cdn.example", first),
            alias("b.cdn.example", second),
            alias("c.cdn.example", third),
            a(1, last),
            a(2, 5),
            a(3, 1000),
        ]);
        let aliases = first.min(second).min(third);
        let expected = [v4(1, 20), v4(2, 5), v4(3, aliases), end(Progress::Done)];
        assert_eq!(answers(&message), expected, "{ttls:?}");
    }
}

#[test]
fn an_alias_lowers_the_ttl_of_what_follows_it_and_not_of_what_stands_before() {
    let message = Message::of(NAME).with([a(1, 60), alias("b.example", 10), a(2, 60)]);
    assert_eq!(answers(&message), [v4(1, 60), v4(2, 10), end(Progress::Done)]);
}

#[test]
fn an_alias_of_a_whole_tree_lowers_the_ttl_too() {
    let dname = record(Owner::Labels(vec![b"com".to_vec()]), TYPE_DNAME, 1, 30, label(b"org"));
    let message = Message::of(NAME).with([dname, alias("api.account.xiaomi.org", 3600), a(1, 60)]);
    assert_eq!(answers(&message), [v4(1, 30), end(Progress::Done)]);
}

#[test]
fn an_alias_of_another_class_is_none() {
    let other = record(Owner::Name, TYPE_CNAME, 3, 1, label(b"org"));
    assert_eq!(answers(&Message::of(NAME).with([other, a(1, 60)])), [v4(1, 60), end(Progress::Done)]);
}

#[test]
fn a_ttl_of_0_stays_0_and_one_with_the_highest_bit_counts_as_0() {
    for (ttl, expected) in
        [(0, 0), (1, 1), (0x7fff_ffff, 0x7fff_ffff), (0x8000_0000, 0), (0x8000_0001, 0), (u32::MAX, 0)]
    {
        let direct = Message::of(NAME).with([a(1, ttl)]);
        assert_eq!(answers(&direct), [v4(1, expected), end(Progress::Done)], "{ttl:#x}");
        let chain = Message::of(NAME).with([alias("b.example", ttl), aaaa(1, 0x7fff_ffff)]);
        assert_eq!(answers(&chain), [v6(1, expected), end(Progress::Done)], "{ttl:#x}");
    }
}

#[test]
fn the_owner_of_an_address_is_passed_over_whatever_it_is() {
    let longest = vec![vec![b'o'; 63], vec![b'o'; 63], vec![b'o'; 63], vec![b'o'; 61]];
    let most = vec![b"x".to_vec(); 127];
    for owner in [
        Owner::Name,
        Owner::Labels(vec![]),
        Owner::Labels(vec![b"other".to_vec(), b"example".to_vec()]),
        Owner::Labels(longest),
        Owner::Labels(most.clone()),
        Owner::Pointer(most[..126].to_vec(), 12),
        Owner::Pointer(vec![b"www".to_vec()], 12),
        // To itself, forward, and out of the message: no pointer is followed.
        Owner::Pointer(vec![], 12 + 24 + 4),
        Owner::Pointer(vec![b"a".to_vec()], 12 + 24 + 4),
        Owner::Pointer(vec![], 200),
        Owner::Pointer(vec![], 0x3fff),
    ] {
        let odd = record(owner.clone(), TYPE_A, 1, 60, vec![192, 0, 2, 1]);
        let message = Message::of(NAME).with([odd, aaaa(2, 60)]);
        assert_eq!(answers(&message), [v4(1, 60), v6(2, 60), end(Progress::Done)], "{owner:?}");
    }
}

#[test]
fn an_owner_with_a_label_of_64_bytes_or_of_more_than_255_bytes_is_malformed() {
    let name_of_256 = vec![vec![b'o'; 63], vec![b'o'; 63], vec![b'o'; 63], vec![b'o'; 62]];
    let one_label_more = vec![b"x".to_vec(); 128];
    for owner in [
        Owner::Labels(vec![vec![b'o'; 64]]),
        Owner::Labels(vec![vec![b'o'; 191]]),
        Owner::Labels(name_of_256.clone()),
        Owner::Pointer(name_of_256, 12),
        Owner::Labels(one_label_more.clone()),
        Owner::Pointer(one_label_more, 12),
    ] {
        let odd = record(owner.clone(), TYPE_A, 1, 60, vec![192, 0, 2, 1]);
        let message = Message::of(NAME).with([a(1, 60), odd, a(2, 60)]);
        assert_eq!(answers(&message), [v4(1, 60), end(Progress::Malformed)], "{owner:?}");
    }
}

#[test]
fn records_that_are_no_address_are_passed_over() {
    for (kind, data) in [
        (2, label(b"ns")),
        (46, vec![0xff; 300]),
        (65, vec![0, 1, 0]),
        (64, vec![]),
        (16, vec![0; 1000]),
        (41, vec![]),
        (255, vec![0; 4]),
    ] {
        let other = record(Owner::Name, kind, 1, 1, data);
        let message = Message::of(NAME).with([other.clone(), a(1, 60), other]);
        assert_eq!(answers(&message), [v4(1, 60), end(Progress::Done)], "{kind}");
    }
}

#[test]
fn an_address_of_another_length_than_its_family_has_is_none() {
    for len in 0..=20 {
        for (kind, right) in [(TYPE_A, 4), (TYPE_AAAA, 16)] {
            let message = Message::of(NAME).with([record(Owner::Name, kind, 1, 60, vec![7; len])]);
            let told = answers(&message).len() - 1;
            assert_eq!(told, usize::from(len == right), "{kind} of {len} bytes");
        }
    }
}

#[test]
fn only_class_in_counts_and_a_cache_flush_bit_makes_another_class() {
    for class in [0, 2, 3, 4, 254, 255, 0x8001, u16::MAX] {
        let other = record(Owner::Name, TYPE_A, class, 60, vec![192, 0, 2, 9]);
        let message = Message::of(NAME).with([other, a(1, 60)]);
        assert_eq!(answers(&message), [v4(1, 60), end(Progress::Done)], "{class:#x}");
        let asked = Message { class, ..Message::of(NAME).with([a(1, 60)]) };
        assert_eq!(read(&asked.bytes()), [end(Progress::NotAnswer)], "{class:#x}");
    }
}

#[test]
fn only_a_question_for_an_address_or_for_everything_is_answered_by_addresses() {
    for kind in 0..=300 {
        let message = Message { kind, ..Message::of(NAME).with([a(1, 60)]) };
        let expected = match kind {
            1 | 28 | 255 => vec![asked(NAME), v4(1, 60), end(Progress::Done)],
            _ => vec![end(Progress::NotAnswer)],
        };
        assert_eq!(read(&message.bytes()), expected, "{kind}");
    }
}

#[test]
fn only_a_response_to_a_query_without_an_error_is_an_answer() {
    for flags in 0..=u16::MAX {
        let message = Message { flags, ..Message::of(NAME).with([a(1, 60)]) };
        let expected = match (flags >> 15, flags >> 11 & 15, flags & 15) {
            (1, 0, 0) => vec![asked(NAME), v4(1, 60), end(Progress::Done)],
            _ => vec![end(Progress::NotAnswer)],
        };
        assert_eq!(read(&message.bytes()), expected, "{flags:04x}");
    }
}

#[test]
fn no_question_and_more_than_one_are_no_answer() {
    for questions in (0..=u16::MAX).filter(|questions| *questions != 1) {
        let message = Message { questions, ..Message::of(NAME).with([a(1, 60)]) };
        assert_eq!(read(&message.bytes()), [end(Progress::NotAnswer)], "{questions}");
    }
}

#[test]
fn a_response_without_an_answer_is_none() {
    assert_eq!(read(&Message::of(NAME).bytes()), [end(Progress::NotAnswer)]);
}

#[test]
fn the_root_has_no_name_and_so_no_answer() {
    assert_eq!(read(&Message::of("").with([a(1, 60)]).bytes()), [end(Progress::NotAnswer)]);
}

#[test]
fn up_to_32_answers_are_followed_and_those_behind_them_are_too_many() {
    for count in [1, 31, 32, 33, 100, 127] {
        let outcomes = answers(&Message::of(NAME).with((0..count).map(|last| a(last, 60))));
        let told = count.min(32);
        let mut expected: Vec<Outcome> = (0..told).map(|last| v4(last, 60)).collect();
        expected.push(end(if count > 32 { Progress::TooLong } else { Progress::Done }));
        assert_eq!(outcomes, expected, "{count}");
    }
    // More than a piece holds.
    let outcomes = answers(&Message::of(NAME).with((0..300_u16).map(|_| a(1, 60))));
    assert_eq!((outcomes.len(), outcomes.last()), (33, Some(&end(Progress::TooLong))));
}

#[test]
fn the_name_is_the_one_that_the_query_showed() {
    let labels = [
        vec![b"API".to_vec(), b"XiaoMi".to_vec(), b"com".to_vec()],
        vec![b"xiaomi.com".to_vec(), b"org".to_vec()],
        vec![vec![0, 1, 0xff], vec![b'.'], vec![b'Z'; 63]],
        vec![vec![b'a'; 63], vec![b'B'; 63], vec![b'c'; 63], vec![b'd'; 61]],
        vec![b"x".to_vec(); 127],
        vec![b"eleven".to_vec(); 11],
    ];
    for labels in labels {
        let message = Message { labels: labels.clone(), ..Message::of("").with([a(1, 60)]) }.bytes();
        let mut query = message.clone();
        query[2] &= 0x7f;
        let (mut questions, mut name) = (Questions::datagram(u32::MAX), WireName::EMPTY);
        assert_eq!(questions.feed(&mut Piece::new(&query), &mut name), dns::Progress::Named);
        assert_eq!(read(&message), [asked(name.as_bytes()), v4(1, 60), end(Progress::Done)], "{labels:?}");
    }
    let dot = Message { labels: vec![b"a.b".to_vec()], ..Message::of("").with([a(1, 60)]) };
    assert_eq!(read(&dot.bytes())[0], asked([b'a', DOT_IN_LABEL, b'b']));
}

#[test]
fn what_follows_the_answers_is_not_looked_at() {
    let message = Message::of(NAME).with([a(1, 60)]).bytes();
    for rest in [vec![], vec![0xff; 100], vec![0; 3000]] {
        let outcomes = read(&[&message[..], &rest].concat());
        assert_eq!(outcomes, [asked(NAME), v4(1, 60), end(Progress::Done)]);
    }
}

#[test]
fn an_end_stays_one() {
    for message in [Message::of(NAME).with([a(1, 60)]), Message::of(NAME), Message::of("").with([a(1, 60)])] {
        let bytes = message.bytes();
        let (mut piece, mut name) = (Piece::new(&bytes), WireName::EMPTY);
        let mut answers = Answers::datagram(piece.len);
        while matches!(answers.feed(&mut piece, &mut name), Progress::Question | Progress::Address) {}
        for _ in 0..3 {
            assert_eq!(answers.step(&mut piece, &mut name), Progress::Done);
        }
    }
}
