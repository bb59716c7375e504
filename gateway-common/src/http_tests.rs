//! The reader of HTTP requests: hosts and the forms they come in.

extern crate std;

use std::format;
use std::string::String;
use std::vec::Vec;

use super::*;
use crate::checks::http::{self as checks, Outcome};

#[path = "http_tests/broken.rs"]
mod broken;
#[path = "http_tests/cuts.rs"]
mod cuts;
#[path = "http_tests/oracle.rs"]
mod oracle;
#[path = "http_tests/other.rs"]
mod other;
#[path = "http_tests/real.rs"]
mod real;

const NAME: &str = "api.account.xiaomi.com";

/// Reads the stream whole.
fn read_all(stream: impl AsRef<[u8]>) -> Outcome {
    let (progress, name) = read(stream.as_ref());
    checks::outcome(progress, &name)
}

/// Reads the stream in these pieces.
fn read_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    checks::read_pieces(&pieces.into_iter().collect::<Vec<_>>())
}

fn named(name: &str) -> Outcome {
    (Progress::Named, name.into())
}

fn literal(address: &str) -> Outcome {
    (Progress::Literal, address.into())
}

fn without_name(progress: Progress) -> Outcome {
    (progress, String::new())
}

/// A request with this value of Host, white space included.
fn with_host(value: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost:{value}\r\nAccept: */*\r\n\r\n")
}

/// A request for this target, with a Host that must not decide.
fn with_target(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: other.example\r\n\r\n")
}

/// A name of this many bytes, of labels that are as long as labels may be.
fn long_name(len: usize) -> String {
    (0..len).map(|at| if at % 64 == 63 && at + 1 < len { '.' } else { 'a' }).collect()
}

#[test]
fn the_host_is_read_in_lower_case_without_port_userinfo_white_space_and_trailing_dot() {
    let values = [
        "api.account.xiaomi.com",
        " api.account.xiaomi.com",
        "\t api.account.xiaomi.com \t ",
        " API.Account.XIAOMI.com",
        " api.account.xiaomi.com.",
        " api.account.xiaomi.com:80",
        " api.account.xiaomi.com:",
        " api.account.xiaomi.com.:8080 ",
        " user@api.account.xiaomi.com",
        " user:pass@api.account.xiaomi.com:80",
        " user:p%40ss:[w\\ord]@api.account.xiaomi.com",
        " a@b:1@api.account.xiaomi.com",
        " @api.account.xiaomi.com",
    ];
    for value in values {
        assert_eq!(read_all(with_host(value)), named(NAME), "{value:?}");
    }
}

#[test]
fn the_authority_of_the_target_is_read_in_the_same_way_and_wins_over_host() {
    let targets = [
        "http://api.account.xiaomi.com/",
        "http://api.account.xiaomi.com",
        "HTTPS://API.ACCOUNT.XIAOMI.COM./path?query#fragment",
        "ws://api.account.xiaomi.com:8080/socket",
        "wSs://api.account.xiaomi.com?query",
        "http://api.account.xiaomi.com#fragment",
        "http://api.account.xiaomi.com:/",
        "http://user:pass@api.account.xiaomi.com:80/",
        "http://us%20er@api.account.xiaomi.com/http://other.example/",
        "svn+ssh-2.0://api.account.xiaomi.com/",
        "http://api.account.xiaomi.com/a@b:c/[d]//e",
        "http://api.account.xiaomi.com/ http://other.example/",
    ];
    for target in targets {
        assert_eq!(read_all(with_target(target)), named(NAME), "{target:?}");
    }
}

#[test]
fn a_target_that_only_looks_like_an_authority_leaves_the_host_to_the_field() {
    let targets = [
        "/",
        "*",
        "//api.account.xiaomi.com/",
        "/http://api.account.xiaomi.com/",
        "api.account.xiaomi.com",
        "api.account.xiaomi.com:80",
        "http:/api.account.xiaomi.com/",
        "http:api.account.xiaomi.com/",
        "http:x/api.account.xiaomi.com/",
        "~://api.account.xiaomi.com/",
        "mailto:me@api.account.xiaomi.com",
        "1http://api.account.xiaomi.com/",
        "http_x://api.account.xiaomi.com/",
        "?http://api.account.xiaomi.com/",
        "/a http://api.account.xiaomi.com/",
        "/\u{fc}ber",
    ];
    for target in targets {
        assert_eq!(read_all(with_target(target)), named("other.example"), "{target:?}");
    }
}

#[test]
fn the_authority_of_connect_is_read() {
    for target in ["api.account.xiaomi.com:443", "  API.account.xiaomi.com.", "u:p@api.account.xiaomi.com:1"]
    {
        let request = format!("CONNECT {target} HTTP/1.1\r\nHost: other.example\r\n\r\n");
        assert_eq!(read_all(request), named(NAME), "{target:?}");
    }
    for method in ["CONNEC", "CONNECTS", "XCONNECT", "CONNECT-", "ONNECT"] {
        let request = format!("{method} api.account.xiaomi.com:443 HTTP/1.1\r\nHost: other.example\r\n\r\n");
        assert_eq!(read_all(request), named("other.example"), "{method}");
    }
    assert_eq!(read_all("CONNECT [2001:db8::1]:443 HTTP/1.1\r\n"), literal("2001:db8::1"));
}

#[test]
fn an_address_literal_is_told_apart_from_a_name() {
    for (host, address) in [
        ("[::1]", "::1"),
        ("[2001:DB8::a:1]:8080", "2001:db8::a:1"),
        ("[fe80::1%25eth0]", "fe80::1%25eth0"),
        ("[::ffff:192.0.2.1]:", "::ffff:192.0.2.1"),
        ("user@[v1.fe:00]:1", "v1.fe:00"),
    ] {
        assert_eq!(read_all(with_host(&format!(" {host} "))), literal(address), "{host}");
        assert_eq!(read_all(with_target(&format!("http://{host}/"))), literal(address), "{host}");
    }
    // Without brackets it is written like a name, as in TLS.
    assert_eq!(read_all(with_host("192.0.2.1:80")), named("192.0.2.1"));
}

#[test]
fn hosts_of_every_length_up_to_253_bytes_are_read_whole() {
    for len in 1..=253 {
        let name = long_name(len);
        for host in [name.clone(), format!("{name}."), format!("{}@{name}.:80", "u".repeat(300))] {
            assert_eq!(read_all(with_host(&host)), named(&name), "{len} bytes");
            assert_eq!(read_all(with_target(&format!("http://{host}/"))), named(&name), "{len} bytes");
        }
    }
}

#[test]
fn a_host_over_253_bytes_is_too_long() {
    for len in (254..=520).chain([1000, 2047, 2048, 4096]) {
        for host in [long_name(len), format!("{}.", long_name(len)), format!("{}:80", long_name(len))] {
            assert_eq!(read_all(with_host(&host)), without_name(Progress::TooLong), "{len} bytes");
            let target = with_target(&format!("http://{host}/"));
            assert_eq!(read_all(target), without_name(Progress::TooLong), "{len} bytes");
        }
    }
}

#[test]
fn the_name_of_the_field_is_host_in_any_case_and_nothing_longer_or_shorter() {
    for name in ["Host", "host", "HOST", "hOsT"] {
        let request = format!("GET / HTTP/1.1\r\n{name}: {NAME}\r\n\r\n");
        assert_eq!(read_all(request), named(NAME), "{name}");
    }
    for name in ["Hos", "ost", "X-Host", "Hostt", "Host-", "HHost", "X-Forwarded-Host", "Hoat", "h"] {
        let request = format!("GET / HTTP/1.1\r\n{name}: {NAME}\r\n\r\n");
        assert_eq!(read_all(request), without_name(Progress::Nameless), "{name}");
    }
    // Only its last eight letters are kept of a name, in which zero bytes cannot be.
    let request =
        format!("GET / HTTP/1.1\r\nxxxxHost: {NAME}\r\nxxxxxHost: {NAME}\r\nHost: other.example\r\n\r\n");
    assert_eq!(read_all(request), named("other.example"));
}

#[test]
fn host_is_found_wherever_it_stands_and_the_first_decides() {
    for before in 0..20 {
        let fields = (0..before).map(|at| format!("X-{at}: Host: not.this\r\n")).collect::<String>();
        let request = format!("GET / HTTP/1.1\r\n{fields}Host: {NAME}\r\nHost: other.example\r\n\r\n");
        assert_eq!(read_all(request), named(NAME));
    }
}

#[test]
fn a_host_in_the_body_or_in_a_second_request_is_not_read() {
    let request = format!("POST / HTTP/1.1\r\nContent-Length: 40\r\n\r\nHost: {NAME}\r\n\r\n");
    assert_eq!(read_all(request), without_name(Progress::Nameless));
    let requests = format!("{}{}", with_host(" first.example"), with_host(NAME));
    assert_eq!(read_all(requests), named("first.example"));
}

#[test]
fn a_request_without_a_host_or_with_an_empty_one_is_nameless() {
    for request in [
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\n\n",
        "GET / HTTP/1.0\r\n\n",
        "GET / HTTP/1.1\r\nAccept: */*\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: \t \r\n\r\n",
        "GET / HTTP/1.1\nHost:\n\n",
        "GET / HTTP/1.1\r\nHost:\r\nHost: other.example\r\n\r\n",
    ] {
        assert_eq!(read_all(request), without_name(Progress::Nameless), "{request:?}");
    }
}

#[test]
fn every_byte_of_a_host_that_is_no_delimiter_is_kept_and_only_ascii_letters_change() {
    for byte in (0x21..=u8::MAX).filter(|byte| *byte != 0x7f && !b"/?#@:%\\[]".contains(byte)) {
        let kept: String =
            [b'x', byte, b'y'].map(|byte| char::from(byte.to_ascii_lowercase())).iter().collect();
        let request = [b"GET / HTTP/1.1\r\nHost: x", &[byte][..], b"y\r\n\r\n"].concat();
        assert_eq!(read_all(request), named(&kept));
        let request = [b"GET http://x", &[byte][..], b"y/ HTTP/1.1\r\n\r\n"].concat();
        assert_eq!(read_all(request), named(&kept));
    }
}
