//! What a line of the table says of a device, and what is proposed for those that are not listed.

use super::*;
use crate::policy::testing;

fn now() -> Zoned {
    Timestamp::from_second(1_764_007_200).unwrap().to_zoned(jiff::tz::TimeZone::UTC)
}

/// A device out of its JSON; keys that are left out are as of one that did nothing.
fn view(fields: serde_json::Value) -> DeviceView {
    let mut json = serde_json::json!({
        "device": null, "mac": null, "listed": false, "random_mac": false, "vendor": null, "host": null, "addresses": [],
        "policies": [], "paused_until": null, "packets": 0, "bytes": 0, "packets_down": 0, "bytes_down": 0, "flows": 0,
        "blocked_packets": 0, "blocked_flows": 0, "observed_flows": 0, "last_seen": null
    });
    let fields = fields.as_object().unwrap().clone();
    json.as_object_mut().unwrap().extend(fields);
    serde_json::from_value(json).unwrap()
}

fn anna() -> DeviceView {
    view(serde_json::json!({
        "device": "anna", "mac": "8c:be:be:12:34:56", "listed": true, "vendor": "Xiaomi", "host": "Redmi-1S",
        "policies": ["a", "b"], "bytes": 12_345, "bytes_down": 4_200_000, "flows": 7, "blocked_flows": 2
    }))
}

fn seen(n: u8, host: Option<&str>, vendor: Option<&str>) -> DeviceView {
    let mac = format!("8c:be:be:00:00:{n:02x}");
    view(serde_json::json!({"mac": mac, "host": host, "vendor": vendor, "last_seen": 1_764_007_100}))
}

#[test]
fn a_line_says_what_a_device_is_and_what_it_did() {
    let line = |view: &DeviceView| cells(view, &now()).join("|");
    assert_eq!(line(&anna()), "anna|8c:be:be:12:34:56|Redmi-1S|Xiaomi|a, b|12k|4.2M|7|2");
    let other = view(serde_json::json!({"device": "other"}));
    assert_eq!(line(&other), "other|(all others)||||0|0|0|0");
    let random = DeviceView { vendor: None, random_mac: true, ..anna() };
    assert!(line(&random).contains("|(random)|"));
    let paused = |until: &str| line(&DeviceView { paused_until: Some(until.parse().unwrap()), ..anna() });
    assert!(paused("2025-11-24T18:30:00Z").contains("|paused until 18:30|"));
    assert!(
        paused("2025-11-24T17:30:00Z").contains("|paused until 17:30, which a running daemon would end|")
    );
}

#[test]
fn those_that_are_not_listed_are_lines_that_the_configuration_takes() {
    let mut views = vec![anna()];
    assert_eq!(unlisted(&views, &now()), "");
    let tracked = DeviceView { listed: false, device: Some("8c:be:be:12:34:56".into()), ..anna() };
    assert!(unlisted(&[tracked], &now()).contains("mac = \"8c:be:be:12:34:56\""));
    views[0].device = Some("tv".into());
    views.extend([
        seen(1, Some("TV"), Some("LG Electronics")),
        seen(2, Some("\\x1b[31m\\x0a[[device]]"), None),
        seen(3, Some("<b>\"tv\"</b>"), Some("\"\nname = 1\u{1b}")),
        seen(4, None, None),
    ]);
    let text = unlisted(&views, &now());
    assert!(
        text.contains("# \"TV\", LG Electronics, last seen 17:58\n[[device]]\nname = \"tv-2\"\n"),
        "{text}"
    );
    let config = testing::config(&text, &[]);
    let names: Vec<_> = config.devices.iter().map(|device| device.name.as_str()).collect();
    assert_eq!(names, ["tv-2", "x1b-31m-x0a-device", "b-tv-b", "device-000004"]);
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn of_many_the_first_are_shown_and_the_others_counted() {
    let views: Vec<_> = (0..50).map(|n| seen(n, None, None)).collect();
    let text = unlisted(&views, &now());
    assert_eq!(testing::config(&text, &[]).devices.len(), UNLISTED);
    assert!(
        text.starts_with("\n# 50 not listed, but seen.")
            && text.ends_with("# and 30 more, which --json shows\n"),
        "{text}"
    );
}
