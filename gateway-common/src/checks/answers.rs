//! DNS answers: cut anywhere, and as a plain reader and simple-dns read them.

use std::net::Ipv4Addr;
use std::vec;
use std::vec::Vec;

use simple_dns::rdata::RData;
use simple_dns::{CLASS, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, RCODE, TYPE};

use super::dns::joined;
use super::pieces::cuts;
use crate::abi::MAX_NAME;
use crate::dns::answer::{Answers, MAX_STEPS, Progress};
use crate::name::WireName;
use crate::tls::{PIECE_BYTES, Piece};

/// What steps through a message came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The name of the question.
    Question(Vec<u8>),
    /// An address and its TTL.
    Address([u8; 16], u32),
    /// The end.
    End(Progress),
}

/// Checks everything of the bytes as a message.
pub fn check(bytes: &[u8]) {
    let outcomes = read(bytes);
    let (expected, odd) = reference(bytes, bytes.len());
    assert_eq!(outcomes, expected, "right: read from one buffer");
    // Of an address, simple-dns does not look at how long it says that it is.
    if !odd {
        agrees(bytes, &outcomes);
    }
    for len in cuts(bytes) {
        // As if the message ended there, and as if its beginning alone were there.
        for announced in [len, bytes.len()] {
            let mut part = read_announced(&bytes[..len], announced);
            assert_eq!(
                part,
                reference(&bytes[..len], announced).0,
                "{len} of {announced} bytes (right: read from one buffer)"
            );
            part.pop();
            assert!(outcomes.starts_with(&part), "first {part:?}, then {outcomes:?} ({len} bytes)");
        }
    }
}

/// Reads a whole message to its end.
pub fn read(message: &[u8]) -> Vec<Outcome> {
    read_announced(message, message.len())
}

/// Reads a message of `announced` bytes, of which these are there, to its end; asserts of every result what all of them
/// promise.
pub fn read_announced(message: &[u8], announced: usize) -> Vec<Outcome> {
    let announced = u32::try_from(announced).expect("a message is shorter than 4 GiB");
    let (mut piece, mut name) = (Piece::new(message), WireName::EMPTY);
    let mut answers = Answers::datagram(announced);
    let mut outcomes = Vec::new();
    for _ in 0..MAX_STEPS {
        let outcome = match answers.step(&mut piece, &mut name) {
            Progress::Going => continue,
            Progress::Question => {
                let name = name.as_bytes().to_vec();
                assert!((1..=MAX_NAME).contains(&name.len()), "a name of {} bytes", name.len());
                assert!(!name.iter().any(u8::is_ascii_uppercase), "{name:?}");
                Outcome::Question(name)
            }
            Progress::Address => Outcome::Address(answers.address(), answers.ttl()),
            end => Outcome::End(end),
        };
        assert!(piece.at <= piece.len.min(announced), "read to {} of {}", piece.at, piece.len);
        if let Some(Outcome::Question(first)) = outcomes.first() {
            assert_eq!(name.as_bytes(), first, "the name changed");
        }
        outcomes.push(outcome);
        if matches!(outcomes.last(), Some(Outcome::End(_))) {
            return outcomes;
        }
    }
    panic!("no end in {MAX_STEPS} steps: {outcomes:?}");
}

/// Asserts that what is read is what simple-dns reads, if that accepts the message and there is no reason why not.
fn agrees(message: &[u8], outcomes: &[Outcome]) {
    let Some(expected) = oracle(message) else { return };
    let Some((Outcome::End(last), told)) = outcomes.split_last() else { panic!("no end: {outcomes:?}") };
    match last {
        Progress::Done | Progress::NotAnswer if message.len() <= PIECE_BYTES => {
            assert_eq!(outcomes, expected, "right: as simple-dns reads it");
        }
        // The message does not fit into a piece.
        Progress::Done => assert!(expected.starts_with(told)),
        Progress::TooLong => assert!(expected.starts_with(told) && message[6..8] > [0, 32][..]),
        // It follows a pointer in the question.
        Progress::Malformed => assert!(told.is_empty() && message[12..].iter().any(|byte| *byte >= POINTER)),
        other => panic!("{other:?}, and simple-dns reads {expected:?}"),
    }
}

/// What simple-dns reads, whatever follows the answers and however many there are; `None` if it refuses the message.
pub fn oracle(message: &[u8]) -> Option<Vec<Outcome>> {
    let mut message = message.to_vec();
    // Bits that it does not know, and sections that are not looked at.
    *message.get_mut(3)? &= 0x0f;
    message.get_mut(8..12)?.fill(0);
    let packet = Packet::parse(&message).ok()?;
    let not = Some(vec![Outcome::End(Progress::NotAnswer)]);
    let good = packet.has_flags(PacketFlag::RESPONSE)
        && packet.opcode() == OPCODE::StandardQuery
        && packet.rcode() == RCODE::NoError;
    let [question] = &packet.questions[..] else { return not };
    let addresses = matches!(question.qtype, QTYPE::TYPE(TYPE::A | TYPE::AAAA) | QTYPE::ANY)
        && !question.unicast_response;
    let name = joined(question.qname.as_bytes());
    if !good
        || !addresses
        || question.qclass != QCLASS::CLASS(CLASS::IN)
        || packet.answers.is_empty()
        || name.is_empty()
    {
        return not;
    }
    let mut outcomes = vec![Outcome::Question(name)];
    let mut least = u32::MAX;
    for record in packet.answers.iter().filter(|record| record.class == CLASS::IN && !record.cache_flush) {
        let ttl = if i32::try_from(record.ttl).is_ok() { record.ttl } else { 0 };
        match &record.rdata {
            RData::A(a) => {
                let address = Ipv4Addr::from(a.address).to_ipv6_mapped();
                outcomes.push(Outcome::Address(address.octets(), ttl.min(least)));
            }
            RData::AAAA(aaaa) => {
                outcomes.push(Outcome::Address(aaaa.address.to_be_bytes(), ttl.min(least)));
            }
            other if matches!(u16::from(other.type_code()), 5 | 39) => least = least.min(ttl),
            _ => {}
        }
    }
    outcomes.push(Outcome::End(Progress::Done));
    Some(outcomes)
}

/// The two bits of a pointer.
const POINTER: u8 = 0xc0;

/// What a message of `announced` bytes, of which these are there, comes to, read without an automaton.
fn reference(message: &[u8], announced: usize) -> (Vec<Outcome>, bool) {
    let bytes = &message[..message.len().min(announced).min(PIECE_BYTES)];
    let mut reader = Message { rest: bytes, cut: bytes.len() < announced, odd: false };
    let mut outcomes = Vec::new();
    let end = reader.read(&mut outcomes).err().unwrap_or(Progress::Done);
    outcomes.push(Outcome::End(end));
    (outcomes, reader.odd)
}

/// A message in one buffer.
struct Message<'a> {
    rest: &'a [u8],
    cut: bool,
    /// Whether an address was of another length than its family has.
    odd: bool,
}

impl<'a> Message<'a> {
    fn read(&mut self, outcomes: &mut Vec<Outcome>) -> Result<(), Progress> {
        let malformed = |_| Progress::Malformed;
        let header = self.take(12).map_err(malformed)?;
        let (flags, questions, answers) = (short(&header[2..]), short(&header[4..]), short(&header[6..]));
        if flags & 0xf80f != 0x8000 || questions != 1 || answers == 0 {
            return Err(Progress::NotAnswer);
        }
        let labels = self.labels(false).map_err(malformed)?;
        let kind = self.take(4).map_err(malformed)?;
        if labels.is_empty() || !matches!(kind, [0, 1 | 28 | 255, 0, 1]) {
            return Err(Progress::NotAnswer);
        }
        outcomes.push(Outcome::Question(joined(labels.into_iter())));
        self.cut |= flags & 0x0200 != 0;
        let mut aliases = Vec::new();
        for answer in 0..answers {
            if answer == 32 {
                return Err(Progress::TooLong);
            }
            self.labels(true)?;
            let fixed = self.take(10)?;
            let data = self.take(usize::from(short(&fixed[8..])))?;
            let ttl = u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]);
            let ttl = if ttl >> 31 == 1 { 0 } else { ttl };
            let least = aliases.iter().fold(ttl, |least: u32, alias| least.min(*alias));
            match (&fixed[..4], data) {
                ([0, 5 | 39, 0, 1], _) => aliases.push(ttl),
                ([0, 1, 0, 1], [a, b, c, d]) => {
                    let address = Ipv4Addr::new(*a, *b, *c, *d).to_ipv6_mapped();
                    outcomes.push(Outcome::Address(address.octets(), least));
                }
                ([0, 28, 0, 1], data) => match data.try_into() {
                    Ok(address) => outcomes.push(Outcome::Address(address, least)),
                    Err(_) => self.odd = true,
                },
                ([0, 1, 0, 1], _) => self.odd = true,
                _ => {}
            }
        }
        Ok(())
    }

    /// The labels of a name, up to its root or, where one may stand, up to a pointer.
    fn labels(&mut self, pointers: bool) -> Result<Vec<&'a [u8]>, Progress> {
        let mut labels = Vec::new();
        // The root is one byte.
        let mut wire = 1;
        loop {
            let len = self.take(1)?[0];
            if pointers && len >= POINTER {
                self.take(1)?;
                return Ok(labels);
            }
            let len = usize::from(len);
            match len {
                0 => return Ok(labels),
                1..=63 => labels.push(self.take(len)?),
                _ => return Err(Progress::Malformed),
            }
            wire += 1 + len;
            if wire > 255 {
                return Err(Progress::Malformed);
            }
        }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Progress> {
        // What ends early is broken, if it was not cut.
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(if self.cut {
            Progress::Done
        } else {
            Progress::Malformed
        })?;
        self.rest = rest;
        Ok(bytes)
    }
}

/// The 16 bits at the beginning.
fn short(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes[1]])
}
