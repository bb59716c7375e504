use proptest::prelude::*;

use super::*;
use crate::policy::testing::config;
use crate::policy::{Compiled, Numbers, Standing, Who};

const fn mac(last: u8) -> MacAddr {
    MacAddr([0x8c, 0xbe, 0xbe, 0, 0, last])
}

fn tracking(track: usize, devices: &str) -> Config {
    config(&format!("[defaults]\ntrack = {track}\npolicies = [\"a\"]\n{devices}"), &["name = \"a\""])
}

fn device(name: &str, mac: &str) -> String {
    format!("[[device]]\nname = \"{name}\"\nmac = \"{mac}\"\n")
}

#[test]
fn the_first_that_were_seen_are_tracked() {
    let seen = [(mac(1), 30), (mac(2), 10), (mac(3), 20), (mac(4), 40)];
    let config = tracking(3, "");
    assert_eq!(newcomers(&config, &[], seen), [mac(2), mac(3), mac(1)]);
    assert_eq!(newcomers(&config, &[mac(9), mac(2)], seen), [mac(3)]);
    assert_eq!(newcomers(&config, &[mac(7), mac(8), mac(9)], seen), []);
    assert_eq!(newcomers(&tracking(0, ""), &[], seen), []);
}

#[test]
fn a_device_that_is_listed_is_not_tracked_and_one_that_becomes_listed_stops_to_be() {
    let listed = device("whole", "8c:be:be:00:00:01") + &device("all", "aa:bb:*");
    let config = tracking(10, &listed);
    let (of_all, other) = (MacAddr([0xaa, 0xbb, 1, 2, 3, 4]), mac(2));
    assert_eq!(newcomers(&config, &[], [(mac(1), 1), (of_all, 2), (other, 3)]), [other]);
    assert_eq!(kept(&config, [mac(1), of_all, other]), [other]);
}

#[test]
fn with_a_lower_number_those_with_the_lowest_numbers_stay() {
    let tracked = [mac(5), mac(4), mac(3)];
    assert_eq!(kept(&tracking(2, ""), tracked), [mac(5), mac(4)]);
    assert_eq!(kept(&tracking(0, ""), tracked), []);
}

#[test]
fn only_a_label_that_is_the_address_itself_is_of_one_that_is_tracked() {
    assert!(is_tracked("8c:be:be:00:00:01", DeviceKey::prefix(mac(1), 6)));
    assert!(!is_tracked("8c:be:be:00:00:01", DeviceKey::prefix(mac(2), 6)));
    assert!(!is_tracked("8c:be:be:*", DeviceKey::prefix(mac(1), 3)));
    assert!(!is_tracked("anna-phone", DeviceKey::prefix(mac(1), 6)));
}

#[test]
fn one_that_is_tracked_has_a_number_and_the_policies_of_all_unlisted_ones() {
    let config = tracking(2, &device("listed", "8c:be:be:00:00:01"));
    let numbers = Numbers::default().assign_with(&config, &[mac(2)]).unwrap();
    let compiled = Compiled::new(&config, numbers.clone(), 0).unwrap();
    let tracked = compiled.who.find(mac(2)).unwrap();
    assert_eq!((tracked.policies, tracked.number), (1, 2));
    assert_eq!(compiled.who.find(mac(1)).unwrap().policies, 0);
    assert_eq!(compiled.who.find(mac(3)), None);
    let off = Standing { off: ["a".to_owned()].into(), ..Standing::default() };
    assert_eq!(Who::new(&config, &off, &numbers).unwrap().find(mac(2)).unwrap().policies, 0);
}

#[test]
fn one_that_becomes_listed_keeps_its_number() {
    let before = Numbers::default().assign_with(&tracking(2, ""), &[mac(1), mac(2)]).unwrap();
    let config = tracking(2, &device("phone", "8c:be:be:00:00:02"));
    let after = before.assign_with(&config, &kept(&config, [mac(1), mac(2)])).unwrap();
    assert_eq!(after, before);
}

proptest! {
    #[test]
    fn there_are_never_more_than_the_configuration_says(
        rounds in prop::collection::vec((0..6_usize, prop::collection::vec((0..20_u8, 0..100_u64), 0..30)), 1..10),
    ) {
        let mut tracked = Vec::new();
        for (most, seen) in rounds {
            let config = tracking(most, &device("listed", "8c:be:be:00:00:03"));
            let before = kept(&config, tracked);
            tracked = before.clone();
            tracked.extend(newcomers(&config, &before, seen.iter().map(|(last, first)| (mac(*last), *first))));
            prop_assert!(tracked.len() <= most);
            prop_assert!(!tracked.contains(&mac(3)));
            let different: HashSet<_> = tracked.iter().collect();
            prop_assert_eq!(different.len(), tracked.len());
            let strangers = seen.iter().filter(|(last, _)| *last != 3).map(|(last, _)| mac(*last));
            let known: HashSet<_> = before.iter().copied().chain(strangers).collect();
            prop_assert_eq!(tracked.len(), known.len().min(most));
        }
    }
}
