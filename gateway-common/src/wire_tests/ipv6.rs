//! IPv6: the chain of extension headers, its lengths and its fragments.

use super::*;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const ESP: u8 = 50;
const AUTHENTICATION: u8 = 51;
const NO_NEXT_HEADER: u8 = 59;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const HIP: u8 = 139;
const SHIM6: u8 = 140;

/// Every kind that is walked over and not a fragment header.
const KINDS: [u8; 7] = [HOP_BY_HOP, ROUTING, AUTHENTICATION, DESTINATION, MOBILITY, HIP, SHIM6];

/// An extension header of the kind with this length field, whose bytes are all there.
fn header(kind: u8, len: u8, next: u8) -> Vec<u8> {
    let bytes = match kind {
        FRAGMENT => 8,
        AUTHENTICATION => (usize::from(len) + 2) * 4,
        _ => (usize::from(len) + 1) * 8,
    };
    let mut header = vec![0; bytes];
    header[..2].copy_from_slice(&[next, if kind == FRAGMENT { 0 } else { len }]);
    header
}

/// A fragment header.
fn fragment(next: u8, offset: u16, more: bool) -> Vec<u8> {
    let place = (offset << 3 | u16::from(more)).to_be_bytes();
    vec![next, 0, place[0], place[1], 0, 0, 0, 1]
}

/// Extension headers of these kinds, of their usual length, and `payload` of protocol `last` behind them.
pub(super) fn chain(kinds: &[u8], last: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, kind) in kinds.iter().enumerate() {
        let next = kinds.get(index + 1).copied().unwrap_or(last);
        bytes.extend(header(*kind, if *kind == AUTHENTICATION { 4 } else { 1 }, next));
    }
    bytes.extend(payload);
    bytes
}

fn frame_with(kinds: &[u8], last: u8, payload: &[u8]) -> Vec<u8> {
    let first = kinds.first().copied().unwrap_or(last);
    ethernet(0x86dd, &ipv6_packet(first, &chain(kinds, last, payload)))
}

fn set_payload_len(frame: &mut [u8], len: usize) {
    frame[IP + 4..IP + 6].copy_from_slice(&len16(len));
}

#[test]
fn every_kind_of_extension_header_is_walked_over_at_every_length() {
    for kind in KINDS {
        for len in 0..=u8::MAX {
            let extension = header(kind, len, TCP);
            let packet = ipv6_packet(kind, &[extension.as_slice(), &tcp_segment(&[], PAYLOAD)].concat());
            let walk = assert_is_ours(&ethernet(0x86dd, &packet), TCP, false);
            assert_eq!(walk.network.offset, IP + 40 + extension.len(), "kind {kind}, length {len}");
        }
    }
}

#[test]
fn the_authentication_header_counts_words_of_four_bytes_and_the_others_of_eight() {
    let sizes = [(AUTHENTICATION, 4, 24), (AUTHENTICATION, 1, 12), (DESTINATION, 4, 40), (ROUTING, 0, 8)];
    for (kind, len, bytes) in sizes {
        assert_eq!(header(kind, len, TCP).len(), bytes);
    }
}

#[test]
fn up_to_eight_extension_headers_are_followed_and_nine_are_too_long() {
    for kind in KINDS.into_iter().chain([FRAGMENT]) {
        for count in 0..=8 {
            let frame = frame_with(&vec![kind; count], UDP, &udp_datagram(PAYLOAD));
            assert_is_ours(&frame, UDP, false);
        }
        for count in 9..12 {
            let frame = frame_with(&vec![kind; count], UDP, &udp_datagram(PAYLOAD));
            assert_eq!(walk(&frame), Err(Reason::TooLong), "{count} of kind {kind}");
        }
    }
}

#[test]
fn eight_extension_headers_of_the_greatest_length_are_followed() {
    for kind in KINDS {
        let mut bytes = Vec::new();
        for next in [kind; MAX_EXTENSIONS - 1].into_iter().chain([TCP]) {
            bytes.extend(header(kind, u8::MAX, next));
        }
        let len = bytes.len();
        bytes.extend(tcp_segment(&[], PAYLOAD));
        let packet = ipv6_packet(kind, &bytes);
        for tags in [&[][..], &[(0x88a8, [0, 1]), (0x8100, [0, 2])]] {
            let walk = assert_is_ours(&tagged(tags, 0x86dd, &packet), TCP, false);
            assert_eq!(walk.network.offset, IP + 4 * tags.len() + 40 + len);
        }
    }
}

#[test]
fn the_order_that_the_rfc_recommends_is_followed() {
    let kinds = [HOP_BY_HOP, DESTINATION, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION, MOBILITY];
    assert_is_ours(&frame_with(&kinds, TCP, &tcp_segment(&[], PAYLOAD)), TCP, false);
}

#[test]
fn behind_esp_and_no_next_header_nothing_is_read() {
    for last in [ESP, NO_NEXT_HEADER, 58, 253] {
        for kinds in [&[][..], &[DESTINATION], &[DESTINATION; MAX_EXTENSIONS]] {
            let walk = walk(&frame_with(kinds, last, &tcp_segment(&[], PAYLOAD))).unwrap();
            assert_eq!((walk.network.protocol, walk.transport), (last, None));
            assert_eq!(walk.network.len, 20 + PAYLOAD.len());
        }
    }
}

#[test]
fn an_extension_header_that_leaves_the_packet_is_a_bad_header_even_when_the_frame_goes_on() {
    for kind in KINDS {
        for len in 1..=u8::MAX {
            let extension = header(kind, len, TCP);
            let mut frame = ethernet(0x86dd, &ipv6_packet(kind, &extension));
            frame.extend([0xee; 64]);
            set_payload_len(&mut frame, extension.len() - 1);
            assert_eq!(walk(&frame), Err(Reason::BadHeader), "kind {kind}, length {len}");
        }
    }
    for left in 0..8 {
        let mut frame = ethernet(0x86dd, &ipv6_packet(FRAGMENT, &fragment(TCP, 0, false)));
        set_payload_len(&mut frame, left);
        assert_eq!(
            walk(&frame),
            Err(Reason::BadHeader),
            "fragment header of which {left} bytes are in the packet"
        );
    }
}

#[test]
fn an_extension_header_that_leaves_the_frame_is_refused_wherever_the_frame_ends() {
    for kind in KINDS.into_iter().chain([FRAGMENT]) {
        let extension = header(kind, 2, TCP);
        for there in 0..extension.len() {
            let frame = ethernet(0x86dd, &ipv6_packet(kind, &extension[..there]));
            let result = walk(&frame);
            assert!(
                matches!(result, Err(Reason::BadHeader | Reason::Truncated)),
                "kind {kind} of which {there} bytes are there: {result:?}"
            );
        }
    }
}

#[test]
fn a_second_extension_header_that_leaves_the_packet_is_refused_too() {
    let mut bytes = header(DESTINATION, 0, ROUTING);
    bytes.extend(header(ROUTING, 200, TCP));
    let mut frame = ethernet(0x86dd, &ipv6_packet(DESTINATION, &bytes));
    set_payload_len(&mut frame, 8 + 16);
    assert_eq!(walk(&frame), Err(Reason::BadHeader));
}

#[test]
fn a_version_other_than_six_is_a_bad_header() {
    for version in (0..16).filter(|version| *version != 6) {
        let mut frame = frame_with(&[], TCP, &tcp_segment(&[], PAYLOAD));
        frame[IP] = version << 4;
        assert_eq!(walk(&frame), Err(Reason::BadHeader), "version {version}");
    }
}

#[test]
fn traffic_class_and_flow_label_do_not_count() {
    let mut frame = frame_with(&[], TCP, &tcp_segment(&[], PAYLOAD));
    frame[IP..IP + 4].copy_from_slice(&[0x6f, 0xff, 0xff, 0xff]);
    assert_is_ours(&frame, TCP, false);
}

#[test]
fn a_payload_length_beyond_the_frame_is_truncated_and_one_below_cuts_the_payload() {
    let mut frame = frame_with(&[], TCP, &tcp_segment(&[], PAYLOAD));
    let whole = frame.len() - IP - 40;
    for lie in [whole + 1, 1500, 0xffff] {
        set_payload_len(&mut frame, lie);
        assert_eq!(walk(&frame), Err(Reason::Truncated));
    }
    for len in 0..=whole {
        set_payload_len(&mut frame, len);
        let result = walk(&frame);
        if len < 20 {
            assert_eq!(result, Err(Reason::BadHeader), "payload length {len}");
        } else {
            assert_eq!(payload(&frame, &result.unwrap()), &PAYLOAD[..len - 20]);
        }
    }
}

#[test]
fn a_packet_of_the_greatest_length_is_read_to_its_end() {
    for payload in [vec![7; 0xffff - 20], vec![7; 0xffff - 20 - 16]] {
        let kinds = if payload.len() == 0xffff - 20 { &[][..] } else { &[DESTINATION] };
        let frame = frame_with(kinds, TCP, &tcp_segment(&[], &payload));
        assert_eq!(super::payload(&frame, &walk(&frame).unwrap()), payload);
    }
}

#[test]
fn a_jumbogram_is_a_bad_header() {
    let jumbo_option = [TCP, 0, 0xc2, 4, 0, 1, 0, 0];
    let packet = ipv6_packet(HOP_BY_HOP, &[&jumbo_option[..], &tcp_segment(&[], PAYLOAD)].concat());
    let mut frame = ethernet(0x86dd, &packet);
    set_payload_len(&mut frame, 0);
    assert_eq!(walk(&frame), Err(Reason::BadHeader));
}

#[test]
fn fragments_are_told_apart_and_an_atomic_one_is_none() {
    use Fragment::{First, Later, No};
    let table =
        [(0, false, No), (0, true, First), (1, false, Later), (1, true, Later), (0x1fff, true, Later)];
    for (offset, more, expected) in table {
        let bytes = [fragment(TCP, offset, more), tcp_segment(&[], PAYLOAD)].concat();
        let walk = walk(&ethernet(0x86dd, &ipv6_packet(FRAGMENT, &bytes))).unwrap();
        assert_eq!((walk.network.fragment, walk.network.protocol), (expected, TCP));
        assert_eq!(walk.transport.is_some(), expected != Later);
        assert_eq!((walk.network.offset, walk.network.len), (IP + 48, 20 + PAYLOAD.len()));
    }
}

#[test]
fn the_reserved_bits_of_a_fragment_header_do_not_count() {
    let mut bytes = [fragment(TCP, 0, false), tcp_segment(&[], PAYLOAD)].concat();
    bytes[1] = 0xff;
    bytes[3] = 0b110;
    let walk = assert_is_ours(&ethernet(0x86dd, &ipv6_packet(FRAGMENT, &bytes)), TCP, false);
    assert_eq!(walk.network.fragment, Fragment::No);
}

#[test]
fn what_follows_a_later_fragment_is_data_even_if_its_number_is_that_of_an_extension_header() {
    for kind in KINDS.into_iter().chain([FRAGMENT]) {
        let bytes = [fragment(kind, 100, true), vec![0xff; 5]].concat();
        let walk = walk(&ethernet(0x86dd, &ipv6_packet(FRAGMENT, &bytes))).unwrap();
        assert_eq!((walk.network.fragment, walk.network.protocol), (Fragment::Later, kind));
        assert_eq!((walk.network.len, walk.transport), (5, None));
    }
}

#[test]
fn extension_headers_behind_a_first_fragment_are_walked_over() {
    let bytes =
        [fragment(DESTINATION, 0, true), header(DESTINATION, 0, TCP), tcp_segment(&[], PAYLOAD)].concat();
    let walk = assert_is_ours(&ethernet(0x86dd, &ipv6_packet(FRAGMENT, &bytes)), TCP, false);
    assert_eq!(walk.network.fragment, Fragment::First);
}

#[test]
fn a_fragment_stays_one_whatever_fragment_header_follows() {
    use Fragment::{First, Later};
    for (offset, more, expected) in [(0, false, First), (0, true, First), (1, false, Later)] {
        let bytes =
            [fragment(FRAGMENT, 0, true), fragment(TCP, offset, more), tcp_segment(&[], PAYLOAD)].concat();
        let walk = walk(&ethernet(0x86dd, &ipv6_packet(FRAGMENT, &bytes))).unwrap();
        assert_eq!(walk.network.fragment, expected, "a first fragment, then offset {offset}, more {more}");
    }
}
