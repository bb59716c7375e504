//! The walk from frame to payload: frames of etherparse, frames by hand, and frames that lie.

extern crate std;

use std::string::ToString;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::checks::wire::{Walk, payload, walk};
use etherparse::{PacketBuilder, PacketBuilderStep, VlanId};

#[path = "wire_tests/ipv4.rs"]
mod ipv4;
#[path = "wire_tests/ipv6.rs"]
mod ipv6;
#[path = "wire_tests/lies.rs"]
mod lies;
#[path = "wire_tests/oracle.rs"]
mod oracle;
#[path = "wire_tests/transport.rs"]
mod transport;

const DEVICE: [u8; 6] = [0x8c, 0xbe, 0xbe, 0x12, 0x34, 0x56];
const ROUTER: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];
const SOURCE_V4: [u8; 4] = [192, 168, 1, 7];
const DESTINATION_V4: [u8; 4] = [203, 0, 113, 80];
const SOURCE_V6: [u8; 16] = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
const DESTINATION_V6: [u8; 16] = [0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 80];
const SOURCE_PORT: u16 = 40_000;
const DESTINATION_PORT: u16 = 443;
const PAYLOAD: &[u8] = b"payload of seventeen bytes, or a little more";
/// Where the network header begins in a frame without tags.
const IP: usize = 14;

fn len16(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap().to_be_bytes()
}

fn ethernet(ethertype: u16, packet: &[u8]) -> Vec<u8> {
    tagged(&[], ethertype, packet)
}

/// A frame with tags, outermost first, each with its EtherType and its contents.
fn tagged(tags: &[(u16, [u8; 2])], ethertype: u16, packet: &[u8]) -> Vec<u8> {
    let mut frame = [ROUTER, DEVICE].concat();
    for (kind, tag) in tags {
        frame.extend(kind.to_be_bytes());
        frame.extend(tag);
    }
    frame.extend(ethertype.to_be_bytes());
    frame.extend(packet);
    frame
}

/// An IPv4 packet; the options' length must be a multiple of four.
fn ipv4_packet(protocol: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x40 | u8::try_from(5 + options.len() / 4).unwrap(), 0];
    packet.extend(len16(20 + options.len() + payload.len()));
    packet.extend([0x12, 0x34, 0, 0, 64, protocol, 0, 0]);
    packet.extend([SOURCE_V4, DESTINATION_V4].concat());
    packet.extend(options);
    packet.extend(payload);
    packet
}

/// An IPv6 packet, `payload` with its extension headers.
fn ipv6_packet(next_header: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(len16(payload.len()));
    packet.extend([next_header, 64]);
    packet.extend([SOURCE_V6, DESTINATION_V6].concat());
    packet.extend(payload);
    packet
}

fn tcp_segment(options: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut segment = [SOURCE_PORT.to_be_bytes(), DESTINATION_PORT.to_be_bytes()].concat();
    segment.extend(0x0102_0304_u32.to_be_bytes());
    segment.extend([0; 4]);
    segment.extend([u8::try_from(5 + options.len() / 4).unwrap() << 4, 0x18, 1, 0, 0, 0, 0, 0]);
    segment.extend(options);
    segment.extend(payload);
    segment
}

fn udp_datagram(payload: &[u8]) -> Vec<u8> {
    let mut datagram = [SOURCE_PORT.to_be_bytes(), DESTINATION_PORT.to_be_bytes()].concat();
    datagram.extend(len16(8 + payload.len()));
    datagram.extend([0, 0]);
    datagram.extend(payload);
    datagram
}

/// Asserts what the addresses, ports and payload of all the frames here are.
fn assert_is_ours(frame: &[u8], protocol: u8, is_v4: bool) -> Walk {
    let walk = walk(frame).unwrap();
    assert_eq!(walk.link.source, MacAddr(DEVICE));
    let (source, destination) =
        if is_v4 { (mapped(SOURCE_V4), mapped(DESTINATION_V4)) } else { (SOURCE_V6, DESTINATION_V6) };
    assert_eq!((walk.source, walk.destination), (source, destination));
    assert_eq!((walk.network.protocol, walk.network.is_v4), (protocol, is_v4));
    let transport = walk.transport.unwrap();
    assert_eq!(transport.source_port, SOURCE_PORT.to_be_bytes());
    assert_eq!(transport.destination_port, DESTINATION_PORT.to_be_bytes());
    assert_eq!(payload(frame, &walk), PAYLOAD);
    walk
}

fn written(size: usize, write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut frame = Vec::with_capacity(size);
    write(&mut frame);
    frame
}

fn tcp_frame(builder: PacketBuilderStep<etherparse::IpHeaders>) -> Vec<u8> {
    let builder = builder.tcp(SOURCE_PORT, DESTINATION_PORT, 0x0102_0304, 1024).psh().ack(9);
    written(builder.size(PAYLOAD.len()), |frame| builder.write(frame, PAYLOAD).unwrap())
}

fn udp_frame(builder: PacketBuilderStep<etherparse::IpHeaders>) -> Vec<u8> {
    let builder = builder.udp(SOURCE_PORT, DESTINATION_PORT);
    written(builder.size(PAYLOAD.len()), |frame| builder.write(frame, PAYLOAD).unwrap())
}

/// One frame of every valid shape, with its protocol and whether it is IPv4.
fn valid_frames() -> Vec<(Vec<u8>, u8, bool)> {
    let plain = || PacketBuilder::ethernet2(DEVICE, ROUTER);
    let one = || plain().single_vlan(VlanId::try_new(7).unwrap());
    let two = || plain().double_vlan(VlanId::try_new(7).unwrap(), VlanId::try_new(8).unwrap());
    vec![
        (tcp_frame(plain().ipv4(SOURCE_V4, DESTINATION_V4, 64)), TCP, true),
        (udp_frame(plain().ipv4(SOURCE_V4, DESTINATION_V4, 64)), UDP, true),
        (tcp_frame(plain().ipv6(SOURCE_V6, DESTINATION_V6, 64)), TCP, false),
        (udp_frame(plain().ipv6(SOURCE_V6, DESTINATION_V6, 64)), UDP, false),
        (tcp_frame(one().ipv4(SOURCE_V4, DESTINATION_V4, 64)), TCP, true),
        (udp_frame(one().ipv6(SOURCE_V6, DESTINATION_V6, 64)), UDP, false),
        (udp_frame(two().ipv4(SOURCE_V4, DESTINATION_V4, 64)), UDP, true),
        (tcp_frame(two().ipv6(SOURCE_V6, DESTINATION_V6, 64)), TCP, false),
        (ethernet(0x0800, &ipv4_packet(TCP, &[1; 40], &tcp_segment(&[1; 40], PAYLOAD))), TCP, true),
        (
            ethernet(0x86dd, &ipv6_packet(60, &ipv6::chain(&[60, 44, 51], UDP, &udp_datagram(PAYLOAD)))),
            UDP,
            false,
        ),
    ]
}

#[test]
fn every_valid_shape_leads_to_its_addresses_ports_and_payload() {
    for (frame, protocol, is_v4) in valid_frames() {
        let walk = assert_is_ours(&frame, protocol, is_v4);
        assert_eq!(walk.network.fragment, Fragment::No);
        let transport = walk.transport.unwrap();
        let expected = if protocol == TCP { (0x0102_0304, 0x18) } else { (0, 0) };
        assert_eq!((transport.sequence, transport.flags), expected);
        assert!(!transport.is_opening());
    }
}

#[test]
fn a_valid_frame_cut_at_any_byte_is_truncated() {
    for (frame, ..) in valid_frames() {
        for len in 0..frame.len() {
            assert_eq!(walk(&frame[..len]), Err(Reason::Truncated), "{len} of {} bytes", frame.len());
        }
    }
}

#[test]
fn padding_behind_the_packet_changes_nothing_however_much_is_left_of_it() {
    for (frame, ..) in valid_frames() {
        let expected = walk(&frame).unwrap();
        let padded = [frame.as_slice(), &[0xee; 46]].concat();
        for len in frame.len()..=padded.len() {
            assert_eq!(walk(&padded[..len]).as_ref(), Ok(&expected));
        }
    }
}

#[test]
fn the_place_that_the_walk_works_in_may_hold_what_an_earlier_one_left() {
    let mut place = Extensions::default();
    let cut = ethernet(0x86dd, &ipv6_packet(44, &[44, 0, 0xff, 0xff, 0, 0, 0, 0]));
    for (frame, ..) in valid_frames() {
        let expected = walk(&frame).unwrap();
        for earlier in [&frame, &cut] {
            let _ = link(&earlier[..]).and_then(|link| network(&earlier[..], link, &mut place));
            assert_eq!(
                network(&frame[..], expected.link, &mut place),
                Ok((expected.vlans, expected.network))
            );
        }
    }
}

#[test]
fn a_frame_shorter_than_its_ethernet_header_is_truncated_and_an_empty_one_is_empty() {
    assert!(Frame::is_empty(&[][..]));
    assert!(!Frame::is_empty(&[0][..]));
    for len in 0..IP {
        assert_eq!(link(&[0_u8; IP][..len]), Err(Reason::Truncated));
    }
    assert_eq!(link(&ethernet(0, &[])[..]).unwrap().source, MacAddr(DEVICE));
}

#[test]
fn one_and_two_tags_of_every_kind_are_followed_and_kept_as_on_the_wire() {
    let packet = ipv4_packet(TCP, &[], &tcp_segment(&[], PAYLOAD));
    for outer in [0x8100, 0x88a8, 0x9100] {
        let frame = tagged(&[(outer, [0xe0, 7])], 0x0800, &packet);
        let walk = assert_is_ours(&frame, TCP, true);
        assert_eq!(walk.vlans, Vlans { tags: [[0xe0, 7], [0, 0]], count: 1 });
        for inner in [0x8100, 0x88a8, 0x9100] {
            let frame = tagged(&[(outer, [0xe0, 7]), (inner, [0x0f, 0xff])], 0x0800, &packet);
            let walk = assert_is_ours(&frame, TCP, true);
            assert_eq!(walk.vlans, Vlans { tags: [[0xe0, 7], [0x0f, 0xff]], count: 2 });
        }
    }
    assert_eq!(assert_is_ours(&ethernet(0x0800, &packet), TCP, true).vlans, Vlans::default());
}

#[test]
fn a_third_tag_is_too_long_whatever_follows_it() {
    for kind in [0x8100, 0x88a8, 0x9100] {
        let tags = [(0x88a8, [0, 1]), (0x8100, [0, 2]), (kind, [0, 3])];
        assert_eq!(walk(&tagged(&tags, 0x0800, &ipv4_packet(TCP, &[], &[]))), Err(Reason::TooLong));
        assert_eq!(walk(&tagged(&tags, 0x0806, &[0; 28])), Err(Reason::TooLong));
        assert_eq!(
            walk(&tagged(&tags[..2], kind, &[])),
            Err(Reason::TooLong),
            "not even the third tag is there"
        );
    }
}

#[test]
fn a_tag_that_is_cut_is_truncated() {
    let frame = tagged(&[(0x88a8, [0, 1]), (0x8100, [0, 2])], 0x0806, &[]);
    for len in IP..frame.len() {
        assert_eq!(walk(&frame[..len]), Err(Reason::Truncated));
    }
    assert_eq!(walk(&frame), Err(Reason::NotIp));
}

#[test]
fn what_is_neither_ipv4_nor_ipv6_is_not_ip() {
    let packet = ipv4_packet(TCP, &[], &tcp_segment(&[], PAYLOAD));
    // 802.3 lengths (LLC), ARP, LLDP, MPLS, PPPoE, and the neighbours of the two numbers that are IP.
    for ethertype in
        [0, 38, 1500, 0x05ff, 0x0600, 0x0806, 0x88cc, 0x8847, 0x8864, 0x07ff, 0x0801, 0x86dc, 0x86de]
    {
        assert_eq!(walk(&ethernet(ethertype, &packet)), Err(Reason::NotIp));
        assert_eq!(walk(&ethernet(ethertype, &[])), Err(Reason::NotIp));
        assert_eq!(walk(&tagged(&[(0x8100, [0, 1])], ethertype, &packet)), Err(Reason::NotIp));
    }
    let llc = [&[0x42, 0x42, 0x03][..], &[0; 35]].concat();
    assert_eq!(walk(&ethernet(38, &llc)), Err(Reason::NotIp));
}

#[test]
fn an_arp_frame_of_etherparse_is_not_ip() {
    let arp = etherparse::ArpPacket::new(
        etherparse::ArpHardwareId::ETHERNET,
        etherparse::EtherType::IPV4,
        etherparse::ArpOperation::REQUEST,
        &DEVICE,
        &SOURCE_V4,
        &ROUTER,
        &DESTINATION_V4,
    );
    let builder = PacketBuilder::ethernet2(DEVICE, ROUTER).arp(arp.unwrap());
    let frame = written(builder.size(), |frame| builder.write(frame).unwrap());
    assert_eq!(walk(&frame), Err(Reason::NotIp));
}

#[test]
fn a_mac_address_is_read_with_colons_or_dashes_in_either_case() {
    for text in ["8c:be:be:12:34:56", "8C:BE:BE:12:34:56", "8c-be-be-12-34-56", "8C-bE-Be-12-34-56"] {
        assert_eq!(text.parse(), Ok(MacAddr(DEVICE)));
    }
    assert_eq!(MacAddr(DEVICE).to_string(), "8c:be:be:12:34:56");
    assert_eq!(std::format!("{:?}", MacAddr([0, 1, 2, 0xa, 0xb, 0xff])), "00:01:02:0a:0b:ff");
}

#[test]
fn what_is_no_mac_address_is_refused() {
    let texts = [
        "",
        ":",
        ":::::",
        "8c:be:be:12:34",
        "8c:be:be:12:34:",
        ":8c:be:be:12:34:56",
        "8c:be:be:12:34:56:",
        "8c:be:be:12:34:56:78",
        "8c:be:be:12:34-56",
        "8c-be:be:12:34:56",
        "8cbebe123456",
        "8cbe.be12.3456",
        "8:be:be:12:34:56",
        "08c:be:be:12:34:56",
        "8g:be:be:12:34:56",
        "+c:be:be:12:34:56",
        " 8c:be:be:12:34:56",
        "8c:be:be:12:34:56 ",
        "8c:be:be:12:34:5\u{ff16}",
        "\u{e9}:be:be:12:34:56",
    ];
    for text in texts {
        assert_eq!(text.parse::<MacAddr>(), Err(BadMac), "{text:?}");
    }
    assert!(BadMac.to_string().contains("8c:be:be:12:34:56"));
}

#[test]
fn group_and_local_are_the_two_low_bits_of_the_first_byte() {
    for first in 0..=u8::MAX {
        let address = MacAddr([first, 0xff, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!((address.is_group(), address.is_local()), (first & 1 == 1, first & 2 == 2));
    }
}
