//! What tests of this room share: a household, and a model of it.

use std::time::{Duration, Instant};

use jiff::{Timestamp, Zoned};
use serde_json::{Value, json};

use super::feed::Poll;
use super::model::Model;
use super::wire::Device;

/// The second of the household's last poll.
pub const NOW: &str = "2026-11-25T17:31:07Z";

/// The moment of the household, on a clock in Berlin: 18:31:07.
pub fn now() -> Zoned {
    let zone = jiff::tz::TimeZoneDatabase::bundled().get("Europe/Berlin").unwrap();
    NOW.parse::<Timestamp>().unwrap().to_zoned(zone)
}

/// A listed device with these totals: packets and bytes up, packets and bytes down, flows, blocked flows.
pub fn device(name: &str, totals: [u64; 6]) -> Device {
    let mac = format!("8c:be:be:00:00:{:02x}", name.len());
    serde_json::from_value(device_json(name, &mac, totals)).unwrap()
}

/// The same, as the daemon writes it.
pub fn device_json(name: &str, mac: &str, totals: [u64; 6]) -> Value {
    let [packets, bytes, packets_down, bytes_down, flows, blocked_flows] = totals;
    json!({
        "device": name, "mac": mac, "listed": true, "random_mac": false, "vendor": null, "host": null,
        "addresses": [], "policies": [], "paused_until": null, "packets": packets, "bytes": bytes,
        "packets_down": packets_down, "bytes_down": bytes_down, "flows": flows,
        "blocked_packets": 0, "blocked_flows": blocked_flows, "observed_flows": 0, "last_seen": null,
    })
}

/// The other row, a phone, a paused television, a prefix, and a device that is not listed.
pub fn devices_json(totals: [[u64; 6]; 4]) -> Value {
    let [other, phone, television, toys] = totals;
    let mut devices = json!([
        device_json("other", "02:*", other),
        device_json("anna-phone", "8c:be:be:12:34:56", phone),
        device_json("television", "a4:77:33:00:00:01", television),
        device_json("toys", "02:*", toys),
        device_json("x", "da:a1:19:00:11:22", [0; 6]),
    ]);
    let rows = devices.as_array_mut().unwrap();
    for (row, key, value) in [
        (0, "mac", Value::Null),
        (0, "listed", json!(false)),
        (1, "vendor", json!("Xiaomi Communications Co Ltd")),
        (1, "host", json!("Redmi-1S")),
        (1, "addresses", json!(["192.168.1.5", "2001:db8::5"])),
        (1, "policies", json!(["xiaomi-telemetry", "doh-bypass"])),
        (2, "paused_until", json!("2026-11-25T17:40:00Z")),
        (4, "device", Value::Null),
        (4, "listed", json!(false)),
        (4, "random_mac", json!(true)),
        (4, "last_seen", json!(now().timestamp().as_second() - 60)),
    ] {
        rows[row][key] = value;
    }
    devices
}

/// A filter on two interfaces.
pub fn status_json() -> Value {
    json!({
        "daemon": true, "version": "0.1.0", "abi": 4, "generation": 3, "started": 1, "loaded_at": 1,
        "reloads_failed": 0, "devices": 3, "paused": 1, "policies": ["xiaomi-telemetry"], "scheduled": [],
        "lists": 0, "lists_failed": 0, "resolved": 0, "shared": 0, "flows": 12, "events_lost": 0, "events_limited": 0,
        "interfaces": [
            {"interface": "lan1", "mode": "native", "exists": true, "answers": true, "mute": null, "downlink": "tcx"},
            {"interface": "wlan0", "mode": "generic", "exists": true, "answers": false, "mute": "why", "downlink": "tcx"},
        ],
    })
}

/// Two names.
pub fn hosts_json() -> Value {
    let last = now().timestamp().as_second() - 7;
    json!({"since": last - 3600, "hosts": [
        {"name": "api.account.xiaomi.com", "seen": 44, "blocked": 43, "last": last, "devices": ["anna-phone"], "policies": ["xiaomi-telemetry"]},
        {"name": "www.example.org", "seen": 1_234_567, "blocked": 0, "last": last - 86_400, "devices": ["television", "toys"], "policies": []},
    ]})
}

/// An event of a device, so many seconds before the poll.
pub fn event_json(device: &str, mac: &str, before: f64, verdict: &str, name: Option<&str>) -> Value {
    let time = now().timestamp().as_duration().as_secs_f64() - before;
    let policy = (verdict != "pass").then_some("xiaomi-telemetry");
    let mut event = json!({
        "time": time, "device": device, "mac": mac, "vlan": [], "proto": "tcp", "src": "192.168.1.5", "sport": 50322,
        "dst": "161.117.94.131", "dport": 443, "kind": "tls_sni", "verdict": verdict, "policy": policy, "reason": "tls_sni",
    });
    if let Some(name) = name {
        event["name"] = json!(name);
    }
    event
}

/// Three events, oldest first.
pub fn events_json() -> Vec<Value> {
    vec![
        event_json("television", "a4:77:33:00:00:01", 61.0, "pass", Some("www.example.org")),
        event_json("other", "da:a1:19:00:11:22", 2.2, "observe", None),
        event_json("anna-phone", "8c:be:be:12:34:56", 0.5, "reject", Some("api.account.xiaomi.com")),
    ]
}

/// What the daemon says, so long after a moment.
pub fn poll(start: Instant, after: Duration, devices: Value) -> Poll {
    Poll {
        taken: start + after,
        status: serde_json::from_value(status_json()).unwrap(),
        devices: serde_json::from_value(devices).unwrap(),
        hosts: serde_json::from_value(hosts_json()).unwrap(),
        events: events_json().into_iter().map(|event| serde_json::from_value(event).unwrap()).collect(),
    }
}

/// A model that has seen the household twice, two seconds apart.
pub fn household() -> Model {
    let mut model = Model::default();
    let start = Instant::now();
    let first =
        [[5, 500, 7, 700, 1, 0], [100, 10_000, 200, 300_000, 20, 40], [10, 1000, 10, 1000, 3, 0], [0; 6]];
    let second = [
        [5, 500, 7, 700, 1, 0],
        [160, 12_468, 500, 980_000, 22, 43],
        [10, 1200, 10, 2_000_000, 4, 0],
        [1, 60, 0, 0, 1, 0],
    ];
    model.take(poll(start, Duration::ZERO, devices_json(first)));
    model.take(poll(start, Duration::from_secs(2), devices_json(second)));
    model
}
