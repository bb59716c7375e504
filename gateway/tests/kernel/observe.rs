//! Policies that only watch.

use gateway_common::abi::Kind;
use gateway_common::reason::Reason;

use crate::harness::*;

const WATCH: &str = "action = \"observe\"\n[block]\ndomains = [\"example.org\"]\naddresses = [\"203.0.113.0/24\"]\n\
                     ports = [\"tcp/853\", \"udp/853\"]\n[inspect]\nnameless = \"block\"";

#[test]
fn an_observed_name_passes_and_its_flow_is_counted_as_one_that_would_have_been_blocked() {
    let mut filter = Filter::phone(WATCH);
    let mut tcp = Tcp::new(Path::v4());
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    filter
        .give(&tcp.send(&hello("www.example.org")), &observes(Reason::TlsSni, "p").named("www.example.org"));
    filter.give(&tcp.send(NO_PROTOCOL), &observes(Reason::KnownFlow, "p").because(Reason::TlsSni));
    filter.give(&tcp.fin(), &observes(Reason::KnownFlow, "p").because(Reason::TlsSni));
}

#[test]
fn an_observed_address_is_told_when_the_flow_is_decided_and_its_name_with_it() {
    let mut filter = Filter::phone(WATCH);
    let mut tcp = Tcp::new(Path::to("203.0.113.9"));
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    let expected = observes(Reason::TlsSni, "p").because(Reason::Address).named("fine.example");
    filter.give(&tcp.send(&hello("fine.example")), &expected);
    filter.give(&tcp.ack(), &observes(Reason::KnownFlow, "p").because(Reason::Address));
}

#[test]
fn an_observed_address_of_a_flow_without_a_name_is_told_as_an_address() {
    let mut filter = Filter::phone(WATCH);
    let expected = observes(Reason::NotInspected, "p").because(Reason::Address).decides(Kind::Address);
    let mut tcp = Tcp::new(Path::to("203.0.113.9"));
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&tcp.send(NO_PROTOCOL), &expected);
    let path = Path::to("203.0.113.9").port(5000);
    filter.give(&path.udp(b"one"), &expected.begins());
    filter.give(&path.udp(b"two"), &observes(Reason::KnownFlow, "p").because(Reason::Address));
}

#[test]
fn an_observed_port_passes() {
    let mut filter = Filter::phone(WATCH);
    let path = Path::v6().port(853);
    let expected = observes(Reason::NotInspected, "p").because(Reason::Port).begins().decides(Kind::None);
    filter.give(&path.udp(b"one"), &expected);
    filter.give(&path.udp(b"two"), &observes(Reason::KnownFlow, "p").because(Reason::Port));
}

#[test]
fn icmp_to_an_observed_address_passes_and_is_counted() {
    let mut filter = Filter::phone(WATCH);
    filter.give(&Path::to("203.0.113.9").packet(1, &[8, 0, 0, 0]), &observes(Reason::Address, "p"));
}

#[test]
fn what_is_malformed_or_nameless_passes_a_policy_that_observes() {
    let mut filter = Filter::phone(WATCH);
    let mut tcp = Tcp::new(Path::v4());
    filter.give(&tcp.send(&nameless()), &observes(Reason::Nameless, "p").begins().decides(Kind::None));
    filter.give(&tcp.ack(), &observes(Reason::KnownFlow, "p").because(Reason::Nameless));
    filter.give(&tcp.ack().cut(40), &observes(Reason::Truncated, "p"));
}

#[test]
fn a_policy_that_blocks_comes_before_one_that_observes_whatever_their_numbers() {
    let blocks = "[block]\ndomains = [\"example.org\"]";
    for order in [["watch", "guard"], ["guard", "watch"]] {
        let text = |name| if name == "watch" { WATCH } else { blocks };
        let setup = order.iter().fold(Setup::new(), |setup, name| setup.policy(name, text(*name)));
        let mut filter = Filter::new(&setup.device("phone", PHONE, &order));
        let mut tcp = Tcp::new(Path::v4());
        let expected = drops(Reason::TlsSni, "guard").begins().named("www.example.org");
        filter.give(&tcp.send(&hello("www.example.org")), &expected);
    }
}

#[test]
fn a_blocked_name_at_an_observed_address_is_dropped() {
    let guard = "[block]\nhosts = [\"bad.example\"]";
    let setup = Setup::new().policy("watch", WATCH).policy("guard", guard);
    let mut filter = Filter::new(&setup.device("phone", PHONE, &["watch", "guard"]));
    let mut tcp = Tcp::new(Path::to("203.0.113.9"));
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&tcp.send(&hello("bad.example")), &drops(Reason::TlsSni, "guard").named("bad.example"));
    filter.give(&tcp.ack(), &drops(Reason::KnownFlow, "guard").because(Reason::TlsSni));
}

#[test]
fn what_a_policy_that_observes_allows_is_allowed() {
    let setup = Setup::new()
        .policy("watch", "action = \"observe\"\n[allow]\nhosts = [\"www.example.org\"]")
        .policy("guard", "[block]\ndomains = [\"example.org\"]");
    let mut filter = Filter::new(&setup.device("phone", PHONE, &["watch", "guard"]));
    let mut tcp = Tcp::new(Path::v4());
    filter.give(
        &tcp.send(&hello("www.example.org")),
        &passes(Reason::TlsSni).begins().named("www.example.org"),
    );
}

#[test]
fn a_policy_that_observes_an_address_does_not_lift_the_block_of_a_port() {
    let setup = Setup::new()
        .policy(
            "watch",
            "action = \"observe\"\n[block]\naddresses = [\"203.0.113.0/24\"]\nports = [\"tcp/25\"]",
        )
        .policy("p", "[block]\nports = [\"tcp/853\"]")
        .device("phone", PHONE, &["watch", "p"]);
    let mut filter = Filter::new(&setup);
    let syn = |port| Tcp::new(Path::to("203.0.113.9").port(port)).syn();
    filter.give(&syn(853), &drops(Reason::Port, "p").begins().decides(Kind::None));
    // Two that only observe: the address comes first.
    for port in [25, 443] {
        let mut tcp = Tcp::new(Path::to("203.0.113.9").port(port));
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        let watched = observes(Reason::NotInspected, "watch").because(Reason::Address).decides(Kind::Address);
        filter.give(&tcp.send(NO_PROTOCOL), &watched);
    }
}
