//! The tables say what the policies say.

use gateway_common::abi::NO_PARENT;

use super::super::testing::{compiled, config};
use super::*;

#[test]
fn each_policy_sets_its_bit_where_it_blocks_and_where_it_allows() {
    let tables = compiled(
        "[defaults]\npolicies = [\"c\"]\n[[device]]\nname = \"x\"\nmac = \"02:00:00:00:00:01\"\npolicies = [\"a\", \"c\"]\n\
         [[device]]\nname = \"y\"\nmac = \"02:00:00:00:00:02\"\n",
        &[
            "name = \"a\"\n[block]\ndomains = [\"x.example\"]\nhosts = [\"x.example\"]\nports = [\"tcp/853\"]",
            "name = \"b\"\naction = \"observe\"\n[block]\ndomains = [\"x.example\"]\n[allow]\nhosts = [\"x.example\"]\n\
             ports = [\"tcp/853\", \"udp/853\"]\n[inspect]\nnameless = \"block\"\nmalformed = \"pass\"\nip_literal = \"block\"\nquic = \"pass\"",
            "name = \"c\"\naction = \"reject\"\n[inspect]\nfragments = \"pass\"\nech = \"block\"\nquic = \"block\"",
        ],
    );
    let masks =
        NameMasks { below: Masks { block: 0b11, allow: 0 }, exact: Masks { block: 0b01, allow: 0b10 } };
    assert_eq!(tables.names, BTreeMap::from([("x.example".parse().unwrap(), masks)]));
    let port = |protocol| PortKey { port: 853_u16.to_be_bytes(), protocol, reserved: 0 };
    let ports = [(port(6), Masks { block: 0b01, allow: 0b10 }), (port(17), Masks { block: 0, allow: 0b10 })];
    assert_eq!(tables.ports, BTreeMap::from(ports));
    assert_eq!(tables.default_policies, 0b100);
    assert_eq!(
        [tables.observe, tables.reject, tables.nameless, tables.malformed, tables.fragments],
        [0b010, 0b100, 0b010, 0b101, 0b011]
    );
    assert_eq!(
        [tables.ip_literal, tables.ech, tables.quic_block, tables.quic_pass],
        [0b010, 0b100, 0b100, 0b010]
    );
    let device = |policies, number| abi::Device { policies, number, reserved: 0 };
    assert_eq!(
        tables.devices,
        [(MacAddr([2, 0, 0, 0, 0, 1]), device(0b101, 1)), (MacAddr([2, 0, 0, 0, 0, 2]), device(0, 2))]
    );
}

#[test]
fn each_net_knows_the_next_shorter_one_around_it() {
    let tables = compiled(
        "",
        &[
            "name = \"a\"\n[block]\naddresses = [\"10.0.0.0/8\", \"10.1.0.0/16\", \"10.1.2.0/24\", \"10.1.2.3\", \
           \"10.2.0.0/16\", \"11.0.0.0/8\", \"2001:db8::/32\", \"2001:db8::1\"]\n\
           [allow]\naddresses = [\"10.1.2.0/24\", \"::/0\"]",
        ],
    );
    let parents = |prefixes: Vec<(String, PrefixMasks)>| -> Vec<(String, u32)> {
        prefixes.into_iter().map(|(net, masks)| (net, masks.parent)).collect()
    };
    let text = |net: &dyn std::fmt::Display| net.to_string();
    let v4 = parents(tables.prefixes_v4.iter().map(|(net, masks)| (text(net), *masks)).collect());
    let v6 = parents(tables.prefixes_v6.iter().map(|(net, masks)| (text(net), *masks)).collect());
    let expected = |pairs: &[(&str, u32)]| -> Vec<(String, u32)> {
        pairs.iter().map(|(net, parent)| (String::from(*net), *parent)).collect()
    };
    assert_eq!(
        v4,
        expected(&[
            ("10.0.0.0/8", NO_PARENT),
            ("10.1.0.0/16", 8),
            ("10.1.2.0/24", 16),
            ("10.1.2.3/32", 24),
            ("10.2.0.0/16", 8),
            ("11.0.0.0/8", NO_PARENT),
        ])
    );
    assert_eq!(v6, expected(&[("::/0", NO_PARENT), ("2001:db8::/32", 0), ("2001:db8::1/128", 32)]));
    let both = tables.prefixes_v4.iter().find(|(net, _)| net.prefix_len() == 24).unwrap();
    assert_eq!(both.1.masks, Masks { block: 1, allow: 1 });
}

#[test]
fn the_bits_follow_the_numbers_and_not_the_order() {
    let config =
        config("defaults.policies = [\"b\"]", &["name = \"a\"", "name = \"b\"\naction = \"observe\""]);
    let numbers = Numbers { policies: BTreeMap::from([(String::from("b"), 63)]), devices: BTreeMap::new() };
    let tables = Compiled::new(&config, numbers.assign(&config).unwrap()).unwrap();
    assert_eq!(tables.default_policies, 1 << 63);
    assert_eq!(tables.observe, 1 << 63);
    assert_eq!(tables.malformed, 1 << 63 | 1);
}

#[test]
fn a_policy_or_a_device_without_a_number_is_refused_and_not_left_unfiltered() {
    let config = config("[[device]]\nname = \"x\"\nmac = \"02:00:00:00:00:01\"", &["name = \"a\""]);
    assert_eq!(Compiled::new(&config, Numbers::default()), Err(NoNumber::Policy(String::from("a"))));
    let policies = BTreeMap::from([(String::from("a"), 0)]);
    let numbers = Numbers { policies, devices: BTreeMap::new() };
    assert_eq!(Compiled::new(&config, numbers), Err(NoNumber::Device(MacAddr([2, 0, 0, 0, 0, 1]))));
    let policies = BTreeMap::from([(String::from("a"), 64)]);
    let numbers = Numbers { policies, devices: BTreeMap::new() };
    assert_eq!(Compiled::new(&config, numbers), Err(NoNumber::Policy(String::from("a"))));
}
