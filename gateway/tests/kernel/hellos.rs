//! Real ClientHellos, over everything that can carry one.

use gateway_common::reason::Reason;

use crate::harness::*;

const BLOCKED: &str = "[block]\ndomains = [\"xiaomi.example\"]";

/// Every way to the server, each from a port of its own.
fn paths() -> Vec<Path> {
    let qinq = [(S_TAG, 200), (C_TAG, 10)];
    let mut ports = 40_000..;
    let mut paths = Vec::new();
    for path in [Path::v4(), Path::v6()] {
        for tags in [&[][..], &[(C_TAG, 10)], &qinq] {
            for port in [443, 8443, 22, 61_000] {
                paths.push(path.clone().tagged(tags).port(port).source_port(ports.next().unwrap()));
            }
        }
    }
    paths
}

/// Hellos of clients of every kind to this name.
fn hellos(name: &str) -> Vec<Vec<u8>> {
    let many: Vec<&[u8]> = vec![&[b'p'; 255]; 3];
    vec![
        Client::new().hello(name),
        Client::new().tls12().hello(name),
        Client::new().tls13().hello(name),
        Client::new().alpn(&[b"h2", b"http/1.1"]).hello(name),
        Client::new().tls12().alpn(&[b"http/1.1"]).hello(name),
        Client::new().alpn(&many).hello(name),
        crafted(name.as_bytes()),
    ]
}

#[test]
fn a_blocked_name_is_dropped_and_its_flow_with_it_after_a_syn() {
    let mut filter = Filter::phone(BLOCKED);
    for path in paths() {
        let mut tcp = Tcp::new(path);
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        filter.give(&tcp.ack(), &passes(Reason::NoPayload));
        let blocked = drops(Reason::TlsSni, "p").named("api.xiaomi.example");
        filter.give(&tcp.send(&hello("api.xiaomi.example")), &blocked);
        let known = drops(Reason::KnownFlow, "p").because(Reason::TlsSni);
        filter.give(&tcp.send(NO_PROTOCOL), &known);
        filter.give(&tcp.fin(), &known);
    }
}

#[test]
fn a_blocked_name_is_dropped_though_its_syn_was_not_seen() {
    let mut filter = Filter::phone(BLOCKED);
    for path in paths() {
        let mut tcp = Tcp::new(path);
        let blocked = drops(Reason::TlsSni, "p").begins().named("api.xiaomi.example");
        filter.give(&tcp.send(&hello("api.xiaomi.example")), &blocked);
        filter.give(&tcp.ack(), &drops(Reason::KnownFlow, "p").because(Reason::TlsSni));
    }
}

#[test]
fn any_other_name_is_learned_and_passes_with_its_flow() {
    let mut filter = Filter::phone(BLOCKED);
    for path in paths() {
        let mut tcp = Tcp::new(path);
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        filter.give(&tcp.send(&hello("www.example.org")), &passes(Reason::TlsSni).named("www.example.org"));
        filter.give(&tcp.send(NO_PROTOCOL), &passes(Reason::KnownFlow));
        filter.give(&tcp.fin(), &passes(Reason::KnownFlow));
    }
}

#[test]
fn the_name_is_read_whatever_else_the_client_offers() {
    let mut filter = Filter::phone(BLOCKED);
    let (blocked, fine) = ("api.xiaomi.example", "www.example.org");
    for (port, (to_blocked, to_fine)) in (50_000..).zip(hellos(blocked).into_iter().zip(hellos(fine))) {
        let mut tcp = Tcp::new(Path::v4().source_port(port));
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        filter.give(&tcp.send(&to_blocked), &drops(Reason::TlsSni, "p").named(blocked));
        let mut tcp = Tcp::new(Path::v6().source_port(port));
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        filter.give(&tcp.send(&to_fine), &passes(Reason::TlsSni).named(fine));
    }
}

#[test]
fn the_name_is_read_at_every_place_that_rustls_shuffles_it_to() {
    let mut filter = Filter::phone(BLOCKED);
    for port in 50_000..50_040 {
        let mut tcp = Tcp::new(Path::v4().source_port(port));
        let blocked = drops(Reason::TlsSni, "p").begins().named("api.xiaomi.example");
        filter.give(&tcp.send(&hello("api.xiaomi.example")), &blocked);
    }
}

#[test]
fn a_hello_that_the_syn_carries_is_judged() {
    let mut filter = Filter::phone(BLOCKED);
    let mut tcp = Tcp::new(Path::v4());
    let blocked = drops(Reason::TlsSni, "p").begins().named("api.xiaomi.example");
    filter.give(&tcp.syn_with(&hello("api.xiaomi.example")), &blocked);
    filter.give(&tcp.ack(), &drops(Reason::KnownFlow, "p").because(Reason::TlsSni));
    let mut tcp = Tcp::new(Path::v6());
    filter.give(
        &tcp.syn_with(&hello("www.example.org")),
        &passes(Reason::TlsSni).begins().named("www.example.org"),
    );
}

#[test]
fn what_follows_the_hello_in_its_segment_changes_nothing() {
    let mut filter = Filter::phone(BLOCKED);
    let mut tcp = Tcp::new(Path::v4());
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    // Early data: an application record behind the hello.
    let payload = [&hello("api.xiaomi.example")[..], &[23, 3, 3, 0, 40], &[0xee; 40]].concat();
    filter.give(&tcp.send(&payload), &drops(Reason::TlsSni, "p").named("api.xiaomi.example"));
}

#[test]
fn a_hello_in_records_of_five_bytes_is_one_hello() {
    let mut filter = Filter::phone(BLOCKED);
    let message = crafted(b"api.xiaomi.example").split_off(5);
    let records: Vec<u8> = message
        .chunks(5)
        .flat_map(|chunk| [&[22, 3, 1, 0, u8::try_from(chunk.len()).unwrap()], chunk].concat())
        .collect();
    let mut tcp = Tcp::new(Path::v4());
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&tcp.send(&records), &drops(Reason::TlsSni, "p").named("api.xiaomi.example"));
}
