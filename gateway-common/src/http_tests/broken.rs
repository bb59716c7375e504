//! Requests that break their own format, one rule at a time, and those that are too long.

use super::*;

fn assert_malformed(request: impl AsRef<[u8]>) {
    let request = request.as_ref();
    assert_eq!(
        read_all(request),
        without_name(Progress::Malformed),
        "{:?}",
        String::from_utf8_lossy(request)
    );
}

#[test]
fn lines_may_end_without_cr() {
    for end in ["\n", "\r\n"] {
        for second in ["\n", "\r\n"] {
            for third in ["\n", "\r\n"] {
                let request = format!("GET / HTTP/1.1{end}A: b{second}Host: {NAME}{third}{end}");
                assert_eq!(read_all(&request), named(NAME), "{request:?}");
            }
        }
    }
}

#[test]
fn a_cr_without_lf_is_malformed() {
    assert_malformed(format!("GET / HTTP/1.1\rHost: {NAME}\r\n\r\n"));
    assert_malformed(format!("GET / HTTP/1.1\r\rHost: {NAME}\r\n\r\n"));
    assert_malformed(format!("GET / HTTP/1.1\r\n\rHost: {NAME}\r\n\r\n"));
    assert_malformed(format!("GET / HTTP/1.1\r\nA: b\rHost: {NAME}\r\n\r\n"));
    assert_malformed(format!("GET / HTTP/1.1\r\nA: b\r\r\nHost: {NAME}\r\n\r\n"));
    assert_malformed(format!("GET / HTTP/1.1\r\nHost: {NAME}\rA: b\r\n\r\n"));
    assert_malformed(format!("GET / HTTP/1.1\r\nHost: {NAME} \rA: b\r\n\r\n"));
    assert_malformed("GET / HTTP/1.1\r\nHost:\rA: b\r\n\r\n");
}

#[test]
fn a_line_that_begins_with_white_space_is_malformed_before_and_right_after_host() {
    for space in [" ", "\t"] {
        for end in ["\n", "\r\n"] {
            assert_malformed(format!("GET / HTTP/1.1{end}{space}Host: {NAME}{end}{end}"));
            assert_malformed(format!("GET / HTTP/1.1{end}A: b{end}{space}c{end}Host: {NAME}{end}{end}"));
            assert_malformed(format!("GET / HTTP/1.1{end}Host: {NAME}{end}{space}.example{end}{end}"));
            assert_malformed(format!("GET / HTTP/1.1{end}Host:{end}{space}{NAME}{end}{end}"));
            assert_malformed(format!("GET / HTTP/1.1{end}Host: {NAME} {end}{space}{end}{end}"));
        }
    }
}

#[test]
fn white_space_or_a_control_character_in_the_name_of_a_field_is_malformed() {
    for bad in (0..0x21).chain([0x7f]).map(char::from) {
        for name in [format!("Host{bad}"), format!("H{bad}ost"), format!("Accept{bad}")] {
            assert_malformed(format!("GET / HTTP/1.1\r\n{name}: {NAME}\r\n\r\n"));
        }
        if !['\r', '\n'].contains(&bad) {
            assert_malformed(format!("GET / HTTP/1.1\r\n{bad}Host: {NAME}\r\n\r\n"));
        }
    }
}

#[test]
fn a_field_without_a_name_or_without_a_colon_is_malformed() {
    assert_malformed(format!("GET / HTTP/1.1\r\n: b\r\nHost: {NAME}\r\n\r\n"));
    assert_malformed(format!("GET / HTTP/1.1\r\nAccept\r\nHost: {NAME}\r\n\r\n"));
    assert_malformed("GET / HTTP/1.1\r\nHost\r\n\r\n");
}

#[test]
fn a_nul_is_malformed_and_other_characters_of_a_value_are_passed_over() {
    assert_malformed(format!("GET / HTTP/1.1\r\nA: \0\r\nHost: {NAME}\r\n\r\n"));
    let values = (1..=u8::MAX).filter(|byte| !b"\r\n".contains(byte)).collect::<Vec<u8>>();
    let request =
        [b"GET / HTTP/1.1\r\nA: ", &values[..], b"\r\nHost: api.account.xiaomi.com\r\n\r\n"].concat();
    assert_eq!(read_all(request), named(NAME));
}

#[test]
fn a_host_with_a_character_that_no_host_has_is_malformed() {
    let hosts = [
        "a b",
        "a\tb",
        "a\0b",
        "a\x7fb",
        "a%62",
        "%61",
        "a\\b",
        "a[b",
        "a]b",
        "]",
        "a:b",
        "a:8o",
        "a:80:80",
        ":80",
        ":",
        ".",
        ".:80",
        "user@",
        "a@:80",
        "[]",
        "[::1",
        "[::1]a",
        "[::1]:a",
        "[::1]:80:",
        "[::1]@a",
        "[a[b]",
        "[a@b]",
        "[a\\b]",
        "[::1]]",
        "a[::1]",
        "2001:db8::1",
        "[:: 1]",
        ".,.@.",
    ];
    for host in hosts {
        assert_malformed(with_host(&format!(" {host}")));
        if !host.contains([' ', '\t', '\0', '\x7f']) {
            assert_malformed(with_target(&format!("http://{host}/")));
            assert_malformed(format!("CONNECT {host} HTTP/1.1\r\nHost: {NAME}\r\n\r\n"));
        }
    }
    for host in ["/", "a/", "a/b", "?a", "a#", "http://a/"] {
        assert_malformed(with_host(&format!(" {host}")));
    }
}

#[test]
fn an_empty_authority_is_malformed() {
    for target in ["http:///", "http://", "http://?a", "http://#a", "http://@/", "http://u:p@:80/"] {
        assert_malformed(with_target(target));
    }
    assert_malformed(format!("CONNECT / HTTP/1.1\r\nHost: {NAME}\r\n\r\n"));
}

/// A request whose request line has this many bytes, empty lines before it and its end included.
fn with_line_of(len: u32, before: &str) -> String {
    let rest = before.len() + "GET / HTTP/1.1\r\n".len();
    format!(
        "{before}GET /{} HTTP/1.1\r\nHost: {NAME}\r\n\r\n",
        "a".repeat(usize::try_from(len).unwrap() - rest)
    )
}

#[test]
fn a_request_line_of_8_kib_is_read_and_one_byte_more_is_too_long() {
    for before in ["", "\r\n", "\n\n\n"] {
        for len in [100, 2048, MAX_REQUEST_LINE - 1, MAX_REQUEST_LINE] {
            assert_eq!(read_all(with_line_of(len, before)), named(NAME), "{len} bytes");
        }
        for len in [MAX_REQUEST_LINE + 1, MAX_REQUEST_LINE + 2, 2 * MAX_REQUEST_LINE, 3 * MAX_REQUEST_LINE] {
            assert_eq!(read_all(with_line_of(len, before)), without_name(Progress::TooLong), "{len} bytes");
        }
    }
    assert_eq!(MAX_REQUEST_LINE, 8192);
    assert_eq!(read_all("\r\n".repeat(5000)), without_name(Progress::TooLong));
}

#[test]
fn sixteen_kib_are_read_to_the_byte_that_decides_and_one_byte_more_is_too_long() {
    let most = 16_384;
    let request = |len: usize| {
        let fields = format!("Host: {NAME}\r\n\r");
        let begin = "GET / HTTP/1.1\r\nCookie: ";
        format!("{begin}{}\r\n{fields}\n", "a".repeat(len - begin.len() - 2 - fields.len()))
    };
    for (len, expected) in [
        (most - 1, named(NAME)),
        (most, named(NAME)),
        (most + 1, without_name(Progress::TooLong)),
        (2 * most, without_name(Progress::TooLong)),
    ] {
        assert_eq!(read_all(request(len)), expected, "{len} bytes to the deciding byte");
    }
    let many = format!("GET / HTTP/1.1\r\n{}", "A: b\r\n".repeat(5000));
    assert_eq!(read_all(many), without_name(Progress::TooLong));
}
