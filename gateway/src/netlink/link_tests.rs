//! Attributes and answers, true and broken, and what this machine says of its loopback.

use super::*;

fn attributes(list: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (kind, value) in list {
        attribute(&mut bytes, *kind, value);
    }
    bytes
}

#[test]
fn a_veth_tells_its_other_end_and_the_namespace_of_that() {
    let info = attributes(&[(IFLA_INFO_KIND, b"veth\0")]);
    let xdp = attributes(&[(2, &[1]), (IFLA_XDP_DRV_PROG_ID, &7_u32.to_ne_bytes())]);
    let bytes = attributes(&[
        (3, b"lan1\0"),
        (IFLA_LINK, &5_u32.to_ne_bytes()),
        (IFLA_MASTER, &9_u32.to_ne_bytes()),
        (IFLA_LINKINFO | 0x8000, &info),
        (IFLA_LINK_NETNSID, &2_u32.to_ne_bytes()),
        (IFLA_XDP, &xdp),
    ]);
    let expected = Link {
        kind: Some(String::from("veth")),
        master: Some(9),
        peer: Some(5),
        peer_namespace: Some(2),
        native_program: true,
    };
    assert_eq!(read_link(&bytes), expected);
}

#[test]
fn a_program_in_generic_mode_is_not_one_in_the_driver() {
    let xdp = attributes(&[(2, &[2]), (4, &7_u32.to_ne_bytes()), (6, &7_u32.to_ne_bytes())]);
    assert!(!read_link(&attributes(&[(IFLA_XDP, &xdp)])).native_program);
}

#[test]
fn attributes_whose_lengths_lie_end_the_reading() {
    let good = attributes(&[(3, b"lan1\0"), (IFLA_LINK, &5_u32.to_ne_bytes())]);
    for len in 0..good.len() {
        let short = read_link(&good[..len]);
        assert!(short.peer.is_none(), "of {len} bytes: {short:?}");
    }
    for lie in [0_u16, 3, 200, u16::MAX] {
        let mut bytes = good.clone();
        bytes[..2].copy_from_slice(&lie.to_ne_bytes());
        assert_eq!(read_link(&bytes), Link::default());
    }
    assert_eq!(read_link(&attributes(&[(IFLA_LINK, &[5, 0])])).peer, None);
}

#[test]
fn the_loopback_interface_is_no_virtual_kind_and_an_absent_one_is_an_error() {
    let index = nix::net::if_::if_nametoindex("lo").unwrap();
    assert_eq!(link(index, None).unwrap().kind, None);
    assert!(link(u32::MAX >> 1, None).is_err());
    // Its driver has no XDP; a kernel before 6.3 does not say.
    assert!(matches!(xdp_features(index).unwrap(), None | Some(0)));
    assert!(link(index, Some(i32::MAX)).is_err());
}
