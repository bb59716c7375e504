//! IPv6 and its chain of extension headers.

use gateway_common::reason::Reason;

use crate::harness::*;

const BLOCKED: &str = "[block]\nhosts = [\"x.example\"]";

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const HIP: u8 = 139;
const SHIM6: u8 = 140;

/// Asserts that in a connection with these extension headers the blocked name is found.
#[track_caller]
fn assert_found(filter: &mut Filter, port: u16, extensions: &[Extension]) {
    let mut tcp = Tcp::new(Path::v6().extensions(extensions.to_vec()).source_port(port));
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&tcp.send(&hello("x.example")), &drops(Reason::TlsSni, "p").named("x.example"));
}

#[test]
fn a_name_is_found_behind_up_to_8_extension_headers_and_9_are_too_long_a_chain() {
    let mut filter = Filter::phone(BLOCKED);
    let all = [HOP_BY_HOP, DESTINATION, ROUTING, MOBILITY, HIP, SHIM6, DESTINATION, DESTINATION, DESTINATION];
    let chain = all.map(|protocol| Extension::of_len(protocol, 16));
    for (port, count) in (50_000..).zip(0..=8) {
        assert_found(&mut filter, port, &chain[..count]);
    }
    let path = Path::v6().extensions(chain);
    filter.give(&Tcp::new(path.clone()).syn(), &drops(Reason::TooLong, "p"));
    filter.give(&Tcp::new(path.clone()).send(&hello("x.example")), &drops(Reason::TooLong, "p"));
    filter.give(&path.udp(b"hi"), &drops(Reason::TooLong, "p"));
    let mut lenient = Filter::phone("[inspect]\nmalformed = \"pass\"");
    lenient.give(&Tcp::new(path).syn(), &passes(Reason::TooLong));
}

#[test]
fn a_name_is_found_behind_each_kind_of_extension_header_of_any_length() {
    let mut filter = Filter::phone(BLOCKED);
    let mut ports = 50_000..;
    for protocol in [HOP_BY_HOP, ROUTING, DESTINATION, MOBILITY, HIP, SHIM6] {
        for len in [8, 256, 2048] {
            assert_found(&mut filter, ports.next().unwrap(), &[Extension::of_len(protocol, len)]);
        }
    }
    for len in [8, 12, 16, 24, 1028] {
        assert_found(&mut filter, ports.next().unwrap(), &[Extension::authentication(len)]);
        let chain = [
            Extension::of_len(HOP_BY_HOP, 8),
            Extension::authentication(len),
            Extension::of_len(DESTINATION, 8),
        ];
        assert_found(&mut filter, ports.next().unwrap(), &chain);
    }
}

#[test]
fn an_atomic_fragment_is_a_whole_packet() {
    let mut filter = Filter::phone(BLOCKED);
    let mut tcp = Tcp::new(Path::v6().fragment(0, false));
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&tcp.send(&hello("x.example")), &drops(Reason::TlsSni, "p").named("x.example"));
    let chain = [Extension::of_len(HOP_BY_HOP, 8), Extension::of_len(DESTINATION, 24)];
    let udp = Path::v6().extensions(chain).fragment(0, false).port(5000);
    filter.give(&udp.udp(b"hi"), &passes(Reason::NotInspected).begins());
}

#[test]
fn what_is_neither_tcp_nor_udp_behind_extension_headers_is_another_protocol() {
    let mut filter = Filter::phone(BLOCKED);
    let path = Path::v6().extensions([Extension::of_len(DESTINATION, 8)]);
    // ESP, "no next header", SCTP, OSPF, and a number that nobody has.
    for protocol in [50, 59, 132, 89, 200] {
        filter.give(&Path::v6().packet(protocol, &[0; 24]), &passes(Reason::OtherProtocol));
        filter.give(&path.packet(protocol, &[0; 24]), &passes(Reason::OtherProtocol));
        filter.give(&path.packet(protocol, &[]), &passes(Reason::OtherProtocol));
    }
}

#[test]
fn an_extension_header_longer_than_the_packet_is_a_bad_header() {
    let mut filter = Filter::phone(BLOCKED);
    let chain = [Extension::of_len(HOP_BY_HOP, 8), Extension::of_len(DESTINATION, 8)];
    let path = Path::v6().extensions(chain);
    // Behind the second header are 20 bytes of TCP: two units of eight, and four bytes.
    for units in [3, 4, 0x7f, 0xff] {
        let frame = Tcp::new(path.clone()).ack();
        filter.give(&frame.patched(path.ip_at() + 49, &[units]), &drops(Reason::BadHeader, "p"));
    }
    let path = Path::v6().extensions([Extension::authentication(12)]);
    for units in [7, 0xff] {
        let frame = Tcp::new(path.clone()).ack();
        filter.give(&frame.patched(path.ip_at() + 41, &[units]), &drops(Reason::BadHeader, "p"));
    }
}

#[test]
fn a_payload_length_beyond_the_frame_is_truncated_and_one_that_ends_in_a_header_is_a_bad_header() {
    let mut filter = Filter::phone(BLOCKED);
    let path = Path::v6().extensions([Extension::of_len(DESTINATION, 8)]);
    let frame = Tcp::new(path.clone()).send(&hello("x.example"));
    let lie = |len: u16| frame.clone().patched(path.ip_at() + 4, &len.to_be_bytes());
    let len = u16::try_from(frame.bytes.len() - path.ip_at() - 40).unwrap();
    for longer in [len + 1, 0x7fff, 0xffff] {
        filter.give(&lie(longer), &drops(Reason::Truncated, "p"));
    }
    // A jumbogram (RFC 2675) says 0 here. No Ethernet frame is one.
    for shorter in 0..28 {
        filter.give(&lie(shorter), &drops(Reason::BadHeader, "p"));
    }
}
