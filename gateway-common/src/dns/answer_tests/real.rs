//! Responses as resolvers send them.

use super::*;

/// What reading these bytes comes to, which must be all that they hold.
fn all(message: &[u8]) -> Vec<Outcome> {
    crate::checks::answers::check(message);
    read(message)
}

fn of(address: &str, ttl: u32) -> Outcome {
    let address: std::net::IpAddr = address.parse().unwrap();
    match address {
        std::net::IpAddr::V4(v4) => Outcome::Address(mapped(v4.octets()), ttl),
        std::net::IpAddr::V6(v6) => Outcome::Address(v6.octets(), ttl),
    }
}

#[test]
fn a_response_of_dnsmasq_is_read() {
    // One address, without EDNS.
    let message = b"\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x03api\x07account\x06xiaomi\x03com\x00\x00\x01\x00\x01\
        \xc0\x0c\x00\x01\x00\x01\x00\x00\x02\x58\x00\x04\x14\x2f\x61\x5b";
    assert_eq!(all(message), [asked(NAME), of("20.47.97.91", 600), end(Progress::Done)]);
}

#[test]
fn a_response_of_unbound_to_letters_of_both_cases_with_edns_and_a_cookie_is_read() {
    let message = b"\xbe\xef\x81\xa0\x00\x01\x00\x02\x00\x00\x00\x01\x07eXAmPlE\x03oRg\x00\x00\x1c\x00\x01\
        \xc0\x0c\x00\x1c\x00\x01\x00\x00\x01\x2c\x00\x10\x26\x06\x28\x00\x02\x1f\xcb\x07\x68\x20\x80\xda\xaf\x6b\x8b\x2c\
        \xc0\x0c\x00\x2e\x00\x01\x00\x00\x01\x2c\x00\x17\x00\x1c\x0d\x02\x00\x01\x51\x80\x67\x01\x02\x03\x66\x01\x02\x03\
        \x12\x34\x03org\x00\x00\
        \x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x0c\x00\x0a\x00\x08\x01\x02\x03\x04\x05\x06\x07\x08";
    let expected =
        [asked("example.org"), of("2606:2800:21f:cb07:6820:80da:af6b:8b2c", 300), end(Progress::Done)];
    assert_eq!(all(message), expected);
}

#[test]
fn a_chain_with_compressed_names_everywhere_is_read() {
    // www.example.org -> www.example.org.cdn.example.net -> e1.cdn.example.net -> two addresses; an authority and its
    // address behind them, which belong to nobody.
    let message = b"\x00\x07\x81\x80\x00\x01\x00\x04\x00\x01\x00\x02\x03www\x07example\x03org\x00\x00\x01\x00\x01\
        \xc0\x0c\x00\x05\x00\x01\x00\x00\x0e\x10\x00\x21\x03www\x07example\x03org\x03cdn\x07example\x03net\x00\
        \xc0\x2d\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x05\x02e1\xc0\x3d\
        \xc0\x5a\x00\x01\x00\x01\x00\x00\x00\x14\x00\x04\xc0\x00\x02\x07\
        \xc0\x5a\x00\x01\x00\x01\x00\x00\x00\x50\x00\x04\xc0\x00\x02\x08\
        \xc0\x41\x00\x02\x00\x01\x00\x00\x00\x14\x00\x05\x02ns\xc0\x41\
        \xc0\x8b\x00\x01\x00\x01\x00\x00\x00\x14\x00\x04\xc0\x00\x02\x35\
        \x00\x00\x29\x10\x00\x00\x00\x80\x00\x00\x00";
    let expected = [asked("www.example.org"), of("192.0.2.7", 20), of("192.0.2.8", 60), end(Progress::Done)];
    assert_eq!(all(message), expected);
}

#[test]
fn a_response_that_says_no_is_no_answer() {
    // NXDOMAIN with the SOA that says for how long, and SERVFAIL; the second with an alias that leads nowhere (RFC 2308, 2.1).
    let nxdomain = b"\x00\x01\x81\x83\x00\x01\x00\x00\x00\x01\x00\x00\x04nope\x07example\x00\x00\x01\x00\x01\
        \xc0\x11\x00\x06\x00\x01\x00\x00\x03\x84\x00\x1c\x02ns\xc0\x11\x01r\xc0\x11\x00\x00\x00\x01\x00\x00\x0e\x10\x00\x00\x03\x84\x00\x12\x75\x00\x00";
    let dangling = b"\x00\x01\x81\x83\x00\x01\x00\x01\x00\x00\x00\x00\x04nope\x07example\x00\x00\x01\x00\x01\
        \xc0\x0c\x00\x05\x00\x01\x00\x00\x03\x84\x00\x07\x04gone\xc0\x11";
    let servfail = b"\x00\x01\x81\x82\x00\x01\x00\x00\x00\x00\x00\x00\x04nope\x07example\x00\x00\x01\x00\x01";
    for message in [&nxdomain[..], dangling, servfail] {
        assert_eq!(all(message), [end(Progress::NotAnswer)]);
    }
}

#[test]
fn a_response_cut_to_512_bytes_gives_the_addresses_in_it() {
    let mut message =
        Message { flags: 0x8380, ..Message::of("many.example").with((0..29).map(|last| a(last, 60))) };
    message.count = Some(29);
    let bytes = message.bytes();
    let outcomes = all(&bytes[..bytes.len().min(490)]);
    assert_eq!(outcomes.len(), 2 + (490 - 30) / 16);
    assert_eq!(outcomes.last(), Some(&end(Progress::Done)));
}

#[test]
fn a_response_of_mdns_is_none_of_ours() {
    // The class of the record has the bit that flushes caches, and there is no question.
    let message = b"\x00\x00\x84\x00\x00\x00\x00\x01\x00\x00\x00\x00\x05phone\x05local\x00\x00\x01\x80\x01\x00\x00\x00\x78\x00\x04\xc0\x00\x02\x01";
    assert_eq!(all(message), [end(Progress::NotAnswer)]);
}
