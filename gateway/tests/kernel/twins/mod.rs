//! The same bytes to the parsers on the host and to the loaded program: whatever the bytes are, both say the same.
//!
//! An input is made into the frames of one flow that was never seen before. [`model`] says from the shared parsers, as
//! the host runs them over all bytes of the flow at once, what must become of each frame: the verdict, the reason under
//! which it is counted, every other counter, and the events with their names. The program, which reads each frame by
//! itself and keeps what it needs between them, must do the same. `gateway/fuzz` makes inputs up, [`kept`] gives those
//! again that were worth keeping.

#[cfg(test)]
mod kept;
mod model;

use gateway_common::abi::INITIALS_A_SECOND;
use gateway_common::checks::quic::made;
use gateway_common::wire::MacAddr;

use crate::harness::{C_TAG, Filter, Frame, Path, S_TAG, Setup, Tcp, now};
use model::Model;

/// The policy in force: something is blocked by each way in which a name or a message can be.
pub const POLICY: &str = "[block]\ndomains = [\"example.org\", \"com\"]\nhosts = [\"a.example\"]\n\
                          [allow]\nhosts = [\"www.example.org\"]\n[inspect]\nnameless = \"block\"";

/// How many bytes at the beginning of an input say what becomes of the rest.
const HEAD: usize = 5;

/// More than this the program does not read in one piece.
const MOST: usize = 2048;

/// The loaded program, and what is expected of it.
pub struct Twins {
    filter: Filter,
    model: Model,
    /// How many inputs there were; each has a device of its own, so that its flow is a new one.
    inputs: u32,
    /// The second in which the last frames were given, and how many since it began.
    second: u64,
    given: u32,
}

impl Twins {
    /// Loads the program and puts the policy in force for every device.
    pub fn new() -> Self {
        let setup = Setup::new().policy("p", POLICY).defaults(&["p"]);
        Self { filter: Filter::new(&setup), model: Model::new(&setup), inputs: 0, second: 0, given: 0 }
    }

    /// Gives both the frames of an input, and fails if they differ.
    #[track_caller]
    pub fn check(&mut self, input: &[u8]) {
        self.inputs += 1;
        let [a, b, c, d] = self.inputs.to_be_bytes();
        self.model.forget();
        for frame in frames(input, MacAddr([0x02, 0xfd, a, b, c, d])) {
            self.wait_for_room();
            let expected = self.model.expects(&frame.bytes);
            let outcome = self.filter.outcome(&frame);
            assert_eq!(
                model::Seen::from(outcome),
                expected,
                "(left: the program, right: the parsers) of {frame:02x?} of {input:?}"
            );
        }
    }
}

impl Twins {
    /// Waits until the device may send another Initial: all inputs are of those that are not listed, which share a budget.
    fn wait_for_room(&mut self) {
        while self.given >= INITIALS_A_SECOND && self.second == now() / NANOSECONDS {
            std::thread::yield_now();
        }
        if self.second != now() / NANOSECONDS {
            (self.second, self.given) = (now() / NANOSECONDS, 0);
        }
        self.given += 1;
    }
}

const NANOSECONDS: u64 = 1_000_000_000;

/// An input whose payload is a TCP stream, cut in three, to this port.
#[cfg(test)]
pub fn stream(port: u16, payload: &[u8]) -> Vec<u8> {
    let port = PORTS.iter().position(|listed| *listed == port).unwrap();
    [&[0, u8::try_from(port).unwrap(), 30, 150, 255], payload].concat()
}

/// An input whose payload is a datagram to port 53.
#[cfg(test)]
pub fn question(payload: &[u8]) -> Vec<u8> {
    [&[1, 0, 0, 0, 0], payload].concat()
}

/// An input that is the datagrams of a flow, as the check of QUIC makes them.
#[cfg(test)]
pub fn datagrams(input: &[u8]) -> Vec<u8> {
    [&[1, DATAGRAMS | 1, 0, 0, 0], input].concat()
}

/// An input that is a frame, whose addresses do not count.
#[cfg(test)]
pub fn raw(frame: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0], frame.get(12..).unwrap_or_default()].concat()
}

/// In the second byte of an input that is a datagram: it says how to make datagrams of QUIC.
const DATAGRAMS: u8 = 0x40;

const PORTS: [u16; 4] = [53, 443, 80, 8123];

/// The frames of an input: a TCP stream in up to four segments, UDP datagrams, or a frame from its EtherType on.
fn frames(input: &[u8], mac: MacAddr) -> Vec<Frame> {
    let Some(([kind, about, cuts @ ..], rest)) = input.split_first_chunk::<HEAD>() else { return Vec::new() };
    let rest = &rest[..rest.len().min(MOST)];
    let path = if about & 4 == 0 { Path::v4() } else { Path::v6() };
    let tags = [(S_TAG, 200), (C_TAG, 10)];
    let path = path.tagged(&tags[..usize::from(about >> 3 & 3).min(2)]).from(mac);
    let path = path.port(PORTS[usize::from(about & 3)]);
    match kind % 3 {
        0 => segments(path, about & 0x20 != 0, *cuts, rest),
        1 if about & DATAGRAMS != 0 => {
            let (_, datagrams) = made::datagrams(rest);
            datagrams.iter().map(|datagram| path.udp(datagram)).collect()
        }
        1 => vec![path.udp(rest)],
        // Less than an Ethernet header no driver hands on.
        _ if rest.len() < 2 => Vec::new(),
        _ => {
            let bytes = [&path.next_hop.0, &mac.0, rest].concat();
            vec![Frame { bytes, path, protocol: 0 }]
        }
    }
}

/// The stream in segments that end at these places, in parts of 256 of its length; perhaps without a SYN before them.
fn segments(path: Path, midway: bool, mut cuts: [u8; HEAD - 2], stream: &[u8]) -> Vec<Frame> {
    let mut tcp = Tcp::new(path);
    let syn = tcp.syn();
    let mut frames = if midway { Vec::new() } else { vec![syn] };
    cuts.sort_unstable();
    let ends = cuts.iter().map(|cut| stream.len() * usize::from(*cut) / 256).chain([stream.len()]);
    let mut begin = 0;
    for end in ends {
        // A segment without data too, which changes nothing.
        frames.push(tcp.send(&stream[begin..end]));
        begin = end;
    }
    frames.push(tcp.fin());
    frames
}
