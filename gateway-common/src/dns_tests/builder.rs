//! DNS messages, right and wrong.

use super::*;

/// Labels, type and class.
pub(super) type Question = (Vec<Vec<u8>>, u16, u16);

/// A message of questions.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) flags: u16,
    pub(super) questions: Vec<Question>,
    /// QDCOUNT, if it is not the truth.
    pub(super) count: Option<u16>,
    /// ANCOUNT, NSCOUNT, ARCOUNT.
    pub(super) others: [u16; 3],
}

pub(super) fn labels(name: &str) -> Vec<Vec<u8>> {
    name.split('.').filter(|label| !label.is_empty()).map(|label| label.as_bytes().to_vec()).collect()
}

/// A question for the address of `name`.
pub(super) fn question(name: &str) -> Question {
    (labels(name), 1, 1)
}

impl Message {
    /// A query for the address of `name`.
    pub(super) fn of(name: &str) -> Self {
        Self { flags: 0x0100, questions: vec![question(name)], count: None, others: [0; 3] }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let count = self.count.unwrap_or_else(|| u16::try_from(self.questions.len()).unwrap());
        let mut bytes = vec![0x12, 0x34];
        for number in [self.flags, count].iter().chain(&self.others) {
            bytes.extend(number.to_be_bytes());
        }
        for (labels, kind, class) in &self.questions {
            for label in labels {
                bytes.push(u8::try_from(label.len()).unwrap());
                bytes.extend(label);
            }
            bytes.push(0);
            bytes.extend([kind.to_be_bytes(), class.to_be_bytes()].concat());
        }
        bytes
    }

    /// The message with its length in front.
    pub(super) fn framed(&self) -> Vec<u8> {
        framed(&self.bytes())
    }
}

/// Bytes of a message with their length in front.
pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}
