//! Datagrams of honest clients, none of which may cost more than the budget, and the costliest that others can make.

use std::vec::Vec;

use crate::checks::pieces::Random;
use crate::checks::seal::{Initial, crypto, hello, wide_varint};

/// The datagrams of a flow, the last of which is the one that is looked at.
pub struct Shape {
    /// What it is.
    pub name: &'static str,
    /// From the first one on.
    pub datagrams: Vec<Vec<u8>>,
}

fn shape(name: &'static str, payloads: impl IntoIterator<Item = Vec<u8>>) -> Shape {
    let seal = |(number, payload)| Initial { number, ..Initial::new(payload) }.seal();
    Shape { name, datagrams: (0..).zip(payloads).map(seal).collect() }
}

/// Payload of an Initial in a datagram of 1,200 bytes, of 1,250 as Chromium sends, and of 1,472, which Ethernet carries.
const LEAST: usize = 1162;
const CHROMIUM: usize = 1212;
const MOST: usize = 1434;

/// `payload` with PADDING behind it, or the first bytes of it.
fn filled(mut payload: Vec<u8>, len: usize) -> Vec<u8> {
    payload.resize(len, 0);
    payload
}

/// What browsers and libraries send.
pub fn honest() -> Vec<Shape> {
    let ack = [2, 0, 0, 0, 0];
    let small = hello(b"www.example.org", &[60], &[120]);
    let (front, back) = (&post_quantum()[..1000], &post_quantum()[1000..]);
    let two = |one, other| [filled(crypto(one, front), LEAST), filled(crypto(other, back), LEAST)];
    Vec::from([
        shape("QUIC shape: all of a hello in one frame", [filled(crypto(0, &small), LEAST)]),
        shape("QUIC shape: a hello in two datagrams", two(0, 1000)),
        shape("QUIC shape: the second half first", {
            let [one, other] = two(0, 1000);
            [other, one]
        }),
        shape("QUIC shape: ACK and PADDING", [filled(crypto(0, &small), LEAST), filled(ack.to_vec(), LEAST)]),
        shape("QUIC shape: ACK and PADDING, as much as Ethernet carries", [filled(ack.to_vec(), MOST)]),
        shape("QUIC shape: Chromium, one datagram", [chromium(&small, 0, &small, 7)]),
        shape("QUIC shape: Chromium, first of two datagrams", [chromium(front, 0, front, 1)]),
        shape(
            "QUIC shape: Chromium, second of two",
            [chromium(front, 0, front, 1), chromium(back, 1000, back, 2)],
        ),
    ])
}

/// A hello of 1,750 bytes with the name at its end.
pub fn post_quantum() -> Vec<u8> {
    hello(b"www.example.org", &[1216, 300], &[60])
}

/// CRYPTO frames with this part of the stream, as Chromium sends them: up to eleven, up to ten PING, in any order, and what is
/// left of the datagram spread over the gaps as PADDING.
pub fn chromium(part: &[u8], offset: usize, seed: &[u8], number: u8) -> Vec<u8> {
    let mut random = Random::of(&[seed, &[number]].concat());
    let mut cuts: Vec<usize> = (0..10).map(|_| random.below(part.len())).chain([0, part.len()]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let pieces = cuts.windows(2).map(|ends| crypto(offset + ends[0], &part[ends[0]..ends[1]]));
    let mut frames: Vec<Vec<u8>> = pieces.chain((0..random.below(11)).map(|_| Vec::from([1]))).collect();
    for index in (1..frames.len()).rev() {
        frames.swap(index, random.below(index + 1));
    }
    let mut left = CHROMIUM.saturating_sub(frames.iter().map(Vec::len).sum());
    let mut payload = Vec::new();
    for frame in frames {
        let padding = random.below(left + 1);
        left -= padding;
        payload.resize(payload.len() + padding, 0);
        payload.extend(frame);
    }
    payload.resize(payload.len() + left, 0);
    payload
}

/// Each makes one part of the work as much as the budget lets it.
pub fn costly() -> Vec<Shape> {
    let long = hello(&[b'n'; 253], &[9; 20], &[]);
    let bytewise = |step: usize, len: usize| -> Vec<u8> {
        (0..long.len() / step - 1)
            .rev()
            .flat_map(|at| crypto(step * at, &long[step * at..step * at + len]))
            .collect()
    };
    let ack = [&[2, 0, 0, 30][..], &[0; 61]].concat();
    let wide = wide_varint(0, 3);
    let wide_ack = [&[2][..], &wide, &wide, &[20], &wide.repeat(41)].concat();
    let copies: Vec<u8> = (0..4).flat_map(|_| crypto(0, &long[..280])).collect();
    let shifted: Vec<u8> = (0..4).flat_map(|at| crypto(3 * at, &long[3 * at..270])).collect();
    Vec::from([
        shape("QUIC shape: PADDING", [filled(Vec::new(), MOST)]),
        shape("QUIC shape: PING and PADDING in turns", [[1, 0].repeat(MOST / 2)]),
        shape("QUIC shape: PADDING of seven, PING", [[0, 0, 0, 0, 0, 0, 0, 1].repeat(MOST / 8)]),
        shape("QUIC shape: ACK of small ranges", [filled(ack.repeat(9), 590)]),
        shape("QUIC shape: ACK of wide ranges", [filled(wide_ack.repeat(4), MOST)]),
        shape("QUIC shape: pieces of one byte, backwards", [bytewise(1, 1)[..120].to_vec()]),
        shape("QUIC shape: pieces that overlap, backwards", [bytewise(8, 16)[..600].to_vec()]),
        shape("QUIC shape: four copies", [copies]),
        shape("QUIC shape: four copies, shifted", [shifted]),
        shape("QUIC shape: a long name", [crypto(0, &long)]),
    ])
}

#[cfg(test)]
mod tests {
    use std::boxed::Box;
    use std::println;

    use super::*;
    use crate::quic::{BUDGET, Progress, Reader};

    /// What the datagrams of a flow come to, and what the last one costs.
    fn last(datagrams: &[Vec<u8>]) -> (Progress, u32) {
        let mut reader = Box::new(Reader::new(false));
        let read = datagrams.iter().map(|datagram| reader.read(datagram).progress).last();
        (read.unwrap(), reader.flight().spent())
    }

    #[test]
    fn honest_shapes_stay_within_the_budget() {
        for shape in honest() {
            let (progress, spent) = last(&shape.datagrams);
            println!("{spent:4} {progress:?} {}", shape.name);
            assert!(spent <= BUDGET && progress != Progress::TooLong, "{}: {spent}", shape.name);
        }
    }

    #[test]
    fn whatever_order_chromium_sends_its_frames_in_they_stay_within_the_budget() {
        let long = post_quantum();
        let small = hello(b"www.example.org", &[60], &[120]);
        let most = (0..=255)
            .flat_map(|number| {
                [
                    chromium(&long[..1000], 0, b"first", number),
                    chromium(&long[1000..], 1000, b"second", number),
                    chromium(&small, 0, b"small", number),
                    // Without its end, so that the name does not end the reading.
                    chromium(&small[..100], 0, b"cut short", number),
                ]
            })
            .map(|payload| last(&[Initial::new(payload).seal()]).1)
            .max();
        assert!(most.is_some_and(|most| most <= BUDGET), "{most:?}");
    }
}
