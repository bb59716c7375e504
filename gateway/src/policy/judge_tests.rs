//! The compiled tables decide as the policies say when one reads them one by one.

use std::net::{Ipv4Addr, Ipv6Addr};

use gateway_common::wire::{TCP, UDP};
use ipnet::IpNet;
use proptest::prelude::*;

use super::super::testing::compiled;
use super::*;
use crate::policy::{
    Config, DEFAULT_STATE, Ech, Entries, Entry, Events, HostName, Numbers, Policy, PolicyAction, Quic,
    Schedule, SourceFile, Treatment,
};

fn ruling(policy: u8, action: Action) -> Option<Ruling> {
    Some(Ruling { policy, action })
}

#[test]
fn domains_stand_for_the_name_and_all_below_and_hosts_for_the_name_only() {
    let tables =
        compiled("", &["name = \"a\"\n[block]\ndomains = [\"tracking.example\"]\nhosts = [\"api.example\"]"]);
    for name in [
        "tracking.example",
        "a.tracking.example",
        "a.b.tracking.example",
        "A.Tracking.EXAMPLE.",
        "api.example",
    ] {
        assert_eq!(tables.judge_name(1, name), ruling(0, Action::Drop), "{name}");
    }
    for name in [
        "example",
        "xtracking.example",
        "a.api.example",
        "tracking.example.org",
        "",
        ".",
        "tracking.example..",
    ] {
        assert_eq!(tables.judge_name(1, name), None, "{name}");
    }
    assert_eq!(tables.judge_name(0, "tracking.example"), None);
}

#[test]
fn allow_beats_block_at_whatever_depth_among_the_policies_of_the_device() {
    let tables = compiled(
        "",
        &[
            "name = \"a\"\n[block]\ndomains = [\"x.example\"]\nhosts = [\"deep.below.x.example\"]",
            "name = \"b\"\n[allow]\ndomains = [\"example\"]",
        ],
    );
    assert_eq!(tables.judge_name(0b01, "deep.below.x.example"), ruling(0, Action::Drop));
    assert_eq!(tables.judge_name(0b11, "deep.below.x.example"), ruling(1, Action::Pass));
    assert!(!tables.judge_name(0b11, "x.example").unwrap().blocks());
}

#[test]
fn a_policy_that_enforces_comes_before_one_that_observes_and_then_the_lowest_number() {
    let block = "[block]\nhosts = [\"x.example\"]\nports = [\"tcp/853\"]\naddresses = [\"10.0.0.0/8\"]";
    let policies = [
        format!("name = \"a\"\naction = \"observe\"\n{block}"),
        format!("name = \"b\"\n{block}"),
        format!("name = \"c\"\naction = \"reject\"\n{block}"),
        format!("name = \"d\"\naction = \"observe\"\n{block}"),
    ];
    let tables = compiled("", &policies.each_ref().map(String::as_str));
    let port = PortKey { port: 853_u16.to_be_bytes(), protocol: TCP, reserved: 0 };
    for (mask, expected) in [
        (0b1111, ruling(1, Action::Drop)),
        (0b1101, ruling(2, Action::Reject)),
        (0b1001, ruling(0, Action::Observe)),
        (0b1000, ruling(3, Action::Observe)),
        (0, None),
    ] {
        assert_eq!(tables.judge_name(mask, "x.example"), expected);
        assert_eq!(tables.judge_port(mask, port), expected);
        assert_eq!(tables.judge_address(mask, Ipv4Addr::new(10, 1, 2, 3).into()), expected);
    }
    assert_eq!(tables.judge_port(1, PortKey { protocol: UDP, ..port }), None);
}

#[test]
fn the_longest_net_on_which_a_policy_of_the_device_says_something_decides() {
    let tables = compiled(
        "",
        &[
            "name = \"a\"\n[block]\naddresses = [\"10.0.0.0/8\", \"2001:db8::/32\"]\n[allow]\naddresses = [\"10.1.0.0/16\"]",
            "name = \"b\"\n[block]\naddresses = [\"10.1.2.0/24\", \"10.1.0.0/16\"]",
        ],
    );
    let judge = |mask, text: &str| tables.judge_address(mask, text.parse().unwrap());
    assert_eq!(judge(0b01, "10.9.9.9"), ruling(0, Action::Drop));
    assert_eq!(judge(0b01, "10.1.9.9"), ruling(0, Action::Pass));
    // The longest net is of another policy, so that the next one around it decides.
    assert_eq!(judge(0b01, "10.1.2.3"), ruling(0, Action::Pass));
    assert_eq!(judge(0b11, "10.1.2.3"), ruling(1, Action::Drop));
    assert_eq!(judge(0b11, "10.1.9.9"), ruling(0, Action::Pass));
    assert_eq!(judge(0b10, "10.9.9.9"), None);
    assert_eq!(judge(0b11, "11.0.0.1"), None);
    assert_eq!(judge(0b01, "2001:db8::7"), ruling(0, Action::Drop));
    assert_eq!(judge(0b10, "2001:db8::7"), None);
}

/// Host names over few letters, so that they meet.
fn name() -> impl Strategy<Value = HostName> {
    prop::collection::vec("[abc]", 1..5).prop_map(|labels| labels.join(".").parse().unwrap())
}

/// Nets over few addresses, so that they meet.
fn net() -> impl Strategy<Value = IpNet> {
    prop_oneof![
        (address_v4(), 0..=32_u8).prop_map(|(address, len)| IpNet::new(address.into(), len).unwrap().trunc()),
        (address_v6(), 0..=128_u8)
            .prop_map(|(address, len)| IpNet::new(address.into(), len).unwrap().trunc()),
    ]
}

fn address_v4() -> impl Strategy<Value = Ipv4Addr> {
    prop::array::uniform4(prop::sample::select(vec![0_u8, 1, 128, 255])).prop_map(Ipv4Addr::from)
}

fn address_v6() -> impl Strategy<Value = Ipv6Addr> {
    (any::<bool>(), any::<bool>()).prop_map(|(first, last)| {
        Ipv6Addr::new(0x2001, if first { 0x8000 } else { 0 }, 0, 0, 0, 0, 0, u16::from(last))
    })
}

fn port_key() -> impl Strategy<Value = PortKey> {
    (0..3_u8, prop::sample::select(vec![TCP, UDP])).prop_map(|(port, protocol)| PortKey {
        port: [0, port],
        protocol,
        reserved: 0,
    })
}

fn some<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<Entry<T>>> {
    prop::collection::vec(value.prop_map(|value| Entry { value, line: 1, span: 0..0 }), 0..6)
}

fn entries() -> impl Strategy<Value = Entries> {
    (some(name()), some(name()), some(net()), some(port_key()))
        .prop_map(|(domains, hosts, addresses, ports)| Entries { domains, hosts, addresses, ports })
}

fn policy() -> impl Strategy<Value = Policy> {
    let action = prop::sample::select(vec![PolicyAction::Reject, PolicyAction::Drop, PolicyAction::Observe]);
    (entries(), entries(), action).prop_map(|(block, allow, action)| Policy {
        name: String::new(),
        about: String::new(),
        action,
        block,
        resolve: false,
        allow,
        lists: Vec::new(),
        nameless: Treatment::Pass,
        ip_literal: Treatment::Pass,
        ech: Ech::Pass,
        quic: Quic::Inspect,
        schedule: Schedule::default(),
        malformed: Treatment::Pass,
        fragments: Treatment::Pass,
        source: SourceFile::new(std::path::Path::new("p.toml"), ""),
    })
}

fn config() -> impl Strategy<Value = Config> {
    prop::collection::vec(policy(), 0..5).prop_map(|mut policies| {
        for (n, policy) in policies.iter_mut().enumerate() {
            policy.name = format!("p{n}");
        }
        Config {
            file: "gateway.toml".into(),
            interfaces: vec![String::from("lo")],
            folder: "policies".into(),
            pin: "/pin".into(),
            state: DEFAULT_STATE.into(),
            listen: crate::policy::DEFAULT_LISTEN,
            servers: Vec::new(),
            socket: "/socket".into(),
            page: crate::policy::Page::default(),
            cache: "/cache".into(),
            events: Events::default(),
            names: crate::policy::NameFiles::default(),
            default_policies: Vec::new(),
            track: 0,
            devices: Vec::new(),
            policies,
        }
    })
}

fn tables(config: &Config) -> Compiled {
    Compiled::new(config, Numbers::default().assign(config).unwrap(), 0).unwrap()
}

/// The policies of the device with their numbers; the numbers of a first assignment are those of the order.
fn of_device(config: &Config, mask: u64) -> Vec<(u8, &Policy)> {
    (0..).zip(&config.policies).filter(|(n, _)| mask >> n & 1 == 1).collect()
}

/// What is decided if these policies allow and those block.
fn naive(allow: &[(u8, &Policy)], block: &[(u8, &Policy)]) -> Option<Ruling> {
    let enforces = |policy: &Policy| policy.action != PolicyAction::Observe;
    if let Some((n, _)) = allow.first() {
        return ruling(*n, Action::Pass);
    }
    let (n, policy) = block.iter().find(|(_, policy)| enforces(policy)).or_else(|| block.first())?;
    let action = match policy.action {
        PolicyAction::Reject => Action::Reject,
        PolicyAction::Drop => Action::Drop,
        PolicyAction::Observe => Action::Observe,
    };
    ruling(*n, action)
}

fn naive_name(config: &Config, mask: u64, name: &str) -> Option<Ruling> {
    let matches = |entries: &Entries| {
        entries.hosts.iter().any(|host| host.value.as_str() == name)
            || entries.domains.iter().any(|domain| {
                let domain = domain.value.as_str();
                name == domain || name.ends_with(&format!(".{domain}"))
            })
    };
    let policies = of_device(config, mask);
    let that = |side: fn(&Policy) -> &Entries| -> Vec<(u8, &Policy)> {
        policies.iter().copied().filter(|(_, policy)| matches(side(policy))).collect()
    };
    naive(&that(|policy| &policy.allow), &that(|policy| &policy.block))
}

fn naive_address(config: &Config, mask: u64, address: IpAddr) -> Option<Ruling> {
    let policies = of_device(config, mask);
    let all =
        policies.iter().flat_map(|(_, policy)| policy.block.addresses.iter().chain(&policy.allow.addresses));
    let longest =
        all.map(|entry| entry.value).filter(|net| net.contains(&address)).max_by_key(IpNet::prefix_len)?;
    let that = |side: fn(&Policy) -> &Entries| -> Vec<(u8, &Policy)> {
        let lists = |policy: &Policy| side(policy).addresses.iter().any(|entry| entry.value == longest);
        policies.iter().copied().filter(|(_, policy)| lists(policy)).collect()
    };
    naive(&that(|policy| &policy.allow), &that(|policy| &policy.block))
}

fn naive_port(config: &Config, mask: u64, port: PortKey) -> Option<Ruling> {
    let policies = of_device(config, mask);
    let that = |side: fn(&Policy) -> &Entries| -> Vec<(u8, &Policy)> {
        let lists = |policy: &Policy| side(policy).ports.iter().any(|entry| entry.value == port);
        policies.iter().copied().filter(|(_, policy)| lists(policy)).collect()
    };
    naive(&that(|policy| &policy.allow), &that(|policy| &policy.block))
}

proptest! {
    #[test]
    fn names_are_judged_as_the_policies_say_one_by_one(config in config(), names in prop::collection::vec(name(), 1..20)) {
        let tables = tables(&config);
        for (name, mask) in names.iter().flat_map(|name| (0..32).map(move |mask| (name.as_str(), mask))) {
            prop_assert_eq!(tables.judge_name(mask, name), naive_name(&config, mask, name), "{} {:b}", name, mask);
        }
    }

    #[test]
    fn addresses_are_judged_as_the_policies_say_one_by_one(
        config in config(), v4 in prop::collection::vec(address_v4(), 1..20), v6 in prop::collection::vec(address_v6(), 1..4),
    ) {
        let tables = tables(&config);
        let addresses = v4.into_iter().map(IpAddr::V4).chain(v6.into_iter().map(IpAddr::V6));
        for (address, mask) in addresses.flat_map(|address| (0..32).map(move |mask| (address, mask))) {
            let expected = naive_address(&config, mask, address);
            prop_assert_eq!(tables.judge_address(mask, address), expected, "{} {:b}", address, mask);
        }
    }

    #[test]
    fn ports_are_judged_as_the_policies_say_one_by_one(config in config(), port in port_key(), mask in 0..32_u64) {
        prop_assert_eq!(tables(&config).judge_port(mask, port), naive_port(&config, mask, port));
    }
}
