//! TCP and UDP: lengths that lie, flags, and the first fragment of a datagram.

use super::*;

/// The segment in an IPv4 packet and in an IPv6 packet, each with padding behind it that must not be read.
fn frames(protocol: u8, bytes: &[u8]) -> [Vec<u8>; 2] {
    let mut frames = [
        ethernet(0x0800, &ipv4_packet(protocol, &[1; 4], bytes)),
        ethernet(0x86dd, &ipv6_packet(60, &ipv6::chain(&[60], protocol, bytes))),
    ];
    for frame in &mut frames {
        frame.extend([0x55; 80]);
    }
    frames
}

fn assert_bad(protocol: u8, bytes: &[u8], why: &str) {
    for frame in frames(protocol, bytes) {
        assert_eq!(walk(&frame), Err(Reason::BadHeader), "{why}");
    }
}

#[test]
fn tcp_options_of_every_length_move_the_payload_by_as_much() {
    for words in 0..=10 {
        for frame in frames(TCP, &tcp_segment(&vec![1; words * 4], PAYLOAD)) {
            let walk = walk(&frame).unwrap();
            assert_eq!(payload(&frame, &walk), PAYLOAD);
            assert_eq!(walk.transport.unwrap().offset, walk.network.offset + 20 + words * 4);
        }
    }
}

#[test]
fn a_tcp_data_offset_below_five_words_is_a_bad_header() {
    for words in 0..5 {
        let mut segment = tcp_segment(&[], PAYLOAD);
        segment[12] = words << 4 | 0x0f;
        assert_bad(TCP, &segment, "data offset below five");
    }
}

#[test]
fn a_tcp_data_offset_beyond_the_packet_is_a_bad_header() {
    for there in 20_u8..60 {
        let mut segment = tcp_segment(&[], &vec![0; usize::from(there) - 20]);
        for words in 5..16 {
            segment[12] = words << 4;
            if words * 4 > there {
                assert_bad(TCP, &segment, "data offset beyond the packet");
            } else {
                for frame in frames(TCP, &segment) {
                    assert_eq!(walk(&frame).unwrap().transport.unwrap().len, usize::from(there - words * 4));
                }
            }
        }
    }
}

#[test]
fn a_transport_header_that_does_not_fit_into_the_packet_is_a_bad_header() {
    for len in 0..20 {
        assert_bad(TCP, &tcp_segment(&[], &[])[..len], "short TCP header");
    }
    for len in 0..8 {
        assert_bad(UDP, &udp_datagram(&[])[..len], "short UDP header");
    }
    for frame in [
        ethernet(0x0800, &ipv4_packet(TCP, &[], &[0; 19])),
        ethernet(0x0800, &ipv4_packet(UDP, &[], &[0; 7])),
        ethernet(0x86dd, &ipv6_packet(TCP, &[])),
        ethernet(0x86dd, &ipv6_packet(UDP, &[])),
    ] {
        assert_eq!(walk(&frame), Err(Reason::BadHeader), "no padding behind it");
    }
}

#[test]
fn a_segment_and_a_datagram_without_payload_have_an_empty_one() {
    for frame in [frames(TCP, &tcp_segment(&[], &[])), frames(UDP, &udp_datagram(&[]))].concat() {
        assert!(payload(&frame, &walk(&frame).unwrap()).is_empty());
    }
}

#[test]
fn a_segment_opens_a_connection_if_it_has_syn_and_none_of_ack_fin_and_rst() {
    for flags in 0..=u8::MAX {
        let mut segment = tcp_segment(&[], PAYLOAD);
        segment[13] = flags;
        for frame in frames(TCP, &segment) {
            let transport = walk(&frame).unwrap().transport.unwrap();
            assert_eq!(transport.flags, flags);
            let (fin, syn, rst, ack) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0, flags & 16 != 0);
            assert_eq!(transport.is_opening(), syn && !fin && !rst && !ack, "flags {flags:#04x}");
        }
    }
}

#[test]
fn every_bit_of_the_sequence_number_is_kept() {
    for bit in 0..32 {
        let mut segment = tcp_segment(&[], PAYLOAD);
        segment[4..8].copy_from_slice(&(1_u32 << bit).to_be_bytes());
        for frame in frames(TCP, &segment) {
            assert_eq!(walk(&frame).unwrap().transport.unwrap().sequence, 1 << bit);
        }
    }
}

#[test]
fn a_udp_length_below_its_header_is_a_bad_header() {
    for len in 0..8 {
        let mut datagram = udp_datagram(PAYLOAD);
        datagram[4..6].copy_from_slice(&len16(len));
        assert_bad(UDP, &datagram, "length below eight");
    }
}

#[test]
fn a_udp_length_beyond_the_packet_is_a_bad_header() {
    for extra in [1, 2, 40, 0xffff - 8 - PAYLOAD.len()] {
        let mut datagram = udp_datagram(PAYLOAD);
        datagram[4..6].copy_from_slice(&len16(8 + PAYLOAD.len() + extra));
        assert_bad(UDP, &datagram, "length beyond the packet");
    }
}

#[test]
fn a_udp_length_below_the_packet_cuts_the_payload() {
    for len in 0..=PAYLOAD.len() {
        let mut datagram = udp_datagram(PAYLOAD);
        datagram[4..6].copy_from_slice(&len16(8 + len));
        for frame in frames(UDP, &datagram) {
            assert_eq!(payload(&frame, &walk(&frame).unwrap()), &PAYLOAD[..len]);
        }
    }
}

/// The datagram as the first fragment of an IPv4 packet and of an IPv6 packet.
fn first_fragments(datagram: &[u8]) -> [Vec<u8>; 2] {
    let mut v4 = ethernet(0x0800, &ipv4_packet(UDP, &[], datagram));
    v4[IP + 6] = 0x20;
    let v6 = [&[UDP, 0, 0, 1, 0, 0, 0, 9], datagram].concat();
    [v4, ethernet(0x86dd, &ipv6_packet(44, &v6))]
}

#[test]
fn the_first_fragment_of_a_datagram_may_announce_more_than_is_there() {
    let mut datagram = udp_datagram(PAYLOAD);
    for announced in [8 + PAYLOAD.len(), 9 + PAYLOAD.len(), 1500, 0xffff] {
        datagram[4..6].copy_from_slice(&len16(announced));
        for frame in first_fragments(&datagram) {
            let walk = walk(&frame).unwrap();
            assert_eq!(walk.network.fragment, Fragment::First);
            assert_eq!(payload(&frame, &walk), PAYLOAD);
        }
    }
}

#[test]
fn the_first_fragment_of_a_datagram_needs_a_whole_header_and_an_honest_least_length() {
    for len in 0..8 {
        let mut datagram = udp_datagram(PAYLOAD);
        datagram[4..6].copy_from_slice(&len16(len));
        for frame in first_fragments(&datagram) {
            assert_eq!(walk(&frame), Err(Reason::BadHeader), "announced {len}");
        }
        for frame in first_fragments(&udp_datagram(&[])[..len]) {
            assert_eq!(walk(&frame), Err(Reason::BadHeader), "{len} bytes of the header are there");
        }
    }
}

#[test]
fn the_first_fragment_of_a_segment_needs_a_whole_header() {
    for len in 0..20 {
        let mut frame = ethernet(0x0800, &ipv4_packet(TCP, &[], &tcp_segment(&[], &[])[..len]));
        frame[IP + 6] = 0x20;
        assert_eq!(walk(&frame), Err(Reason::BadHeader), "{len} bytes of the header are there");
    }
}
