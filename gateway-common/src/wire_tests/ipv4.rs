//! IPv4: header length, total length, version and fragments.

use super::*;

fn frame_with(options: &[u8]) -> Vec<u8> {
    ethernet(0x0800, &ipv4_packet(TCP, options, &tcp_segment(&[], PAYLOAD)))
}

fn set_total_len(frame: &mut [u8], len: usize) {
    frame[IP + 2..IP + 4].copy_from_slice(&len16(len));
}

#[test]
fn options_of_every_length_move_the_payload_by_as_much() {
    for words in 0..=10 {
        let walk = assert_is_ours(&frame_with(&vec![1; words * 4]), TCP, true);
        assert_eq!(walk.network.offset, IP + 20 + words * 4);
    }
}

#[test]
fn options_that_look_like_a_tcp_header_are_not_taken_for_one() {
    let mut fake = tcp_segment(&[], &[]);
    fake[2..4].copy_from_slice(&80_u16.to_be_bytes());
    assert_is_ours(&frame_with(&fake), TCP, true);
}

#[test]
fn a_header_length_below_five_words_is_a_bad_header() {
    for ihl in 0..5 {
        let mut frame = frame_with(&[]);
        frame[IP] = 0x40 | ihl;
        assert_eq!(walk(&frame), Err(Reason::BadHeader), "IHL {ihl}");
    }
}

#[test]
fn a_version_other_than_four_is_a_bad_header() {
    for version in (0..16).filter(|version| *version != 4) {
        let mut frame = frame_with(&[]);
        frame[IP] = version << 4 | 5;
        assert_eq!(walk(&frame), Err(Reason::BadHeader), "version {version}");
    }
    let ipv6_as_ipv4 = ethernet(0x0800, &ipv6_packet(TCP, &tcp_segment(&[], PAYLOAD)));
    assert_eq!(walk(&ipv6_as_ipv4), Err(Reason::BadHeader));
}

#[test]
fn a_total_length_below_the_header_is_a_bad_header() {
    for words in [0, 1, 10] {
        let mut frame = frame_with(&vec![1; words * 4]);
        for len in 0..20 + words * 4 {
            set_total_len(&mut frame, len);
            assert_eq!(walk(&frame), Err(Reason::BadHeader), "total length {len}, {words} words of options");
        }
    }
}

#[test]
fn a_total_length_beyond_the_frame_is_truncated() {
    let mut frame = frame_with(&[]);
    let len = frame.len() - IP;
    for lie in [len + 1, len + 2, 1500, 0xffff] {
        set_total_len(&mut frame, lie);
        assert_eq!(walk(&frame), Err(Reason::Truncated), "total length {lie}, really {len}");
    }
}

#[test]
fn a_total_length_below_the_frame_cuts_the_payload_and_then_the_transport_header() {
    let mut frame = frame_with(&[]);
    let whole = frame.len() - IP;
    for len in 20..=whole {
        set_total_len(&mut frame, len);
        let result = walk(&frame);
        if len < 40 {
            // The header's bytes are in the frame, but not in the packet.
            assert_eq!(result, Err(Reason::BadHeader), "total length {len}");
        } else {
            assert_eq!(payload(&frame, &result.unwrap()), &PAYLOAD[..len - 40]);
        }
    }
}

#[test]
fn a_packet_of_the_greatest_length_is_read_to_its_end() {
    let payload = vec![7; 0xffff - 60 - 60];
    let frame = ethernet(0x0800, &ipv4_packet(TCP, &[1; 40], &tcp_segment(&[1; 40], &payload)));
    assert_eq!(super::payload(&frame, &walk(&frame).unwrap()), payload);
}

#[test]
fn the_smallest_packet_padded_to_the_smallest_frame_has_an_empty_payload() {
    let mut frame = ethernet(0x0800, &ipv4_packet(1, &[], &[]));
    frame.resize(60, 0);
    let walk = walk(&frame).unwrap();
    assert_eq!((walk.network.offset, walk.network.len, walk.transport), (IP + 20, 0, None));
}

#[test]
fn fragments_are_told_apart_by_offset_and_more_bit_and_the_other_bits_do_not_count() {
    use Fragment::{First, Later, No};
    let table = [
        (0x0000, No),
        (0x4000, No),
        (0x8000, No),
        (0xc000, No),
        (0x2000, First),
        (0x6000, First),
        (0xa000, First),
        (0x0001, Later),
        (0x1fff, Later),
        (0x2001, Later),
        (0x3fff, Later),
        (0x4001, Later),
        (0x8100, Later),
    ];
    for (field, expected) in table {
        let mut frame = frame_with(&[1; 8]);
        frame[IP + 6..IP + 8].copy_from_slice(&u16::to_be_bytes(field));
        let walk = walk(&frame).unwrap();
        assert_eq!(walk.network.fragment, expected, "{field:#06x}");
        assert_eq!(walk.transport.is_some(), expected != Later);
        assert_eq!(walk.network.offset, IP + 28);
    }
}

#[test]
fn a_later_fragment_of_one_byte_is_no_bad_header() {
    let mut frame = ethernet(0x0800, &ipv4_packet(TCP, &[], &[0xff]));
    frame[IP + 6..IP + 8].copy_from_slice(&[0, 1]);
    assert_eq!(walk(&frame).unwrap().network.fragment, Fragment::Later);
}

#[test]
fn addresses_are_mapped_into_ipv6() {
    assert_eq!(mapped(DESTINATION_V4), std::net::Ipv4Addr::from(DESTINATION_V4).to_ipv6_mapped().octets());
}

#[test]
fn other_protocols_have_no_transport_layer() {
    for protocol in (0..=u8::MAX).filter(|protocol| ![TCP, UDP].contains(protocol)) {
        let frame = ethernet(0x0800, &ipv4_packet(protocol, &[], &tcp_segment(&[], PAYLOAD)));
        let walk = walk(&frame).unwrap();
        assert_eq!((walk.network.protocol, walk.transport), (protocol, None));
    }
}
