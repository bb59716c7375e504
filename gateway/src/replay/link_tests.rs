//! Frames of every link layer, and all their beginnings.

use super::*;

const MAC: [u8; 6] = [0x8c, 0xbe, 0xbe, 0x12, 0x34, 0x56];
const V4: [u8; 4] = [0x45, 0, 0, 20];
const V6: [u8; 4] = [0x60, 0, 0, 0];

/// What becomes of a frame.
fn made(link: u32, data: &[u8]) -> Result<Vec<u8>, Skip> {
    ethernet(link, data, &mut vec![0xff; 100]).map(<[u8]>::to_vec)
}

/// A frame from `source` to nobody known.
fn frame(source: [u8; 6], ethertype: u16, payload: &[u8]) -> Result<Vec<u8>, Skip> {
    Ok([&[0; 6], &source[..], &ethertype.to_be_bytes(), payload].concat())
}

/// A cooked header of version 1.
fn cooked(len: u16, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&[0, 0, 0, 1], &len.to_be_bytes()[..], &MAC, &[7, 7], &ethertype.to_be_bytes(), payload].concat()
}

/// A cooked header of version 2.
fn cooked2(len: u8, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&ethertype.to_be_bytes()[..], &[0, 0, 0, 0, 0, 3, 0, 1, 0, len], &MAC, &[7, 7], payload].concat()
}

#[test]
fn ethernet_stays_as_it_is() {
    let data = [9; 20];
    assert_eq!(made(ETHERNET, &data), Ok(data.to_vec()));
    assert_eq!(made(ETHERNET, &data[..14]), Ok(data[..14].to_vec()));
    assert_eq!(made(ETHERNET, &data[..13]), Err(Skip::Short));
}

#[test]
fn raw_ip_is_of_the_version_that_it_says_and_of_no_known_sender() {
    for link in [RAW, RAW_BSD, RAW_OPENBSD] {
        assert_eq!(made(link, &V4), frame([0; 6], 0x0800, &V4));
        assert_eq!(made(link, &V6), frame([0; 6], 0x86dd, &V6));
    }
    assert_eq!(made(IPV4, &V4), frame([0; 6], 0x0800, &V4));
    assert_eq!(made(IPV6, &V6), frame([0; 6], 0x86dd, &V6));
}

#[test]
fn raw_ip_of_another_version_or_of_no_bytes_is_left_to_the_program() {
    assert_eq!(made(RAW, &[0x50, 1]), frame([0; 6], 0x0800, &[0x50, 1]));
    assert_eq!(made(RAW, &[]), frame([0; 6], 0x0800, &[]));
}

#[test]
fn a_cooked_frame_comes_from_the_sender_in_its_header() {
    assert_eq!(made(LINUX_SLL, &cooked(6, 0x0800, &V4)), frame(MAC, 0x0800, &V4));
    assert_eq!(made(LINUX_SLL2, &cooked2(6, 0x86dd, &V6)), frame(MAC, 0x86dd, &V6));
}

#[test]
fn a_vlan_tag_in_a_cooked_frame_stays() {
    let tagged = [&[0, 10, 0x08, 0][..], &V4].concat();
    assert_eq!(made(LINUX_SLL, &cooked(6, 0x8100, &tagged)), frame(MAC, 0x8100, &tagged));
}

#[test]
fn a_cooked_frame_without_a_mac_address_is_of_no_known_sender() {
    for len in [0, 4, 8, 20] {
        assert_eq!(made(LINUX_SLL, &cooked(len, 0x0800, &V4)), frame([0; 6], 0x0800, &V4));
    }
    assert_eq!(made(LINUX_SLL2, &cooked2(8, 0x0800, &V4)), frame([0; 6], 0x0800, &V4));
    assert_eq!(made(LINUX_SLL, &cooked(0x0600, 0x0800, &V4)), frame([0; 6], 0x0800, &V4));
}

#[test]
fn a_loopback_frame_says_its_family_in_either_byte_order() {
    for link in [NULL, LOOP] {
        for (family, ethertype) in
            [(2u32, 0x0800), (10, 0x86dd), (24, 0x86dd), (28, 0x86dd), (30, 0x86dd), (7, 0)]
        {
            for bytes in [family.to_be_bytes(), family.to_le_bytes()] {
                let data = [&bytes[..], &V4].concat();
                assert_eq!(made(link, &data), frame([0; 6], ethertype, &V4), "{family}");
            }
        }
    }
}

#[test]
fn a_frame_that_ends_in_its_link_layer_header_is_skipped() {
    for (link, len) in [(NULL, 4), (LOOP, 4), (LINUX_SLL, 16), (LINUX_SLL2, 20), (ETHERNET, 14)] {
        for cut in 0..len {
            assert_eq!(made(link, &vec![0; cut]), Err(Skip::Short), "{cut} bytes of link type {link}");
        }
        assert!(made(link, &vec![0; len]).is_ok(), "link type {link}");
    }
}

#[test]
fn another_link_layer_is_skipped_with_its_number() {
    assert_eq!(made(127, &[0; 40]), Err(Skip::LinkType(127)));
}
