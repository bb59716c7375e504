//! The reader of DNS questions: names, counts and lengths.

extern crate std;

use std::string::String;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::checks::dns::{Outcome, read_announced};

#[path = "dns_tests/builder.rs"]
mod builder;
#[path = "dns_tests/lies.rs"]
mod lies;
#[path = "dns_tests/oracle.rs"]
mod oracle;
#[path = "dns_tests/stream.rs"]
mod stream;
#[path = "dns_tests/stride.rs"]
mod stride;

use builder::{Message, labels, question};

const NAME: &str = "api.account.xiaomi.com";

/// Reads a datagram to its end.
fn read_all(message: &[u8]) -> Vec<Outcome> {
    read_announced(message, message.len()).0
}

fn named(name: impl AsRef<[u8]>) -> Outcome {
    (Progress::Named, name.as_ref().to_vec())
}

fn without_name(progress: Progress) -> Outcome {
    (progress, Vec::new())
}

/// These names, and then the end of the questions.
fn all_named(names: &[&[u8]]) -> Vec<Outcome> {
    names.iter().map(named).chain([without_name(Progress::Done)]).collect()
}

/// Labels of these lengths.
fn labels_of(lengths: &[usize]) -> Vec<Vec<u8>> {
    lengths.iter().map(|len| vec![b'a'; *len]).collect()
}

#[test]
fn the_name_of_a_question_is_read_in_lower_case() {
    for name in [
        NAME,
        "API.Account.XIAOMI.com",
        "a",
        "xn--mnchen-3ya.de",
        "_dmarc.example.org",
        "1.2.0.192.in-addr.arpa",
    ] {
        assert_eq!(read_all(&Message::of(name).bytes()), all_named(&[name.to_ascii_lowercase().as_bytes()]));
    }
}

#[test]
fn a_query_as_resolvers_send_it_is_read() {
    // glibc: recursion desired, one question for an address.
    let plain = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03api\x07account\x06xiaomi\x03com\x00\x00\x01\x00\x01";
    assert_eq!(read_announced(plain, plain.len()), (all_named(&[NAME.as_bytes()]), plain.len()));
    // dig: authentic data, EDNS with a cookie; letters of both cases as unbound sends them.
    let edns = b"\xbe\xef\x01\x20\x00\x01\x00\x00\x00\x00\x00\x01\x07eXAmPlE\x03oRg\x00\x00\x41\x00\x01\
        \x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x0c\x00\x0a\x00\x08\x01\x02\x03\x04\x05\x06\x07\x08";
    assert_eq!(read_announced(edns, edns.len()), (all_named(&[b"example.org"]), edns.len() - 23));
}

#[test]
fn type_and_class_of_a_question_are_told() {
    for (kind, class) in [(1, 1), (28, 1), (65, 1), (255, 255), (0x1234, 0x8001), (u16::MAX, 0)] {
        let message = Message { questions: vec![(labels(NAME), kind, class)], ..Message::of(NAME) }.bytes();
        let (mut questions, mut name) = (Questions::datagram(u32::MAX), WireName::EMPTY);
        assert_eq!(questions.feed(&mut Piece::new(&message), &mut name), Progress::Named);
        assert_eq!(questions.kind(), (kind, class));
    }
}

#[test]
fn up_to_four_questions_are_read_one_after_another_each_with_its_end() {
    let names = ["first.example", "Second.example", "third.example", "4"];
    for count in 1..=names.len() {
        let message = Message {
            questions: names[..count].iter().map(|name| question(name)).collect(),
            ..Message::of(NAME)
        };
        let bytes = message.bytes();
        let (mut questions, mut name) = (Questions::datagram(u32::MAX), WireName::EMPTY);
        let (mut piece, mut end) = (Piece::new(&bytes), 12);
        for expected in &names[..count] {
            assert_eq!(questions.feed(&mut piece, &mut name), Progress::Named);
            assert_eq!(name.as_bytes(), expected.to_ascii_lowercase().as_bytes());
            end += u32::try_from(expected.len()).unwrap() + 2 + 4;
            assert_eq!(questions.end(), end);
        }
        for _ in 0..3 {
            assert_eq!(questions.feed(&mut piece, &mut name), Progress::Done);
            assert_eq!(questions.end(), end);
        }
    }
}

#[test]
fn what_follows_the_questions_is_not_looked_at() {
    let message = Message { others: [u16::MAX; 3], ..Message::of(NAME) }.bytes();
    for rest in [vec![], vec![0xff; 100], vec![0; 3000]] {
        let (outcomes, end) = read_announced(&[&message[..], &rest].concat(), message.len() + rest.len());
        assert_eq!((outcomes, end), (all_named(&[NAME.as_bytes()]), message.len()));
    }
}

#[test]
fn the_root_has_no_name() {
    let message = |names: &[&str]| Message {
        questions: names.iter().map(|name| question(name)).collect(),
        ..Message::of("")
    };
    assert_eq!(
        read_all(&message(&[""]).bytes()),
        [without_name(Progress::Root), without_name(Progress::Done)]
    );
    assert_eq!(
        read_all(&message(&["a.example", "", "b.example"]).bytes()),
        [named("a.example"), without_name(Progress::Root), named("b.example"), without_name(Progress::Done)]
    );
}

#[test]
fn labels_of_every_length_up_to_63_bytes_are_read() {
    for len in 1..=63 {
        let message = Message { questions: vec![(labels_of(&[len, 3]), 1, 1)], ..Message::of("") };
        assert_eq!(read_all(&message.bytes()), all_named(&[&[&vec![b'a'; len][..], b".aaa"].concat()]));
    }
}

#[test]
fn names_of_every_length_up_to_255_bytes_on_the_wire_are_read_and_longer_ones_are_malformed() {
    for last in 1..=63 {
        // Three labels of 63 bytes are 192 on the wire, and the root is one.
        let message = Message { questions: vec![(labels_of(&[63, 63, 63, last]), 1, 1)], ..Message::of("") };
        let outcomes = read_all(&message.bytes());
        if 192 + (1 + last) < 255 {
            assert_eq!((outcomes[0].0, outcomes[0].1.len()), (Progress::Named, 192 + last));
        } else {
            assert_eq!(outcomes, [without_name(Progress::Malformed)]);
        }
    }
    for count in 1..=200 {
        let message = Message { questions: vec![(labels_of(&vec![1; count]), 1, 1)], ..Message::of("") };
        let outcomes = read_all(&message.bytes());
        if count <= 127 {
            assert_eq!((outcomes[0].0, outcomes[0].1.len()), (Progress::Named, 2 * count - 1));
        } else {
            assert_eq!(outcomes, [without_name(Progress::Malformed)]);
        }
    }
}

#[test]
fn a_length_over_63_is_malformed_be_it_a_pointer_or_not() {
    for len in 64..=u8::MAX {
        for place in 0..3 {
            let mut bytes = Message::of("aaa.bbb.ccc").bytes();
            bytes[12 + 4 * place] = len;
            bytes.extend([0; 300]);
            assert_eq!(read_all(&bytes), [without_name(Progress::Malformed)], "{len} at label {place}");
        }
    }
    // A pointer to the first question in the second.
    let mut bytes = Message { questions: vec![question(NAME)], count: Some(2), ..Message::of("") }.bytes();
    bytes.extend([0xc0, 12, 0, 1, 0, 1]);
    assert_eq!(read_all(&bytes), [named(NAME), without_name(Progress::Malformed)]);
}

#[test]
fn every_byte_of_a_label_is_kept_but_for_ascii_letters_and_dots() {
    for byte in 0..=u8::MAX {
        let message =
            Message { questions: vec![(vec![vec![b'x', byte], b"com".to_vec()], 1, 1)], ..Message::of("") };
        let kept = if byte == b'.' { DOT_IN_LABEL } else { byte.to_ascii_lowercase() };
        assert_eq!(read_all(&message.bytes()), all_named(&[&[b'x', kept, b'.', b'c', b'o', b'm']]));
    }
}

#[test]
fn a_dot_in_a_label_never_makes_another_name() {
    for label in ["xiaomi.com", ".", "..", "a.", ".a"] {
        let message =
            Message { questions: vec![(vec![label.into(), b"com".to_vec()], 1, 1)], ..Message::of("") };
        let name = read_all(&message.bytes()).remove(0).1;
        assert_eq!(name.iter().filter(|byte| **byte == b'.').count(), 1, "{label}");
    }
}

#[test]
fn only_a_request_with_opcode_0_is_a_query() {
    for flags in 0..=u16::MAX {
        let bytes = Message { flags, ..Message::of("a") }.bytes();
        let expected = match (flags >> 15, flags >> 11 & 15) {
            (1, _) => vec![without_name(Progress::NotQuery)],
            (_, 0) => all_named(&[b"a"]),
            _ => vec![without_name(Progress::OtherOpcode)],
        };
        assert_eq!(read_all(&bytes), expected, "{flags:04x}");
    }
}

#[test]
fn no_question_is_nameless_and_more_than_four_are_too_long() {
    for count in 0..=u16::MAX {
        let bytes = Message { count: Some(count), ..Message::of("a") }.bytes();
        let expected = match count {
            0 => vec![without_name(Progress::Nameless)],
            1 => all_named(&[b"a"]),
            2..=4 => vec![named("a"), without_name(Progress::Malformed)],
            _ => vec![without_name(Progress::TooLong)],
        };
        assert_eq!(read_all(&bytes), expected, "{count}");
    }
}
