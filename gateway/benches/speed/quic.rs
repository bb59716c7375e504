//! QUIC Initials: as clients send them, and as costly as they can be made.

use gateway_common::checks::quic::shapes::{self, Shape};
use gateway_common::checks::seal::{Initial, crypto, hello, padded, varint};

use super::cases::{Case, NAME, PHONE_PORT, path};
use crate::frame::Frame;
use crate::setup::PHONE;

/// Nanoseconds above empty: the first Initial of a flow, a further one, and the costliest.
const FIRST: u64 = 6000;
const FURTHER: u64 = 2500;
const WORST: u64 = 12_000;

/// Bytes of CRYPTO data that a packet of 1,200 bytes has room for.
const ROOM: usize = 1140;

fn frame(number: u32, payload: Vec<u8>) -> Frame {
    path(PHONE, PHONE_PORT).udp(&Initial { number, ..Initial::new(padded(payload)) }.seal())
}

fn case(name: &'static str, mut frames: Vec<Frame>, target: u64) -> Case {
    let measured = frames.pop().into_iter().collect();
    Case { name, before: frames, measured, fresh: true, down: false, target: Some(target) }
}

/// The last datagram of one of the shapes of the checks.
fn shaped(shape: &Shape) -> Case {
    let path = path(PHONE, PHONE_PORT);
    let frames = shape.datagrams.iter().map(|datagram| path.udp(datagram)).collect();
    case(shape.name, frames, WORST)
}

/// `hello` in so many frames.
fn pieces(hello: &[u8], count: usize) -> Vec<Vec<u8>> {
    let len = hello.len().div_ceil(count);
    hello.chunks(len).enumerate().map(|(index, piece)| crypto(index * len, piece)).collect()
}

/// A hello in ten frames in reverse order, with PING and PADDING between them.
fn chaos() -> Vec<u8> {
    let mut payload = Vec::new();
    for piece in pieces(&hello(NAME.as_bytes(), &[40, 90], &[60]), 10).into_iter().rev() {
        payload.extend(piece);
        payload.push(1);
        payload.resize(payload.len() + 70, 0);
    }
    payload
}

/// Frames again and again, up to the end of the packet.
fn again(frame: &[u8]) -> Vec<u8> {
    frame.repeat(1160 / frame.len())
}

/// Every case.
pub fn all() -> Vec<Case> {
    let name = NAME.as_bytes();
    let small = hello(name, &[40, 90], &[60]);
    let early = hello(name, &[], &[1600]);
    let late = hello(name, &[1500], &[]);
    let first = |hello: &[u8]| frame(0, crypto(0, &hello[..hello.len().min(ROOM)]));
    let rest = |hello: &[u8]| frame(1, crypto(ROOM, &hello[ROOM..]));
    let mut shuffled = pieces(&late[..1100], 9);
    shuffled.reverse();
    let ack = [2, 0, 0, 0, 0].to_vec();
    let ranges = [&[2, 0, 0, 8][..], &[0; 17]].concat();
    let bytes: Vec<u8> = (0..280).flat_map(|index| crypto(2 * (index % 32), &[1])).collect();
    let wide = [&[6][..], &varint(1 << 35), &[0]].concat();
    let mut cases = vec![
        case("QUIC Initial, name early", vec![first(&small)], FIRST),
        case("QUIC Initial, hello goes on behind the name", vec![first(&early)], FIRST),
        case("QUIC second Initial, the rest of that hello", vec![first(&early), rest(&early)], FURTHER),
        case("QUIC first of two Initials, name in the second", vec![first(&late)], WORST),
        case("QUIC second Initial, with the name", vec![first(&late), rest(&late)], FURTHER),
        case("QUIC first Initial, nine frames in reverse", vec![frame(0, shuffled.concat())], WORST),
        case("QUIC Initial, ten frames with PING and PADDING", vec![frame(0, chaos())], WORST),
        case("QUIC acknowledgement and PADDING behind a name", vec![first(&small), frame(1, ack)], WORST),
        case("QUIC Initial of PADDING", vec![frame(0, vec![0])], WORST),
        case("QUIC Initial of PINGs", vec![frame(0, again(&[1]))], WORST),
        case("QUIC Initial of PING and PADDING", vec![frame(0, again(&[1, 0]))], WORST),
        case("QUIC Initial of acknowledgements", vec![frame(0, again(&ranges))], WORST),
        case("QUIC Initial of one-byte frames", vec![frame(0, bytes)], WORST),
        case("QUIC Initial of empty frames", vec![frame(0, again(&wide))], WORST),
    ];
    cases.extend(shapes::honest().iter().chain(&shapes::costly()).map(shaped));
    cases
}
