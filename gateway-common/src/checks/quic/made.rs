//! Datagrams from the bytes of an input, so that a few bytes make packets that can be decrypted.
//!
//! ```text
//! flags: bit 0: as they are, (length (2), datagram)*; bit 1: the reader seeks ECH
//! else:  hello: name, extension before, extension behind (in units of 8 bytes), place and value of a change (2 + 1)
//!        (packet: shape, number, count of frames; frames)*
//! ```

use std::vec::Vec;

use crate::checks::seal::{
    CONNECTION_ID, Initial, crypto, server_name, varint, wide_varint, with_extensions,
};

/// How many datagrams are made at most, and how many frames of a packet.
const DATAGRAMS: usize = 8;
const FRAMES: u8 = 80;
/// How long a payload may become: more than is read.
const PAYLOAD: usize = 2100;

const DRAFT_29: u32 = 0xff00_001d;
const RESERVED: u32 = 0x1a2a_3a4a;
const VERSIONS: [u32; 8] = [1, 1, 0x6b33_43cf, DRAFT_29, RESERVED, 0xff00_0017, 0xface_b001, 0x5130_3433];

const NAMES: [&[u8]; 8] = [
    b"a.example",
    b"b.example",
    b"WWW.Example.org.",
    b"",
    b"some.host.example.com",
    b".",
    &[b'x'; 253],
    &[b'y'; 255],
];

/// The bytes of an input; behind its end there are zeros.
struct Source<'a>(&'a [u8]);

impl<'a> Source<'a> {
    fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *byte
    }

    fn short(&mut self) -> usize {
        usize::from(u16::from_be_bytes([self.byte(), self.byte()]))
    }

    fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}

/// Whether the reader seeks ECH, and the datagrams of the flow.
pub fn datagrams(input: &[u8]) -> (bool, Vec<Vec<u8>>) {
    let mut source = Source(input);
    let flags = source.byte();
    let mut datagrams = Vec::new();
    if flags & 1 == 1 {
        while !source.0.is_empty() && datagrams.len() < DATAGRAMS {
            let len = source.short();
            datagrams.push(source.bytes(len).to_vec());
        }
    } else {
        let hello = hello(&mut source);
        while !source.0.is_empty() && datagrams.len() < DATAGRAMS {
            let (packet, follows) = packet(&mut source, &hello);
            match datagrams.last_mut() {
                Some(datagram) if follows => datagram.extend(packet),
                _ => datagrams.push(packet),
            }
        }
    }
    (flags & 2 != 0, datagrams)
}

/// The hello that the packets have pieces of.
fn hello(source: &mut Source<'_>) -> Vec<u8> {
    let name = source.byte();
    let other = |kind: [u8; 2], len: u8| {
        let len = 8 * usize::from(len);
        let body = (0..len).map(|at| (at % 251).to_le_bytes()[0]);
        let len = len.to_le_bytes();
        kind.into_iter().chain([len[1], len[0]]).chain(body).collect::<Vec<u8>>()
    };
    let (before, behind) = (source.byte(), source.byte());
    // A name in the upper half comes with ECH, before or behind it.
    let ech = [0xfe, 0x0d, 0, 2, 1, 1];
    let mut extensions = other([0x12, 0x34], before);
    extensions.extend(if name & 0x80 != 0 { &ech[..] } else { &[] });
    let text = NAMES[usize::from(name & 7)];
    extensions.extend(if text.is_empty() { Vec::new() } else { server_name(text) });
    extensions.extend(other([0x56, 0x78], behind));
    extensions.extend(if name & 0x40 != 0 { &ech[..] } else { &[] });
    let mut hello = with_extensions(&extensions);
    let (place, change) = (source.short(), source.byte());
    let len = hello.len();
    hello[place % len] ^= change;
    hello
}

/// A packet, and whether it is in the datagram of the one before.
fn packet(source: &mut Source<'_>, hello: &[u8]) -> (Vec<u8>, bool) {
    let (shape, number) = (source.byte(), source.byte());
    let version = VERSIONS[usize::from(shape >> 1 & 7)];
    let other = [9; 12];
    let (destination, key_id) = match shape >> 4 & 3 {
        0 | 1 => (CONNECTION_ID.to_vec(), None),
        2 => (other.to_vec(), None),
        _ => (other.to_vec(), Some(CONNECTION_ID.to_vec())),
    };
    let follows = shape & 1 == 1;
    let kind = number >> 6;
    let mut packet = if kind == 3 {
        // Another long header, whose type bits are in its number.
        let mut packet = Vec::from([0xc0 | number << 4 & 0x30]);
        packet.extend(version.to_be_bytes());
        packet.push(destination.len().to_le_bytes()[0]);
        packet.extend(&destination);
        packet.extend([0, 30]);
        packet.resize(packet.len() + 30, 0x55);
        packet
    } else {
        let number_len = usize::from(number & 3) + 1;
        let number = u32::from(number >> 2 & 15);
        let mut payload = payload(source, hello);
        if shape & 0x40 != 0 {
            payload.resize(payload.len().max(1162), 0);
        }
        payload.resize(payload.len().max(4), 0);
        let token = if kind == 1 { Vec::from([0x42; 70]) } else { Vec::new() };
        let reserved = u8::from(kind == 2);
        let initial = Initial {
            version,
            // A reserved version with a token has the keys of draft 29.
            key_version: (version == RESERVED && kind == 1).then_some(DRAFT_29),
            destination,
            key_id,
            token,
            number,
            number_len,
            payload,
            reserved,
            source: Vec::new(),
        };
        initial.seal()
    };
    if shape & 0x80 != 0 {
        let (place, change) = (source.short(), source.byte());
        let len = packet.len();
        packet[place % len] ^= change;
    }
    (packet, follows)
}

/// The frames of a packet.
fn payload(source: &mut Source<'_>, hello: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    let mut next = 0;
    for _ in 0..source.byte().min(FRAMES) {
        match source.byte() % 12 {
            0 => payload.resize(payload.len() + usize::from(source.byte()), 0),
            1 => payload.push(1),
            2 => {
                let (ranges, wide) = (source.byte(), source.byte());
                payload.push(2 | wide >> 7);
                let integer = wide_varint(u64::from(ranges & 0x3f), u32::from(wide & 3));
                payload.extend([&[5, 0][..], &integer, &[1]].concat());
                payload.resize(payload.len() + 2 * usize::from(ranges & 0x3f), 0);
                payload.extend(if wide & 0x80 != 0 { &[1, 1, 1][..] } else { &[] });
            }
            // What comes next in the hello, up to its end, from any place on, or another value of some of it.
            3 => next = piece(&mut payload, hello, next, usize::from(source.byte()), 0),
            4 => next = piece(&mut payload, hello, next, hello.len(), 0),
            5 => {
                next = piece(
                    &mut payload,
                    hello,
                    source.short() % (hello.len() + 1),
                    usize::from(source.byte()),
                    0,
                )
            }
            6 => {
                next = piece(
                    &mut payload,
                    hello,
                    source.short() % (hello.len() + 1),
                    usize::from(source.byte()),
                    source.byte(),
                )
            }
            7 => {
                let len = usize::from(source.byte());
                payload.extend(source.bytes(len));
            }
            8 => {
                let reason = source.byte();
                payload.extend([0x1c, 1, 6]);
                payload.extend(varint(u64::from(reason)));
                payload.resize(payload.len() + usize::from(reason), b'r');
            }
            9 => {
                let (offset, width) = (source.short(), u32::from(source.byte() & 3));
                let offset = wide_varint(offset as u64 & ((1 << ((8 << width) - 2)) - 1), width);
                payload.extend([&[6][..], &offset, &[2, 1, 2]].concat());
            }
            10 => chaos(&mut payload, hello, source.byte(), source.byte()),
            // Many that are the same.
            _ => {
                let (byte, count, len) = (source.byte(), source.byte(), source.byte() & 7);
                let unit: Vec<u8> = core::iter::repeat_n(byte, 1)
                    .chain(source.bytes(usize::from(len)).iter().copied())
                    .collect();
                payload.extend(unit.repeat(usize::from(count)));
            }
        }
    }
    payload.truncate(PAYLOAD);
    payload
}

/// A CRYPTO frame of the hello, its last byte changed; where it ends.
fn piece(payload: &mut Vec<u8>, hello: &[u8], start: usize, len: usize, change: u8) -> usize {
    let end = hello.len().min(start + len);
    let mut bytes = hello.get(start..end).unwrap_or_default().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= change;
    }
    payload.extend(crypto(start, &bytes));
    end
}

/// All of the hello in so many pieces, out of order, with PING and PADDING between them, as Chrome does.
fn chaos(payload: &mut Vec<u8>, hello: &[u8], count: u8, order: u8) {
    let count = usize::from(count & 0x3f) + 1;
    // 61 is a prime that no count is a multiple of but itself, so every piece has its turn.
    let stride = if count == 61 { 59 } else { 61 };
    for turn in 0..count {
        let index = (turn * stride + usize::from(order)) % count;
        let cut = |index: usize| hello.len() * index / count;
        payload.extend(crypto(cut(index), &hello[cut(index)..cut(index + 1)]));
        match (usize::from(order) + turn) % 4 {
            0 => payload.push(1),
            1 => payload.resize(payload.len() + turn % 40, 0),
            _ => {}
        }
    }
}
