//! Packets towards the devices: what DNS answers, and how the program on their way is run.

use std::collections::BTreeMap;
use std::mem;
use std::net::IpAddr;

use aya::programs::{TestRun as _, TestRunOptions};
use gateway_common::wire::MacAddr;

use super::filter::{Filter, explained};
use super::frame::{Frame, Path};
use super::setup::PHONE;

/// Size of the context of a classifier, and where in it the length on the wire and the number of segments stand (`struct __sk_buff`
/// of linux/bpf.h).
const CONTEXT: usize = 192;
const WIRE_LEN: usize = 160;
const GSO_SEGS: usize = 164;

/// What a classifier returns that has nothing to say (`TC_ACT_UNSPEC`).
const UNSPEC: u32 = u32::MAX;

/// The way back: from port 53 of the server to the phone.
pub fn down(path: Path) -> Path {
    let mut path = path.source_port(50_000).port(53);
    mem::swap(&mut path.source, &mut path.destination);
    mem::swap(&mut path.source_port, &mut path.destination_port);
    path.from(MacAddr([0x02, 0, 0, 0, 0, 0x01])).towards(PHONE)
}

/// What DNS answers to the phone when it asked for an address of `name`.
pub fn answer(path: Path, name: &str, records: &[Record]) -> Frame {
    let mut message = vec![0x12, 0x34, 0x81, 0x80, 0, 1];
    message.extend(u16::try_from(records.len()).unwrap().to_be_bytes());
    message.extend([0; 4]);
    message.extend(labels(name));
    message.extend([0, 1, 0, 1]);
    for Record { kind, ttl, data } in records {
        message.extend([0xc0, 0x0c]);
        message.extend(kind.to_be_bytes());
        message.extend([0, 1]);
        message.extend(ttl.to_be_bytes());
        message.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        message.extend(data);
    }
    down(path).udp(&message)
}

fn labels(name: &str) -> Vec<u8> {
    let label = |label: &str| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat();
    name.split('.').flat_map(label).chain([0]).collect()
}

/// A record of an answer, whose owner is the name that was asked for.
pub struct Record {
    kind: u16,
    ttl: u32,
    data: Vec<u8>,
}

impl Record {
    /// A or AAAA.
    pub fn address(address: &str, ttl: u32) -> Self {
        match address.parse().unwrap() {
            IpAddr::V4(v4) => Self { kind: 1, ttl, data: v4.octets().to_vec() },
            IpAddr::V6(v6) => Self { kind: 28, ttl, data: v6.octets().to_vec() },
        }
    }

    /// CNAME.
    pub fn alias(target: &str, ttl: u32) -> Self {
        Self { kind: 5, ttl, data: labels(target) }
    }
}

impl Filter {
    /// Gives the program a packet towards a device, with the number of segments that it is cut into and their length in all, if it is;
    /// returns the counters that moved. The packet goes on as it was.
    #[track_caller]
    pub fn down(&mut self, frame: &Frame, cut: Option<(u32, u32)>) -> BTreeMap<String, i128> {
        let before = self.tally();
        let mut context = [0; CONTEXT];
        if let Some((segments, wire)) = cut {
            context[WIRE_LEN..WIRE_LEN + 4].copy_from_slice(&wire.to_ne_bytes());
            context[GSO_SEGS..GSO_SEGS + 4].copy_from_slice(&segments.to_ne_bytes());
        }
        let mut out = vec![0x55; frame.bytes.len() + 1024];
        let options = TestRunOptions {
            data_in: Some(&frame.bytes),
            data_out: Some(&mut out),
            ctx_in: Some(&context),
            ..TestRunOptions::new()
        };
        let program = explained(self.loaded.egress()).expect("the kernel refused it");
        let result = explained(program.test_run(options));
        assert_eq!(result.return_value, UNSPEC);
        out.truncate(result.data_size_out.try_into().unwrap());
        assert_eq!(out, frame.bytes, "the program changed the packet");
        assert_eq!(self.events(&(0..=u64::MAX)), []);
        self.moved_since(&before)
    }
}
