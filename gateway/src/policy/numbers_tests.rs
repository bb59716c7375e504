//! Who stays keeps its number; who comes gets one that nobody has just left.

use std::path::PathBuf;

use proptest::prelude::*;

use gateway_common::wire::MacAddr;

use super::*;
use crate::policy::{
    DEFAULT_LISTEN, DEFAULT_STATE, Device, Ech, Entries, Events, NameFiles, Policy, PolicyAction, Quic,
    Schedule, SourceFile, Treatment,
};

fn config(policies: &[String], devices: &[u16]) -> Config {
    let policy = |name: &String| Policy {
        name: name.clone(),
        about: String::new(),
        action: PolicyAction::Drop,
        block: Entries::default(),
        resolve: false,
        allow: Entries::default(),
        lists: Vec::new(),
        nameless: Treatment::Pass,
        malformed: Treatment::Pass,
        fragments: Treatment::Pass,
        ip_literal: Treatment::Pass,
        ech: Ech::Pass,
        quic: Quic::Inspect,
        schedule: Schedule::default(),
        source: SourceFile::new(std::path::Path::new("p.toml"), ""),
    };
    let device = |n: &u16| Device { name: format!("d{n}"), address: mac(*n).into(), policies: Vec::new() };
    Config {
        file: PathBuf::new(),
        interfaces: Vec::new(),
        folder: PathBuf::new(),
        pin: PathBuf::new(),
        state: DEFAULT_STATE.into(),
        listen: DEFAULT_LISTEN,
        servers: Vec::new(),
        socket: PathBuf::new(),
        page: crate::policy::Page::default(),
        cache: PathBuf::new(),
        events: Events::default(),
        names: NameFiles::default(),
        default_policies: Vec::new(),
        track: 0,
        devices: devices.iter().map(device).collect(),
        policies: policies.iter().map(policy).collect(),
    }
}

fn mac(n: u16) -> DeviceKey {
    let [high, low] = n.to_be_bytes();
    DeviceKey::prefix(MacAddr([2, 0, 0, 0, high, low]), 6)
}

fn named(names: &[&str]) -> Config {
    config(&names.iter().map(|name| String::from(*name)).collect::<Vec<_>>(), &[])
}

fn numbers(policies: &[(&str, u8)]) -> BTreeMap<String, u8> {
    policies.iter().map(|(name, number)| (String::from(*name), *number)).collect()
}

#[test]
fn the_first_numbers_go_up_in_the_order_of_the_configuration() {
    let first = Numbers::default().assign(&config(&[String::from("z"), String::from("a")], &[7, 3])).unwrap();
    assert_eq!(first.policies, numbers(&[("z", 0), ("a", 1)]));
    assert_eq!(first.devices, BTreeMap::from([(mac(7), 1), (mac(3), 2)]));
}

#[test]
fn who_stays_keeps_its_number_and_a_newcomer_avoids_one_that_was_just_left() {
    let first = Numbers::default().assign(&named(&["a", "b", "c"])).unwrap();
    let second = first.assign(&named(&["n", "c", "a"])).unwrap();
    assert_eq!(second.policies, numbers(&[("a", 0), ("c", 2), ("n", 3)]));
    // What was left a generation earlier is given away again.
    let third = second.assign(&named(&["n", "m", "c", "a"])).unwrap();
    assert_eq!(third.policies, numbers(&[("a", 0), ("m", 1), ("c", 2), ("n", 3)]));
}

#[test]
fn a_number_that_was_just_left_is_taken_over_when_no_other_is_free() {
    let names: Vec<String> = (0..64).map(|n| format!("p{n}")).collect();
    let first = Numbers::default().assign(&config(&names, &[])).unwrap();
    let mut changed = names.clone();
    *changed.get_mut(5).unwrap() = String::from("new");
    let second = first.assign(&config(&changed, &[])).unwrap();
    assert_eq!(second.policies.get("new"), Some(&5));
    assert_eq!(second.fresh(&first), Fresh { policies: vec![5], devices: Vec::new() });
}

#[test]
fn a_number_is_fresh_if_it_has_another_owner_than_before_or_had_none() {
    let before = Numbers { policies: numbers(&[("a", 0), ("b", 1)]), devices: BTreeMap::from([(mac(1), 1)]) };
    let after = Numbers {
        policies: numbers(&[("a", 0), ("c", 1), ("d", 7)]),
        devices: BTreeMap::from([(mac(1), 1), (mac(2), 2)]),
    };
    assert_eq!(after.fresh(&before), Fresh { policies: vec![1, 7], devices: vec![2] });
    assert_eq!(after.fresh(&after), Fresh::default());
}

#[test]
fn numbers_read_back_that_are_out_of_range_or_stand_for_two_are_given_anew() {
    let broken = Numbers {
        policies: numbers(&[("a", 200), ("b", 3), ("c", 3)]),
        devices: BTreeMap::from([(mac(1), 0), (mac(2), MAX_DEVICES)]),
    };
    let config = config(&["a", "b", "c"].map(String::from), &[1, 2]);
    let now = broken.assign(&config).unwrap();
    assert_eq!(now.policies, numbers(&[("a", 0), ("b", 3), ("c", 1)]));
    assert_eq!(now.devices, BTreeMap::from([(mac(1), 1), (mac(2), 2)]));
    assert_eq!(now.fresh(&broken), Fresh { policies: vec![0, 1], devices: vec![1, 2] });
}

#[test]
fn more_owners_than_numbers_are_refused() {
    let names: Vec<String> = (0..65).map(|n| format!("p{n}")).collect();
    assert_eq!(Numbers::default().assign(&config(&names, &[])), Err(TooMany::Policies));
    let devices: Vec<u16> = (0..16_384).collect();
    assert_eq!(Numbers::default().assign(&config(&[], &devices)), Err(TooMany::Devices));
    assert!(Numbers::default().assign(&config(&[], devices.get(1..).unwrap())).is_ok());
}

proptest! {
    #[test]
    fn through_any_reloads_numbers_are_unique_and_owners_keep_theirs(
        reloads in prop::collection::vec(prop::collection::btree_set(0..80_u16, 0..=64), 1..6),
    ) {
        let mut previous = Numbers::default();
        for owners in reloads {
            let names: Vec<String> = owners.iter().map(|n| format!("p{n}")).collect();
            let devices: Vec<u16> = owners.into_iter().collect();
            let now = previous.assign(&config(&names, &devices)).unwrap();
            prop_assert_eq!(now.policies.len(), names.len());
            prop_assert_eq!(now.devices.len(), devices.len());
            let different: BTreeSet<u8> = now.policies.values().copied().collect();
            prop_assert_eq!(different.len(), names.len());
            prop_assert!(different.iter().all(|number| usize::from(*number) < MAX_POLICIES));
            let different: BTreeSet<u32> = now.devices.values().copied().collect();
            prop_assert_eq!(different.len(), devices.len());
            prop_assert!(different.iter().all(|number| (1..MAX_DEVICES).contains(number)));
            for (name, number) in &previous.policies {
                prop_assert!(now.policies.get(name).is_none_or(|kept| kept == number));
            }
            for (mac, number) in &previous.devices {
                prop_assert!(now.devices.get(mac).is_none_or(|kept| kept == number));
            }
            previous = now;
        }
    }
}
