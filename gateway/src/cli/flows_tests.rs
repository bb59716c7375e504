//! What a line of the table says of a flow.

use super::*;

fn view() -> FlowView {
    FlowView {
        device: "anna".into(),
        mac: "8c:be:be:12:34:56".into(),
        proto: "tcp".into(),
        src: "192.168.1.5".parse().unwrap(),
        sport: 4711,
        dst: "203.0.113.9".parse().unwrap(),
        dport: 443,
        name: Some("www.example.org".into()),
        name_from: Some("tls_sni".into()),
        verdict: "reject".into(),
        policy: Some("a".into()),
        reason: "tls_sni".into(),
        state: "decided".into(),
        since: 1_764_003_600,
    }
}

fn line(view: &FlowView) -> String {
    let now = Timestamp::from_second(1_764_007_200).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
    cells(view, &now).join(" ")
}

#[test]
fn a_line_says_who_talks_to_whom_and_what_was_decided() {
    assert_eq!(line(&view()), "17:00:00 anna reject a www.example.org tcp/443 tls_sni");
    let asked = FlowView { name_from: Some("asked".into()), ..view() };
    assert!(line(&asked).contains("www.example.org (asked) tcp/443"));
    let nameless = FlowView { name: None, name_from: None, since: 1_763_000_000, ..view() };
    assert_eq!(line(&nameless), "11-13 02:13:20 anna reject a 203.0.113.9 tcp/443 tls_sni");
    let open = FlowView { verdict: "pass".into(), policy: None, state: "opening".into(), ..view() };
    assert_eq!(line(&open), "17:00:00 anna opening  www.example.org tcp/443 tls_sni");
}

#[test]
fn nothing_that_a_daemon_says_steers_the_terminal() {
    let odd = "\u{1b}[2J\u{202e}\n".to_owned();
    let harmful = FlowView {
        device: odd.clone(),
        proto: odd.clone(),
        name: Some(odd.clone()),
        verdict: odd.clone(),
        policy: Some(odd.clone()),
        reason: odd,
        ..view()
    };
    assert!(!line(&harmful).contains(['\u{1b}', '\u{202e}', '\n']));
}
