//! Policies of devices that are not listed.

use gateway_common::abi::Kind;
use gateway_common::reason::Reason;

use crate::harness::*;

/// `strict` for whoever is not listed, `other` for the phone, nothing for the TV.
fn setup() -> Setup {
    Setup::new()
        .policy("strict", "[block]\ndomains = [\"example.org\"]\naddresses = [\"203.0.113.0/24\"]")
        .policy("other", "[block]\ndomains = [\"example.net\"]")
        .defaults(&["strict"])
        .device("phone", PHONE, &["other"])
        .device("tv", TV, &[])
}

#[test]
fn an_unlisted_device_has_the_policies_of_the_defaults() {
    let mut filter = Filter::new(&setup());
    let mut tcp = Tcp::new(Path::v4().from(STRANGER));
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).of("other").begins());
    let blocked = drops(Reason::TlsSni, "strict").of("other").named("www.example.org");
    filter.give(&tcp.send(&hello("www.example.org")), &blocked);
    filter.give(&tcp.ack(), &drops(Reason::KnownFlow, "strict").because(Reason::TlsSni).of("other"));
    let by_address = drops(Reason::Address, "strict").of("other").begins().decides(Kind::Address);
    filter.give(&Path::to("203.0.113.9").from(STRANGER).udp(b"hi"), &by_address);
    let mut tcp = Tcp::new(Path::v6().from(STRANGER));
    let fine = passes(Reason::TlsSni).of("other").begins().named("www.example.net");
    filter.give(&tcp.send(&hello("www.example.net")), &fine);
    filter.give(&Path::v4().from(STRANGER).frame(0x0806, &[0; 28]), &passes(Reason::NotIp).of("other"));
    let broken = Path::v4().from(STRANGER).udp(b"hi").cut(30);
    filter.give(&broken, &drops(Reason::Truncated, "strict").of("other"));
}

#[test]
fn a_listed_device_has_its_own_policies_only() {
    let mut filter = Filter::new(&setup());
    let mut tcp = Tcp::new(Path::v4());
    filter.give(
        &tcp.send(&hello("www.example.org")),
        &passes(Reason::TlsSni).begins().named("www.example.org"),
    );
    let mut tcp = Tcp::new(Path::v6());
    let blocked = drops(Reason::TlsSni, "other").begins().named("www.example.net");
    filter.give(&tcp.send(&hello("www.example.net")), &blocked);
    filter.give(&Path::to("203.0.113.9").port(5000).udp(b"hi"), &passes(Reason::NotInspected).begins());
    let mut tcp = Tcp::new(Path::v4().from(TV));
    filter.give(&tcp.send(&hello("www.example.org")), &passes(Reason::Unfiltered).of("tv"));
}

#[test]
fn two_unlisted_devices_are_counted_together_and_told_apart() {
    let mut filter = Filter::new(&setup());
    let mut bad = Tcp::new(Path::v4().from(STRANGER));
    let mut good = Tcp::new(Path::v4().from(LAPTOP));
    let blocked = drops(Reason::TlsSni, "strict").of("other").begins().named("www.example.org");
    filter.give(&bad.send(&hello("www.example.org")), &blocked);
    let fine = passes(Reason::TlsSni).of("other").begins().named("www.example.net");
    filter.give(&good.send(&hello("www.example.net")), &fine);
    filter.give(&bad.ack(), &drops(Reason::KnownFlow, "strict").because(Reason::TlsSni).of("other"));
    filter.give(&good.ack(), &passes(Reason::KnownFlow).of("other"));
}
