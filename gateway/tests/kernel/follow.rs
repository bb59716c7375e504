//! Connections that are under way when another policy comes into force: those to what is blocked now end, others go on.

use gateway_common::abi::{Device, DeviceKey, Kind};
use gateway_common::reason::Reason;

use crate::harness::seal::{Initial, crypto, hello as quic_hello, padded};
use crate::harness::*;

const NOTHING: &str = "action = \"drop\"";
const EXAMPLE: &str = "[block]\ndomains = [\"example.org\"]";

/// A connection of this port that has shown this hello or request.
#[track_caller]
fn shown(filter: &mut Filter, port: u16, payload: &[u8], expected: &Expected) -> Tcp {
    let mut tcp = Tcp::new(Path::v4().source_port(port));
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&tcp.send(payload), expected);
    filter.give(&tcp.send(b"more"), &known());
    tcp
}

fn known() -> Expected {
    passes(Reason::KnownFlow)
}

/// A packet of a flow that a policy has blocked for this reason.
fn still(reason: Reason) -> Expected {
    drops(Reason::KnownFlow, "p").because(reason)
}

#[test]
fn a_connection_to_a_name_that_is_blocked_now_ends_with_its_next_packet() {
    for block in [
        "hosts = [\"a.b.www.example.org\"]",
        "domains = [\"a.b.www.example.org\"]",
        "domains = [\"www.example.org\"]",
        "domains = [\"org\"]",
    ] {
        let mut filter = Filter::phone(NOTHING);
        let name = "a.b.www.example.org";
        let mut tcp = shown(&mut filter, 50_000, &hello(name), &passes(Reason::TlsSni).named(name));
        filter.reload(&Setup::phone(&format!("[block]\n{block}")));
        filter.give(&tcp.send(b"more"), &drops(Reason::TlsSni, "p").decides(Kind::None));
        filter.give(&tcp.send(b"more"), &still(Reason::TlsSni));
        filter.give(&tcp.fin(), &still(Reason::TlsSni));
    }
}

#[test]
fn a_connection_to_a_name_that_is_still_allowed_is_not_touched() {
    let mut filter = Filter::phone(NOTHING);
    let name = "www.example.org";
    let mut tcp = shown(&mut filter, 50_000, &hello(name), &passes(Reason::TlsSni).named(name));
    for block in ["example.net", "b.www.example.org", "xample.org"] {
        filter.reload(&Setup::phone(&format!("[block]\ndomains = [\"{block}\"]")));
        filter.give(&tcp.send(b"more"), &known());
        filter.give(&tcp.ack(), &known());
    }
    filter.reload(&Setup::phone(&format!("{EXAMPLE}\n[allow]\nhosts = [\"www.example.org\"]")));
    filter.give(&tcp.send(b"more"), &known());
}

#[test]
fn a_name_of_more_labels_than_are_remembered_is_judged_by_its_end_and_as_a_whole() {
    let name = "a.b.c.d.e.f.g.h.i.j.k.example.org";
    for (block, blocks) in [
        ("domains = [\"example.org\"]", true),
        ("domains = [\"h.i.j.k.example.org\"]", true),
        ("hosts = [\"a.b.c.d.e.f.g.h.i.j.k.example.org\"]", true),
        ("hosts = [\"b.c.d.e.f.g.h.i.j.k.example.org\"]", false),
        ("hosts = [\"i.j.k.example.org\"]", false),
    ] {
        let mut filter = Filter::phone(NOTHING);
        let mut tcp = shown(&mut filter, 50_000, &hello(name), &passes(Reason::TlsSni).named(name));
        filter.reload(&Setup::phone(&format!("[block]\n{block}")));
        let ended = drops(Reason::TlsSni, "p").decides(Kind::None);
        filter.give(&tcp.send(b"more"), &if blocks { ended } else { known() });
    }
}

#[test]
fn a_connection_that_is_freed_goes_on() {
    let mut filter = Filter::phone(EXAMPLE);
    let mut tcp = Tcp::new(Path::v4());
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    let first = tcp.clone();
    let blocked = drops(Reason::TlsSni, "p").named("www.example.org");
    filter.give(&tcp.send(&hello("www.example.org")), &blocked);
    filter.reload(&Setup::phone(NOTHING));
    // The hello comes again, since it was never acknowledged.
    filter.give(&first.clone().send(&hello("www.example.org")), &known());
    filter.give(&tcp.send(b"more"), &known());
    filter.reload(&Setup::phone(EXAMPLE));
    filter.give(&tcp.send(b"more"), &drops(Reason::TlsSni, "p").decides(Kind::None));
}

#[test]
fn requests_and_initials_are_followed_too() {
    let mut filter = Filter::phone(NOTHING);
    let request = b"GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n";
    let named = passes(Reason::HttpHost).named("www.example.org").decides(Kind::HttpHost);
    let mut tcp = shown(&mut filter, 50_000, request, &named);
    let path = Path::v6();
    let initial = Initial::new(padded(crypto(0, &quic_hello(b"www.example.org", &[30], &[20])))).seal();
    let named = passes(Reason::QuicSni).named("www.example.org").decides(Kind::QuicSni).begins();
    filter.give(&path.udp(&initial), &named);
    let short = [&[0x41][..], &[0x37; 60]].concat();
    filter.give(&path.udp(&short), &known());
    filter.reload(&Setup::phone("[block]\nhosts = [\"other.example\"]"));
    filter.give(&tcp.send(b"more"), &known());
    filter.give(&path.udp(&short), &known());
    filter.reload(&Setup::phone(EXAMPLE));
    filter.give(&tcp.send(b"more"), &drops(Reason::HttpHost, "p").decides(Kind::None));
    filter.give(&path.udp(&short), &drops(Reason::QuicSni, "p").decides(Kind::None));
    filter.give(&path.udp(&short), &still(Reason::QuicSni));
}

#[test]
fn a_connection_without_a_name_follows_what_policies_say_of_such() {
    let mut filter = Filter::phone(NOTHING);
    let mut silent = shown(&mut filter, 50_000, &nameless(), &passes(Reason::Nameless));
    let literal = passes(Reason::IpLiteral).named("192.0.2.7");
    let mut literal = shown(&mut filter, 50_001, &crafted(b"192.0.2.7"), &literal);
    let mut other = shown(&mut filter, 50_002, b"SSH-2.0-OpenSSH_9.9\r\n", &passes(Reason::NotInspected));
    let mut rounds = [("nameless", 0), ("ip_literal", 1)].into_iter();
    for (key, which) in rounds.by_ref() {
        filter.reload(&Setup::phone(&format!("[inspect]\n{key} = \"block\"")));
        let ends = drops([Reason::Nameless, Reason::IpLiteral][which], "p").decides(Kind::None);
        filter.give(&silent.send(b"more"), &if which == 0 { ends.clone() } else { known() });
        filter.give(&literal.send(b"more"), &if which == 1 { ends } else { known() });
        filter.give(&other.send(b"more"), &known());
    }
}

#[test]
fn an_encrypted_hello_is_refused_when_a_policy_begins_to_say_so() {
    let mut filter = Filter::phone("[inspect]\nech = \"block\"");
    let name = server_name(b"public.example");
    let mut plain = shown(
        &mut filter,
        50_000,
        &with_extensions(&[(0, &name)]),
        &passes(Reason::TlsSni).named("public.example"),
    );
    // Observed, so that the hello is read to its end.
    let observing = "action = \"observe\"\n[inspect]\nech = \"block\"";
    filter.reload(&Setup::phone(observing));
    let mut hidden = Tcp::new(Path::v4().source_port(50_001));
    filter.give(&hidden.syn(), &passes(Reason::NoPayload).begins());
    let hello = with_extensions(&[(0xfe0d, &[0x5e; 186]), (0, &name)]);
    filter.give(&hidden.send(&hello), &observes(Reason::Ech, "p").named("public.example"));
    filter.reload(&Setup::phone("[inspect]\nech = \"block\""));
    filter.give(&hidden.send(b"more"), &drops(Reason::Ech, "p").decides(Kind::None));
    filter.give(&plain.send(b"more"), &known());
}

#[test]
fn addresses_and_ports_are_followed_before_and_behind_a_name() {
    for block in ["addresses = [\"203.0.113.0/24\"]", "ports = [\"tcp/443\"]"] {
        let reason = if block.starts_with('a') { Reason::Address } else { Reason::Port };
        let kind = if reason == Reason::Address { Kind::Address } else { Kind::None };
        let setup = Setup::phone(&format!("[block]\n{block}"));
        let mut filter = Filter::phone(NOTHING);
        let path = Path::to("203.0.113.9");
        let mut opening = Tcp::new(path.clone().source_port(50_000));
        filter.give(&opening.syn(), &passes(Reason::NoPayload).begins());
        let mut named = Tcp::new(path.source_port(50_001));
        filter.give(&named.syn(), &passes(Reason::NoPayload).begins());
        filter.give(&named.send(&hello("a.example")), &passes(Reason::TlsSni).named("a.example"));
        filter.reload(&setup);
        filter.give(&opening.ack(), &drops(reason, "p").decides(kind));
        filter.give(&opening.send(&hello("a.example")), &still(reason));
        filter.give(&named.send(b"more"), &drops(reason, "p").decides(kind));
        // Another policy that says the same changes nothing, and tells nothing.
        filter.reload(&setup);
        filter.give(&named.send(b"more"), &still(reason));
        // What is freed behind its name passes; what was never read is seen as in the middle of a connection.
        filter.reload(&Setup::phone(NOTHING));
        filter.give(&named.send(b"more"), &known());
        filter.give(&opening.send(&hello("a.example")), &passes(Reason::TlsSni).begins().named("a.example"));
    }
}

#[test]
fn a_syn_begins_a_new_connection_whatever_the_one_before_under_its_ports_is_judged_by() {
    let mut filter = Filter::phone(NOTHING);
    let mut tcp =
        shown(&mut filter, 50_000, &hello("a.example.org"), &passes(Reason::TlsSni).named("a.example.org"));
    filter.reload(&Setup::phone(EXAMPLE));
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&tcp.send(&hello("good.example")), &passes(Reason::TlsSni).named("good.example"));
}

#[test]
fn a_stream_of_questions_that_was_blocked_stays_so() {
    let mut filter = Filter::phone(EXAMPLE);
    let mut tcp = Tcp::new(Path::v4().port(53));
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    let framed = b"\x00\x21\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x03org\x00\x00\x01\x00\x01";
    let blocked = drops(Reason::DnsQname, "p").named("www.example.org").decides(Kind::DnsQname);
    filter.give(&tcp.send(framed), &blocked);
    filter.reload(&Setup::phone(NOTHING));
    filter.give(&tcp.send(framed), &withholds(Reason::KnownFlow));
}

#[test]
fn who_is_filtered_can_change_while_the_tables_stay() {
    let (with, without) =
        (Setup::phone(EXAMPLE), Setup::new().policy("p", EXAMPLE).device("phone", PHONE, &[]));
    let mut filter = Filter::new(&with);
    let who = |filter: &Filter, setup: &Setup| filter.who(setup);
    let (filtered, free) = (who(&filter, &with), who(&filter, &without));
    let hello = hello("www.example.org");
    assert_eq!(filter.maps.put_who_in_force(&free).unwrap(), 2);
    let mut tcp = Tcp::new(Path::v4());
    filter.give(&tcp.syn(), &passes(Reason::Unfiltered));
    filter.give(&tcp.send(&hello), &passes(Reason::Unfiltered));
    assert_eq!(filter.maps.put_who_in_force(&filtered).unwrap(), 3);
    filter.give(
        &Tcp::new(Path::v6()).send(&hello),
        &drops(Reason::TlsSni, "p").begins().named("www.example.org"),
    );
    // Of the connection that began meanwhile the name was not seen.
    filter.give(&tcp.send(b"more"), &passes(Reason::NotInspected).begins());
}

#[test]
fn a_device_is_found_by_the_longest_beginning_of_its_address() {
    let setup = Setup::new().policy("p", EXAMPLE).policy("q", "[block]\ndomains = [\"example.net\"]").device(
        "phone",
        PHONE,
        &["p"],
    );
    let mut filter = Filter::new(&setup);
    let mut who = filter.who(&setup);
    let phone = who.devices.remove(&DeviceKey::prefix(PHONE, 6)).unwrap();
    let blocks = |filter: &mut Filter, port: u16, name: &str| {
        let mut tcp = Tcp::new(Path::v4().source_port(port));
        filter.run(&tcp.syn());
        filter.run(&tcp.send(&hello(name))) == "XDP_DROP"
    };
    for bytes in 1..=5 {
        let other = Device { policies: 0b10, ..phone };
        who.devices = [(DeviceKey::prefix(PHONE, bytes), phone)].into();
        if bytes > 1 {
            who.devices.insert(DeviceKey::prefix(PHONE, bytes - 1), other);
        }
        filter.maps.put_who_in_force(&who).unwrap();
        let port = 50_000 + u16::from(bytes);
        assert!(blocks(&mut filter, port, "www.example.org"), "{bytes}");
        assert!(!blocks(&mut filter, port + 100, "www.example.net"), "{bytes}");
        // Another device whose address differs in the byte behind the shorter beginning.
        let mut mac = PHONE;
        mac.0[usize::from(bytes) - 1] ^= 0x10;
        let mut tcp = Tcp::new(Path::v4().from(mac).source_port(port + 200));
        filter.run(&tcp.syn());
        let verdict = filter.run(&tcp.send(&hello("www.example.net")));
        assert_eq!(verdict, if bytes == 1 { "XDP_PASS" } else { "XDP_DROP" }, "{bytes}");
    }
}
