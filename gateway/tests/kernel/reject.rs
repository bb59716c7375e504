//! What is rejected is answered: a TCP reset, or ICMP "port unreachable".

use std::time::Duration;

use gateway_common::abi::{Answer, Kind, Mute, REPLIES_A_SECOND};
use gateway_common::reason::Reason;
use gateway_common::wire::MacAddr;
use nix::time::{ClockId, clock_gettime};

use crate::harness::*;

const REJECT: &str = "action = \"reject\"\n[block]\ndomains = [\"example.org\"]\n\
                      addresses = [\"203.0.113.0/24\", \"2001:db8:bad::/48\"]\nports = [\"tcp/853\", \"udp/853\"]";

#[test]
fn a_rejected_name_is_answered_with_a_reset_and_each_later_segment_too() {
    let qinq = [(S_TAG, 200), (C_TAG, 10)];
    let mut filter = Filter::phone(REJECT);
    for (port, path) in
        (50_000..).zip([Path::v4(), Path::v6(), Path::v4().tagged(&qinq), Path::v6().tagged(&qinq[1..])])
    {
        let mut tcp = Tcp::new(path.source_port(port));
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        let frame = tcp.send(&hello("www.example.org"));
        filter.give(&frame, &rejects(Reason::TlsSni, "p", reset(&frame)).named("www.example.org"));
        for frame in [tcp.send(NO_PROTOCOL), tcp.ack(), tcp.fin()] {
            let known = rejects(Reason::KnownFlow, "p", reset(&frame)).because(Reason::TlsSni);
            filter.give(&frame, &known);
        }
    }
}

#[test]
fn a_syn_to_a_rejected_address_or_port_is_answered_with_a_reset_that_acknowledges_it() {
    let mut filter = Filter::phone(REJECT);
    for path in [Path::to("203.0.113.9"), Path::to("2001:db8:bad::9")] {
        let mut tcp = Tcp::new(path);
        let frame = tcp.syn();
        let expected = rejects(Reason::Address, "p", reset(&frame)).begins().decides(Kind::Address);
        filter.give(&frame, &expected);
    }
    for path in [Path::v4().port(853), Path::v6().port(853)] {
        let mut tcp = Tcp::new(path);
        let frame = tcp.syn_with(b"data with the SYN");
        filter.give(&frame, &rejects(Reason::Port, "p", reset(&frame)).begins().decides(Kind::None));
    }
}

#[test]
fn a_rejected_name_in_the_data_of_a_syn_is_answered_with_a_reset_that_acknowledges_both() {
    let mut filter = Filter::phone(REJECT);
    let request = b"GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n";
    for path in [Path::v4(), Path::v6().tagged(&[(C_TAG, 10)])] {
        let mut tcp = Tcp::new(path.clone());
        let frame = tcp.syn_with(&hello("www.example.org"));
        let expected = rejects(Reason::TlsSni, "p", reset(&frame)).begins().named("www.example.org");
        filter.give(&frame, &expected);
        // The client may try again without data.
        let frame = Tcp::new(path.clone()).syn();
        filter.give(&frame, &passes(Reason::NoPayload).begins());
        let frame = Tcp::new(path.port(80)).syn_with(request);
        let expected = rejects(Reason::HttpHost, "p", reset(&frame)).begins().named("www.example.org");
        filter.give(&frame, &expected.decides(Kind::HttpHost));
    }
}

#[test]
fn the_piece_that_completes_a_rejected_name_is_answered_with_the_number_that_it_acknowledges() {
    let mut filter = Filter::phone(REJECT);
    for path in [Path::v4(), Path::v6()] {
        let mut tcp = Tcp::new(path);
        let message = hello("www.example.org");
        let (begin, end) = message.split_at(message.len() / 4);
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        filter.give(&tcp.send(begin), &passes(Reason::Incomplete));
        let frame = tcp.segment(end, |header| {
            header.ack = true;
            header.fin = true;
            header.acknowledgment_number = u32::MAX;
        });
        filter.give(&frame, &rejects(Reason::TlsSni, "p", reset(&frame)).named("www.example.org"));
    }
}

#[test]
fn a_rejected_question_over_tcp_is_answered_with_a_reset() {
    let mut filter = Filter::phone(REJECT);
    let message = *b"\0\x21\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03org\0\0\x01\0\x01";
    for path in [Path::v4().port(53), Path::v6().port(53)] {
        let mut tcp = Tcp::new(path);
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        let frame = tcp.send(&message);
        let expected = rejects(Reason::DnsQname, "p", reset(&frame)).named("www.example.org");
        filter.give(&frame, &expected.decides(Kind::DnsQname));
    }
}

#[test]
fn a_rejected_datagram_is_answered_with_port_unreachable() {
    let mut filter = Filter::phone(REJECT);
    for path in [
        Path::v4().port(853),
        Path::v6().port(853),
        Path::v6().port(853).tagged(&[(C_TAG, 10)]).source_port(1),
    ] {
        let frame = path.udp(b"a question of some length, of which the answer quotes the header only");
        filter.give(&frame, &rejects(Reason::Port, "p", unreachable(&frame)).begins().decides(Kind::None));
        // An answer can be longer than what it answers.
        let short = path.udp(b"");
        filter.give(&short, &rejects(Reason::KnownFlow, "p", unreachable(&short)).because(Reason::Port));
    }
}

#[test]
fn the_answer_to_a_padded_frame_and_to_a_jumbo_frame_has_its_own_length() {
    let mut filter = Filter::phone(REJECT);
    let mut tcp = Tcp::new(Path::v4().port(853));
    let frame = tcp.segment(&[], |header| header.syn = true).padded(60);
    filter.give(&frame, &rejects(Reason::Port, "p", reset(&frame)).begins().decides(Kind::None));
    let frame = tcp.send(&[0x42; 8000]);
    filter.give(&frame, &rejects(Reason::KnownFlow, "p", reset(&frame)).because(Reason::Port));
}

#[test]
fn a_segment_behind_options_or_extension_headers_is_answered_without_them() {
    let mut filter = Filter::phone(REJECT);
    let chain = [Extension::of_len(0, 8), Extension::of_len(60, 24)];
    for path in [Path::v4().options(&[1; 12]).port(853), Path::v6().extensions(chain).port(853)] {
        let frame = Tcp::new(path).syn();
        filter.give(&frame, &rejects(Reason::Port, "p", reset(&frame)).begins().decides(Kind::None));
    }
}

/// The quote of an ICMP error would have to hold them whole, and eight bytes more (RFC 792).
#[test]
fn a_datagram_behind_options_or_extension_headers_is_dropped_without_an_answer() {
    let mut filter = Filter::phone(REJECT);
    for path in [Path::v4().options(&[1; 4]), Path::v6().extensions([Extension::of_len(0, 8)])] {
        let frame = path.port(853).udp(b"hi");
        filter.give(&frame, &rejects_silently(Reason::Port, "p").begins().decides(Kind::None));
    }
}

#[test]
fn a_reset_is_never_answered() {
    let mut filter = Filter::phone(REJECT);
    let mut tcp = Tcp::new(Path::v4().port(853));
    filter.give(&tcp.rst(), &rejects_silently(Reason::Port, "p").begins().decides(Kind::None));
    filter.give(&tcp.rst(), &rejects_silently(Reason::KnownFlow, "p").because(Reason::Port));
}

#[test]
fn what_is_neither_tcp_nor_udp_is_dropped_without_an_answer() {
    let mut filter = Filter::phone(REJECT);
    filter.give(&Path::to("203.0.113.9").packet(1, &[8, 0, 0, 0]), &rejects_silently(Reason::Address, "p"));
    filter.give(
        &Path::to("2001:db8:bad::9").packet(58, &[128, 0, 0, 0]),
        &rejects_silently(Reason::Address, "p"),
    );
}

/// A host never answers what was sent to a group (RFC 1122, 3.2.2; RFC 4443, 2.4; RFC 9293, 3.9.2.3), and no sender is one.
#[test]
fn what_was_sent_to_a_group_is_dropped_without_an_answer() {
    let mut filter = Filter::phone(REJECT);
    let groups = [
        ("224.0.0.251", [0x01, 0, 0x5e, 0, 0, 0xfb]),
        ("192.168.1.255", [0xff; 6]),
        ("255.255.255.255", [0xff; 6]),
        ("ff02::fb", [0x33, 0x33, 0, 0, 0, 0xfb]),
    ];
    for (address, mac) in groups {
        let path = Path { next_hop: MacAddr(mac), ..Path::to(address).port(853) };
        let expected = rejects_silently(Reason::Port, "p").begins().decides(Kind::None);
        filter.give(&path.udp(b"hi"), &expected);
        filter.give(&Tcp::new(path).syn(), &expected);
    }
}

#[test]
fn what_cannot_be_read_is_dropped_without_an_answer_whatever_came_before_it() {
    let setup = Setup::new().policy("p", REJECT).device("phone", PHONE, &["p"]).device("tv", TV, &["p"]);
    let mut filter = Filter::new(&setup);
    let first = Tcp::new(Path::v4().from(TV).port(853)).syn();
    filter.give(&first, &rejects(Reason::Port, "p", reset(&first)).of("tv").begins().decides(Kind::None));
    let path = Path::v4();
    let frame = Tcp::new(path.clone()).send(&hello("www.example.org"));
    filter.give(&frame.clone().cut(60), &rejects_silently(Reason::Truncated, "p"));
    filter.give(&frame.clone().cut(20), &rejects_silently(Reason::Truncated, "p"));
    filter.give(&frame.patched(path.ip_at(), &[0x44]), &rejects_silently(Reason::BadHeader, "p"));
    let tags = [(S_TAG, 1), (C_TAG, 2), (C_TAG, 3)];
    filter.give(&Path::v4().tagged(&tags).udp(b"hello"), &rejects_silently(Reason::TooLong, "p"));
    // The addresses of this one are known, its ports are not.
    let no_ports = path.packet(TCP, &[0x50; 12]);
    filter.give(&no_ports, &rejects_silently(Reason::BadHeader, "p"));
}

#[test]
fn a_later_fragment_has_no_ports_and_is_dropped_without_an_answer() {
    let mut filter = Filter::phone(REJECT);
    let first = Tcp::new(Path::v4().port(853)).syn();
    filter.give(&first, &rejects(Reason::Port, "p", reset(&first)).begins().decides(Kind::None));
    for path in [Path::v4(), Path::v6()] {
        let later = Tcp::new(path.clone().fragment(185, false)).send(&[0x42; 40]);
        filter.give(&later, &rejects_silently(Reason::Fragment, "p"));
        let elsewhere = if path.source.is_ipv4() { "203.0.113.9" } else { "2001:db8:bad::9" };
        let later = Path::to(elsewhere).fragment(185, false).udp(&[0x42; 40]);
        filter.give(&later, &rejects_silently(Reason::Address, "p"));
    }
}

/// Its sender has sent no whole packet yet, and an answer to each piece would be several to one packet.
#[test]
fn a_first_fragment_is_dropped_without_an_answer() {
    let mut filter = Filter::phone(REJECT);
    for path in [Path::v4().fragment(0, true), Path::v6().fragment(0, true)] {
        let first = Tcp::new(path.clone()).send(&hello("www.example.org"));
        filter.give(&first, &rejects_silently(Reason::Fragment, "p"));
        filter.give(&path.udp(&[0xc0; 40]), &rejects_silently(Reason::Fragment, "p"));
        filter.give(&path.port(853).udp(&[0x42; 40]), &rejects_silently(Reason::Port, "p"));
    }
}

#[test]
fn a_malformed_or_nameless_hello_is_answered_with_a_reset() {
    let mut filter = Filter::phone("action = \"reject\"\n[inspect]\nnameless = \"block\"");
    for (port, (payload, reason)) in
        (50_000..).zip([(nameless(), Reason::Nameless), (crafted(b""), Reason::Malformed)])
    {
        let frame = Tcp::new(Path::v4().source_port(port)).send(&payload);
        filter.give(&frame, &rejects(reason, "p", reset(&frame)).begins().decides(Kind::None));
    }
}

#[test]
fn the_lowest_number_says_whether_it_is_dropped_or_rejected() {
    let drop = "[block]\ndomains = [\"example.org\"]";
    for order in [["drop", "reject"], ["reject", "drop"]] {
        let text = |name| if name == "drop" { drop } else { REJECT };
        let setup = order.iter().fold(Setup::new(), |setup, name| setup.policy(name, text(*name)));
        let mut filter = Filter::new(&setup.device("phone", PHONE, &order));
        let frame = Tcp::new(Path::v4()).send(&hello("www.example.org"));
        let expected = if order[0] == "drop" {
            drops(Reason::TlsSni, "drop")
        } else {
            rejects(Reason::TlsSni, "reject", reset(&frame))
        };
        filter.give(&frame, &expected.begins().named("www.example.org"));
    }
}

#[test]
fn beyond_its_share_of_answers_a_device_is_blocked_in_silence_and_others_are_still_answered() {
    const FRAMES: u32 = 1000;
    let setup = Setup::new().policy("p", REJECT).device("phone", PHONE, &["p"]).device("tv", TV, &["p"]);
    let mut filter = Filter::new(&setup);
    let seconds = || Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap()).as_secs();
    let frame = Path::v4().port(853).udp(b"hi");
    let begin = seconds();
    let mut answered = 0;
    for _ in 0..FRAMES {
        match run(&mut filter.loaded, &frame) {
            ("XDP_TX", left) => {
                assert_eq!(left, unreachable(&frame));
                answered += 1;
            }
            ("XDP_DROP", left) => assert_eq!(left, frame.bytes),
            other => panic!("{other:?}"),
        }
    }
    let spanned = u32::try_from(seconds() - begin + 1).unwrap();
    let cpus = u32::try_from(aya::util::nr_cpus().unwrap()).unwrap();
    assert!((1..=REPLIES_A_SECOND * cpus * spanned).contains(&answered), "{answered} in {spanned} seconds");
    let tally = filter.tally();
    assert_eq!(tally.get("phone: reject by p for port: packets"), FRAMES.into());
    assert_eq!(tally.get("answers: sent"), answered.into());
    assert_eq!(tally.get("answers: limited"), (FRAMES - answered).into());
    let frame = Path::v4().from(TV).port(853).udp(b"hi");
    assert_eq!(run(&mut filter.loaded, &frame), ("XDP_TX", unreachable(&frame)));
}

/// A test run is one on the loopback interface.
const LOOPBACK: u32 = 1;

#[test]
fn on_an_interface_that_cannot_send_the_frame_is_dropped_and_counted_as_rejected_all_the_same() {
    let mut filter = Filter::phone(REJECT);
    for mute in Mute::ALL {
        filter.maps.mute.insert(LOOPBACK, *mute as u32, 0).unwrap();
        assert_eq!(filter.maps.mute(LOOPBACK), Some(*mute));
        let path = Path::v4().source_port(50_000 + *mute as u16).port(853);
        let frame = Tcp::new(path.clone()).syn();
        let expected = rejects_silently(Reason::Port, "p").begins().decides(Kind::None);
        filter.give(&frame, &expected.unanswered(Answer::Mute));
        let frame = path.udp(b"hi");
        let expected = rejects_silently(Reason::Port, "p").begins().decides(Kind::None);
        filter.give(&frame, &expected.unanswered(Answer::Mute));
        // What has no answer is counted as that wherever it comes from.
        let frame = Tcp::new(path).rst();
        filter.give(&frame, &rejects_silently(Reason::KnownFlow, "p").because(Reason::Port));
        filter.maps.mute.remove(&LOOPBACK).unwrap();
    }
    // Of another interface it says nothing.
    filter.maps.mute.insert(LOOPBACK + 1, Mute::Peer as u32, 0).unwrap();
    let frame = Tcp::new(Path::v6().port(853)).syn();
    filter.give(&frame, &rejects(Reason::Port, "p", reset(&frame)).begins().decides(Kind::None));
}
