//! DNS responses, right and wrong.

use super::*;

/// How the owner of a record is written.
#[derive(Clone, Debug)]
pub(super) enum Owner {
    /// As nearly all servers do: a pointer to the question.
    Name,
    Labels(Vec<Vec<u8>>),
    /// Labels, and then a pointer to this place.
    Pointer(Vec<Vec<u8>>, u16),
}

/// A response to one question.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) flags: u16,
    /// QDCOUNT, whatever the truth is.
    pub(super) questions: u16,
    pub(super) labels: Vec<Vec<u8>>,
    pub(super) kind: u16,
    pub(super) class: u16,
    /// Each as it is on the wire.
    pub(super) answers: Vec<Vec<u8>>,
    /// ANCOUNT, if it is not the truth.
    pub(super) count: Option<u16>,
}

impl Message {
    /// The response of a resolver to a question for the address of `name`, without an answer.
    pub(super) fn of(name: &str) -> Self {
        let labels = name.split('.').filter(|label| !label.is_empty());
        Self {
            flags: 0x8180,
            questions: 1,
            labels: labels.map(|label| label.as_bytes().to_vec()).collect(),
            kind: TYPE_A,
            class: CLASS_IN,
            answers: vec![],
            count: None,
        }
    }

    pub(super) fn with(self, answers: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self { answers: answers.into_iter().collect(), ..self }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let count = self.count.unwrap_or_else(|| u16::try_from(self.answers.len()).unwrap());
        let mut bytes = vec![0x12, 0x34];
        for number in [self.flags, self.questions, count, 0, 0] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(self.labels.iter().flat_map(|text| label(text)));
        bytes.push(0);
        bytes.extend([self.kind.to_be_bytes(), self.class.to_be_bytes()].concat());
        bytes.extend(self.answers.concat());
        bytes
    }
}

/// A label with its length.
pub(super) fn label(text: &[u8]) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text].concat()
}

/// A record as it is on the wire.
pub(super) fn record(owner: Owner, kind: u16, class: u16, ttl: u32, data: Vec<u8>) -> Vec<u8> {
    let (labels, end) = match owner {
        Owner::Name => (vec![], vec![0xc0, 12]),
        Owner::Labels(labels) => (labels, vec![0]),
        Owner::Pointer(labels, to) => (labels, (0xc000 | to).to_be_bytes().to_vec()),
    };
    let mut bytes: Vec<u8> = labels.iter().flat_map(|text| label(text)).chain(end).collect();
    bytes.extend([kind.to_be_bytes(), class.to_be_bytes()].concat());
    bytes.extend(ttl.to_be_bytes());
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(data);
    bytes
}

/// 192.0.2.`last`.
pub(super) fn a(last: u8, ttl: u32) -> Vec<u8> {
    record(Owner::Name, TYPE_A, CLASS_IN, ttl, vec![192, 0, 2, last])
}

/// 2001:db8::`last`, with a byte in its middle.
pub(super) fn v6(last: u8) -> [u8; 16] {
    [0x20, 1, 0x0d, 0xb8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, last]
}

pub(super) fn aaaa(last: u8, ttl: u32) -> Vec<u8> {
    record(Owner::Name, TYPE_AAAA, CLASS_IN, ttl, v6(last).to_vec())
}

/// An alias for `to`.
pub(super) fn alias(to: &str, ttl: u32) -> Vec<u8> {
    let to = to.split('.').flat_map(|text| label(text.as_bytes())).chain([0]).collect();
    record(Owner::Name, TYPE_CNAME, CLASS_IN, ttl, to)
}
