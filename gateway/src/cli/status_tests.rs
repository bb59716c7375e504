//! What is said of the filter, at 80 columns.

use super::*;

fn status() -> Status {
    Status {
        daemon: true,
        version: "0.1.0".into(),
        abi: 4,
        generation: 3,
        started: Some(1_764_000_000),
        loaded_at: Some(1_764_003_600),
        reloads_failed: Some(0),
        interfaces: vec![InterfaceView {
            interface: "lan1".into(),
            mode: "native".into(),
            exists: true,
            answers: true,
            mute: None,
            downlink: Some("tcx".into()),
        }],
        devices: 2,
        paused: 0,
        policies: vec!["a".into(), "b".into()],
        scheduled: Vec::new(),
        lists: 0,
        lists_failed: 0,
        resolved: 0,
        shared: 0,
        flows: 12,
        events_lost: 0,
        events_limited: 4200,
    }
}

/// Two hours after the daemon was started, in UTC.
fn now() -> Zoned {
    Timestamp::from_second(1_764_007_200).unwrap().to_zoned(jiff::tz::TimeZone::UTC)
}

#[test]
fn a_healthy_filter_is_told_in_a_few_lines() {
    let expected = "\
daemon      running since 16:00, version 0.1.0
interface   lan1 (native, downlink tcx)
generation  3, loaded 17:00
policies    a, b
devices     2
flows       12
events lost 0, 4.2k withheld of noisy devices
";
    assert_eq!(text(&status(), &now()), expected);
}

#[test]
fn whatever_is_wrong_is_told_and_no_line_is_longer_than_a_terminal_is_wide() {
    let mut status = status();
    status.daemon = false;
    status.started = None;
    status.reloads_failed = Some(2);
    status.paused = 1;
    (status.lists, status.lists_failed) = (3, 1);
    (status.resolved, status.shared) = (40, 2);
    status.policies = (0..30).map(|n| format!("a-policy-with-number-{n}")).collect();
    status.scheduled = vec![Scheduled {
        policy: "a-policy-with-number-7".into(),
        active: false,
        changes_at: Some(now().timestamp()),
    }];
    status.interfaces[0].mute = Some("words and more words ".repeat(9));
    status.interfaces[0].downlink = None;
    let gone = InterfaceView { interface: "wlan0".into(), exists: false, ..status.interfaces[0].clone() };
    status.interfaces.push(gone);
    let text = text(&status, &now());
    assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    for told in [
        "not running; the filter goes on",
        "lan1 (native, downlink not counted)",
        "wlan0 (native, not there)",
        "2 reloads were refused",
        "2, 1 paused",
        "3, 1 with errors",
        "40 addresses of hosts blocked, 2 not",
        "(off until",
        "a-policy-with-number-29\n",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
}
