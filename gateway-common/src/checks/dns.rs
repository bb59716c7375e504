//! DNS messages: cut anywhere, and as a plain reader and simple-dns read them.

use std::vec::Vec;

use simple_dns::Packet;

use super::pieces::same_in_pieces;
use crate::abi::MAX_NAME;
use crate::dns::{DOT_IN_LABEL, MAX_QUESTIONS, Progress, Questions};
use crate::name::WireName;
use crate::tls::{PIECE_BYTES, Piece};

/// What a message came to, step by step, each with the name if there is one.
pub type Outcome = (Progress, Vec<u8>);

/// Checks everything of the bytes: as a datagram, and as a stream of messages.
pub fn check(bytes: &[u8]) {
    let (outcomes, end) = read_announced(bytes, bytes.len());
    let (expected, expected_end) = reference(bytes, bytes.len());
    assert_eq!(outcomes, expected, "right: read from one buffer");
    if outcomes.last() == Some(&(Progress::Done, Vec::new())) {
        assert_eq!(end, expected_end, "the end of the questions (right: read from one buffer)");
    }
    agrees(bytes, &outcomes);
    let messages = same_in_pieces(bytes, read_stream, |part, whole| whole.starts_with(part));
    assert_eq!(messages, reference_stream(bytes), "of a stream (right: read from one buffer)");
}

/// Asserts that what is read in a datagram is what simple-dns reads, or that there is a reason why not.
pub fn agrees(datagram: &[u8], outcomes: &[Outcome]) {
    let Some((last, _)) = outcomes.last() else { return };
    match (last, oracle(datagram)) {
        (Progress::Done, Some(names)) => {
            assert_eq!(outcomes, expected(&names), "right: as simple-dns reads it")
        }
        // A type or class that the oracle does not know.
        (Progress::Done, None) => {}
        (Progress::Malformed, names) => {
            assert!(names.is_none() || datagram[12..].iter().any(|byte| *byte >= 0xc0), "{names:?}");
        }
        // Also of a message that ends after QDCOUNT.
        (Progress::Nameless, names) => assert!(names.is_none_or(|names| names.is_empty())),
        (Progress::NotQuery | Progress::OtherOpcode, _) => assert!(datagram[2] & 0xf8 != 0),
        (Progress::TooLong, _) => assert!(datagram[4] > 0 || datagram[5] > 4),
        other => panic!("{other:?}"),
    }
}

/// The outcome; asserts of every name what all of them promise.
pub fn outcome(progress: Progress, name: &WireName) -> Outcome {
    if progress != Progress::Named {
        assert!(progress != Progress::Root || name.len == 0);
        return (progress, Vec::new());
    }
    let name = name.as_bytes().to_vec();
    assert!((1..=MAX_NAME).contains(&name.len()), "a name of {} bytes", name.len());
    assert!(!name.iter().any(u8::is_ascii_uppercase), "{name:?}");
    (progress, name)
}

/// Reads a message of `announced` bytes, of which these arrived, to its end; also where its questions end.
pub fn read_announced(message: &[u8], announced: usize) -> (Vec<Outcome>, usize) {
    let announced = u32::try_from(announced).expect("a message is shorter than 4 GiB");
    let (mut questions, mut name) = (Questions::datagram(announced), WireName::EMPTY);
    let mut pieces = message.chunks(PIECE_BYTES);
    let mut piece = Piece::new(pieces.next().unwrap_or_default());
    let mut outcomes = Vec::new();
    loop {
        let progress = questions.feed(&mut piece, &mut name);
        if progress == Progress::Hungry
            && let Some(next) = pieces.next()
        {
            piece = Piece::new(next);
            continue;
        }
        outcomes.push(outcome(progress, &name));
        if !matches!(progress, Progress::Named | Progress::Root) {
            return (outcomes, usize::try_from(questions.end()).unwrap_or(usize::MAX));
        }
    }
}

/// Everything that reading a stream of messages in these pieces comes to.
pub fn read_stream(pieces: &[&[u8]]) -> Vec<Outcome> {
    let (mut questions, mut name) = (Questions::STREAM, WireName::EMPTY);
    let mut outcomes = Vec::new();
    for piece in pieces.iter().flat_map(|piece| piece.chunks(PIECE_BYTES)) {
        let mut piece = Piece::new(piece);
        loop {
            match questions.feed(&mut piece, &mut name) {
                Progress::Hungry => {
                    assert_eq!(piece.at, piece.len, "hungry before the end");
                    break;
                }
                progress => outcomes.push(outcome(progress, &name)),
            }
        }
    }
    outcomes
}

/// A name as the filter has it.
pub fn joined<'a>(labels: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let labels: Vec<Vec<u8>> = labels
        .map(|label| {
            label
                .iter()
                .map(|byte| if *byte == b'.' { DOT_IN_LABEL } else { byte.to_ascii_lowercase() })
                .collect()
        })
        .collect();
    labels.join(&b'.')
}

/// What reading a query for these names comes to.
pub fn expected(names: &[Vec<u8>]) -> Vec<Outcome> {
    names.iter().map(|name| asked(name)).chain([(Progress::Done, Vec::new())]).collect()
}

fn asked(name: &[u8]) -> Outcome {
    (if name.is_empty() { Progress::Root } else { Progress::Named }, name.to_vec())
}

/// The names that simple-dns reads in a query, whatever follows its questions; `None` if it refuses it.
pub fn oracle(message: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut message = message.to_vec();
    // Bits that it does not know, and sections that are not looked at.
    *message.get_mut(3)? = 0;
    message.get_mut(6..12)?.fill(0);
    let packet = Packet::parse(&message).ok()?;
    Some(packet.questions.iter().map(|question| joined(question.qname.as_bytes())).collect())
}

/// What a message of `announced` bytes, of which these arrived, comes to, read without an automaton.
fn reference(message: &[u8], announced: usize) -> (Vec<Outcome>, usize) {
    let mut outcomes = Vec::new();
    let mut reader = Message { bytes: &message[..message.len().min(announced)], announced, at: 0 };
    let end = reader.questions(&mut outcomes).err().unwrap_or(Progress::Done);
    outcomes.push((end, Vec::new()));
    (outcomes, reader.at)
}

/// The same of a stream of messages, each behind its length.
fn reference_stream(mut stream: &[u8]) -> Vec<Outcome> {
    let mut all = Vec::new();
    while let Some((len, rest)) = stream.split_first_chunk() {
        let len = usize::from(u16::from_be_bytes(*len));
        let (mut outcomes, _) = reference(rest, len);
        outcomes.retain(|(progress, _)| *progress != Progress::Hungry);
        all.extend(outcomes);
        stream = rest.get(len..).unwrap_or_default();
    }
    all
}

/// A message in one buffer.
struct Message<'a> {
    bytes: &'a [u8],
    announced: usize,
    at: usize,
}

impl<'a> Message<'a> {
    fn questions(&mut self, outcomes: &mut Vec<Outcome>) -> Result<(), Progress> {
        let flags = self.take(4)?[2];
        if flags & 0x80 != 0 {
            return Err(Progress::NotQuery);
        }
        if flags & 0x78 != 0 {
            return Err(Progress::OtherOpcode);
        }
        let count = self.take(2)?;
        let count = match u16::from_be_bytes([count[0], count[1]]) {
            0 => return Err(Progress::Nameless),
            count if count > MAX_QUESTIONS => return Err(Progress::TooLong),
            count => count,
        };
        self.take(6)?;
        for _ in 0..count {
            let labels = self.labels()?;
            self.take(4)?;
            outcomes.push(asked(&joined(labels.into_iter())));
        }
        Ok(())
    }

    fn labels(&mut self) -> Result<Vec<&'a [u8]>, Progress> {
        let mut labels = Vec::new();
        // The root is one byte.
        let mut wire = 1;
        loop {
            let len = usize::from(self.take(1)?[0]);
            wire += 1 + len;
            match len {
                0 => return Ok(labels),
                1..=63 if wire <= 255 => labels.push(self.take(len)?),
                _ => return Err(Progress::Malformed),
            }
        }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Progress> {
        // What ends early is broken; what has not arrived may still come.
        let missing = if self.bytes.len() == self.announced { Progress::Malformed } else { Progress::Hungry };
        let bytes = self.bytes.get(self.at..self.at + len).ok_or(missing)?;
        self.at += len;
        Ok(bytes)
    }
}
