//! Destination addresses: the longest prefix wins, then allow.

use gateway_common::abi::Kind;
use gateway_common::reason::Reason;

use crate::harness::*;

/// Asserts that a connection to this address is dropped with its first segment, by this policy.
#[track_caller]
fn assert_blocked(filter: &mut Filter, path: &Path, device: &'static str, policy: &'static str) {
    let expected = drops(Reason::Address, policy).of(device).begins().decides(Kind::Address);
    filter.give(&Tcp::new(path.clone()).syn(), &expected);
}

/// Asserts that the first segment of a connection to this address passes.
#[track_caller]
fn assert_open(filter: &mut Filter, path: &Path, device: &'static str) {
    filter.give(&Tcp::new(path.clone()).syn(), &passes(Reason::NoPayload).of(device).begins());
}

#[test]
fn a_blocked_net_is_blocked_from_its_first_address_to_its_last_and_not_beside_them() {
    let nets = r#"addresses = ["203.0.113.0/25", "198.51.100.7", "2001:db8:bad::/48", "2001:db8:2::f"]"#;
    let mut filter = Filter::phone(&format!("[block]\n{nets}"));
    for address in [
        "203.0.113.0",
        "203.0.113.127",
        "198.51.100.7",
        "2001:db8:bad::",
        "2001:db8:bad:ffff::1",
        "2001:db8:2::f",
    ] {
        assert_blocked(&mut filter, &Path::to(address), "phone", "p");
    }
    for address in [
        "203.0.112.255",
        "203.0.113.128",
        "198.51.100.6",
        "198.51.100.8",
        "2001:db8:bac:ffff::1",
        "2001:db8:bae::",
        "2001:db8:2::e",
        "2001:db8:2::10",
    ] {
        assert_open(&mut filter, &Path::to(address), "phone");
    }
}

#[test]
fn every_packet_of_a_flow_to_a_blocked_address_is_dropped_and_the_flow_counted_once() {
    let mut filter = Filter::phone("[block]\naddresses = [\"203.0.113.0/24\", \"2001:db8:bad::/48\"]");
    for path in [Path::to("203.0.113.9"), Path::to("2001:db8:bad::9")] {
        let known = drops(Reason::KnownFlow, "p").because(Reason::Address);
        let first = drops(Reason::Address, "p").begins().decides(Kind::Address);
        let mut tcp = Tcp::new(path.clone());
        filter.give(&tcp.syn(), &first);
        filter.give(&tcp.ack(), &known);
        filter.give(&tcp.send(&hello("fine.example")), &known);
        filter.give(&path.udp(b"one"), &first);
        filter.give(&path.udp(b"two"), &known);
    }
}

#[test]
fn a_connection_to_a_blocked_address_that_is_older_than_the_filter_is_dropped() {
    let mut filter = Filter::phone("[block]\naddresses = [\"203.0.113.0/24\"]");
    let mut tcp = Tcp::new(Path::to("203.0.113.9"));
    filter.give(&tcp.send(NO_PROTOCOL), &drops(Reason::Address, "p").begins().decides(Kind::Address));
    filter.give(&tcp.fin(), &drops(Reason::KnownFlow, "p").because(Reason::Address));
}

#[test]
fn icmp_to_a_blocked_address_is_dropped_without_a_flow() {
    const ECHO: [u8; 8] = [8, 0, 0xf7, 0xff, 0, 0, 0, 0];
    let mut filter = Filter::phone("[block]\naddresses = [\"203.0.113.0/24\", \"2001:db8:bad::/48\"]");
    filter.give(&Path::to("203.0.113.9").packet(1, &ECHO), &drops(Reason::Address, "p"));
    filter.give(&Path::to("2001:db8:bad::9").packet(58, &ECHO), &drops(Reason::Address, "p"));
    filter.give(&Path::v4().packet(1, &ECHO), &passes(Reason::OtherProtocol));
    filter.give(&Path::v6().packet(58, &ECHO), &passes(Reason::OtherProtocol));
}

#[test]
fn the_longest_prefix_wins_whether_it_blocks_or_allows() {
    let mut filter = Filter::phone(
        r#"[block]
           addresses = ["203.0.113.0/24", "203.0.113.129", "2001:db8:bad::/48", "2001:db8:bad:1:ffff::/80"]
           [allow]
           addresses = ["203.0.113.128/25", "2001:db8:bad:1::/64"]"#,
    );
    for (address, blocked) in [
        ("203.0.113.127", true),
        ("203.0.113.128", false),
        ("203.0.113.129", true),
        ("203.0.113.130", false),
        ("2001:db8:bad:2::1", true),
        ("2001:db8:bad:1::1", false),
        ("2001:db8:bad:1:ffff::1", true),
    ] {
        let path = Path::to(address);
        if blocked {
            assert_blocked(&mut filter, &path, "phone", "p");
        } else {
            assert_open(&mut filter, &path, "phone");
        }
    }
}

#[test]
fn at_equal_length_allow_wins_over_block() {
    let mut filter = Filter::new(
        &Setup::new()
            .policy("guard", "[block]\naddresses = [\"203.0.113.0/24\", \"2001:db8:bad::/48\"]")
            .policy("friend", "[allow]\naddresses = [\"203.0.113.0/24\", \"2001:db8:bad::/48\"]")
            .device("phone", PHONE, &["guard", "friend"])
            .device("tv", TV, &["guard"]),
    );
    for address in ["203.0.113.9", "2001:db8:bad::9"] {
        assert_open(&mut filter, &Path::to(address), "phone");
        assert_blocked(&mut filter, &Path::to(address).from(TV), "tv", "guard");
    }
}

#[test]
fn everything_can_be_blocked_but_one_net() {
    let mut filter = Filter::phone(
        "[block]\naddresses = [\"0.0.0.0/0\", \"::/0\"]\n[allow]\naddresses = [\"192.168.1.0/24\", \"fe80::/10\"]",
    );
    for address in ["198.51.100.7", "255.255.255.255", "192.168.2.1", "2001:db8::1", "ff02::1"] {
        assert_blocked(&mut filter, &Path::to(address), "phone", "p");
    }
    for address in ["192.168.1.1", "fe80::1"] {
        assert_open(&mut filter, &Path::to(address), "phone");
    }
}

/// Nets within nets, each named by another policy.
fn nested() -> Setup {
    Setup::new()
        .policy("wide", r#"block.addresses = ["10.0.0.0/8", "2001:db8::/32"]"#)
        .policy("middle", r#"allow.addresses = ["10.1.0.0/16", "2001:db8:1::/48"]"#)
        .policy("narrow", r#"block.addresses = ["10.1.2.0/24", "2001:db8:1:2::/64"]"#)
}

#[test]
fn of_nets_three_deep_each_device_sees_those_of_its_own_policies() {
    let setup = nested()
        .device("phone", PHONE, &["wide", "middle", "narrow"])
        .device("tv", TV, &["wide", "narrow"])
        .device("laptop", LAPTOP, &["wide", "middle"]);
    let mut filter = Filter::new(&setup);
    let outer = ["10.9.9.9", "2001:db8:9::9"];
    let within = ["10.1.9.9", "2001:db8:1:9::9"];
    let innermost = ["10.1.2.9", "2001:db8:1:2::9"];
    for (device, mac, by) in [
        ("phone", PHONE, [Some("wide"), None, Some("narrow")]),
        ("tv", TV, [Some("wide"), Some("wide"), Some("narrow")]),
        ("laptop", LAPTOP, [Some("wide"), None, None]),
    ] {
        for (addresses, by) in [outer, within, innermost].into_iter().zip(by) {
            for address in addresses {
                let path = Path::to(address).from(mac);
                match by {
                    Some(policy) => assert_blocked(&mut filter, &path, device, policy),
                    None => assert_open(&mut filter, &path, device),
                }
            }
        }
    }
}

#[test]
fn nets_that_only_other_devices_have_are_open() {
    let setup = nested().policy("other", "[block]\nhosts = [\"x.example\"]");
    let mut filter =
        Filter::new(&setup.device("phone", PHONE, &["other"]).device("tv", TV, &["middle"]).device(
            "laptop",
            LAPTOP,
            &["narrow"],
        ));
    for address in ["10.9.9.9", "10.1.9.9", "10.1.2.9", "2001:db8:1:2::9"] {
        assert_open(&mut filter, &Path::to(address), "phone");
        assert_open(&mut filter, &Path::to(address).from(TV), "tv");
    }
    assert_open(&mut filter, &Path::to("10.1.9.9").from(LAPTOP), "laptop");
    assert_blocked(&mut filter, &Path::to("10.1.2.9").from(LAPTOP), "laptop", "narrow");
}

#[test]
fn a_net_stands_for_destinations_and_not_for_sources() {
    let mut filter = Filter::phone("[block]\naddresses = [\"192.168.1.5\", \"2001:db8:1::/64\"]");
    assert_open(&mut filter, &Path::v4(), "phone");
    assert_open(&mut filter, &Path::v6(), "phone");
}
