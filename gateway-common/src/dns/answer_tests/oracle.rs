//! What `simple-dns` writes and reads is read alike.

use std::string::String;

use proptest::prelude::*;
use simple_dns::rdata::{A, AAAA, CNAME, RData, TXT};
use simple_dns::{CLASS, Label, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, ResourceRecord, TYPE};

use super::lies::samples;
use super::*;
use crate::checks::answers::{check, oracle};
use crate::checks::dns::joined;

type Labels = Vec<Vec<u8>>;

#[derive(Clone, Debug)]
struct Answer {
    owner: Labels,
    ttl: u32,
    class: CLASS,
    says: Says,
}

#[derive(Clone, Debug)]
enum Says {
    V4([u8; 4]),
    V6([u8; 16]),
    Alias(Labels),
    Text(String),
}

fn names() -> impl Strategy<Value = Labels> {
    let label = prop_oneof![4 => prop::collection::vec(b'a'..=b'f', 1..3), 1 => prop::collection::vec(any::<u8>(), 1..=63)];
    prop::collection::vec(label, 1..6)
        .prop_filter("a name", |labels| labels.iter().map(|label| label.len() + 1).sum::<usize>() < 255)
}

prop_compose! {
    fn an_answer()(
        owner in names(),
        ttl in prop_oneof![0..4000_u32, any::<u32>()],
        class in prop_oneof![9 => Just(CLASS::IN), 1 => Just(CLASS::CH)],
        says in prop_oneof![
            3 => any::<[u8; 4]>().prop_map(Says::V4),
            3 => any::<[u8; 16]>().prop_map(Says::V6),
            2 => names().prop_map(Says::Alias),
            1 => "[a-z]{0,80}".prop_map(Says::Text),
        ],
    ) -> Answer {
        Answer { owner, ttl, class, says }
    }
}

fn name(labels: &[Vec<u8>]) -> Name<'_> {
    Name::new_with_labels(&labels.iter().map(|label| Label::new_unchecked(&label[..])).collect::<Vec<_>>())
}

impl Answer {
    fn record(&self) -> ResourceRecord<'_> {
        let data = match &self.says {
            Says::V4(v4) => RData::A(A { address: u32::from_be_bytes(*v4) }),
            Says::V6(v6) => RData::AAAA(AAAA { address: u128::from_be_bytes(*v6) }),
            Says::Alias(to) => RData::CNAME(CNAME(name(to))),
            Says::Text(text) => RData::TXT(TXT::new().with_string(text).unwrap()),
        };
        ResourceRecord::new(name(&self.owner), self.class, self.ttl, data)
    }
}

fn expected(labels: &Labels, answers: &[Answer]) -> Vec<Outcome> {
    let mut outcomes = vec![asked(joined(labels.iter().map(Vec::as_slice)))];
    let mut least = u32::MAX;
    for answer in answers.iter().take(32).filter(|answer| answer.class == CLASS::IN) {
        let ttl = if answer.ttl > 0x7fff_ffff { 0 } else { answer.ttl };
        match &answer.says {
            Says::V4(v4) => outcomes.push(Outcome::Address(mapped(*v4), ttl.min(least))),
            Says::V6(v6) => outcomes.push(Outcome::Address(*v6, ttl.min(least))),
            Says::Alias(_) => least = least.min(ttl),
            Says::Text(_) => {}
        }
    }
    outcomes.push(end(if answers.len() > 32 { Progress::TooLong } else { Progress::Done }));
    outcomes
}

proptest! {
    #[test]
    fn responses_that_simple_dns_writes_give_their_addresses(
        labels in names(),
        answers in prop_oneof![
            4 => prop::collection::vec(an_answer(), 1..8),
            1 => prop::collection::vec(an_answer(), 30..36),
        ],
        id: u16,
        compressed: bool,
    ) {
        let mut packet = Packet::new_reply(id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED | PacketFlag::RECURSION_AVAILABLE);
        let kind = QTYPE::TYPE(TYPE::AAAA);
        packet.questions.push(Question::new(name(&labels), kind, QCLASS::CLASS(CLASS::IN), false));
        packet.answers.extend(answers.iter().map(Answer::record));
        let message =
            if compressed { packet.build_bytes_vec_compressed() } else { packet.build_bytes_vec() }.unwrap();
        let expected = expected(&labels, &answers);
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
