//! Packets and frames, taken apart byte by byte.

use std::vec::Vec;

use rustls::quic::{Keys, Version};

use crate::checks::seal;
use crate::quic::Kind;

/// What the keys of a version are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Salt {
    V1,
    V2,
    Draft29,
    /// Of drafts that rustls does not have, and of Google's QUIC.
    Draft23,
    Draft22,
    T050,
    T051,
}

impl Salt {
    fn of(version: u32) -> Option<Self> {
        Some(match version {
            1 | 0xff00_0021 | 0xff00_0022 => Self::V1,
            0x6b33_43cf => Self::V2,
            0xff00_001d..=0xff00_0020 => Self::Draft29,
            0xff00_0017..=0xff00_001c | 0xface_b002 | 0xface_b00e => Self::Draft23,
            0xff00_0016 | 0xface_b001 => Self::Draft22,
            0x5430_3530 => Self::T050,
            0x5430_3531 => Self::T051,
            _ if is_reserved(version) => Self::V1,
            _ => return None,
        })
    }
}

/// Whether a version says nothing about its keys (RFC 9000, 15).
fn is_reserved(version: u32) -> bool {
    version & 0x0f0f_0f0f == 0x0a0a_0a0a
}

/// What keys are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub salt: Salt,
    pub id: Vec<u8>,
}

impl Key {
    /// The keys, unless rustls has none.
    pub fn keys(&self) -> Option<Keys> {
        let version = match self.salt {
            Salt::V1 => Version::V1,
            Salt::V2 => Version::V2,
            Salt::Draft29 => Version::V1Draft,
            Salt::Draft23 | Salt::Draft22 | Salt::T050 | Salt::T051 => return None,
        };
        Some(seal::keys(version, &self.id))
    }
}

/// A packet at the beginning of some bytes.
pub struct Packet {
    pub kind: Kind,
    pub salt: Salt,
    /// Whether the salt is a guess.
    pub reserved: bool,
    pub id: Vec<u8>,
    number_at: usize,
    pub end: usize,
}

/// Takes the header apart (RFC 9000, 17.2).
pub fn packet(bytes: &[u8]) -> Packet {
    let (kind, salt, reserved) = (Kind::Other, Salt::V1, false);
    let mut packet = Packet { kind, salt, reserved, id: Vec::new(), number_at: 0, end: 0 };
    let [first, a, b, c, d, _, _, ..] = *bytes else { return packet };
    if first & 0x80 == 0 {
        return packet;
    }
    let version = u32::from_be_bytes([a, b, c, d]);
    let Some(salt) = Salt::of(version) else {
        packet.kind = if version == 0 { Kind::Negotiation } else { Kind::UnknownVersion };
        return packet;
    };
    packet.salt = salt;
    packet.reserved = is_reserved(version);
    let kinds = match salt {
        Salt::V2 => [Kind::Retry, Kind::Initial, Kind::EarlyData, Kind::Handshake],
        _ => [Kind::Initial, Kind::EarlyData, Kind::Handshake, Kind::Retry],
    };
    packet.kind = kinds[usize::from(first >> 4 & 3)];
    if packet.long(bytes).is_none() {
        packet.kind = Kind::Malformed;
    }
    packet
}

impl Packet {
    fn long(&mut self, bytes: &[u8]) -> Option<()> {
        let mut at = 5;
        self.id = connection_id(bytes, &mut at)?;
        connection_id(bytes, &mut at)?;
        if self.kind == Kind::Retry {
            return Some(());
        }
        if self.kind == Kind::Initial {
            let token = varint(bytes, &mut at)?;
            take(bytes, &mut at, token)?;
        }
        let length = varint(bytes, &mut at)?;
        self.number_at = at;
        take(bytes, &mut at, length)?;
        self.end = at;
        // The sample of the header protection lies behind the longest packet number.
        (length >= 4 + 16).then_some(())
    }

    /// The payload; none if there is none, or under the wrong keys. The tag is not looked at, as anyone can make it.
    pub fn open(&self, bytes: &[u8], keys: &Keys) -> Option<Vec<u8>> {
        let mut bytes = bytes[..self.end].to_vec();
        let sample = bytes[self.number_at + 4..self.number_at + 20].to_vec();
        let (head, rest) = bytes.split_at_mut(self.number_at);
        keys.local.header.decrypt_in_place(&sample, &mut head[0], &mut rest[..4]).ok()?;
        if head[0] & 0x0c != 0 {
            return None;
        }
        let number_len = usize::from(head[0] & 3) + 1;
        let number = rest[..number_len].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let mut payload: Vec<u8> = rest.get(number_len..rest.len() - 16)?.to_vec();
        // A stream cipher: what encrypts also decrypts.
        keys.local.packet.encrypt_in_place(number, &[], &mut payload).ok()?;
        (!payload.is_empty()).then_some(payload)
    }
}

fn connection_id(bytes: &[u8], at: &mut usize) -> Option<Vec<u8>> {
    let len = u64::from(*take(bytes, at, 1)?.first()?);
    if len > 20 {
        return None;
    }
    take(bytes, at, len).map(Vec::from)
}

fn take<'a>(bytes: &'a [u8], at: &mut usize, len: u64) -> Option<&'a [u8]> {
    let taken = bytes.get(*at..)?.get(..usize::try_from(len).ok()?)?;
    *at += taken.len();
    Some(taken)
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let width = 1 << (bytes.get(*at)? >> 6);
    let taken = take(bytes, at, width)?;
    let value = taken.iter().fold(0, |value: u64, byte| value << 8 | u64::from(*byte));
    // The first two bits are those of the width.
    Some(value & (u64::MAX >> (64 - 8 * width + 2)))
}

/// What matters of a frame.
pub enum Frame {
    /// An offset in the stream, and what is there.
    Crypto(u64, Vec<u8>),
    /// One that an Initial must not hold, or that does not end within the packet. The last one.
    Malformed,
}

/// The frames of a payload (RFC 9000, 19).
pub fn frames(payload: &[u8]) -> impl Iterator<Item = Frame> {
    let (mut at, mut broken) = (0, false);
    core::iter::from_fn(move || {
        while at < payload.len() && !broken {
            match frame(payload, &mut at) {
                Some(None) => {}
                Some(Some((offset, bytes))) => return Some(Frame::Crypto(offset, bytes.to_vec())),
                None => {
                    broken = true;
                    return Some(Frame::Malformed);
                }
            }
        }
        None
    })
}

/// One frame, and what is in it if it is CRYPTO; `None` for one that is malformed.
fn frame<'a>(payload: &'a [u8], at: &mut usize) -> Option<Option<(u64, &'a [u8])>> {
    match varint(payload, at)? {
        // PADDING, PING.
        0 | 1 => {}
        kind @ (2 | 3) => {
            for _ in 0..2 {
                varint(payload, at)?;
            }
            let ranges = varint(payload, at)?;
            // The first range, then a gap and a range each, then the counts of ECN.
            varint(payload, at)?;
            for _ in 0..ranges {
                varint(payload, at)?;
                varint(payload, at)?;
            }
            for _ in 0..if kind == 3 { 3 } else { 0 } {
                varint(payload, at)?;
            }
        }
        6 => {
            let offset = varint(payload, at)?;
            let len = varint(payload, at)?;
            return Some(Some((offset, take(payload, at, len)?)));
        }
        // CONNECTION_CLOSE of the transport: code, type of a frame, reason.
        0x1c => {
            varint(payload, at)?;
            varint(payload, at)?;
            let len = varint(payload, at)?;
            take(payload, at, len)?;
        }
        _ => return None,
    }
    Some(None)
}
