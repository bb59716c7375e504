//! Replies are read back with another implementation, checksums included.

extern crate std;

use etherparse::{Icmpv4Type, Icmpv6Type, NetSlice, SlicedPacket, TransportSlice, icmpv4, icmpv6};
use proptest::prelude::*;
use zerocopy::IntoBytes as _;

use super::*;
use crate::wire::{MacAddr, UDP, mapped};

fn flow(source: [u8; 16], destination: [u8; 16], protocol: u8) -> FlowKey {
    FlowKey {
        source,
        destination,
        source_port: 50_322_u16.to_be_bytes(),
        destination_port: 443_u16.to_be_bytes(),
        mac: MacAddr([2; 6]),
        protocol,
        reserved: 0,
    }
}

fn segment(flags: u8, sequence: u32, acknowledgement: u32, len: u32) -> Segment {
    Segment { sequence, acknowledgement, len, flags, reserved: [0; 3] }
}

/// Reads a reset back: its sequence number, its acknowledgement number if it has one.
fn read_reset(bytes: &[u8], flow: &FlowKey) -> (u32, Option<u32>) {
    let packet = SlicedPacket::from_ip(bytes).unwrap();
    let Some(TransportSlice::Tcp(tcp)) = packet.transport else { panic!("no TCP in {bytes:x?}") };
    assert!(tcp.rst() && !tcp.syn() && !tcp.fin() && tcp.payload().is_empty());
    assert_eq!(tcp.source_port().to_be_bytes(), flow.destination_port);
    assert_eq!(tcp.destination_port().to_be_bytes(), flow.source_port);
    match packet.net.unwrap() {
        NetSlice::Ipv4(ip) => {
            let header = ip.header();
            assert_eq!(
                (mapped(header.source()), mapped(header.destination())),
                (flow.destination, flow.source)
            );
            assert_eq!(header.header_checksum(), header.to_header().calc_header_checksum());
            assert_eq!(
                tcp.checksum(),
                tcp.calc_checksum_ipv4(header.source(), header.destination()).unwrap()
            );
        }
        NetSlice::Ipv6(ip) => {
            let header = ip.header();
            assert_eq!((header.source(), header.destination()), (flow.destination, flow.source));
            assert_eq!(
                tcp.checksum(),
                tcp.calc_checksum_ipv6(header.source(), header.destination()).unwrap()
            );
        }
        NetSlice::Arp(_) => panic!("no IP"),
    }
    (tcp.sequence_number(), tcp.ack().then(|| tcp.acknowledgment_number()))
}

proptest! {
    #[test]
    fn a_reset_has_the_number_that_the_segment_acknowledges_and_right_checksums(
        source: [u8; 4], destination: [u8; 4], source6: [u8; 16], destination6: [u8; 16],
        sequence: u32, acknowledgement: u32, len in 0_u32..1500,
    ) {
        let data = segment(0x18, sequence, acknowledgement, len);
        let v4 = flow(mapped(source), mapped(destination), TCP);
        prop_assert_eq!(read_reset(ResetV4::new(&v4, &data).as_bytes(), &v4), (acknowledgement, None));
        prop_assume!(!is_mapped(&source6));
        let v6 = flow(source6, destination6, TCP);
        prop_assert_eq!(read_reset(ResetV6::new(&v6, &data).as_bytes(), &v6), (acknowledgement, None));
    }

    #[test]
    fn a_syn_is_refused_by_acknowledging_it(sequence: u32, source: [u8; 4], destination: [u8; 4]) {
        let v4 = flow(mapped(source), mapped(destination), TCP);
        let reset = ResetV4::new(&v4, &segment(0x02, sequence, 7, 1));
        prop_assert_eq!(read_reset(reset.as_bytes(), &v4), (0, Some(sequence.wrapping_add(1))));
    }

    #[test]
    fn port_unreachable_quotes_the_packet_and_has_right_checksums(
        source: [u8; 4], destination: [u8; 4], source6: [u8; 16], destination6: [u8; 16],
        quote: [u8; 28], quote6 in prop::collection::vec(any::<u8>(), 48),
    ) {
        let v4 = flow(mapped(source), mapped(destination), UDP);
        let reply = UnreachableV4::new(&v4, &quote);
        let packet = SlicedPacket::from_ip(reply.as_bytes()).unwrap();
        let Some(TransportSlice::Icmpv4(icmp)) = packet.transport else { panic!("no ICMP") };
        let unreachable = icmpv4::DestUnreachableHeader::Port;
        prop_assert_eq!(icmp.icmp_type(), Icmpv4Type::DestinationUnreachable(unreachable));
        prop_assert_eq!(icmp.payload(), &quote[..]);
        prop_assert_eq!(icmp.checksum(), icmp.icmp_type().calc_checksum(icmp.payload()));

        prop_assume!(!is_mapped(&source6));
        let v6 = flow(source6, destination6, UDP);
        let quote6: QuoteV6 = quote6.try_into().unwrap();
        let reply = UnreachableV6::new(&v6, &quote6);
        let packet = SlicedPacket::from_ip(reply.as_bytes()).unwrap();
        let Some(TransportSlice::Icmpv6(icmp)) = packet.transport else { panic!("no ICMPv6") };
        prop_assert_eq!(icmp.icmp_type(), Icmpv6Type::DestinationUnreachable(icmpv6::DestUnreachableCode::Port));
        prop_assert_eq!(icmp.payload(), &quote6[..]);
        prop_assert!(icmp.is_checksum_valid(destination6, source6));
    }

    #[test]
    fn an_answer_says_no_such_name_keeps_id_and_question_and_has_right_checksums(
        id: u16, flags: u16, name in "[a-z]{1,60}\\.[a-z]{2,9}", rest in prop::collection::vec(any::<u8>(), 0..40),
        source: [u8; 4], destination: [u8; 4], source6: [u8; 16], destination6: [u8; 16],
    ) {
        let flags = flags & 0x07ff;
        let mut query = [id.to_be_bytes(), flags.to_be_bytes(), [0, 1], [0, 0], [0, 0], [0, 1]].concat();
        for label in name.split('.') {
            query.push(u8::try_from(label.len()).unwrap());
            query.extend(label.bytes());
        }
        query.extend([0, 0, 1, 0, 1]);
        let end = query.len();
        query.extend(rest);
        let mut piece = Piece::new(&query);
        let len = u32::try_from(end).unwrap();
        let sum = deny(&mut piece, len, 0);
        let answer = &piece.bytes[..end];
        prop_assert_eq!(&answer[..2], &id.to_be_bytes());
        let answered = u16::from_be_bytes([answer[2], answer[3]]);
        prop_assert_eq!(answered, 0x8083 | flags & 0x0110, "query flags {:04x}", flags);
        prop_assert_eq!(&answer[4..12], &[0, 1, 0, 0, 0, 0, 0, 0]);
        prop_assert_eq!(&answer[12..], &query[12..end]);

        let v4 = flow(mapped(source), mapped(destination), UDP);
        let packet = [AnswerV4::new(&v4, len, sum).as_bytes(), answer].concat();
        let packet = SlicedPacket::from_ip(&packet).unwrap();
        let (Some(TransportSlice::Udp(udp)), Some(NetSlice::Ipv4(ip))) = (packet.transport, packet.net) else { panic!() };
        prop_assert_eq!(udp.payload(), answer);
        let expected = udp.to_header().calc_checksum_ipv4(&ip.header().to_header(), udp.payload()).unwrap();
        prop_assert_eq!(udp.checksum(), expected);
        prop_assume!(!is_mapped(&source6));
        let v6 = flow(source6, destination6, UDP);
        let packet = [AnswerV6::new(&v6, len, sum).as_bytes(), answer].concat();
        let packet = SlicedPacket::from_ip(&packet).unwrap();
        let (Some(TransportSlice::Udp(udp)), Some(NetSlice::Ipv6(ip))) = (packet.transport, packet.net) else { panic!() };
        let expected = udp.to_header().calc_checksum_ipv6(&ip.header().to_header(), udp.payload()).unwrap();
        prop_assert_eq!((udp.checksum(), udp.payload()), (expected, answer));
    }
}
