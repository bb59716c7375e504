//! What `simple-dns` writes and reads is read alike.

use proptest::prelude::*;
use simple_dns::rdata::{A, AAAA, CNAME, RData, TXT};
use simple_dns::{CLASS, Label, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, ResourceRecord, TYPE};

use super::lies::samples;
use super::*;
use crate::checks::answers::{check, oracle};
use crate::checks::dns::joined;

/// What an answer says.
#[derive(Clone, Debug)]
enum Said {
    V4([u8; 4]),
    V6([u8; 16]),
    Alias(Vec<Vec<u8>>),
    Text(String),
}

use std::string::String;

fn names() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let label = prop_oneof![4 => prop::collection::vec(b'a'..=b'f', 1..3), 1 => prop::collection::vec(any::<u8>(), 1..=63)];
    prop::collection::vec(label, 1..6)
        .prop_filter("a name", |labels| labels.iter().map(|label| label.len() + 1).sum::<usize>() < 255)
}

fn saids() -> impl Strategy<Value = (Vec<Vec<u8>>, u32, Said, bool)> {
    let said = prop_oneof![
        3 => any::<[u8; 4]>().prop_map(Said::V4),
        3 => any::<[u8; 16]>().prop_map(Said::V6),
        2 => names().prop_map(Said::Alias),
        1 => "[a-z]{0,80}".prop_map(Said::Text),
    ];
    let ttl = prop_oneof![0..4000_u32, any::<u32>()];
    (names(), ttl, said, prop::bool::weighted(0.9))
}

fn name(labels: &[Vec<u8>]) -> Name<'_> {
    Name::new_with_labels(&labels.iter().map(|label| Label::new_unchecked(&label[..])).collect::<Vec<_>>())
}

fn expected(asked_for: &[Vec<u8>], answers: &[(Vec<Vec<u8>>, u32, Said, bool)]) -> Vec<Outcome> {
    let mut outcomes = vec![asked(joined(asked_for.iter().map(Vec::as_slice)))];
    let mut least = u32::MAX;
    for (_, ttl, said, internet) in answers.iter().take(32) {
        let ttl = if *ttl > 0x7fff_ffff { 0 } else { *ttl };
        match said {
            _ if !internet => {}
            Said::V4(v4) => outcomes.push(Outcome::Address(mapped(*v4), ttl.min(least))),
            Said::V6(v6) => outcomes.push(Outcome::Address(*v6, ttl.min(least))),
            Said::Alias(_) => least = least.min(ttl),
            Said::Text(_) => {}
        }
    }
    outcomes.push(end(if answers.len() > 32 { Progress::TooLong } else { Progress::Done }));
    outcomes
}

proptest! {
    #[test]
    fn responses_that_simple_dns_writes_give_their_addresses(
        asked_for in names(),
        answers in prop_oneof![4 => prop::collection::vec(saids(), 1..8), 1 => prop::collection::vec(saids(), 30..36)],
        id: u16,
        compressed: bool,
    ) {
        let mut packet = Packet::new_reply(id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED | PacketFlag::RECURSION_AVAILABLE);
        let kind = QTYPE::TYPE(TYPE::AAAA);
        packet.questions.push(Question::new(name(&asked_for), kind, QCLASS::CLASS(CLASS::IN), false));
        for (owner, ttl, said, internet) in &answers {
            let data = match said {
                Said::V4(v4) => RData::A(A { address: u32::from_be_bytes(*v4) }),
                Said::V6(v6) => RData::AAAA(AAAA { address: u128::from_be_bytes(*v6) }),
                Said::Alias(to) => RData::CNAME(CNAME(name(to))),
                Said::Text(text) => RData::TXT(TXT::new().with_string(text).unwrap()),
            };
            let class = if *internet { CLASS::IN } else { CLASS::CH };
            packet.answers.push(ResourceRecord::new(name(owner), class, *ttl, data));
        }
        let message =
            if compressed { packet.build_bytes_vec_compressed() } else { packet.build_bytes_vec() }.unwrap();
        let expected = expected(&asked_for, &answers);
        let outcomes = read(&message);
        if message.len() <= crate::tls::PIECE_BYTES {
            prop_assert_eq!(outcomes, expected);
            prop_assert!(oracle(&message).is_some());
        } else {
            prop_assert!(expected.starts_with(&outcomes[..outcomes.len() - 1]));
        }
    }

    #[test]
    fn a_response_that_was_tampered_with_is_read_as_simple_dns_reads_it(
        sample: prop::sample::Index,
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), 0..8_u8]), 1..6),
        len: Option<prop::sample::Index>,
    ) {
        let samples = samples();
        let mut message = samples[sample.index(samples.len())].bytes();
        for (at, value) in changes {
            let at = at.index(message.len());
            message[at] = value;
        }
        if let Some(len) = len {
            message.truncate(len.index(message.len()) + 1);
        }
        check(&message);
    }
}
