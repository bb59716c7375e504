//! Questions to port 53, over UDP and TCP, each judged by itself.

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use gateway_common::abi::Kind;
use gateway_common::reason::Reason;

use crate::harness::*;

const BLOCKED: &str = "[block]\ndomains = [\"example.org\"]";
/// Recursion desired.
const QUERY: u16 = 0x0100;

/// A query with one question of type A and an OPT record, as stub resolvers send it.
fn query(name: &str, flags: u16) -> Vec<u8> {
    let mut message = [0x1234_u16, flags, 1, 0, 0, 1].map(u16::to_be_bytes).concat();
    message.extend(question(name));
    message.extend([0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]);
    message
}

fn question(name: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    for label in name.split('.') {
        wire.push(u8::try_from(label.len()).unwrap());
        wire.extend(label.bytes());
    }
    wire.extend([0, 0, 1, 0, 1]);
    wire
}

/// With the length in front that DNS has over TCP.
fn framed(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

fn resolver(path: Path) -> Path {
    path.port(53)
}

#[test]
fn each_question_over_udp_is_a_flow_and_judged_by_itself() {
    let mut filter = Filter::phone(BLOCKED);
    for path in [resolver(Path::v4()), resolver(Path::v6())] {
        let passed = passes(Reason::DnsQname).begins().named("other.example").decides(Kind::DnsQname);
        let blocked = drops(Reason::DnsQname, "p").begins().named("www.example.org").decides(Kind::DnsQname);
        filter.give(&path.udp(&query("other.example", QUERY)), &passed);
        filter.give(&path.udp(&query("WWW.Example.ORG", QUERY)), &blocked);
        filter.give(&path.udp(&query("other.example", QUERY)), &passed);
        filter.give(&path.udp(&query("www.example.org", QUERY)), &blocked);
    }
}

#[test]
fn a_refused_question_is_answered_that_there_is_no_such_name() {
    let mut filter = Filter::phone(&format!("action = \"reject\"\n{BLOCKED}"));
    let (v4, v6) = (resolver(Path::v4()), resolver(Path::v6()));
    let tagged = v6.clone().tagged(&[(C_TAG, 10)]);
    let twice = v4.clone().tagged(&[(S_TAG, 200), (C_TAG, 10)]);
    // What stands between the IP header and UDP is not sent back.
    let options = v4.clone().options(&[1; 8]);
    let extended = v6.clone().extensions([Extension::of_len(0, 8), Extension::of_len(60, 16)]);
    let paths = [v4, v6, tagged, twice, options, extended];
    for (flags, path) in [QUERY, 0x0010].into_iter().cycle().zip(paths) {
        let asked = query("www.example.org", flags);
        let frame = path.udp(&asked);
        let outcome = filter.outcome(&frame);
        assert_eq!(outcome.verdict, "XDP_TX");
        let Left::Changed(answer) = outcome.left else { panic!("no answer") };
        let packet = SlicedPacket::from_ethernet(&answer).unwrap();
        let Some(TransportSlice::Udp(udp)) = &packet.transport else { panic!("no UDP") };
        assert_eq!((udp.source_port(), udp.destination_port()), (53, path.source_port));
        let end = 12 + question("www.example.org").len();
        let expected_flags = 0x8083 | flags;
        let header = [0x1234_u16, expected_flags, 1, 0, 0, 0].map(u16::to_be_bytes).concat();
        assert_eq!(udp.payload(), [&header, &asked[12..end]].concat());
        let checksum = match packet.net.as_ref().unwrap() {
            NetSlice::Ipv4(ip) => {
                assert_eq!(std::net::IpAddr::from(ip.header().source_addr()), path.destination);
                udp.to_header().calc_checksum_ipv4(&ip.header().to_header(), udp.payload())
            }
            NetSlice::Ipv6(ip) => {
                assert_eq!(std::net::IpAddr::from(ip.header().source_addr()), path.destination);
                udp.to_header().calc_checksum_ipv6(&ip.header().to_header(), udp.payload())
            }
            NetSlice::Arp(_) => panic!("no IP"),
        };
        assert_eq!(udp.checksum(), checksum.unwrap());
        assert_eq!((&answer[..6], &answer[6..12]), (&frame.bytes[6..12], &frame.bytes[..6]));
        assert_eq!(answer[12..path.ip_at()], frame.bytes[12..path.ip_at()]);
    }
}

#[test]
fn the_answer_to_a_refused_question_announces_only_the_questions_that_it_repeats() {
    let mut filter = Filter::phone(&format!("action = \"reject\"\n{BLOCKED}"));
    let mut message = [0x1234_u16, QUERY, 3, 0, 0, 0].map(u16::to_be_bytes).concat();
    message.extend(question("other.example"));
    message.extend(question("www.example.org"));
    let end = message.len();
    message.extend(question("third.example"));
    let outcome = filter.outcome(&resolver(Path::v4()).udp(&message));
    assert_eq!(outcome.verdict, "XDP_TX");
    let Left::Changed(answer) = outcome.left else { panic!("no answer") };
    let packet = SlicedPacket::from_ethernet(&answer).unwrap();
    let Some(TransportSlice::Udp(udp)) = &packet.transport else { panic!("no UDP") };
    assert_eq!((&udp.payload()[4..6], udp.payload().len()), (&[0, 2][..], end));
    let Some(NetSlice::Ipv4(ip)) = &packet.net else { panic!("no IPv4") };
    let checksum = udp.to_header().calc_checksum_ipv4(&ip.header().to_header(), udp.payload()).unwrap();
    assert_eq!(udp.checksum(), checksum);
}

#[test]
fn a_compressed_name_in_a_question_is_malformed_and_a_response_is_no_question() {
    let mut filter = Filter::phone(BLOCKED);
    let mut pointer = query("www.example.org", QUERY);
    pointer[12] = 0xc0;
    let path = resolver(Path::v4());
    filter.give(&path.udp(&pointer), &drops(Reason::Malformed, "p").begins().decides(Kind::None));
    filter.give(&path.udp(&query("www.example.org", 0x8180)), &passes(Reason::NotInspected).begins());
}

#[test]
fn the_second_question_of_a_message_is_judged_too() {
    let mut filter = Filter::phone(BLOCKED);
    let mut message = [0x1234_u16, QUERY, 2, 0, 0, 0].map(u16::to_be_bytes).concat();
    message.extend(question("other.example"));
    message.extend(question("www.example.org"));
    assert_eq!(filter.run(&resolver(Path::v4()).udp(&message)), "XDP_DROP");
}

#[test]
fn questions_over_tcp_are_judged_one_after_another_however_they_are_cut() {
    let mut filter = Filter::phone(BLOCKED);
    let (passed, blocked) =
        (framed(&query("other.example", QUERY)), framed(&query("www.example.org", QUERY)));
    for (port, cut) in (50_000..).zip(1..blocked.len()) {
        let mut tcp = Tcp::new(resolver(Path::v4()).source_port(port));
        let frames = [tcp.syn(), tcp.send(&passed), tcp.send(&blocked[..cut]), tcp.send(&blocked[cut..])];
        let verdicts = frames.map(|frame| filter.run(&frame));
        assert_eq!(verdicts[..2], ["XDP_PASS"; 2], "cut behind {cut} bytes");
        assert_eq!(verdicts[3], "XDP_DROP", "cut behind {cut} bytes");
    }
}
