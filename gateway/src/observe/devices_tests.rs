//! Counters, names and those that were seen, put together.

use std::sync::Arc;

use gateway_common::abi::DeviceCounters;
use gateway_common::reason::Reason;

use super::*;
use crate::observe::snapshot::BlockedRow;
use crate::policy::OTHER;
use crate::who::leases::Lease;

const ANNA: &str = "8c:be:be:12:34:56";

fn address(text: &str) -> DeviceAddress {
    text.parse().unwrap()
}

fn mac(text: &str) -> MacAddr {
    text.parse().unwrap()
}

/// What two devices did, `anna` and all that begin with `02:00:00`, and all others.
fn snapshot() -> Snapshot {
    let device = |name: &str, address: Option<DeviceAddress>, packets| DeviceRow {
        name: name.to_owned(),
        address,
        policies: vec!["a".to_owned()],
        counters: DeviceCounters {
            packets,
            bytes: 100 * packets,
            flows: 7,
            down_packets: 2 * packets,
            down_bytes: 300 * packets,
            ..DeviceCounters::ZERO
        },
    };
    let blocked = |device, action, packets, flows| BlockedRow {
        device,
        policy: "a".to_owned(),
        reason: Reason::TlsSni,
        action,
        packets,
        flows,
    };
    Snapshot {
        generation: 1,
        devices: vec![
            device(OTHER, None, 1),
            device("anna", Some(address(ANNA)), 10),
            device("virtual", Some(address("02:00:00:*")), 0),
        ],
        blocked: vec![
            blocked(1, Action::Drop, 5, 2),
            blocked(1, Action::Reject, 3, 1),
            blocked(1, Action::Observe, 100, 4),
            blocked(0, Action::Drop, 1, 1),
        ],
        events_lost: 0,
        answers: Vec::new(),
    }
}

fn look(seen: &[(MacAddr, u64)], directory: &Directory) -> Vec<DeviceView> {
    views(&snapshot(), &Pauses::default(), seen, directory)
}

#[test]
fn counters_are_told_for_all_others_and_for_each_listed_device() {
    let views = look(&[], &Directory::default());
    let names: Vec<_> = views.iter().map(|view| (view.device.as_deref(), view.listed)).collect();
    assert_eq!(names, [(Some(OTHER), false), (Some("anna"), true), (Some("virtual"), true)]);
    let anna = &views[1];
    assert_eq!(
        (anna.packets, anna.bytes, anna.packets_down, anna.bytes_down, anna.flows),
        (10, 1000, 20, 3000, 7)
    );
    assert_eq!((anna.blocked_packets, anna.blocked_flows, anna.observed_flows), (8, 3, 4));
    assert_eq!((views[0].blocked_packets, views[2].blocked_packets), (1, 0));
    assert_eq!((&views[0].mac, &views[0].last_seen), (&None, &None));
}

#[test]
fn one_that_is_tracked_has_counters_and_is_not_listed() {
    let mut snapshot = snapshot();
    snapshot.devices[1].name = ANNA.to_owned();
    let views = views(&snapshot, &Pauses::default(), &[(mac(ANNA), 400)], &Directory::default());
    assert_eq!(views.len(), 3);
    assert_eq!((views[1].device.as_deref(), views[1].listed, views[1].packets), (Some(ANNA), false, 10));
}

#[test]
fn those_that_were_seen_come_behind_the_last_first_without_those_that_are_listed_meanwhile() {
    let seen = [
        (mac("8c:be:be:00:00:01"), 100),
        (mac(ANNA), 400),
        (mac("8c:be:be:00:00:02"), 300),
        (mac("02:00:00:00:00:09"), 200),
        (mac("da:a1:19:00:00:03"), 300),
    ];
    let views = look(&seen, &Directory::default());
    let unlisted: Vec<_> =
        views[3..].iter().map(|view| (view.mac.unwrap().to_string(), view.last_seen)).collect();
    let expected = [("8c:be:be:00:00:02", 300), ("da:a1:19:00:00:03", 300), ("8c:be:be:00:00:01", 100)];
    assert_eq!(unlisted, expected.map(|(mac, last)| (mac.to_owned(), Some(last))));
    assert!(views[3..].iter().all(|view| view.device.is_none() && !view.listed && view.packets == 0));
    assert_eq!(views[3..].iter().map(|view| view.random_mac).collect::<Vec<_>>(), [false, true, false]);
}

#[test]
fn what_is_known_of_a_device_stands_beside_it() {
    let lease = |mac_text: &str, address: &str, host: &str| Lease {
        mac: mac(mac_text),
        address: address.parse().unwrap(),
        host: Some(host.to_owned()),
        expires: None,
    };
    let leases = [lease(ANNA, "192.168.1.5", "Redmi-1S"), lease("8c:be:be:00:00:01", "192.168.1.6", "tv")];
    let directory = Directory::new(Arc::default(), &leases, &[], 0);
    let views = look(&[(mac("8c:be:be:00:00:01"), 1)], &directory);
    let told: Vec<_> = views.iter().map(|view| (view.host.as_deref(), view.addresses.len())).collect();
    assert_eq!(told, [(None, 0), (Some("Redmi-1S"), 1), (None, 0), (Some("tv"), 1)]);
}

#[test]
fn the_json_has_the_fields_that_programs_read() {
    let json = serde_json::to_value(look(&[(mac("8c:be:be:00:00:01"), 5)], &Directory::default())).unwrap();
    let expected = serde_json::json!({
        "device": null, "mac": "8c:be:be:00:00:01", "listed": false, "random_mac": false, "vendor": null, "host": null,
        "addresses": [], "policies": [], "paused_until": null, "packets": 0, "bytes": 0, "packets_down": 0,
        "bytes_down": 0, "flows": 0, "blocked_packets": 0, "blocked_flows": 0, "observed_flows": 0, "last_seen": 5
    });
    assert_eq!(json[3], expected);
    assert_eq!((&json[0]["device"], &json[0]["mac"]), (&"other".into(), &serde_json::Value::Null));
    let back: Vec<DeviceView> = serde_json::from_value(json).unwrap();
    assert_eq!(back.len(), 4);
}
