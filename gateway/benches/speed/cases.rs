//! What is measured, and the targets.

use gateway_common::wire::MacAddr;

use super::hello::{browser, post_quantum};
use crate::frame::{Frame, Path};
use crate::setup::{PHONE, STRANGER, Setup};
use crate::tcp::Tcp;

/// One thing that is measured.
pub struct Case {
    pub name: &'static str,
    /// Frames that bring a flow to where the measured ones come, in order; their time is not counted.
    pub before: Vec<Frame>,
    /// Frames of one flow, in order, whose time is added up.
    pub measured: Vec<Frame>,
    /// Whether every turn is one of a new flow.
    pub fresh: bool,
    /// Whether the frames go to a device.
    pub down: bool,
    /// Nanoseconds above empty that it may take.
    pub target: Option<u64>,
}

/// Size of a segment as most networks carry it.
const SEGMENT: usize = 1400;

pub const NAME: &str = "api.account.example.org";

/// Where the phone's connections go to.
pub const PHONE_PORT: u16 = 443;

/// A policy with names at several depths, prefixes and a port, none of which any case meets. What cannot be read passes.
pub fn policies() -> Setup {
    let names: Vec<String> = (0..200).map(|n| format!("\"host{n}.blocked.example\"")).collect();
    let text = format!(
        "[block]\ndomains = [{}]\naddresses = [\"203.0.113.0/24\", \"2001:db8:bad::/48\"]\nports = [\"tcp/853\"]\n\
         [inspect]\nmalformed = \"pass\"",
        names.join(", ")
    );
    Setup::new().policy("p", &text).device("phone", PHONE, &["p"])
}

pub fn path(mac: MacAddr, port: u16) -> Path {
    Path::v4().from(mac).port(port)
}

/// A connection, and the SYN that opened it.
fn opened(port: u16) -> (Vec<Frame>, Tcp) {
    let mut tcp = Tcp::new(path(PHONE, port));
    (vec![tcp.syn()], tcp)
}

/// The first payload of a connection, in segments.
fn first_payload(name: &'static str, port: u16, payload: &[u8], target: Option<u64>) -> Case {
    let (before, mut tcp) = opened(port);
    let measured = payload.chunks(SEGMENT).map(|segment| tcp.send(segment)).collect();
    Case { name, before, measured, fresh: true, down: false, target }
}

fn request(before_host: usize) -> Vec<u8> {
    let cookie = "c".repeat(before_host);
    format!(
        "GET /index.html HTTP/1.1\r\n{}Host: {NAME}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n\
         Accept: text/html,application/xhtml+xml\r\nAccept-Encoding: gzip, deflate\r\n\r\n",
        if before_host == 0 { String::new() } else { format!("Cookie: {cookie}\r\n") }
    )
    .into_bytes()
}

/// A query with one question of type A and an OPT record.
fn query() -> Vec<u8> {
    let mut message = [0x1234_u16, 0x0100, 1, 0, 0, 1].map(u16::to_be_bytes).concat();
    for label in NAME.split('.') {
        message.push(label.len().try_into().unwrap());
        message.extend(label.bytes());
    }
    message.extend([0, 0, 1, 0, 1]);
    message.extend([0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]);
    message
}

/// Every case, in the order in which it is told.
pub fn all() -> Vec<Case> {
    let ack = |mac| Tcp::new(path(mac, 443)).send(&[0x17; 1000]);
    let (syn, mut decided) = opened(443);
    let decided_before = [syn.as_slice(), &[decided.send(&browser(NAME, 8, 517))]].concat();
    let mut cases = vec![
        Case {
            name: "packet of a device without policies",
            before: Vec::new(),
            measured: vec![ack(STRANGER)],
            fresh: false,
            down: false,
            target: None,
        },
        Case {
            name: "packet of a decided flow",
            before: decided_before,
            measured: vec![decided.send(&[0x17; 1000])],
            fresh: false,
            down: false,
            target: None,
        },
        Case {
            name: "SYN of a new flow",
            before: Vec::new(),
            measured: vec![Tcp::new(path(PHONE, 443)).syn()],
            fresh: true,
            down: false,
            target: None,
        },
        first_payload("TLS hello of 517 bytes", 443, &browser(NAME, 8, 517), Some(1500)),
        first_payload("TLS hello of 517 bytes, name last", 443, &browser(NAME, 17, 517), Some(1500)),
        first_payload("TLS hello of 1400 bytes, name last", 443, &browser(NAME, 17, SEGMENT), Some(1500)),
        first_payload("TLS hello of two segments, name in the second", 443, &post_quantum(NAME), Some(3000)),
        first_payload("HTTP request, Host first", 80, &request(0), None),
        first_payload("HTTP request, Host behind 300 bytes", 80, &request(300), None),
        Case {
            name: "DNS question of a new flow",
            before: Vec::new(),
            measured: vec![path(PHONE, 53).udp(&query())],
            fresh: true,
            down: false,
            target: Some(600),
        },
        Case {
            name: "DNS question of a known flow",
            before: vec![path(PHONE, 53).udp(&query())],
            measured: vec![path(PHONE, 53).udp(&query())],
            fresh: false,
            down: false,
            target: Some(600),
        },
    ];
    cases.extend(super::quic::all());
    cases.extend(to_devices());
    cases
}

/// What goes to devices.
fn to_devices() -> Vec<Case> {
    let case = |name, frame, target| Case {
        name,
        before: Vec::new(),
        measured: vec![frame],
        fresh: false,
        down: true,
        target,
    };
    let to = |mac| path(MacAddr([0x02, 0, 0, 0, 0, 0x01]), 50_322).source_port(443).towards(mac);
    let segment = |mac| Tcp::new(to(mac)).send(&[0x17; 1000]);
    vec![
        case("packet to a device with policies", segment(PHONE), Some(60)),
        case("packet to a device that is not listed", segment(STRANGER), Some(60)),
        case("UDP packet to a device with policies", to(PHONE).udp(&[0x17; 1000]), Some(60)),
        case("DNS answer, an alias and two addresses", to(PHONE).source_port(53).udp(&reply()), None),
    ]
}

/// The response to [`query`].
fn reply() -> Vec<u8> {
    let mut message = query();
    message[2..4].copy_from_slice(&[0x81, 0x80]);
    message[6..8].copy_from_slice(&[0, 3]);
    message.truncate(message.len() - 11);
    message[10..12].copy_from_slice(&[0, 0]);
    let record = |kind: u8, data: &[u8]| {
        let len = u8::try_from(data.len()).unwrap();
        [&[0xc0, 0x0c, 0, kind, 0, 1, 0, 0, 1, 0, 0, len], data].concat()
    };
    message.extend(record(5, b"\x04edge\x03cdn\x07example\x00"));
    message.extend(record(1, &[192, 0, 2, 7]));
    message.extend(record(1, &[192, 0, 2, 8]));
    message
}
