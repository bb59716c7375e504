//! Rows of the table, true and broken, and the table of a network namespace of our own.

use super::*;
use crate::netlink::request::attribute;

const MAC: [u8; 6] = [0x8c, 0xbe, 0xbe, 0x12, 0x34, 0x56];

/// A row as the kernel writes it, with its family 2 (`AF_INET`).
fn row(state: u16, mac: &[u8], address: &[u8]) -> Vec<u8> {
    let mut row = vec![2, 0, 0, 0];
    row.extend(7_u32.to_ne_bytes());
    row.extend(state.to_ne_bytes());
    row.extend([0, 1]);
    attribute(&mut row, NDA_DST, address);
    attribute(&mut row, NDA_LLADDR, mac);
    attribute(&mut row, 4, &[0; 4]);
    row
}

#[test]
fn a_neighbour_of_either_family_is_read_with_its_interface() {
    let v4 = read(&row(0x02, &MAC, &[192, 168, 1, 5])).unwrap();
    assert_eq!(v4, (7, MacAddr(MAC), "192.168.1.5".parse().unwrap()));
    let address: Ipv6Addr = "fe80::8ebe:beff:fe12:3456".parse().unwrap();
    let v6 = read(&row(0x04, &MAC, &address.octets())).unwrap();
    assert_eq!(v6, (7, MacAddr(MAC), address.into()));
}

#[test]
fn what_never_answered_a_group_and_what_has_no_address_are_no_devices() {
    let address = [192, 168, 1, 5];
    for state in [0_u16, 0x01, 0x20, 0x40] {
        assert_eq!(read(&row(state, &MAC, &address)), None, "state {state:#x}");
    }
    assert_eq!(read(&row(0x02, &[0x01, 0, 0x5e, 0, 0, 1], &address)), None);
    assert_eq!(read(&row(0x80, &[0; 6], &address)), None);
    assert_eq!(read(&row(0x02, &MAC[..5], &address)), None);
    assert_eq!(read(&row(0x02, &MAC, &address[..3])), None);
    let good = row(0x02, &MAC, &address);
    // Up to the last byte of the MAC address.
    for len in 0..good.len() - 10 {
        assert_eq!(read(&good[..len]), None, "{len}");
    }
}

#[test]
fn the_table_of_this_machine_is_read_to_its_end() {
    for Neighbour { interface, mac, .. } in neighbours().unwrap() {
        assert!(!interface.is_empty() && !mac.is_group());
    }
}
