//! What is remembered of a flow between its packets.

use gateway_common::reason::Reason;

use crate::harness::*;

const BLOCKED: &str = "[block]\ndomains = [\"example.org\"]";

#[test]
fn a_decided_flow_keeps_its_verdict_and_is_counted_once() {
    let mut filter = Filter::phone(BLOCKED);
    let mut bad = Tcp::new(Path::v4().source_port(50_001));
    let mut good = Tcp::new(Path::v4().source_port(50_002));
    filter.give(&bad.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&good.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&bad.send(&hello("www.example.org")), &drops(Reason::TlsSni, "p").named("www.example.org"));
    filter.give(&good.send(&hello("www.example.net")), &passes(Reason::TlsSni).named("www.example.net"));
    let dropped = drops(Reason::KnownFlow, "p").because(Reason::TlsSni);
    for _ in 0..3 {
        filter.give(&bad.send(&hello("www.example.net")), &dropped);
        filter.give(&good.send(&hello("www.example.org")), &passes(Reason::KnownFlow));
    }
    for frame in [bad.ack(), bad.fin(), bad.rst()] {
        filter.give(&frame, &dropped);
    }
    for frame in [good.ack(), good.fin(), good.rst()] {
        filter.give(&frame, &passes(Reason::KnownFlow));
    }
}

#[test]
fn a_hello_that_is_sent_again_is_dropped_again() {
    let mut filter = Filter::phone(BLOCKED);
    let mut tcp = Tcp::new(Path::v4());
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    let frame = tcp.send(&hello("www.example.org"));
    filter.give(&frame, &drops(Reason::TlsSni, "p").named("www.example.org"));
    for _ in 0..3 {
        filter.give(&frame, &drops(Reason::KnownFlow, "p").because(Reason::TlsSni));
    }
}

#[test]
fn a_new_syn_on_the_same_ports_is_a_new_flow() {
    let mut filter = Filter::phone(BLOCKED);
    let path = Path::v4();
    for _ in 0..2 {
        let mut bad = Tcp::new(path.clone());
        filter.give(&bad.syn(), &passes(Reason::NoPayload).begins());
        filter
            .give(&bad.send(&hello("www.example.org")), &drops(Reason::TlsSni, "p").named("www.example.org"));
        let mut good = Tcp::new(path.clone());
        filter.give(&good.syn(), &passes(Reason::NoPayload).begins());
        filter.give(&good.send(&hello("www.example.net")), &passes(Reason::TlsSni).named("www.example.net"));
        filter.give(&good.ack(), &passes(Reason::KnownFlow));
    }
}

#[test]
fn a_syn_that_is_sent_again_begins_nothing_new() {
    let mut filter = Filter::phone(BLOCKED);
    let mut tcp = Tcp::new(Path::v4());
    let syn = tcp.syn();
    filter.give(&syn, &passes(Reason::NoPayload).begins());
    filter.give(&syn, &passes(Reason::NoPayload));
    filter.give(&tcp.send(&hello("www.example.org")), &drops(Reason::TlsSni, "p").named("www.example.org"));
}

#[test]
fn segments_without_data_before_the_hello_pass_and_decide_nothing() {
    let mut filter = Filter::phone(BLOCKED);
    let mut tcp = Tcp::new(Path::v6());
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    for _ in 0..3 {
        filter.give(&tcp.ack(), &passes(Reason::NoPayload));
    }
    filter.give(&tcp.send(&hello("www.example.org")), &drops(Reason::TlsSni, "p").named("www.example.org"));
}

#[test]
fn without_a_syn_data_that_is_no_hello_passes_and_a_later_hello_is_still_judged() {
    let mut filter = Filter::phone(BLOCKED);
    let mut tcp = Tcp::new(Path::v4());
    filter.give(&tcp.send(NO_PROTOCOL), &passes(Reason::NotInspected).begins());
    filter.give(&tcp.send(b"ab"), &passes(Reason::NotInspected));
    filter.give(&tcp.ack(), &passes(Reason::NoPayload));
    filter.give(&tcp.send(&hello("www.example.org")), &drops(Reason::TlsSni, "p").named("www.example.org"));
    filter.give(&tcp.ack(), &drops(Reason::KnownFlow, "p").because(Reason::TlsSni));
}

#[test]
fn flags_without_data_begin_a_flow_of_which_the_syn_was_not_seen() {
    let mut filter = Filter::phone(BLOCKED);
    let mut port = 50_000;
    let mut tcp = || {
        port += 1;
        Tcp::new(Path::v4().source_port(port))
    };
    let begins = passes(Reason::NoPayload).begins();
    filter.give(&tcp().ack(), &begins);
    filter.give(&tcp().fin(), &begins);
    filter.give(&tcp().rst(), &begins);
    // A device that is a server answers a SYN, and the other side says hello.
    let mut server = tcp();
    let syn_ack = server.segment(&[], |header| {
        header.syn = true;
        header.ack = true;
    });
    filter.give(&syn_ack, &begins);
    filter.give(&server.send(NO_PROTOCOL), &passes(Reason::NotInspected));
    // No flags, and all of them.
    filter.give(&tcp().segment(&[], |_| {}), &begins);
    let all = tcp().segment(&[], |header| {
        (header.syn, header.ack, header.fin, header.rst) = (true, true, true, true);
        (header.psh, header.urg) = (true, true);
    });
    filter.give(&all, &begins);
}

#[test]
fn two_devices_with_the_same_addresses_and_ports_are_told_apart() {
    let setup = Setup::phone(BLOCKED).device("tv", TV, &["p"]);
    let mut filter = Filter::new(&setup);
    let mut bad = Tcp::new(Path::v4());
    let mut good = Tcp::new(Path::v4().from(TV));
    filter.give(&bad.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&good.syn(), &passes(Reason::NoPayload).of("tv").begins());
    filter.give(&bad.send(&hello("www.example.org")), &drops(Reason::TlsSni, "p").named("www.example.org"));
    filter.give(
        &good.send(&hello("www.example.net")),
        &passes(Reason::TlsSni).of("tv").named("www.example.net"),
    );
    filter.give(&bad.ack(), &drops(Reason::KnownFlow, "p").because(Reason::TlsSni));
    filter.give(&good.ack(), &passes(Reason::KnownFlow).of("tv"));
}

#[test]
fn flows_differ_by_each_part_of_their_key() {
    let mut filter = Filter::phone(BLOCKED);
    let mut bad = Tcp::new(Path::v4());
    filter.give(
        &bad.send(&hello("www.example.org")),
        &drops(Reason::TlsSni, "p").begins().named("www.example.org"),
    );
    let others = [
        Path::v4().source_port(50_323),
        Path::v4().port(444),
        Path::to("198.51.100.8"),
        Path { source: [192, 168, 1, 6].into(), ..Path::v4() },
        Path::v6(),
    ];
    for path in others {
        filter.give(&Tcp::new(path).send(NO_PROTOCOL), &passes(Reason::NotInspected).begins());
    }
    filter.give(&bad.ack(), &drops(Reason::KnownFlow, "p").because(Reason::TlsSni));
}

#[test]
fn a_udp_flow_is_decided_by_its_first_datagram() {
    let mut filter = Filter::phone(BLOCKED);
    for path in [Path::v4().port(5000), Path::v6().port(5000)] {
        filter.give(&path.udp(b"one"), &passes(Reason::NotInspected).begins());
        filter.give(&path.udp(b"two"), &passes(Reason::KnownFlow));
        filter.give(&path.udp(b""), &passes(Reason::KnownFlow));
        filter.give(&path.clone().source_port(50_001).udp(b""), &passes(Reason::NotInspected).begins());
        // A TCP connection between the same ports is another flow.
        filter.give(&Tcp::new(path).syn(), &passes(Reason::NoPayload).begins());
    }
}

#[test]
fn protocols_without_ports_are_no_flows() {
    let mut filter = Filter::phone(BLOCKED);
    // ICMP, IGMP, GRE, ESP, SCTP; and "no next header" with nothing behind it.
    for protocol in [1, 2, 47, 50, 132] {
        for _ in 0..2 {
            filter.give(
                &Path::v4().packet(protocol, &[8, 0, 0xf7, 0xff, 0, 0, 0, 0]),
                &passes(Reason::OtherProtocol),
            );
        }
    }
    filter.give(&Path::v6().packet(58, &[128, 0, 0, 0, 0, 1, 0, 1]), &passes(Reason::OtherProtocol));
    filter.give(&Path::v6().packet(59, &[]), &passes(Reason::OtherProtocol));
}
