//! IPv4 headers, and TCP and UDP headers: honest ones with options, and those that lie.

use gateway_common::reason::Reason;

use crate::harness::*;

const BLOCKED: &str = "[block]\nhosts = [\"x.example\"]";
const LENIENT: &str = "[block]\nhosts = [\"x.example\"]\n[inspect]\nmalformed = \"pass\"";

#[test]
fn the_tcp_header_is_found_behind_4_to_40_bytes_of_options() {
    let mut filter = Filter::phone(BLOCKED);
    for words in 1..=10_u16 {
        // Whoever took these for a TCP header would read other ports, and a data offset that leaves no payload.
        let options = [0xf0; 40];
        let path = Path::v4().options(&options[..usize::from(words) * 4]).source_port(50_000 + words);
        let mut tcp = Tcp::new(path);
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        filter.give(&tcp.send(&hello("x.example")), &drops(Reason::TlsSni, "p").named("x.example"));
    }
}

#[test]
fn the_payload_is_found_behind_the_longest_tcp_header() {
    let mut filter = Filter::phone(BLOCKED);
    for path in [Path::v4(), Path::v6()] {
        let mut tcp = Tcp::new(path);
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        let frame = tcp.segment(&hello("x.example"), |header| {
            header.ack = true;
            header.set_options_raw(&[1; 40]).unwrap();
        });
        filter.give(&frame, &drops(Reason::TlsSni, "p").named("x.example"));
    }
}

#[test]
fn a_header_length_below_20_bytes_is_a_bad_header() {
    for (policy, expected) in [(BLOCKED, drops(Reason::BadHeader, "p")), (LENIENT, passes(Reason::BadHeader))]
    {
        let mut filter = Filter::phone(policy);
        let path = Path::v4();
        for ihl in 0..5 {
            let frame = Tcp::new(path.clone()).send(&hello("x.example"));
            filter.give(&frame.patched(path.ip_at(), &[0x40 | ihl]), &expected);
        }
    }
}

#[test]
fn a_version_that_is_not_that_of_the_ethertype_is_a_bad_header() {
    for (policy, expected) in [(BLOCKED, drops(Reason::BadHeader, "p")), (LENIENT, passes(Reason::BadHeader))]
    {
        let mut filter = Filter::phone(policy);
        for version in (0..16).filter(|version| *version != 4) {
            let path = Path::v4();
            let frame = Tcp::new(path.clone()).send(&hello("x.example"));
            filter.give(&frame.patched(path.ip_at(), &[version << 4 | 5]), &expected);
        }
        for version in (0..16).filter(|version| *version != 6) {
            let path = Path::v6();
            let frame = Tcp::new(path.clone()).send(&hello("x.example"));
            filter.give(&frame.patched(path.ip_at(), &[version << 4]), &expected);
        }
    }
}

#[test]
fn a_total_length_beyond_the_frame_is_truncated() {
    let mut filter = Filter::phone(BLOCKED);
    let path = Path::v4();
    let frame = Tcp::new(path.clone()).send(&hello("x.example"));
    let len = u16::try_from(frame.bytes.len() - path.ip_at()).unwrap();
    for longer in [len + 1, len + 4, 0x7fff, 0xffff] {
        let lie = frame.clone().patched(path.ip_at() + 2, &longer.to_be_bytes());
        filter.give(&lie, &drops(Reason::Truncated, "p"));
    }
}

#[test]
fn a_total_length_that_ends_within_the_headers_is_a_bad_header() {
    let mut filter = Filter::phone(BLOCKED);
    let path = Path::v4();
    let tcp = Tcp::new(path.clone()).send(&hello("x.example"));
    for len in 0..40_u16 {
        let lie = tcp.clone().patched(path.ip_at() + 2, &len.to_be_bytes());
        filter.give(&lie, &drops(Reason::BadHeader, "p"));
    }
    let udp = path.clone().port(5000).udp(b"hello");
    for len in 0..28_u16 {
        let lie = udp.clone().patched(path.ip_at() + 2, &len.to_be_bytes());
        filter.give(&lie, &drops(Reason::BadHeader, "p"));
    }
}

#[test]
fn what_stands_behind_the_total_length_is_no_payload() {
    let mut filter = Filter::phone(BLOCKED);
    let path = Path::v4();
    let mut tcp = Tcp::new(path.clone());
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    let hello = tcp.send(&hello("x.example"));
    let empty = hello.clone().patched(path.ip_at() + 2, &40_u16.to_be_bytes());
    filter.give(&empty, &passes(Reason::NoPayload));
    filter.give(&hello, &drops(Reason::TlsSni, "p").named("x.example"));
}

#[test]
fn a_tcp_header_shorter_than_20_bytes_or_longer_than_the_packet_is_a_bad_header() {
    for (policy, expected) in [(BLOCKED, drops(Reason::BadHeader, "p")), (LENIENT, passes(Reason::BadHeader))]
    {
        let mut filter = Filter::phone(policy);
        for path in [Path::v4(), Path::v6()] {
            let offset = path.transport_at() + 12;
            for words in (0..5).chain(8..16) {
                let frame = Tcp::new(path.clone()).send(b"ten bytes.");
                filter.give(&frame.patched(offset, &[words << 4]), &expected);
            }
        }
    }
}

#[test]
fn a_udp_length_shorter_than_its_header_or_longer_than_the_packet_is_a_bad_header() {
    for (policy, expected) in [(BLOCKED, drops(Reason::BadHeader, "p")), (LENIENT, passes(Reason::BadHeader))]
    {
        let mut filter = Filter::phone(policy);
        for path in [Path::v4().port(5000), Path::v6().port(5000)] {
            for len in (0..8).chain([14, 15, 0xffff_u16]) {
                let frame = path.udp(b"hello");
                filter.give(&frame.patched(path.transport_at() + 4, &len.to_be_bytes()), &expected);
            }
        }
    }
}
