//! What `simple-dns` writes and reads is read alike.

use proptest::prelude::*;
use simple_dns::rdata::OPT;
use simple_dns::{CLASS, Label, Name, Packet, QCLASS, QTYPE, Question, TYPE};

use super::lies::samples;
use super::*;
use crate::checks::dns::{check, expected, joined};

proptest! {
    #[test]
    fn queries_that_simple_dns_writes_give_their_names(
        names in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 1..=63), 0..4), 1..=4),
        id: u16,
        edns: bool,
    ) {
        prop_assume!(names.iter().all(|labels| labels.iter().map(|label| label.len() + 1).sum::<usize>() < 255));
        let mut packet = Packet::new_query(id);
        for labels in &names {
            let labels: Vec<Label> = labels.iter().map(|label| Label::new_unchecked(&label[..])).collect();
            let kind = QTYPE::TYPE(TYPE::AAAA);
            packet.questions.push(Question::new(Name::new_with_labels(&labels), kind, QCLASS::CLASS(CLASS::IN), false));
        }
        let questions = packet.build_bytes_vec().unwrap();
        if edns {
            *packet.opt_mut() = Some(OPT { opt_codes: vec![], udp_packet_size: 1232, version: 0 });
        }
        let message = packet.build_bytes_vec().unwrap();
        let names: Vec<Vec<u8>> = names.iter().map(|labels| joined(labels.iter().map(Vec::as_slice))).collect();
        prop_assert_eq!(read_announced(&message, message.len()), (expected(&names), questions.len()));
    }

    #[test]
    fn a_query_that_was_tampered_with_is_read_as_simple_dns_reads_it(
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

#[test]
fn a_query_with_a_dot_in_a_label_is_told_from_one_with_two_labels() {
    let message = |labels: &[Label<'static>]| {
        let mut packet = Packet::new_query(1);
        let kind = QTYPE::TYPE(TYPE::A);
        packet.questions.push(Question::new(
            Name::new_with_labels(labels),
            kind,
            QCLASS::CLASS(CLASS::IN),
            false,
        ));
        packet.build_bytes_vec().unwrap()
    };
    let one = message(&[Label::new_unchecked(&b"xiaomi.com"[..])]);
    let two = message(&[Label::new_unchecked(&b"xiaomi"[..]), Label::new_unchecked(&b"com"[..])]);
    assert_eq!(read_all(&two), all_named(&[b"xiaomi.com"]));
    assert_eq!(read_all(&one), all_named(&[b"xiaomi\xffcom"]));
    assert_eq!(String::from_utf8(read_all(&one).remove(0).1).ok(), None, "no text is that name");
}
