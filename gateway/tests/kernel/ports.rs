//! Destination ports, whatever the address.

use gateway_common::abi::Kind;
use gateway_common::reason::Reason;

use crate::harness::*;

#[test]
fn a_blocked_port_is_blocked_over_both_versions_of_ip() {
    let mut filter = Filter::phone("[block]\nports = [\"tcp/853\", \"udp/853\"]");
    for path in [Path::v4().port(853), Path::v6().port(853)] {
        let first = drops(Reason::Port, "p").begins().decides(Kind::None);
        let known = drops(Reason::KnownFlow, "p").because(Reason::Port);
        let mut tcp = Tcp::new(path.clone());
        filter.give(&tcp.syn(), &first);
        filter.give(&tcp.ack(), &known);
        filter.give(&tcp.send(&hello("dns.example")), &known);
        filter.give(&path.udp(b"one"), &first);
        filter.give(&path.udp(b"two"), &known);
    }
}

#[test]
fn a_port_is_that_of_its_protocol_and_of_the_destination() {
    let mut filter = Filter::phone("[block]\nports = [\"tcp/853\", \"udp/8853\"]");
    for path in [Path::v4(), Path::v6()] {
        filter.give(&path.clone().port(853).udp(b"hi"), &passes(Reason::NotInspected).begins());
        for (source, destination) in
            [(50_000, 8853), (853, 443), (50_000, 854), (50_000, 852), (50_000, 0x5503)]
        {
            let mut tcp = Tcp::new(path.clone().source_port(source).port(destination));
            filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        }
        // The header of ICMP is no ports, whatever its bytes.
        filter.give(&path.packet(1, &[0x03, 0x55, 0x03, 0x55]), &passes(Reason::OtherProtocol));
    }
}

#[test]
fn among_the_policies_of_a_device_an_allowed_port_beats_a_blocked_one() {
    let mut filter = Filter::new(
        &Setup::new()
            .policy("guard", "[block]\nports = [\"tcp/853\"]")
            .policy("friend", "[allow]\nports = [\"tcp/853\"]")
            .device("phone", PHONE, &["guard", "friend"])
            .device("tv", TV, &["guard"]),
    );
    filter.give(&Tcp::new(Path::v4().port(853)).syn(), &passes(Reason::NoPayload).begins());
    let blocked = drops(Reason::Port, "guard").of("tv").begins().decides(Kind::None);
    filter.give(&Tcp::new(Path::v4().port(853).from(TV)).syn(), &blocked);
}

#[test]
fn a_blocked_address_comes_before_a_blocked_port() {
    let mut filter = Filter::new(
        &Setup::new()
            .policy("ports", "[block]\nports = [\"tcp/853\"]")
            .policy("nets", "[block]\naddresses = [\"203.0.113.0/24\"]")
            .device("phone", PHONE, &["ports", "nets"]),
    );
    let by_address = drops(Reason::Address, "nets").begins().decides(Kind::Address);
    filter.give(&Tcp::new(Path::to("203.0.113.9").port(853)).syn(), &by_address);
    filter.give(
        &Tcp::new(Path::v4().port(853)).syn(),
        &drops(Reason::Port, "ports").begins().decides(Kind::None),
    );
}
