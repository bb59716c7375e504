//! Hellos without a name, hellos that break their own format, and what is no hello.

use gateway_common::abi::Kind;
use gateway_common::reason::Reason;

use crate::harness::*;

/// A connection whose first payload this is: asserts what becomes of it, and of the segment after it.
#[track_caller]
fn assert_first_payload(
    filter: &mut Filter,
    port: u16,
    payload: &[u8],
    blocked_for: Option<Reason>,
    counted: Reason,
) {
    let mut tcp = Tcp::new(Path::v4().source_port(port));
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    if let Some(reason) = blocked_for {
        filter.give(&tcp.send(payload), &drops(counted, "p").decides(Kind::None));
        filter.give(&tcp.ack(), &drops(Reason::KnownFlow, "p").because(reason));
    } else {
        filter.give(&tcp.send(payload), &passes(counted));
        filter.give(&tcp.ack(), &passes(Reason::KnownFlow));
    }
}

/// Hellos without a server name: of clients that send none, and of clients that connect to an address.
fn without_names() -> Vec<Vec<u8>> {
    vec![
        nameless(),
        Client::new().tls12().without_name().hello("example.org"),
        Client::new().tls13().without_name().alpn(&[b"h2"]).hello("example.org"),
        Client::new().hello("192.0.2.1"),
        Client::new().tls12().hello("2001:db8::1"),
    ]
}

#[test]
fn a_hello_without_a_name_passes_by_default() {
    let mut filter = Filter::phone("[block]\ndomains = [\"example.org\"]");
    for (port, payload) in (50_000..).zip(without_names()) {
        assert_first_payload(&mut filter, port, &payload, None, Reason::Nameless);
    }
}

#[test]
fn a_hello_without_a_name_is_dropped_where_a_policy_says_so() {
    let mut filter = Filter::phone("[inspect]\nnameless = \"block\"");
    for (port, payload) in (50_000..).zip(without_names()) {
        assert_first_payload(&mut filter, port, &payload, Some(Reason::Nameless), Reason::Nameless);
    }
    let mut tcp = Tcp::new(Path::v6());
    filter.give(&tcp.send(&hello("fine.example")), &passes(Reason::TlsSni).begins().named("fine.example"));
}

/// Hellos in which something contradicts the rest.
fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let good = crafted(b"x.example");
    // The name in the list in the extension, each behind its length.
    let name: &[u8] = b"\0\x0e\0\x0c\0\0\x09x.example";
    let lie = |extension: u8, list: u8, kind: u8, len: u8| {
        let lie = [&[0, extension, 0, list, kind, 0, len][..], b"x.example"].concat();
        replaced(good.clone(), name, &lie)
    };
    let at = |at: usize, byte: u8| {
        let mut stream = good.clone();
        stream[at] = byte;
        stream
    };
    vec![
        ("the name is longer than its list", lie(14, 12, 0, 10)),
        ("the name is shorter than its list", lie(14, 12, 0, 8)),
        ("the list is longer than its extension", lie(14, 13, 0, 9)),
        ("the list is shorter than its extension", lie(14, 11, 0, 9)),
        ("the name is of an unknown type", lie(14, 12, 1, 9)),
        ("the name is empty", crafted(b"")),
        ("the name is a dot", crafted(b".")),
        ("the session id is longer than can be", at(43, 33)),
        ("the record is empty", at(4, 0)),
        ("the record is longer than can be", at(3, 0x41)),
    ]
}

#[test]
fn a_malformed_hello_is_dropped_by_default() {
    let mut filter = Filter::phone("[block]\nhosts = [\"other.example\"]");
    for (port, (what, payload)) in (50_000..).zip(malformed()) {
        println!("{what}");
        assert_first_payload(&mut filter, port, &payload, Some(Reason::Malformed), Reason::Malformed);
    }
}

#[test]
fn a_malformed_hello_passes_where_the_policy_says_so() {
    let mut filter = Filter::phone("[block]\nhosts = [\"other.example\"]\n[inspect]\nmalformed = \"pass\"");
    for (port, (what, payload)) in (50_000..).zip(malformed()) {
        println!("{what}");
        assert_first_payload(&mut filter, port, &payload, None, Reason::Malformed);
    }
}

/// A hello that claims to have 16 MiB, and one with a name of 254 bytes.
fn too_long() -> [Vec<u8>; 2] {
    let mut huge = crafted(b"x.example");
    huge[6..9].copy_from_slice(&[0xff; 3]);
    [huge, crafted(&[b'a'; 254])]
}

#[test]
fn a_hello_or_a_name_too_long_is_dropped_by_default() {
    let mut filter = Filter::phone("[block]\nhosts = [\"other.example\"]");
    for (port, payload) in (50_000..).zip(too_long()) {
        assert_first_payload(&mut filter, port, &payload, Some(Reason::TooLong), Reason::TooLong);
    }
}

#[test]
fn a_hello_or_a_name_too_long_passes_where_the_policy_says_so() {
    let mut filter = Filter::phone("[inspect]\nmalformed = \"pass\"");
    for (port, payload) in (50_000..).zip(too_long()) {
        assert_first_payload(&mut filter, port, &payload, None, Reason::TooLong);
    }
}

#[test]
fn a_first_payload_that_is_no_hello_passes_and_decides() {
    let mut filter = Filter::phone("[block]\ndomains = [\"example.org\"]\n[inspect]\nnameless = \"block\"");
    let mut server_hello = crafted(b"www.example.org");
    server_hello[5] = 2;
    let mut other_version = crafted(b"www.example.org");
    other_version[1] = 2;
    let payloads: [&[u8]; 6] = [
        NO_PROTOCOL,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x17\x03\x03\x00\x20 application data of TLS",
        b"\x15\x03\x01\x00\x02\x02\x28",
        &server_hello,
        &other_version,
    ];
    for (port, payload) in (50_000..).zip(payloads) {
        assert_first_payload(&mut filter, port, payload, None, Reason::NotInspected);
    }
    // What follows is not looked at any more.
    let mut tcp = Tcp::new(Path::v6());
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&tcp.send(NO_PROTOCOL), &passes(Reason::NotInspected));
    filter.give(&tcp.send(&hello("www.example.org")), &passes(Reason::KnownFlow));
}
