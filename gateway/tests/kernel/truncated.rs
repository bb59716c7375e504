//! Frames that end at every byte.

use gateway_common::reason::Reason;

use crate::harness::*;

const BLOCKED: &str =
    "[block]\nhosts = [\"x.example\"]\naddresses = [\"203.0.113.0/24\"]\nports = [\"udp/853\"]";

/// The kernel runs no XDP program on less than an Ethernet header.
const SHORTEST: usize = 14;

/// Frames of every shape.
fn frames() -> Vec<(&'static str, Frame)> {
    let tagged = [(S_TAG, 200), (C_TAG, 10)];
    let chain = [
        Extension::of_len(0, 8),
        Extension::authentication(12),
        Extension::of_len(60, 24),
        Extension::of_len(43, 8),
    ];
    let behind_a_chain = Path::v6().extensions(chain);
    vec![
        ("IPv4, TCP", Tcp::new(Path::v4()).send(&hello("x.example"))),
        ("IPv4 with options, TCP", Tcp::new(Path::v4().options(&[1; 40])).syn()),
        ("IPv4, UDP to a blocked port", Path::v4().port(853).udp(b"hello")),
        (
            "IPv4, ICMP to a blocked address",
            Path::to("203.0.113.9").packet(1, &[8, 0, 0xf7, 0xff, 0, 0, 0, 0]),
        ),
        ("IPv4, two tags", Tcp::new(Path::v4().tagged(&tagged)).send(&hello("x.example"))),
        ("IPv4, a fragment", Path::v4().fragment(0, true).udp(&[0x42; 40])),
        ("IPv6, TCP", Tcp::new(Path::v6()).send(&hello("x.example"))),
        ("IPv6, a chain, TCP", Tcp::new(behind_a_chain.clone()).send(&hello("x.example"))),
        (
            "IPv6, a chain, two tags, a fragment",
            behind_a_chain.tagged(&tagged).fragment(3, false).udp(&[0; 16]),
        ),
    ]
}

#[test]
fn every_beginning_of_a_frame_is_truncated_and_counted_once() {
    let mut filter = Filter::phone(BLOCKED);
    for (what, frame) in frames() {
        for len in SHORTEST..frame.bytes.len() {
            let beginning = frame.clone().cut(len);
            let outcome = filter.outcome(&beginning);
            let expected = drops(Reason::Truncated, "p").outcome(&beginning);
            assert_eq!(outcome, expected, "the first {len} bytes of {what}");
        }
    }
    assert_each_was_counted_once(&filter, "phone");
}

#[test]
fn every_beginning_of_a_frame_passes_where_policies_let_pass_what_is_malformed() {
    let mut filter = Filter::phone(&format!("{BLOCKED}\n[inspect]\nmalformed = \"pass\""));
    for (what, frame) in frames() {
        for len in SHORTEST..frame.bytes.len() {
            let beginning = frame.clone().cut(len);
            let outcome = filter.outcome(&beginning);
            let expected = passes(Reason::Truncated).outcome(&beginning);
            assert_eq!(outcome, expected, "the first {len} bytes of {what}");
        }
    }
    assert_each_was_counted_once(&filter, "phone");
}

#[test]
fn a_frame_with_any_byte_inverted_has_one_verdict_under_one_reason() {
    let mut filter = Filter::phone(BLOCKED);
    for (what, frame) in frames() {
        for at in 0..frame.bytes.len() {
            let byte = !frame.bytes[at];
            let verdict = filter.run(&frame.clone().patched(at, &[byte]));
            assert!(
                ["XDP_PASS", "XDP_DROP"].contains(&verdict),
                "{verdict} with byte {at} inverted of {what}"
            );
        }
    }
    // An inverted source address is that of no device.
    assert_each_was_counted_once(&filter, "phone");
    assert_each_was_counted_once(&filter, "other");
}

/// Asserts that each frame of the device counts under exactly one reason.
#[track_caller]
fn assert_each_was_counted_once(filter: &Filter, device: &str) {
    let tally = filter.tally();
    let reasons: i128 =
        Reason::ALL.iter().map(|reason| tally.get(&format!("{device}: {}", reason.label()))).sum();
    let packets = tally.get(&format!("{device}: packets"));
    assert!(packets > 0);
    assert_eq!(reasons, packets);
}
