//! Which flows are told, in what order, and by what names.

use gateway_common::abi::{Learned, SUFFIXES};
use gateway_common::wire::mapped;

use super::*;

const ANNA: MacAddr = MacAddr([0x8c, 0xbe, 0xbe, 0x12, 0x34, 0x56]);
const BOB: MacAddr = MacAddr([0x8c, 0xbe, 0xbe, 0, 0, 1]);

fn key(mac: MacAddr, port: u16) -> FlowKey {
    FlowKey {
        source: mapped([192, 168, 1, 5]),
        destination: mapped([203, 0, 113, 9]),
        source_port: port.to_be_bytes(),
        destination_port: 443_u16.to_be_bytes(),
        mac,
        protocol: 6,
        reserved: 0,
    }
}

fn flow(since: u32, action: Action) -> Flow {
    Flow {
        state: FlowState::Decided as u8,
        action: action as u8,
        reason: Reason::TlsSni as u8,
        policy: if action == Action::Pass { NO_POLICY } else { 0 },
        generation: 1,
        sequence: 0,
        since,
        learned: Learned::NOTHING,
    }
}

/// A flow that showed a name with this hash.
fn with_name(hash: u64) -> Flow {
    let mut suffixes = [0; SUFFIXES];
    suffixes[..2].copy_from_slice(&[1, hash]);
    let learned = Learned { reason: Reason::TlsSni as u8, count: 2, suffixes, ..Learned::NOTHING };
    Flow { learned, ..flow(50, Action::Pass) }
}

fn owners() -> Owners {
    let names = [(ANNA, 6, "anna"), (ANNA, 3, "xiaomi")];
    Owners(names.map(|(mac, bytes, name)| (DeviceKey::prefix(mac, bytes), name.to_owned())).into())
}

/// What the device had asked for: the name with hash 9, whose answer held until second 60, and before that with hash 6.
fn asked(mac: MacAddr, address: [u8; 16]) -> Option<Asked> {
    let mut suffixes = [0; SUFFIXES];
    suffixes[0] = 9;
    let asked = Asked { until: 60, suffixes, count: 1, reserved: 0, before: [0, 6, 0] };
    (mac == ANNA && address == mapped([203, 0, 113, 9])).then_some(asked)
}

fn look(flows: &[(FlowKey, Flow)], query: &FlowQuery) -> Vec<FlowView> {
    let name = |hash| {
        [(6, "before.example"), (8, "shown.example"), (9, "asked.example")]
            .iter()
            .find(|(of, _)| *of == hash)
            .map(|(_, name)| String::from(*name))
    };
    let words = Words {
        owners: &owners(),
        labels: &Labels::default(),
        name: &name,
        asked: &asked,
        clock: BootClock::read(),
    };
    views(flows.to_vec(), query, &words)
}

fn ports(flows: &[(FlowKey, Flow)], query: &FlowQuery) -> Vec<u16> {
    look(flows, query).iter().map(|flow| flow.sport).collect()
}

fn name_of(mac: MacAddr, flow: Flow) -> (Option<String>, Option<String>) {
    let view = look(&[(key(mac, 1), flow)], &FlowQuery::default()).remove(0);
    (view.name, view.name_from)
}

#[test]
fn the_newest_come_first_and_no_more_than_were_asked_for() {
    let flows = [
        (key(ANNA, 1), flow(10, Action::Pass)),
        (key(ANNA, 2), flow(30, Action::Pass)),
        (key(BOB, 3), flow(20, Action::Pass)),
    ];
    assert_eq!(ports(&flows, &FlowQuery::default()), [2, 3, 1]);
    assert_eq!(ports(&flows, &FlowQuery { limit: 2, ..FlowQuery::default() }), [2, 3]);
    assert_eq!(ports(&flows, &FlowQuery { limit: 0, ..FlowQuery::default() }), [0; 0]);
}

#[test]
fn flows_are_told_of_a_device_by_name_by_address_and_by_the_beginning_of_one() {
    let flows = [
        (key(ANNA, 1), flow(1, Action::Pass)),
        (key(BOB, 2), flow(1, Action::Pass)),
        (key(MacAddr([2; 6]), 3), flow(1, Action::Pass)),
    ];
    for (word, expected) in [
        ("anna", vec![1]),
        ("xiaomi", vec![2]),
        ("other", vec![3]),
        ("8C-BE-BE-12-34-56", vec![1]),
        ("8c:be:be:00:00:01", vec![2]),
        ("8c:be:be:*", vec![2, 1]),
        ("02:02:02:02:02:02", vec![3]),
        ("nobody", vec![]),
    ] {
        assert_eq!(
            ports(&flows, &FlowQuery { device: Some(word.into()), ..FlowQuery::default() }),
            expected,
            "{word}"
        );
    }
    let known = ["anna", "xiaomi", "other", "8c:be:be:*", "02:02:02:02:02:02"];
    assert!(known.iter().all(|word| owners().know(word)) && !owners().know("nobody"));
}

#[test]
fn blocked_are_those_that_were_dropped_or_rejected_or_would_have_been() {
    let actions = [Action::Pass, Action::Drop, Action::Reject, Action::Observe];
    let flows: Vec<_> = (0..).zip(actions).map(|(port, action)| (key(ANNA, port), flow(1, action))).collect();
    assert_eq!(ports(&flows, &FlowQuery { blocked: true, ..FlowQuery::default() }), [1, 2, 3]);
}

#[test]
fn a_flow_is_called_by_the_name_it_showed_and_else_by_the_one_that_was_asked_for() {
    let named = |name: &str, from: &str| (Some(String::from(name)), Some(String::from(from)));
    assert_eq!(name_of(ANNA, with_name(8)), named("shown.example", "tls_sni"));
    assert_eq!(name_of(ANNA, flow(50, Action::Pass)), named("asked.example", "asked"));
    assert_eq!(name_of(BOB, flow(50, Action::Pass)), (None, None), "another device asked");
    assert_eq!(
        name_of(ANNA, flow(61, Action::Pass)),
        (None, None),
        "the answer had ended before the flow began"
    );
    assert_eq!(name_of(ANNA, with_name(7)), (None, None), "a name that nobody knows is not another one");
    let mut hidden = with_name(8);
    hidden.learned.has_ech = 1;
    assert_eq!(name_of(ANNA, hidden), named("asked.example", "asked"));
    assert_eq!(name_of(BOB, hidden), named("shown.example", "tls_sni"), "what was asked for is not known");
}

#[test]
fn a_shown_name_that_was_asked_for_itself_is_no_cover() {
    let mut flow = with_name(6);
    flow.learned.has_ech = 1;
    let shown = (Some(String::from("before.example")), Some(String::from("tls_sni")));
    assert_eq!(name_of(ANNA, flow), shown);
}

#[test]
fn what_is_told_of_a_flow_is_what_the_kernel_wrote() {
    let view = look(&[(key(ANNA, 4711), with_name(8))], &FlowQuery::default()).remove(0);
    let json = serde_json::to_value(&view).unwrap();
    let expected = serde_json::json!({
        "device": "anna", "mac": "8c:be:be:12:34:56", "proto": "tcp", "src": "192.168.1.5", "sport": 4711,
        "dst": "203.0.113.9", "dport": 443, "name": "shown.example", "name_from": "tls_sni", "verdict": "pass",
        "policy": null, "reason": "tls_sni", "state": "decided", "since": BootClock::read().unix_second(50)
    });
    // Two readings of the clocks may fall into different seconds.
    assert_eq!(json.as_object().unwrap().len(), 14);
    assert!(json["since"].as_u64().unwrap().abs_diff(expected["since"].as_u64().unwrap()) <= 1);
    for (key, value) in expected.as_object().unwrap().iter().filter(|(key, _)| *key != "since") {
        assert_eq!(&json[key], value, "{key}");
    }
    let blocked = look(&[(key(ANNA, 1), flow(1, Action::Drop))], &FlowQuery::default()).remove(0);
    assert_eq!((blocked.verdict.as_str(), blocked.policy.as_deref()), ("drop", Some("unknown")));
}

#[test]
fn a_flow_that_this_version_cannot_have_written_is_left_out() {
    for broken in [
        Flow { state: 99, ..flow(1, Action::Pass) },
        Flow { action: 99, ..flow(1, Action::Pass) },
        Flow { reason: 99, ..flow(1, Action::Pass) },
    ] {
        assert!(look(&[(key(ANNA, 1), broken)], &FlowQuery::default()).is_empty());
    }
    let mut odd = with_name(8);
    odd.learned.count = u8::MAX;
    assert_eq!(name_of(BOB, odd), (None, None));
}

#[test]
fn a_query_is_read_from_the_words_of_a_request() {
    let read = |text: &str| serde_urlencoded::from_str::<FlowQuery>(text);
    assert_eq!(read("").unwrap(), FlowQuery::default());
    let query = FlowQuery { device: Some("Bob's TV & 8c:*".into()), blocked: true, limit: 5 };
    assert_eq!(read(&serde_urlencoded::to_string(&query).unwrap()).unwrap(), query);
    assert!(read("limit=-1").is_err() && read("devices=x").is_err());
}
