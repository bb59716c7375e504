//! What is explained is what the compiled tables say.

use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gateway_common::wire::{TCP, UDP};
use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::lists::Source;
use crate::policy::testing::config;
use crate::policy::{Compiled, Numbers, Ruling};

/// A Wednesday, at noon.
fn noon() -> Zoned {
    date(2026, 11, 25).at(12, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap()
}

fn asked(text: &str) -> Asked {
    text.parse().map_or_else(|_| Asked::Name(text.parse().unwrap()), Asked::Address)
}

/// Opens files only: no list was ever fetched.
fn open(source: &Source) -> io::Result<Option<File>> {
    match source {
        Source::Path(path) => File::open(path).map(Some),
        Source::Url(_) => Ok(None),
    }
}

fn ask<'a>(config: &'a Config, device: &str, host: &str, port: Option<PortKey>) -> Explanation<'a> {
    let who = Who::find(config, device).unwrap();
    explain(config, who, Question { host: asked(host), port, now: noon() }, &open)
}

/// The answer for a device that has all of the policies, without where they were read from.
fn told(policies: &[&str], host: &str) -> String {
    let config = config(&everyone(policies.len()), policies);
    let shown = ask(&config, "other", host, None).to_string();
    shown.replace(&format!("{}/", config.folder.display()), "")
}

/// `[defaults]` with the policies `p0`, `p1` and so on.
fn everyone(policies: usize) -> String {
    let names: Vec<String> = (0..policies).map(|n| format!("\"p{n}\"")).collect();
    format!("[defaults]\npolicies = [{}]\n", names.join(", "))
}

fn port(protocol: u8, port: u16) -> PortKey {
    PortKey { port: port.to_be_bytes(), protocol, reserved: 0 }
}

#[test]
fn the_entry_that_decides_is_named_with_its_line_and_the_others_with_their_reasons() {
    let policies = [
        "name = \"p0\"\naction = \"observe\"\n[block]\ndomains = [\"miui.com\"]",
        "name = \"p1\"\naction = \"reject\"\n[block]\ndomains = [\"miui.com\",\n\"tracking.miui.com\"]",
        "name = \"p2\"\n[block]\nhosts = [\"a.tracking.miui.com\"]\n[inspect]\nquic = \"block\"",
    ];
    let expected = "a device that is not listed to a.tracking.miui.com: reject
  because of block domains \"tracking.miui.com\", policy p1, 01.toml:5
  also block domains \"miui.com\", policy p1, 01.toml:4
    the policy says the same twice
  also block hosts \"a.tracking.miui.com\", policy p2, 02.toml:3
    the policy `p1` says the same and comes first
  also block domains \"miui.com\", policy p0, 00.toml:4
    the policy only observes, and the one that decides does more
  note: QUIC is blocked as such, by p2.
  note: The connection is also judged by its destination address: ask with that, too.
";
    assert_eq!(told(&policies, "A.Tracking.MIUI.com."), expected);
}

#[test]
fn what_allows_beats_what_blocks() {
    let policies = [
        "name = \"p0\"\n[block]\nhosts = [\"update.miui.com\"]",
        "name = \"p1\"\n[allow]\ndomains = [\"miui.com\"]",
    ];
    let shown = told(&policies, "update.miui.com");
    let expected = "a device that is not listed to update.miui.com: pass
  because of allow domains \"miui.com\", policy p1, 01.toml:3
  also block hosts \"update.miui.com\", policy p0, 00.toml:3
    allow beats block
";
    assert!(shown.starts_with(expected), "{shown}");
}

#[test]
fn of_an_address_the_longest_net_decides() {
    let policies = [
        "name = \"p0\"\n[block]\naddresses = [\"10.0.0.0/8\"]",
        "name = \"p1\"\n[allow]\naddresses = [\"10.1.0.0/16\"]\n[block]\naddresses = [\"2001:db8::/32\"]",
    ];
    let expected = "a device that is not listed to 10.1.2.3: pass
  because of allow addresses \"10.1.0.0/16\", policy p1, 01.toml:3
  also block addresses \"10.0.0.0/8\", policy p0, 00.toml:3
    the longer net 10.1.0.0/16 decides
";
    assert_eq!(told(&policies, "10.1.2.3"), expected);
    assert!(told(&policies, "2001:db8::1").starts_with("a device that is not listed to 2001:db8::1: drop\n"));
}

#[test]
fn a_port_that_is_blocked_stops_what_the_name_lets_through() {
    let policy = "name = \"p0\"\naction = \"reject\"\n[allow]\nhosts = [\"dns.example\"]\n[block]\nports = [\"tcp/853\"]";
    let config = config(&everyone(1), &[policy]);
    let at = |key| ask(&config, "other", "dns.example", Some(key));
    let blocked = at(port(TCP, 853));
    assert_eq!(blocked.verdict, Action::Reject);
    assert_eq!(blocked.decides.as_ref().unwrap().subject.key(), "ports");
    assert!(matches!(blocked.also.as_slice(), [(_, Why::OtherPart)]), "{blocked}");
    let passed = at(port(UDP, 853));
    assert_eq!((passed.verdict, passed.also.len()), (Action::Pass, 0));
    assert_eq!(passed.decides.unwrap().subject.key(), "hosts");
}

#[test]
fn that_nothing_matches_is_said_plainly() {
    let expected = "a device that is not listed to www.example.org: pass
  no entry of the policies of [defaults] matches: p0
";
    assert!(
        told(&["name = \"p0\"\n[block]\nhosts = [\"example.org\"]"], "www.example.org").starts_with(expected)
    );
    assert!(told(&[], "www.example.org").contains("\n  [defaults] has no policies\n"));
}

#[test]
fn a_policy_out_of_its_hours_is_told_and_does_not_decide() {
    let night =
        "name = \"p0\"\n[block]\nhosts = [\"x.example\"]\n[[schedule]]\nfrom = \"21:00\"\nto = \"07:00\"";
    let shown = told(&[night], "x.example");
    let expected = "a device that is not listed to x.example: pass
  no policy of [defaults] applies now
  also block hosts \"x.example\", policy p0, 00.toml:3
    by its schedule, the policy does not apply now
  note: By its schedule, p0 does not apply now.
";
    assert!(shown.starts_with(expected), "{shown}");
    let day = night.replace("21:00", "07:00").replace("to = \"07:00\"", "to = \"21:00\"");
    assert!(told(&[&day], "x.example").contains(": drop\n"));
}

#[test]
fn the_device_is_found_by_name_by_address_by_prefix_or_is_unlisted() {
    let devices = "[defaults]\npolicies = [\"p0\"]
[[device]]\nname = \"anna\"\nmac = \"8c:be:be:12:34:56\"\npolicies = [\"p1\"]
[[device]]\nname = \"xiaomi\"\nmac = \"8c:be:be:*\"
[[device]]\nname = \"maker\"\nmac = \"8c:be:*\"";
    let config = config(devices, &["name = \"p0\"", "name = \"p1\""]);
    let found = |text: &str| {
        let who = Who::find(&config, text).unwrap();
        (who.device.map(|device| device.name.as_str()), who.mac.is_some(), who.policies.to_vec())
    };
    let policy = |name: &str| vec![String::from(name)];
    assert_eq!(found("anna"), (Some("anna"), false, policy("p1")));
    assert_eq!(found("8C-BE-BE-12-34-56"), (Some("anna"), false, policy("p1")));
    assert_eq!(found("8c:be:be:12:34:57"), (Some("xiaomi"), true, vec![]));
    assert_eq!(found("8c:be:bf:12:34:57"), (Some("maker"), true, vec![]));
    assert_eq!(found("8c:be:*"), (Some("maker"), false, vec![]));
    assert_eq!(found("02:00:00:00:00:01"), (None, true, policy("p0")));
    assert_eq!(found("other"), (None, false, policy("p0")));
    let error = Who::find(&config, "ana").unwrap_err().to_string();
    assert_eq!(error, "there is no device `ana`: did you mean `anna`?");
}

#[test]
fn for_programs_every_field_is_there() {
    let config = config(&everyone(1), &["name = \"p0\"\n[block]\nhosts = [\"x.example\"]"]);
    let blocked =
        serde_json::to_value(ask(&config, "other", "x.example", Some(port(TCP, 443))).row()).unwrap();
    let nothing = serde_json::to_value(ask(&config, "other", "y.example", None).row()).unwrap();
    let keys = |row: &serde_json::Value| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&blocked), keys(&nothing));
    assert_eq!(
        (&blocked["verdict"], &blocked["policy"], &blocked["port"]),
        (&"drop".into(), &"p0".into(), &"tcp/443".into())
    );
    let file = config.folder.join("00.toml");
    let entry = serde_json::json!({
        "policy": "p0", "side": "block", "key": "hosts", "entry": "x.example", "file": file, "list": null, "line": 3, "why": null,
    });
    assert_eq!(blocked["entry"], entry);
    assert_eq!((&nothing["verdict"], &nothing["entry"]), (&"pass".into(), &serde_json::Value::Null));
    assert_eq!(nothing["policies"], serde_json::json!([{"name": "p0", "active": true}]));
}

/// Entries of one side over few names, addresses and ports, so that they meet; written as in a policy file.
fn side() -> impl Strategy<Value = String> {
    let name = || prop::collection::vec("[ab]", 1..4).prop_map(|labels| labels.join("."));
    let octet = || prop::sample::select(vec![0_u8, 128]);
    let v4 = (octet(), octet(), 0..=32_u8).prop_map(|(a, b, len)| (IpAddr::from([a, b, 0, 0]), len));
    let v6 =
        (0..2_u16, 0..=128_u8).prop_map(|(a, len)| (Ipv6Addr::new(a << 15, 0, 0, 0, 0, 0, 0, a).into(), len));
    let net = prop_oneof![v4, v6]
        .prop_map(|(address, len)| ipnet::IpNet::new(address, len).unwrap().trunc().to_string());
    let some = |key: &'static str, entry: BoxedStrategy<String>| {
        prop::collection::vec(entry, 0..4).prop_map(move |entries| format!("{key} = {entries:?}\n"))
    };
    (
        some("domains", name().boxed()),
        some("hosts", name().boxed()),
        some("addresses", net.boxed()),
        some("ports", prop::sample::select(vec!["tcp/1", "tcp/2"]).prop_map(String::from).boxed()),
    )
        .prop_map(|(domains, hosts, addresses, ports)| [domains, hosts, addresses, ports].concat())
}

fn policies() -> impl Strategy<Value = Vec<String>> {
    let action = prop::sample::select(vec!["reject", "drop", "observe"]);
    let one = (action, side(), side()).prop_map(|(action, block, allow)| {
        format!("action = \"{action}\"\n[block]\n{block}[allow]\n{allow}")
    });
    prop::collection::vec(one, 1..5).prop_map(|policies| {
        policies.into_iter().enumerate().map(|(n, text)| format!("name = \"p{n}\"\n{text}")).collect()
    })
}

/// What the explanation comes to.
fn ruling(explanation: &Explanation<'_>) -> Option<Ruling> {
    let found = explanation.decides.as_ref()?;
    Some(Ruling { policy: found.number, action: explanation.verdict })
}

/// Asks about everything over the few letters and addresses, for the devices with each half of the policies; compares
/// with the tables.
fn agrees(config: &Config) -> Result<(), TestCaseError> {
    let tables = Compiled::new(config, Numbers::default().assign(config).unwrap(), 0).unwrap();
    let some = |keep: fn(usize) -> bool| {
        let kept = config.policies.iter().enumerate().filter(|(n, _)| keep(*n));
        kept.map(|(n, policy)| (1_u64 << n, policy.name.clone())).unzip::<_, _, Vec<_>, Vec<_>>()
    };
    for (bits, names) in [some(|_| true), some(|n| n % 2 == 0), some(|n| n % 2 == 1)] {
        let mask = bits.into_iter().sum();
        let ask = |host: Asked| {
            let who = Who { device: None, mac: None, policies: &names };
            explain(config, who, Question { host, port: None, now: noon() }, &open)
        };
        for name in ["a", "b", "c", "a.b", "b.a", "a.a", "b.b.a", "a.b.b.a", "xb.a", "c.b"] {
            let explanation = ask(Asked::Name(name.parse().unwrap()));
            prop_assert_eq!(ruling(&explanation), tables.judge_name(mask, name), "{}", explanation);
        }
        let v4 = [[0, 0, 0, 0], [0, 128, 0, 0], [128, 0, 0, 1], [200, 1, 1, 1]]
            .map(|a| IpAddr::V4(Ipv4Addr::from(a)));
        let v6 = ["::", "8000::1", "8000::", "2001:db8::"].map(|text| text.parse().unwrap());
        for address in v4.into_iter().chain(v6) {
            let explanation = ask(Asked::Address(address));
            prop_assert_eq!(ruling(&explanation), tables.judge_address(mask, address), "{}", explanation);
        }
        for key in [port(TCP, 1), port(UDP, 1), port(TCP, 3)] {
            let explanation = ask(Asked::Port(key));
            prop_assert_eq!(ruling(&explanation), tables.judge_port(mask, key), "{}", explanation);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_explanation_says_what_the_tables_say(policies in policies()) {
        let policies: Vec<&str> = policies.iter().map(String::as_str).collect();
        agrees(&config(&everyone(policies.len()), &policies))?;
    }
}
