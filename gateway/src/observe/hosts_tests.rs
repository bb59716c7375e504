//! Names are counted, and those that are seen most stay.

use proptest::prelude::*;

use super::*;
use crate::observe::testing::record;

fn told(name: &str, verdict: &str, device: &str, time: f64) -> Record {
    let policy = (verdict != "pass").then(|| "account".to_owned());
    Record {
        name: Some(name.to_owned()),
        verdict: verdict.to_owned(),
        device: device.to_owned(),
        policy,
        time,
        ..record()
    }
}

fn names(hosts: &Hosts, limit: usize) -> Vec<String> {
    hosts.view(limit).hosts.into_iter().map(|host| host.name).collect()
}

#[test]
fn each_name_has_how_often_it_was_seen_and_blocked_when_by_whom_and_by_which_policy() {
    let hosts = Hosts::default();
    for (verdict, device, time) in [
        ("reject", "anna-phone", 100.9),
        ("drop", "bob-phone", 200.0),
        ("observe", "anna-phone", 150.0),
        ("pass", "other", 120.0),
    ] {
        hosts.count(&told("a.example", verdict, device, time));
    }
    let expected = HostView {
        name: "a.example".into(),
        seen: 4,
        blocked: 2,
        last: 200,
        devices: ["other", "anna-phone", "bob-phone"].map(String::from).to_vec(),
        policies: vec!["account".into()],
    };
    assert_eq!(hosts.view(10).hosts, [expected]);
}

#[test]
fn the_most_blocked_come_first_then_the_most_seen() {
    let hosts = Hosts::default();
    for (name, verdict, times) in
        [("seen", "pass", 9), ("blocked", "drop", 2), ("rare", "pass", 1), ("more", "reject", 3)]
    {
        (0..times).for_each(|_| hosts.count(&told(name, verdict, "x", 1.0)));
    }
    assert_eq!(names(&hosts, 10), ["more", "blocked", "seen", "rare"]);
    assert_eq!(names(&hosts, 2), ["more", "blocked"]);
}

#[test]
fn an_event_without_a_name_is_no_host() {
    let hosts = Hosts::default();
    hosts.count(&Record { name: None, ..record() });
    assert_eq!(hosts.view(10).hosts, []);
}

#[test]
fn names_that_come_once_each_do_not_drive_out_one_that_comes_again_and_again() {
    let hosts = Hosts::default();
    for number in 0..5 * MOST {
        hosts.count(&told(&format!("{number}.example"), "pass", "x", 1.0));
        if number % 10 == 0 {
            hosts.count(&told("again.example", "pass", "x", 1.0));
        }
    }
    let view = hosts.view(usize::MAX).hosts;
    assert_eq!(view.len(), MOST);
    assert_eq!(view[0].name, "again.example");
    assert_eq!(view[0].seen, 5 * MOST as u64 / 10, "it was there from the beginning");
}

#[test]
fn a_name_that_becomes_frequent_comes_into_a_full_table() {
    let hosts = Hosts::default();
    for number in 0..3 * MOST {
        hosts.count(&told(&format!("{}.example", number % MOST), "pass", "x", 1.0));
    }
    for number in 0..MOST {
        hosts.count(&told("new.example", "drop", "x", 1.0));
        hosts.count(&told(&format!("{number}.test"), "pass", "x", 1.0));
    }
    let view = hosts.view(1).hosts;
    assert_eq!((view[0].name.as_str(), view[0].seen), ("new.example", MOST as u64));
}

#[test]
fn of_many_devices_the_last_few_are_named() {
    let hosts = Hosts::default();
    for number in 0..20 {
        hosts.count(&told("a.example", "pass", &format!("device-{number}"), 1.0));
    }
    let devices = &hosts.view(1).hosts[0].devices;
    assert_eq!(devices.len(), FEW);
    assert_eq!((devices[0].as_str(), devices[7].as_str()), ("device-19", "device-12"));
}

proptest! {
    #[test]
    fn nothing_is_ever_counted_too_much_and_little_is_missing(numbers in proptest::collection::vec(0..40_u32, 0..500)) {
        let mut table = Table::new(8);
        let mut truth: HashMap<String, u64> = HashMap::new();
        for number in &numbers {
            // Multiplied, so that some are frequent.
            let name = (number * number % 30).to_string();
            table.count(&name, &record());
            *truth.entry(name).or_default() += 1;
        }
        let view = table.view();
        prop_assert!(view.len() <= 8);
        let seen = |name: &str| view.iter().find(|host| host.name == name).map_or(0, |host| host.seen);
        for (name, truth) in truth {
            prop_assert!(seen(&name) <= truth);
            prop_assert!(seen(&name) + numbers.len() as u64 / 8 >= truth);
        }
    }
}
