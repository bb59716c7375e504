//! QUIC Initials, whole and in pieces, honest and not.

use aya::maps::{MapData, ProgramArray};
use aya::programs::Xdp;
use gateway_common::abi::{INITIALS_A_SECOND, Kind, Stage};
use gateway_common::reason::Reason;

use crate::harness::seal::{
    CONNECTION_ID, Initial, crypto, hello as quic_hello, padded, rustls_hello, server_name, varint,
    with_extensions,
};
use crate::harness::*;

const BLOCKS: &str = "[block]\nhosts = [\"blocked.example\"]";

/// An Initial with these bytes of the CRYPTO stream.
fn piece(number: u32, at: usize, bytes: &[u8]) -> Initial {
    Initial { number, ..Initial::new(padded(crypto(at, bytes))) }
}

/// The first datagram of a client to this name.
fn initial(name: &str) -> Vec<u8> {
    piece(0, 0, &quic_hello(name.as_bytes(), &[30], &[20])).seal()
}

/// The first two datagrams of a client whose hello does not fit into one, the name in the second.
fn two(name: &str) -> [Vec<u8>; 2] {
    let hello = quic_hello(name.as_bytes(), &[1300], &[20]);
    [piece(0, 0, &hello[..1100]).seal(), piece(1, 1100, &hello[1100..]).seal()]
}

fn long(kind: u8) -> Vec<u8> {
    let mut packet = vec![0xc0 | kind << 4, 0, 0, 0, 1, 8];
    packet.extend(CONNECTION_ID);
    packet.push(0);
    packet.extend(varint(200));
    packet.extend([0x55; 200]);
    packet
}

/// A packet with a short header.
fn short() -> Vec<u8> {
    [&[0x41][..], &[0x37; 60]].concat()
}

fn named(expected: Expected, name: &str) -> Expected {
    expected.named(name).decides(Kind::QuicSni)
}

#[test]
fn the_name_in_an_initial_decides_on_any_port_over_both_families_and_behind_tags() {
    let mut filter = Filter::phone(BLOCKS);
    let paths = [Path::v4(), Path::v4().port(8443), Path::v6(), Path::v6().tagged(&[(S_TAG, 7), (C_TAG, 9)])];
    for (path, port) in paths.into_iter().zip(40_000..) {
        let path = path.source_port(port);
        let blocked = path.udp(&initial("Blocked.Example"));
        let expected = named(drops(Reason::QuicSni, "p").begins(), "blocked.example");
        filter.give(&blocked, &expected);
        filter.give(&blocked, &drops(Reason::KnownFlow, "p").because(Reason::QuicSni));
        filter.give(&path.udp(&short()), &drops(Reason::KnownFlow, "p").because(Reason::QuicSni));
        let path = path.source_port(port + 100);
        filter.give(&path.udp(&initial("a.example")), &named(passes(Reason::QuicSni).begins(), "a.example"));
        filter.give(&path.udp(&short()), &passes(Reason::KnownFlow));
    }
}

#[test]
fn versions_2_and_29_and_a_reserved_one_are_read() {
    let mut filter = Filter::phone(BLOCKS);
    let payload = padded(crypto(0, &quic_hello(b"blocked.example", &[], &[])));
    for (version, port) in [0x6b33_43cf, 0xff00_001d, 0x1a2a_3a4a].into_iter().zip(40_000..) {
        let datagram = Initial { version, ..Initial::new(payload.clone()) }.seal();
        let frame = Path::v4().source_port(port).udp(&datagram);
        filter.give(&frame, &named(drops(Reason::QuicSni, "p").begins(), "blocked.example"));
    }
}

#[test]
fn the_hello_of_a_rustls_client_is_read() {
    let mut filter = Filter::phone(BLOCKS);
    let frame = Path::v4().udp(&piece(0, 0, &rustls_hello("blocked.example")).seal());
    filter.give(&frame, &named(drops(Reason::QuicSni, "p").begins(), "blocked.example"));
}

#[test]
fn a_policy_that_blocks_quic_drops_it_on_every_port_and_other_datagrams_pass() {
    let mut filter = Filter::phone("[inspect]\nquic = \"block\"");
    let unknown = [&[0xc3, 0x0a, 0x0b, 0x0c, 0x01, 8][..], &[7; 90]].concat();
    for ((path, datagram), port) in [
        (Path::v4(), initial("a.example")),
        (Path::v6().port(8443), initial("a.example")),
        (Path::v4().port(8443), unknown),
        // On its own port whatever comes, such as the rest of a connection that is older than the policy.
        (Path::v4(), short()),
    ]
    .into_iter()
    .zip(40_000..)
    {
        let frame = path.source_port(port).udp(&datagram);
        filter.give(&frame, &drops(Reason::Quic, "p").begins().decides(Kind::None));
        filter.give(&frame, &drops(Reason::KnownFlow, "p").because(Reason::Quic));
    }
    filter.give(&Path::v4().port(4500).udp(&short()), &passes(Reason::NotInspected).begins());
}

#[test]
fn a_policy_that_passes_quic_does_not_judge_its_names_and_others_do() {
    let pass = format!("{BLOCKS}\n[inspect]\nquic = \"pass\"");
    let frame = Path::v4().udp(&initial("blocked.example"));
    let mut filter = Filter::phone(&pass);
    filter.give(&frame, &passes(Reason::NotInspected).begins());
    let setup = Setup::new().policy("p", &pass).policy("q", BLOCKS).device("phone", PHONE, &["p", "q"]);
    let mut filter = Filter::new(&setup);
    filter.give(&frame, &named(drops(Reason::QuicSni, "q").begins(), "blocked.example"));
}

#[test]
fn an_encrypted_hello_inside_is_blocked_where_a_policy_says_so_unless_the_name_is_blocked() {
    let mut filter = Filter::phone(&format!("{BLOCKS}\n[inspect]\nech = \"block\""));
    let ech = [0xfe, 0x0d, 0, 2, 1, 1];
    for (name, reason, port) in
        [("a.example", Reason::Ech, 40_000), ("blocked.example", Reason::QuicSni, 40_001)]
    {
        let hello = with_extensions(&[&server_name(name.as_bytes())[..], &ech].concat());
        let frame = Path::v4().source_port(port).udp(&piece(0, 0, &hello).seal());
        filter.give(&frame, &named(drops(reason, "p").begins(), name));
    }
    let frame = Path::v4().udp(&initial("a.example"));
    filter.give(&frame, &named(passes(Reason::QuicSni).begins(), "a.example"));
}

#[test]
fn a_hidden_name_in_quic_is_judged_by_the_name_that_the_device_asked_for() {
    let mut filter = Filter::phone(&format!("{BLOCKS}\n[inspect]\nech = \"judge\""));
    let ech = [0xfe, 0x0d, 0, 2, 1, 1];
    let hello = with_extensions(&[&server_name(b"a.example")[..], &ech].concat());
    let path = Path::v4();
    let datagram = |port| path.clone().source_port(port).udp(&piece(0, 0, &hello).seal());
    filter.give(&datagram(40_000), &named(passes(Reason::QuicSni).begins(), "a.example"));
    let record = Record::address(&path.destination.to_string(), 300);
    filter.down(&answer(path.clone(), "blocked.example", &[record]), None);
    filter.give(&datagram(40_001), &named(drops(Reason::Asked, "p").begins(), "a.example"));
}

#[test]
fn a_hello_in_two_datagrams_is_one_in_either_order() {
    let mut filter = Filter::phone(BLOCKS);
    for (reverse, port) in [(false, 40_000), (true, 40_001)] {
        let path = Path::v4().source_port(port);
        let mut datagrams = two("blocked.example");
        if reverse {
            datagrams.reverse();
        }
        let [one, other] = datagrams;
        filter.give(&path.udp(&one), &passes(Reason::Incomplete).begins());
        filter.give(&path.udp(&other), &named(drops(Reason::QuicSni, "p"), "blocked.example"));
        filter.give(&path.udp(&one), &drops(Reason::KnownFlow, "p").because(Reason::QuicSni));
    }
}

#[test]
fn what_repeats_half_a_hello_is_withheld_until_the_rest_comes() {
    let mut filter = Filter::phone(BLOCKS);
    let (path, [one, other]) = (Path::v6(), two("a.example"));
    filter.give(&path.udp(&one), &passes(Reason::Incomplete).begins());
    filter.give(&path.udp(&one), &withholds(Reason::Retransmission));
    filter.give(&path.udp(&other), &named(passes(Reason::QuicSni), "a.example"));
    filter.give(&path.udp(&one), &passes(Reason::KnownFlow));
    filter.give(&path.udp(&other), &passes(Reason::KnownFlow));
}

#[test]
fn early_data_is_withheld_until_the_name_is_known() {
    let mut filter = Filter::phone(BLOCKS);
    let path = Path::v4();
    let early = path.udp(&long(1));
    filter.give(&early, &withholds(Reason::EarlyData).begins());
    filter.give(&path.udp(&initial("a.example")), &named(passes(Reason::QuicSni), "a.example"));
    filter.give(&early, &passes(Reason::KnownFlow));
    filter.give(&path.udp(&long(2)), &passes(Reason::KnownFlow));
}

#[test]
fn an_initial_that_passed_does_not_let_another_one_pass() {
    let mut filter = Filter::phone(BLOCKS);
    let path = Path::v4();
    let mut forged = initial("allowed.example");
    *forged.last_mut().unwrap() ^= 1;
    filter.give(&path.udp(&forged), &named(passes(Reason::QuicSni).begins(), "allowed.example"));
    filter
        .give(&path.udp(&initial("blocked.example")), &named(drops(Reason::QuicSni, "p"), "blocked.example"));
}

#[test]
fn datagrams_in_front_do_not_let_an_initial_pass() {
    let mut filter = Filter::phone(BLOCKS);
    let path = Path::v4().port(4433);
    filter.give(&path.udp(NO_PROTOCOL), &passes(Reason::NotInspected).begins());
    filter.give(&path.udp(b"x"), &passes(Reason::KnownFlow));
    filter
        .give(&path.udp(&initial("blocked.example")), &named(drops(Reason::QuicSni, "p"), "blocked.example"));
}

#[test]
fn a_copy_with_other_bytes_is_malformed_and_an_honest_one_is_read_on() {
    let mut filter = Filter::phone(BLOCKS);
    let path = Path::v4();
    let real = quic_hello(b"blocked.example", &[900], &[20]);
    let decoy = quic_hello(b"allowed.example", &[600, 300], &[20]);
    filter.give(&path.udp(&piece(0, 0, &real[..500]).seal()), &passes(Reason::Incomplete).begins());
    filter.give(&path.udp(&piece(1, 0, &decoy[..500]).seal()), &drops(Reason::Malformed, "p"));
    filter.give(
        &path.udp(&piece(2, 500, &real[500..]).seal()),
        &named(drops(Reason::QuicSni, "p"), "blocked.example"),
    );
}

#[test]
fn a_complete_hello_may_be_sent_again_as_often_as_the_client_likes() {
    let mut filter = Filter::phone(BLOCKS);
    let path = Path::v4();
    let hello = quic_hello(b"a.example", &[900], &[20]);
    let [first, second] = [piece(0, 0, &hello[..500]), piece(1, 500, &hello[500..])];
    filter.give(&path.udp(&first.seal()), &passes(Reason::Incomplete).begins());
    filter.give(&path.udp(&second.seal()), &named(passes(Reason::QuicSni), "a.example"));
    for (number, cut) in (2..20).zip((100..).step_by(37)) {
        let again = [crypto(cut, &hello[cut..]), crypto(0, &hello[..cut])].concat();
        let again = Initial { number, ..Initial::new(padded(again)) };
        filter.give(&path.udp(&again.seal()), &passes(Reason::KnownFlow));
    }
}

#[test]
fn what_cannot_be_read_is_dropped_alone_unless_the_policy_lets_it_pass() {
    let broken = Initial::new(vec![8; 900]).seal();
    let far = Initial::new(padded([&[6][..], &[0x80, 1, 0, 0], &[4, 1, 2, 3, 4]].concat())).seal();
    let cut = initial("a.example")[..900].to_vec();
    let cases = [(broken, Reason::Malformed), (far, Reason::TooLong), (cut, Reason::Malformed)];
    for (text, blocks) in
        [(String::from(BLOCKS), true), (format!("{BLOCKS}\n[inspect]\nmalformed = \"pass\""), false)]
    {
        let mut filter = Filter::phone(&text);
        for ((datagram, reason), port) in cases.iter().zip(40_000..) {
            let path = Path::v4().source_port(port);
            let expected = if blocks { drops(*reason, "p") } else { passes(*reason) };
            filter.give(&path.udp(datagram), &expected.begins());
            filter.give(&path.udp(&initial("a.example")), &named(passes(Reason::QuicSni), "a.example"));
        }
    }
}

#[test]
fn a_refused_initial_is_answered_with_port_unreachable() {
    let mut filter = Filter::phone("action = \"reject\"\n[block]\nhosts = [\"blocked.example\"]");
    for path in [Path::v4(), Path::v6().tagged(&[(C_TAG, 9)])] {
        let frame = path.udp(&initial("blocked.example"));
        let answer = unreachable(&frame);
        filter
            .give(&frame, &named(rejects(Reason::QuicSni, "p", answer.clone()).begins(), "blocked.example"));
        filter.give(&frame, &rejects(Reason::KnownFlow, "p", answer).because(Reason::QuicSni));
    }
}

#[test]
fn a_policy_that_observes_lets_the_name_pass_and_counts_it() {
    let mut filter = Filter::phone("action = \"observe\"\n[block]\nhosts = [\"blocked.example\"]");
    let frame = Path::v4().udp(&initial("blocked.example"));
    filter.give(&frame, &named(observes(Reason::QuicSni, "p").begins(), "blocked.example"));
    filter.give(&Path::v4().udp(&short()), &observes(Reason::KnownFlow, "p").because(Reason::QuicSni));
}

#[test]
fn a_hello_without_a_name_is_nameless() {
    let datagram = piece(0, 0, &quic_hello(b"", &[30], &[20])).seal();
    let mut filter = Filter::phone("");
    filter.give(&Path::v4().udp(&datagram), &passes(Reason::Nameless).begins());
    let mut filter = Filter::phone("[inspect]\nnameless = \"block\"");
    filter.give(&Path::v4().udp(&datagram), &drops(Reason::Nameless, "p").begins().decides(Kind::None));
}

#[test]
fn an_address_or_port_that_is_blocked_decides_before_the_name() {
    let mut filter = Filter::phone("[block]\naddresses = [\"198.51.100.0/24\"]\nports = [\"udp/8443\"]");
    let frame = Path::v4().udp(&initial("a.example"));
    filter.give(&frame, &drops(Reason::Address, "p").begins().decides(Kind::Address));
    let frame = Path::v6().port(8443).udp(&initial("a.example"));
    filter.give(&frame, &drops(Reason::Port, "p").begins().decides(Kind::None));
}

#[test]
fn more_initials_than_are_read_in_a_second_have_a_reason_of_their_own() {
    let mut filter = Filter::phone(BLOCKS);
    let frame = Path::v4().udp(&long(2));
    let before = filter.tally();
    // Twice what is read in a second; should this machine take two seconds for it, the test says so.
    for _ in 0..2 * INITIALS_A_SECOND {
        filter.run(&frame);
    }
    let moved = filter.tally().since(&before).0;
    let limited = moved.iter().find(|(name, _)| name.contains("rate_limited")).map(|(_, count)| *count);
    assert!(limited.is_some_and(|count| count > 0), "{moved:?}");
}

#[test]
fn where_the_kernel_refused_the_inspector_quic_is_blocked_for_who_would_inspect_it() {
    let setup = Setup::phone(BLOCKS)
        .policy("q", "[inspect]\nquic = \"pass\"")
        .device("tv", TV, &["q"])
        .policy("r", "action = \"observe\"")
        .device("laptop", LAPTOP, &["r"]);
    let mut filter = Filter::new(&setup);
    stages(&mut filter).clear_index(&(Stage::Quic as u32)).unwrap();
    let datagram = initial("a.example");
    let expected = drops(Reason::NoInspector, "p");
    filter.give(&Path::v4().udp(&datagram), &expected.clone().begins());
    filter.give(&Path::v4().udp(&datagram), &expected);
    filter.give(&Path::v4().from(TV).udp(&datagram), &passes(Reason::NotInspected).of("tv").begins());
    filter.give(
        &Path::v4().from(LAPTOP).udp(&datagram),
        &observes(Reason::NoInspector, "r").of("laptop").begins(),
    );
    // Another test may take over these programs.
    let inspector: &Xdp = filter.loaded.ebpf.program(Stage::Quic.program()).unwrap().try_into().unwrap();
    let inspector = inspector.fd().unwrap().try_clone().unwrap();
    stages(&mut filter).set(Stage::Quic as u32, &inspector, 0).unwrap();
}

fn stages(filter: &mut Filter) -> ProgramArray<&mut MapData> {
    ProgramArray::try_from(&mut filter.loaded.stages).unwrap()
}
