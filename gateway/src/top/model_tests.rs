//! What is shown of what was told, and rates over polls.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::top::testing::{devices_json, household, now, poll};

const NOTHING: [u64; 6] = [0; 6];

fn shown(model: &Model) -> Vec<&str> {
    model.shown().iter().map(|row| row.key.word()).collect()
}

fn phone(packets: u64, bytes: u64) -> serde_json::Value {
    devices_json([NOTHING, [packets, bytes, 0, 0, 0, 0], NOTHING, NOTHING])
}

fn up_of_phone(model: &Model) -> Option<f64> {
    model.rows.iter().find(|row| row.key.word() == "anna-phone").and_then(|row| row.rates.up)
}

#[test]
fn rates_are_there_from_the_second_poll_on() {
    let (mut model, start) = (Model::default(), Instant::now());
    model.take(poll(start, Duration::ZERO, phone(10, 1000)));
    assert_eq!((up_of_phone(&model), &model.link), (None, &Link::Up));
    model.take(poll(start, Duration::from_millis(2500), phone(20, 6000)));
    assert_eq!(up_of_phone(&model), Some(2000.0));
}

#[test]
fn a_counter_that_began_anew_has_no_rate_until_the_poll_after() {
    let (mut model, start) = (Model::default(), Instant::now());
    for (second, bytes, rate) in
        [(0, 9000, None), (1, 10_000, Some(1000.0)), (2, 30, None), (3, 80, Some(50.0))]
    {
        model.take(poll(start, Duration::from_secs(second), phone(0, bytes)));
        assert_eq!(up_of_phone(&model), rate, "second {second}");
    }
}

#[test]
fn a_poll_soon_after_another_shows_new_totals_and_the_rates_of_before() {
    let (mut model, start) = (Model::default(), Instant::now());
    model.take(poll(start, Duration::ZERO, phone(0, 0)));
    model.take(poll(start, Duration::from_secs(1), phone(0, 500)));
    model.take(poll(start, Duration::from_millis(1010), phone(0, 900)));
    assert_eq!(up_of_phone(&model), Some(500.0));
    assert_eq!(total(&model.rows).device.bytes, 900);
    // Counted from the poll of a second ago, so nothing is lost.
    model.take(poll(start, Duration::from_secs(2), phone(0, 1500)));
    assert_eq!(up_of_phone(&model), Some(1000.0));
}

#[test]
fn a_device_that_is_new_has_no_rate_and_does_not_disturb_the_others() {
    let (mut model, start) = (Model::default(), Instant::now());
    let mut devices = phone(0, 0);
    devices.as_array_mut().unwrap().remove(2);
    model.take(poll(start, Duration::ZERO, devices));
    model.take(poll(start, Duration::from_secs(1), phone(0, 70)));
    let rates: Vec<Option<f64>> = model.rows.iter().map(|row| row.rates.up).collect();
    assert_eq!(rates, [Some(0.0), Some(70.0), None, Some(0.0), Some(0.0)]);
}

#[test]
fn a_lost_daemon_leaves_what_it_said_and_the_moment_it_was_lost() {
    let mut model = household();
    let since = now().timestamp();
    let gone = || Failure::NotThere("/run/x".into());
    model.lose(&gone(), since);
    model.lose(&Failure::Slow, since + Duration::from_secs(5));
    let why = Failure::Slow.to_string();
    assert_eq!(model.link, Link::Lost { since, gone: true, why });
    assert_eq!((model.rows.len(), model.status.is_some()), (5, true));
    model.lose(&Failure::Unknown(String::from("/v1/hosts")), since);
    assert!(matches!(model.link, Link::Lost { gone: false, .. }));
    model.take(poll(Instant::now(), Duration::from_secs(60), phone(0, 0)));
    assert_eq!(model.link, Link::Up);
    let mut waiting = Model::default();
    waiting.lose(&gone(), since);
    assert_eq!(waiting.link, Link::Waiting(gone().to_string()));
}

#[test]
fn devices_are_sorted_by_any_column_and_the_other_way_round() {
    let mut model = household();
    for (column, order) in [
        (Column::Down, ["television", "anna-phone", "other", "toys", "da:a1:19:00:11:22"]),
        (Column::Up, ["anna-phone", "television", "toys", "other", "da:a1:19:00:11:22"]),
        (Column::Device, ["anna-phone", "da:a1:19:00:11:22", "other", "television", "toys"]),
        (Column::AllFlows, ["anna-phone", "television", "other", "toys", "da:a1:19:00:11:22"]),
        (Column::Blocks, ["anna-phone", "other", "television", "toys", "da:a1:19:00:11:22"]),
        (Column::Host, ["anna-phone", "other", "television", "toys", "da:a1:19:00:11:22"]),
        (Column::Seen, ["da:a1:19:00:11:22", "other", "anna-phone", "television", "toys"]),
    ] {
        model.sort = column;
        assert_eq!(shown(&model), order, "{column:?}");
    }
    (model.sort, model.reversed) = (Column::Down, true);
    // Of equal ones, the daemon's order stays.
    assert_eq!(shown(&model), ["other", "toys", "da:a1:19:00:11:22", "anna-phone", "television"]);
}

#[test]
fn the_selected_device_stays_selected_wherever_it_moves() {
    let mut model = household();
    let selected = |model: &Model| model.selected().map(|row| row.key.word().to_owned());
    assert_eq!(
        selected(&model).as_deref(),
        Some("anna-phone"),
        "the first listed one, from the first poll on"
    );
    model.step(1);
    assert_eq!(selected(&model).as_deref(), Some("other"));
    (model.sort, model.reversed) = (Column::Device, true);
    assert_eq!(selected(&model).as_deref(), Some("other"));
    model.step(isize::MIN);
    assert_eq!(selected(&model).as_deref(), Some("toys"));
    model.step(isize::MAX);
    assert_eq!(selected(&model).as_deref(), Some("anna-phone"));
    model.filter = String::from("toys");
    assert_eq!(selected(&model).as_deref(), Some("toys"));
    model.filter = String::from("nobody");
    assert_eq!(selected(&model), None);
    model.step(1);
    model.filter.clear();
    assert!(selected(&model).is_some());
}

#[test]
fn the_filter_finds_devices_by_every_word_about_them_with_their_hosts_and_events() {
    let mut model = household();
    for (filter, devices) in [
        ("", 5),
        ("ANNA", 1),
        ("8c:be", 1),
        ("xiaomi comm", 1),
        ("redmi", 1),
        ("192.168.1.5", 1),
        ("2001:DB8", 1),
        ("te", 1),
        ("da:a1", 1),
        ("nobody", 0),
    ] {
        model.filter = filter.to_owned();
        assert_eq!(model.shown().len(), devices, "{filter}");
    }
    let lower = |model: &mut Model, filter: &str| {
        model.filter = filter.to_owned();
        let hosts: Vec<&str> = model.hosts_shown().iter().map(|host| host.name.as_str()).collect();
        let events: Vec<&str> = model.events_shown().iter().map(|event| event.verdict.as_str()).collect();
        (hosts.join(" "), events.join(" "))
    };
    let both = |hosts: &str, events: &str| (hosts.to_owned(), events.to_owned());
    let all = "api.account.xiaomi.com www.example.org";
    assert_eq!(lower(&mut model, ""), both(all, "reject observe pass"));
    assert_eq!(lower(&mut model, "redmi"), both("api.account.xiaomi.com", "reject"));
    assert_eq!(lower(&mut model, "example"), both("www.example.org", "pass"));
    assert_eq!(lower(&mut model, "da:a1"), both("", "observe"));
    assert_eq!(lower(&mut model, "161.117"), both("", "reject observe pass"));
}

#[test]
fn connections_are_shown_of_the_device_they_were_asked_for_and_of_no_other() {
    let mut model = household();
    assert_eq!(model.flows_wanted(), None);
    model.pane = Pane::Flows;
    let of = model.flows_wanted().unwrap();
    assert_eq!(of.word(), "anna-phone");
    let flow = json!([{"device": "anna-phone", "mac": "8c:be:be:12:34:56", "proto": "tcp", "src": "192.168.1.5", "sport": 1,
        "dst": "192.0.2.1", "dport": 443, "name": null, "name_from": null, "verdict": "pass", "policy": null,
        "reason": "address", "state": "decided", "since": 1}]);
    model.take_flows(of.clone(), Ok(serde_json::from_value(flow).unwrap()));
    assert_eq!(model.flows().unwrap().unwrap().len(), 1);
    model.step(1);
    assert_eq!(model.flows(), None);
    model.take_flows(model.flows_wanted().unwrap(), Err(Failure::Slow));
    assert_eq!(model.flows().unwrap().unwrap_err(), Failure::Slow.to_string());
}

#[test]
fn the_total_is_of_all_devices_and_of_the_largest_counters_the_largest_number() {
    let mut model = household();
    let sum = total(&model.rows);
    assert_eq!((sum.device.flows, sum.device.blocked_flows, sum.rates.blocked), (28, 43, Some(1.5)));
    for row in &mut model.rows {
        row.device.bytes = u64::MAX;
    }
    assert_eq!(total(&model.rows).device.bytes, u64::MAX);
}
