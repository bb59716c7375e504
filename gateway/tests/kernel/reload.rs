//! Another policy put in force while flows go on.

use gateway_common::abi::Kind;
use gateway_common::reason::Reason;

use crate::harness::seal::{Initial, crypto, hello as quic_hello, padded};
use crate::harness::*;

#[test]
fn a_reload_takes_effect_for_new_flows_and_the_generation_grows() {
    let before = Setup::phone(
        "[block]\ndomains = [\"example.org\"]\naddresses = [\"203.0.113.0/24\"]\nports = [\"tcp/853\"]",
    );
    let after = Setup::phone(
        "[block]\ndomains = [\"example.net\"]\naddresses = [\"192.0.2.0/24\"]\nports = [\"tcp/854\"]",
    );
    let mut filter = Filter::new(&before);
    assert_eq!(filter.maps.generation().unwrap(), 1);
    for (round, (setup, [bad, good], [net, open], [port, free])) in [
        (&before, ["www.example.org", "www.example.net"], ["203.0.113.9", "192.0.2.9"], [853, 854]),
        (&after, ["www.example.net", "www.example.org"], ["192.0.2.9", "203.0.113.9"], [854, 853]),
        (&before, ["www.example.org", "www.example.net"], ["203.0.113.9", "192.0.2.9"], [853, 854]),
    ]
    .into_iter()
    .enumerate()
    {
        let generation = filter.reload(setup);
        assert_eq!(generation, round as u64 + 2);
        assert_eq!(filter.maps.generation().unwrap(), generation);
        let from = |path: Path| path.source_port(50_000 + u16::try_from(generation).unwrap());
        let mut tcp = Tcp::new(from(Path::v4()));
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        filter.give(&tcp.send(&hello(bad)), &drops(Reason::TlsSni, "p").named(bad));
        let mut tcp = Tcp::new(from(Path::v6()));
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        filter.give(&tcp.send(&hello(good)), &passes(Reason::TlsSni).named(good));
        let by_address = drops(Reason::Address, "p").begins().decides(Kind::Address);
        filter.give(&Tcp::new(from(Path::to(net))).syn(), &by_address);
        filter.give(&Tcp::new(from(Path::to(open))).syn(), &passes(Reason::NoPayload).begins());
        let by_port = drops(Reason::Port, "p").begins().decides(Kind::None);
        filter.give(&Tcp::new(from(Path::v4().port(port))).syn(), &by_port);
        filter.give(&Tcp::new(from(Path::v4().port(free))).syn(), &passes(Reason::NoPayload).begins());
    }
}

#[test]
fn a_flow_whose_name_is_still_to_come_is_judged_by_the_policy_that_is_then_in_force() {
    let mut filter = Filter::phone("[block]\ndomains = [\"example.org\"]");
    let mut now_bad = Tcp::new(Path::v4());
    let mut now_good = Tcp::new(Path::v6());
    filter.give(&now_bad.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&now_good.syn(), &passes(Reason::NoPayload).begins());
    filter.reload(&Setup::phone("[block]\ndomains = [\"example.net\"]"));
    filter
        .give(&now_bad.send(&hello("www.example.net")), &drops(Reason::TlsSni, "p").named("www.example.net"));
    filter.give(&now_good.send(&hello("www.example.org")), &passes(Reason::TlsSni).named("www.example.org"));
}

#[test]
fn a_device_can_be_given_policies_and_be_freed_of_them() {
    let policy = "[block]\ndomains = [\"example.org\"]";
    let without = Setup::new().policy("p", policy).device("phone", PHONE, &[]);
    let with = Setup::phone(policy);
    let mut filter = Filter::new(&without);
    let hello = || Tcp::new(Path::v4()).send(&hello("www.example.org"));
    filter.give(&hello(), &passes(Reason::Unfiltered));
    filter.reload(&with);
    filter.give(&hello(), &drops(Reason::TlsSni, "p").begins().named("www.example.org"));
    filter.reload(&without);
    filter.give(&hello(), &passes(Reason::Unfiltered));
    filter.reload(&without.defaults(&["p"]));
    filter.give(&Tcp::new(Path::v4().from(TV)).syn(), &passes(Reason::NoPayload).of("other").begins());
}

#[test]
fn each_filter_draws_a_key_for_its_hashes_and_keeps_it() {
    let setup = Setup::phone("[block]\ndomains = [\"example.org\"]");
    let mut seeds = std::collections::BTreeSet::new();
    for _ in 0..4 {
        let mut filter = Filter::new(&setup);
        let seed = filter.maps.read_generation().unwrap().hash_seed;
        filter.reload(&setup);
        assert_eq!(filter.maps.read_generation().unwrap().hash_seed, seed);
        seeds.insert(seed);
        let blocked = drops(Reason::TlsSni, "p").begins().named("a.b.example.org");
        filter.give(&Tcp::new(Path::v4()).send(&hello("a.b.example.org")), &blocked);
    }
    assert_eq!(seeds.len(), 4, "a seed came twice");
}

#[test]
fn before_the_first_policy_everything_passes_unfiltered() {
    let mut filter = Filter::empty();
    filter.give(&Tcp::new(Path::v4()).syn(), &passes(Reason::Unfiltered).of("other"));
    filter.give(&Path::v6().udp(b"hi").cut(20), &passes(Reason::Unfiltered).of("other"));
    assert_eq!(filter.maps.generation().unwrap(), 0);
}

#[test]
fn while_two_hundred_reloads_pass_no_verdict_is_wrong() {
    // Tables of quite different sizes, which agree in what is asked.
    let names: String = (0..3000).map(|number| format!("\"n{number}.example\",")).collect();
    let (few, many) = ("\"bad.example\"", format!("{names}\"bad.example\", \"worse.example\""));
    let policy = |domains: &str, nets: &str| {
        Setup::phone(&format!("[block]\ndomains = [{domains}]\naddresses = [{nets}]"))
    };
    let nets: String = (0..2000).map(|n| format!("\"10.{}.{}.0/24\",", n / 250, n % 250)).collect();
    let setups = [
        policy(few, "\"203.0.113.0/24\""),
        policy(&many, &format!("{nets} \"203.0.113.0/24\"")),
        Setup::phone("[block]\ndomains = [\"bad.example\"]\naddresses = [\"203.0.113.0/24\"]"),
    ];
    let mut filter = Filter::new(&setups[0]);
    let compiled = setups.map(|setup| filter.compiled(&setup));
    let mut old = Tcp::new(Path::v4().source_port(1));
    for frame in [old.syn(), old.send(&hello("good.example"))] {
        assert_eq!(filter.run(&frame), "XDP_PASS");
    }
    let more = old.send(b"more");
    let (bad, good) = (hello("www.bad.example"), hello("good.example"));
    // The longest way through the program, at the end of which the tables are read.
    let initial = Initial::new(padded(crypto(0, &quic_hello(b"www.bad.example", &[30], &[20])))).seal();
    let rounds = std::thread::scope(|scope| {
        let (loaded, maps) = filter.both();
        let reloading = scope.spawn(move || {
            for number in 0..200 {
                explained(maps.put_in_force(&compiled[number % compiled.len()]));
            }
        });
        let mut rounds = 0_u16;
        while !reloading.is_finished() {
            rounds = rounds.wrapping_add(1);
            let mut verdicts = |path: Path, payload: &[u8]| {
                let mut tcp = Tcp::new(path.source_port(1000 + rounds % 60_000));
                run(loaded, &tcp.syn());
                run(loaded, &tcp.send(payload)).0
            };
            assert_eq!(verdicts(Path::v4(), &bad), "XDP_DROP", "round {rounds}");
            assert_eq!(verdicts(Path::v6(), &bad), "XDP_DROP", "round {rounds}");
            assert_eq!(verdicts(Path::v4().port(8443), &good), "XDP_PASS", "round {rounds}");
            assert_eq!(verdicts(Path::to("203.0.113.9"), &good), "XDP_DROP", "round {rounds}");
            let datagram = Path::v4().source_port(1000 + rounds % 60_000).udp(&initial);
            assert_eq!(run(loaded, &datagram).0, "XDP_DROP", "round {rounds}");
            assert_eq!(run(loaded, &more).0, "XDP_PASS", "round {rounds}");
        }
        reloading.join().unwrap();
        rounds
    });
    assert!(rounds > 100, "only {rounds} rounds");
}
