//! IP fragments: pieces that cannot be judged alone.

use gateway_common::reason::Reason;

use crate::harness::*;

const BLOCKED: &str = "[block]\nhosts = [\"x.example\"]\naddresses = [\"203.0.113.0/24\", \"2001:db8:bad::/48\"]\n\
                       ports = [\"udp/853\"]";

/// The first piece of a packet over each version of IP, and a later one.
fn pieces(path: Path) -> [Path; 3] {
    [path.clone().fragment(0, true), path.clone().fragment(185, true), path.fragment(370, false)]
}

/// A piece of TCP, of which the first one holds a header.
fn tcp(path: &Path) -> Frame {
    Tcp::new(path.clone()).send(&hello("x.example"))
}

#[test]
fn fragments_of_tcp_are_dropped_by_default_the_first_and_later_ones() {
    let mut filter = Filter::phone(BLOCKED);
    for path in [Path::v4(), Path::v6(), Path::v4().port(8080), Path::v6().port(22)] {
        for piece in pieces(path) {
            filter.give(&tcp(&piece), &drops(Reason::Fragment, "p"));
        }
    }
}

#[test]
fn fragments_of_tcp_pass_where_the_policy_says_so_unless_their_address_is_blocked() {
    let mut filter = Filter::phone(&format!("{BLOCKED}\n[inspect]\nfragments = \"pass\""));
    for path in [Path::v4(), Path::v6()] {
        for piece in pieces(path) {
            filter.give(&tcp(&piece), &passes(Reason::Fragment));
        }
    }
    for path in [Path::to("203.0.113.9"), Path::to("2001:db8:bad::9")] {
        for piece in pieces(path) {
            filter.give(&tcp(&piece), &drops(Reason::Address, "p"));
        }
    }
}

#[test]
fn the_first_fragment_of_udp_ports_443_and_53_is_dropped_and_later_ones_show_no_port() {
    let mut filter = Filter::phone(BLOCKED);
    for path in [Path::v4(), Path::v6(), Path::v4().port(53), Path::v6().port(53)] {
        let [first, middle, last] = pieces(path);
        filter.give(&first.udp(&[0xc0; 40]), &drops(Reason::Fragment, "p"));
        filter.give(&middle.udp(&[0xc0; 40]), &passes(Reason::Fragment));
        filter.give(&last.udp(&[0xc0; 40]), &passes(Reason::Fragment));
    }
}

#[test]
fn fragments_of_other_udp_ports_go_by_their_address() {
    let mut filter = Filter::phone(BLOCKED);
    for path in [Path::v4(), Path::v6()] {
        for piece in pieces(path.port(123)) {
            filter.give(&piece.udp(&[0x42; 40]), &passes(Reason::Fragment));
        }
    }
    for path in [Path::to("203.0.113.9"), Path::to("2001:db8:bad::9")] {
        for piece in pieces(path.port(123)) {
            filter.give(&piece.udp(&[0x42; 40]), &drops(Reason::Address, "p"));
        }
    }
}

#[test]
fn the_first_fragment_to_a_blocked_port_is_dropped() {
    let mut filter = Filter::phone(BLOCKED);
    for path in [Path::v4(), Path::v6()] {
        let [first, middle, last] = pieces(path.port(853));
        filter.give(&first.udp(&[0x42; 40]), &drops(Reason::Port, "p"));
        filter.give(&middle.udp(&[0x42; 40]), &passes(Reason::Fragment));
        filter.give(&last.udp(&[0x42; 40]), &passes(Reason::Fragment));
    }
}

#[test]
fn fragments_of_icmp_pass_unless_their_address_is_blocked() {
    let mut filter = Filter::phone(BLOCKED);
    let [first, middle, last] = pieces(Path::v4());
    filter.give(&first.packet(1, &[0x42; 40]), &passes(Reason::OtherProtocol));
    filter.give(&middle.packet(1, &[0x42; 40]), &passes(Reason::Fragment));
    filter.give(&last.packet(1, &[0x42; 40]), &passes(Reason::Fragment));
    for piece in pieces(Path::to("2001:db8:bad::9")) {
        filter.give(&piece.packet(58, &[0x42; 40]), &drops(Reason::Address, "p"));
    }
}

#[test]
fn a_first_fragment_too_short_for_a_transport_header_is_a_bad_header() {
    let mut filter = Filter::phone("[inspect]\nfragments = \"pass\"");
    for path in [Path::v4(), Path::v6()] {
        let path = path.fragment(0, true);
        for len in [0, 8, 16, 19] {
            filter.give(&path.packet(TCP, &[0x50; 24][..len]), &drops(Reason::BadHeader, "p"));
        }
        for len in [0, 7] {
            filter.give(&path.packet(UDP, &[0x50; 8][..len]), &drops(Reason::BadHeader, "p"));
        }
    }
}

#[test]
fn a_second_fragment_header_does_not_make_a_packet_whole() {
    let mut filter = Filter::phone(BLOCKED);
    let first = Extension { protocol: 44, body: vec![0, 0, 1, 0, 0, 0, 9] };
    let path = Path::v6().extensions([first]).fragment(0, false);
    filter.give(&tcp(&path), &drops(Reason::Fragment, "p"));
    // What stands behind the header of a later piece is payload, whatever it looks like.
    let later = Extension { protocol: 44, body: vec![0, 5, 200, 0, 0, 0, 9] };
    let path = Path::v6().extensions([later]).fragment(0, false);
    filter.give(&tcp(&path), &passes(Reason::Fragment));
}

#[test]
fn fragments_of_a_flow_that_may_pass_are_fragments_all_the_same() {
    let mut filter = Filter::phone(BLOCKED);
    let mut flow = Tcp::new(Path::v4());
    filter.give(&flow.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&flow.send(&hello("fine.example")), &passes(Reason::TlsSni).named("fine.example"));
    filter.give(&tcp(&Path::v4().fragment(0, true)), &drops(Reason::Fragment, "p"));
    filter.give(&flow.ack(), &passes(Reason::KnownFlow));
}

#[test]
fn a_policy_that_only_observes_lets_fragments_pass_and_counts_them() {
    let mut filter = Filter::new(
        &Setup::new()
            .policy("watch", "action = \"observe\"\n[block]\nhosts = [\"x.example\"]")
            .policy("guard", "[block]\naddresses = [\"203.0.113.0/24\"]\n[inspect]\nfragments = \"pass\"")
            .device("phone", PHONE, &["watch", "guard"]),
    );
    for piece in pieces(Path::v4()) {
        filter.give(&tcp(&piece), &observes(Reason::Fragment, "watch"));
    }
    for piece in pieces(Path::to("203.0.113.9")) {
        filter.give(&tcp(&piece), &drops(Reason::Address, "guard"));
    }
}
