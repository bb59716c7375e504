//! The tables say what the policies say.

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
             ports = [\"tcp/853\", \"udp/853\"]\n[inspect]\nnameless = \"block\"\nmalformed = \"pass\"\nip_literal = \"block\"\nquic = \"pass\"\nech = \"judge\"",
            "name = \"c\"\naction = \"reject\"\n[inspect]\nfragments = \"pass\"\nech = \"block\"\nquic = \"block\"",
        ],
    );
    assert_eq!(tables.names.names, 1);
    assert_eq!(tables.names.look_up(b"x.example"), Masks { block: 0b11, allow: 0b10 });
    assert_eq!(tables.names.look_up(b"y.x.example"), Masks { block: 0b11, allow: 0 });
    let port = |protocol| PortKey { port: 853_u16.to_be_bytes(), protocol, reserved: 0 };
    let ports = [(port(6), Masks { block: 0b01, allow: 0b10 }), (port(17), Masks { block: 0, allow: 0b10 })];
    assert_eq!(tables.ports, BTreeMap::from(ports));
    assert_eq!(tables.who.default_policies, 0b100);
    assert_eq!(
        [tables.observe, tables.reject, tables.nameless, tables.malformed, tables.fragments],
        [0b010, 0b100, 0b010, 0b101, 0b011]
    );
    assert_eq!(
        [tables.ip_literal, tables.ech, tables.ech_judge, tables.quic_block, tables.quic_pass],
        [0b010, 0b100, 0b010, 0b100, 0b010]
    );
    let key = |last| DeviceKey::prefix(MacAddr([2, 0, 0, 0, 0, last]), 6);
    let device = |policies, number| abi::Device { policies, number, reserved: 0 };
    assert_eq!(tables.who.devices, BTreeMap::from([(key(1), device(0b101, 1)), (key(2), device(0, 2))]));
}

#[test]
fn the_bits_follow_the_numbers_and_not_the_order() {
    let config =
        config("defaults.policies = [\"b\"]", &["name = \"a\"", "name = \"b\"\naction = \"observe\""]);
    let numbers = Numbers { policies: BTreeMap::from([(String::from("b"), 63)]), devices: BTreeMap::new() };
    let tables = Compiled::new(&config, numbers.assign(&config).unwrap(), 0).unwrap();
    assert_eq!(tables.who.default_policies, 1 << 63);
    assert_eq!(tables.observe, 1 << 63);
    assert_eq!(tables.malformed, 1 << 63 | 1);
}

#[test]
fn a_policy_or_a_device_without_a_number_is_refused_and_not_left_unfiltered() {
    let config = config("[[device]]\nname = \"x\"\nmac = \"02:00:00:00:00:01\"", &["name = \"a\""]);
    assert_eq!(Compiled::new(&config, Numbers::default(), 0), Err(CompileError::Policy(String::from("a"))));
    let policies = BTreeMap::from([(String::from("a"), 0)]);
    let numbers = Numbers { policies, devices: BTreeMap::new() };
    assert_eq!(Compiled::new(&config, numbers, 0), Err(CompileError::Device(String::from("x"))));
    let policies = BTreeMap::from([(String::from("a"), 64)]);
    let numbers = Numbers { policies, devices: BTreeMap::new() };
    assert_eq!(Compiled::new(&config, numbers, 0), Err(CompileError::Policy(String::from("a"))));
}

#[test]
fn a_policy_that_is_off_has_no_bit_with_anyone_and_a_paused_device_none_at_all() {
    let config = config(
        "[defaults]\npolicies = [\"a\", \"b\"]\n[[device]]\nname = \"x\"\nmac = \"02:00:00:00:00:01\"\npolicies = [\"a\", \"b\"]\n\
         [[device]]\nname = \"y\"\nmac = \"02:00:*\"\npolicies = [\"a\", \"b\"]\n",
        &["name = \"a\"", "name = \"b\""],
    );
    let numbers = Numbers::default().assign(&config).unwrap();
    let paused = config.devices.iter().map(|device| device.address).take(1).collect();
    let standing = Standing { off: [String::from("a")].into(), paused };
    let who = Who::new(&config, &standing, &numbers).unwrap();
    assert_eq!(who.default_policies, 0b10);
    let policies = |last| who.find(MacAddr([2, 0, 0, 0, 0, last])).unwrap().policies;
    assert_eq!([policies(1), policies(2)], [0, 0b10]);
}
