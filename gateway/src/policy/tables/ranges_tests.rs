//! The trees say of every address what a plain search through the nets says.

use proptest::prelude::*;

use super::*;

fn table(nets: &[(&str, u64, u64)]) -> PrefixTable {
    let nets = nets
        .iter()
        .map(|(net, block, allow)| (net.parse::<IpNet>().unwrap(), Masks { block: *block, allow: *allow }));
    PrefixTable::new(&nets.collect())
}

fn naive(prefixes: &Prefixes, address: IpAddr, policies: u64) -> Masks {
    let around = prefixes.iter().filter(|(net, _)| net.contains(&address));
    let says = around.filter(|(_, masks)| (masks.block | masks.allow) & policies != 0);
    says.max_by_key(|(net, _)| net.prefix_len()).map(|(_, masks)| *masks).unwrap_or_default()
}

#[test]
fn the_longest_net_that_says_something_about_the_policies_decides() {
    let table = table(&[
        ("10.0.0.0/8", 0b01, 0),
        ("10.1.0.0/16", 0b10, 0),
        ("10.1.2.0/24", 0, 0b01),
        ("10.1.2.3/32", 0b100, 0),
        ("2001:db8::/32", 0b01, 0),
        ("2001:db8::1/128", 0, 0b01),
    ]);
    assert_eq!(table.nets, 6);
    let look_up = |address: &str, policies| {
        let masks = table.look_up(address.parse().unwrap(), policies);
        (masks.block, masks.allow)
    };
    assert_eq!(look_up("10.255.255.255", 0b01), (0b01, 0));
    assert_eq!(look_up("11.0.0.0", u64::MAX), (0, 0));
    assert_eq!(look_up("9.255.255.255", u64::MAX), (0, 0));
    assert_eq!(look_up("10.1.2.3", 0b100), (0b100, 0));
    assert_eq!(look_up("10.1.2.3", 0b001), (0, 0b01));
    assert_eq!(look_up("10.1.2.3", 0b010), (0b10, 0));
    assert_eq!(look_up("10.1.2.4", 0b100), (0, 0));
    assert_eq!(look_up("2001:db8::1", 1), (0, 1));
    assert_eq!(look_up("2001:db8::2", 1), (1, 0));
    assert_eq!(look_up("2001:db9::", 1), (0, 0));
    assert_eq!(look_up("::ffff:10.1.2.3", 1), (0, 0));
}

#[test]
fn nets_of_one_family_say_nothing_of_the_other() {
    let table = table(&[("::/0", 1, 0)]);
    assert_eq!(table.look_up("::".parse().unwrap(), 1).block, 1);
    assert_eq!(table.look_up("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap(), 1).block, 1);
    assert_eq!(table.look_up("10.0.0.1".parse().unwrap(), 1).block, 0);
    let table = self::table(&[("0.0.0.0/0", 1, 0)]);
    assert_eq!(table.look_up("255.255.255.255".parse().unwrap(), 1).block, 1);
    assert_eq!(table.look_up("0.0.0.0".parse().unwrap(), 1).block, 1);
    assert_eq!(table.look_up("::1".parse().unwrap(), 1).block, 0);
}

#[test]
fn the_first_and_the_last_address_are_held() {
    let table = table(&[
        ("0.0.0.0/32", 1, 0),
        ("255.255.255.255/32", 2, 0),
        ("::/128", 1, 0),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", 2, 0),
    ]);
    for (address, block) in [
        ("0.0.0.0", 1),
        ("0.0.0.1", 0),
        ("255.255.255.254", 0),
        ("255.255.255.255", 2),
        ("::", 1),
        ("::1", 0),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 0),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 2),
    ] {
        assert_eq!(table.look_up(address.parse().unwrap(), u64::MAX).block, block, "{address}");
    }
}

#[test]
fn trees_of_every_height_hold_each_net_and_nothing_beside_it() {
    for count in [1_u32, 7, 8, 9, 64, 127, 128, 129, 1000, 20_000] {
        let nets = (0..count).map(|at| {
            let net = IpNet::new(IpAddr::V4((at * 512).into()), 24).unwrap();
            (net, Masks { block: u64::from(at) + 1, allow: 0 })
        });
        let v6 = (0..count).map(|at| {
            let net = IpNet::new(IpAddr::V6((u128::from(at) << 70).into()), 60).unwrap();
            (net, Masks { block: u64::from(at) + 1, allow: 0 })
        });
        let table = PrefixTable::new(&nets.chain(v6).collect());
        for at in 0..count {
            let block = |address: IpAddr| table.look_up(address, u64::MAX).block;
            let expected = u64::from(at) + 1;
            assert_eq!(block(IpAddr::V4((at * 512).into())), expected);
            assert_eq!(block(IpAddr::V4((at * 512 + 255).into())), expected);
            assert_eq!(block(IpAddr::V4((at * 512 + 256).into())), 0);
            let start = u128::from(at) << 70;
            assert_eq!(block(IpAddr::V6(start.into())), expected);
            assert_eq!(block(IpAddr::V6((start + (1 << 68) - 1).into())), expected);
            assert_eq!(block(IpAddr::V6((start + (1 << 68)).into())), 0);
        }
    }
}

fn nets() -> impl Strategy<Value = Prefixes> {
    // Few bits vary, so that nets lie in each other and beside each other.
    let v4 = (any::<u32>(), 0_u8..=32).prop_map(|(bits, len)| {
        let address = bits & 0xc000_00c3;
        IpNet::new(IpAddr::V4(address.into()), len).unwrap().trunc()
    });
    let v6 = (any::<u128>(), 0_u8..=128).prop_map(|(bits, len)| {
        let address = bits & 0xc000_0000_0000_0003_8000_0000_0000_00c3;
        IpNet::new(IpAddr::V6(address.into()), len).unwrap().trunc()
    });
    let masks = (0_u64..8, 0_u64..8).prop_map(|(block, allow)| Masks { block, allow });
    prop::collection::btree_map(prop_oneof![v4, v6], masks, 0..60)
}

proptest! {
    #[test]
    fn the_trees_say_what_the_nets_say(
        prefixes in nets(),
        addresses in prop::collection::vec((any::<u128>(), any::<bool>()), 60),
        policies in 0_u64..8,
    ) {
        let table = PrefixTable::new(&prefixes);
        let near = prefixes.keys().flat_map(|net| [net.network(), net.broadcast()]);
        let random = addresses.iter().map(|(bits, v4)| {
            if *v4 { IpAddr::V4((*bits as u32 & 0xc000_00ff).into()) }
            else { IpAddr::V6((*bits & 0xc000_0000_0000_0003_8000_0000_0000_00ff).into()) }
        });
        for address in near.chain(random) {
            let expected = naive(&prefixes, address, policies);
            prop_assert_eq!(table.look_up(address, policies), expected, "{} {:b}", address, policies);
        }
    }
}
