//! Which hosts a request may name.

use axum::http::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;

fn names(address: &str, hosts: &[&str]) -> Names {
    let hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
    Names::new(Some(address.parse().unwrap()), hosts)
}

fn headers(hosts: &[&str]) -> HeaderMap {
    hosts
        .iter()
        .map(|host| (HeaderName::from_static("host"), HeaderValue::from_bytes(host.as_bytes()).unwrap()))
        .collect()
}

fn answers(names: &Names, host: &str) -> bool {
    names.check(&Uri::from_static("/"), &headers(&[host])).is_ok()
}

#[test]
fn on_loopback_its_address_and_localhost_are_known_with_the_right_port_or_none() {
    let names = names("127.0.0.1:9470", &[]);
    for host in [
        "127.0.0.1:9470",
        "127.0.0.1",
        "127.0.0.1:",
        "localhost:9470",
        "localhost",
        "LOCALHOST:9470",
        "LocalHost",
        "localhost.",
        "localhost.:9470",
        "[::ffff:127.0.0.1]:9470",
        "[::ffff:7f00:1]",
    ] {
        assert!(answers(&names, host), "{host}");
    }
    for host in [
        "",
        " ",
        ".",
        ":",
        ":9470",
        "127.0.0.2",
        "127.0.0.1:9471",
        "127.0.0.1:80",
        "localhost:09470x",
        "localhost:+9470",
        "localhost:94700000",
        "localhost:-1",
        "localhost:9470:9470",
        "localhost..",
        "localhost.evil.example",
        "xlocalhost",
        "127.0.0.1.evil.example",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "127.0.0.1.",
        "[127.0.0.1]",
        "[localhost]",
        "[::1]",
        "::1",
        "::ffff:127.0.0.1",
        "[::ffff:127.0.0.1",
        "::ffff:127.0.0.1]",
        "[::ffff:127.0.0.1]x",
        "[]",
        "[",
        "]",
        "[:9470",
        "evil.example",
        "gateway.lan",
        "user@localhost",
        "localhost@evil.example",
        "localhost/evil",
        "localhost#",
        "localhost ,x",
        "192.168.1.1:9470",
    ] {
        assert!(!answers(&names, host), "{host:?}");
    }
}

#[test]
fn an_ipv6_address_is_known_in_brackets_however_it_is_written() {
    let names = names("[fd00:1::1]:80", &[]);
    for host in ["[fd00:1::1]", "[fd00:1::1]:80", "[FD00:0001:0:0:0:0:0:1]:80", "[fd00:1::1]:"] {
        assert!(answers(&names, host), "{host}");
    }
    for host in
        ["fd00:1::1", "[fd00:1::2]", "[fd00:1::1]:81", "[fd00:1::1%25eth0]", "[fd00:1::1]80", "[[fd00:1::1]]"]
    {
        assert!(!answers(&names, host), "{host}");
    }
}

#[test]
fn listening_everywhere_any_address_is_known_and_a_name_only_if_it_is_told() {
    let names = names("[::]:9470", &["gateway.lan"]);
    for host in
        ["192.168.1.1:9470", "[fd00::1]:9470", "10.0.0.1", "gateway.lan", "GATEWAY.LAN.:9470", "localhost"]
    {
        assert!(answers(&names, host), "{host}");
    }
    for host in
        ["evil.example:9470", "192.168.1.1:80", "lan", "x.gateway.lan", "gateway.lan..", "gateway.lan:9471"]
    {
        assert!(!answers(&names, host), "{host}");
    }
}

#[test]
fn on_a_socket_the_port_is_that_of_whoever_stands_in_front() {
    let names = Names::new(None, vec!["gw.example.org".parse().unwrap()]);
    for host in
        ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:9470", "gw.example.org", "gw.example.org:443"]
    {
        assert!(answers(&names, host), "{host}");
    }
    for host in ["192.168.1.1", "evil.example", "[::2]"] {
        assert!(!answers(&names, host), "{host}");
    }
    assert_eq!(names.example(), "http://localhost/");
}

#[test]
fn a_request_names_one_host_and_no_more() {
    let names = names("127.0.0.1:9470", &[]);
    let check = |hosts: &[&str]| names.check(&Uri::from_static("/"), &headers(hosts));
    assert_eq!(check(&[]), Err(Misdirected::Unclear));
    assert_eq!(check(&["localhost", "localhost"]), Err(Misdirected::Unclear));
    assert_eq!(check(&["localhost", "evil.example"]), Err(Misdirected::Unclear));
    assert_eq!(check(&["löcalhost"]), Err(Misdirected::Unclear));
    assert_eq!(check(&["evil.example"]), Err(Misdirected::Unknown(String::from("evil.example"))));
}

#[test]
fn a_host_in_the_target_counts_beside_the_header() {
    let names = names("127.0.0.1:9470", &[]);
    let check = |target: &'static str, host: &str| names.check(&Uri::from_static(target), &headers(&[host]));
    assert_eq!(check("http://127.0.0.1:9470/x", "localhost"), Ok(()));
    assert_eq!(check("http://LOCALHOST./x", "localhost"), Ok(()));
    for (target, host) in [
        ("http://evil.example/", "localhost"),
        ("http://localhost:80/", "localhost"),
        ("http://user@localhost/", "localhost"),
        ("http://localhost/", "evil.example"),
    ] {
        assert!(matches!(check(target, host), Err(Misdirected::Unknown(_))), "{target} {host}");
    }
}

proptest! {
    #[test]
    fn whatever_is_named_only_what_is_meant_is_known(host in "[\\[\\]:.a-z0-9@%-]{0,24}") {
        let meant = ["127.0.0.1", "localhost", "localhost.", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"];
        let bare = host.strip_suffix(":9470").or(host.strip_suffix(':')).unwrap_or(&host);
        prop_assert_eq!(answers(&names("127.0.0.1:9470", &[]), &host), meant.contains(&bare));
    }
}
