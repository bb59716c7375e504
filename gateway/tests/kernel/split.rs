//! A hello that goes on in other segments: one name, in however many pieces and in whatever order it comes.

use gateway_common::abi::MAX_PARTIAL;
use gateway_common::reason::Reason;

use crate::harness::*;

const BLOCKED: &str = "[block]\ndomains = [\"example.org\"]";
const NAME: &str = "www.example.org";

/// A connection of which the SYN was seen.
#[track_caller]
fn opened(filter: &mut Filter, path: Path) -> Tcp {
    let mut tcp = Tcp::new(path);
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    tcp
}

/// What the segment that completes the name brings about.
fn blocked() -> Expected {
    drops(Reason::TlsSni, "p").named(NAME)
}

/// How many bytes of the hello it takes to know the name.
fn name_ends(stream: &[u8]) -> usize {
    position(stream, NAME.as_bytes()) + NAME.len()
}

#[test]
fn a_hello_cut_in_two_at_any_byte_is_one_hello() {
    let mut filter = Filter::phone(BLOCKED);
    let stream = crafted(NAME.as_bytes());
    let known = drops(Reason::KnownFlow, "p").because(Reason::TlsSni);
    for (port, cut) in (40_000..).zip(1..stream.len()) {
        let mut tcp = opened(&mut filter, Path::v4().source_port(port));
        let (first, second) = stream.split_at(cut);
        if cut < name_ends(&stream) {
            filter.give(&tcp.send(first), &passes(Reason::Incomplete));
            filter.give(&tcp.send(second), &blocked());
        } else {
            filter.give(&tcp.send(first), &blocked());
            filter.give(&tcp.send(second), &known);
        }
        filter.give(&tcp.ack(), &known);
    }
}

#[test]
fn a_hello_in_segments_of_one_byte_is_one_hello() {
    let mut filter = Filter::phone(BLOCKED);
    let stream = hello(NAME);
    let stream = &stream[..name_ends(&stream)];
    for path in [Path::v4(), Path::v6()] {
        let mut tcp = opened(&mut filter, path);
        let (last, others) = stream.split_last().unwrap();
        for byte in others {
            filter.give(&tcp.send(&[*byte]), &passes(Reason::Incomplete));
        }
        filter.give(&tcp.send(&[*last]), &blocked());
    }
}

#[test]
fn a_hello_whose_syn_was_not_seen_is_one_hello_too() {
    let mut filter = Filter::phone(BLOCKED);
    let stream = hello(NAME);
    let mut tcp = Tcp::new(Path::v6());
    let (first, second) = stream.split_at(6);
    filter.give(&tcp.send(first), &passes(Reason::Incomplete).begins());
    filter.give(&tcp.send(second), &blocked());
}

#[test]
fn a_hello_that_begins_in_the_syn_goes_on_behind_it() {
    let mut filter = Filter::phone(BLOCKED);
    let stream = hello(NAME);
    let mut tcp = Tcp::new(Path::v4());
    let (first, second) = stream.split_at(40);
    filter.give(&tcp.syn_with(first), &passes(Reason::Incomplete).begins());
    filter.give(&tcp.send(second), &blocked());
}

#[test]
fn a_name_behind_the_first_segment_is_read_as_todays_browsers_send_it() {
    let mut filter = Filter::phone(BLOCKED);
    for (port, before) in (50_000..).zip([1184, 1400, 2500, 4000, 12_000]) {
        let stream = late_name(NAME.as_bytes(), before);
        let mut tcp = opened(&mut filter, Path::v4().source_port(port));
        let mut sent = 0;
        for segment in stream.chunks(1400) {
            sent += segment.len();
            let complete = sent >= name_ends(&stream);
            filter.give(&tcp.send(segment), &if complete { blocked() } else { passes(Reason::Incomplete) });
        }
    }
}

#[test]
fn any_other_name_passes_in_pieces_as_it_does_in_one() {
    let mut filter = Filter::phone(BLOCKED);
    let mut tcp = opened(&mut filter, Path::v4());
    let stream = late_name(b"fine.example", 1500);
    filter.give(&tcp.send(&stream[..1400]), &passes(Reason::Incomplete));
    filter.give(&tcp.send(&stream[1400..]), &passes(Reason::TlsSni).named("fine.example"));
    filter.give(&tcp.send(NO_PROTOCOL), &passes(Reason::KnownFlow));
}

#[test]
fn a_piece_out_of_order_is_dropped_until_it_comes_in_order() {
    let mut filter = Filter::phone(BLOCKED);
    let stream = hello(NAME);
    let (first, second) = stream.split_at(20);
    let mut tcp = opened(&mut filter, Path::v4());
    let (first, second) = (tcp.send(first), tcp.send(second));
    filter.give(&second, &withholds(Reason::OutOfOrder));
    filter.give(&second, &withholds(Reason::OutOfOrder));
    filter.give(&first, &passes(Reason::Incomplete));
    filter.give(&second, &blocked());
}

#[test]
fn a_piece_that_comes_again_is_a_retransmission_and_changes_nothing() {
    let mut filter = Filter::phone(BLOCKED);
    let stream = hello(NAME);
    let mut tcp = opened(&mut filter, Path::v4());
    let (first, middle, last) = (tcp.send(&stream[..20]), tcp.send(&stream[20..40]), tcp.send(&stream[40..]));
    filter.give(&first, &passes(Reason::Incomplete));
    filter.give(&first, &passes(Reason::Retransmission));
    filter.give(&middle, &passes(Reason::Incomplete));
    filter.give(&first, &passes(Reason::Retransmission));
    filter.give(&middle, &passes(Reason::Retransmission));
    filter.give(&last, &blocked());
}

#[test]
fn a_piece_that_overlaps_what_was_read_is_read_from_there_on() {
    let mut filter = Filter::phone(BLOCKED);
    let stream = hello(NAME);
    let mut tcp = opened(&mut filter, Path::v4());
    filter.give(&tcp.send(&stream[..30]), &passes(Reason::Incomplete));
    // From the beginning, with ten bytes more; what was read once counts, whatever it says now.
    let again = [&[0x42; 30][..], &stream[30..40]].concat();
    filter.give(&tcp.back(30).send(&again), &passes(Reason::Incomplete));
    let mut tcp = tcp.back(0);
    tcp.send(&stream[30..40]);
    filter.give(&tcp.send(&stream[40..]), &blocked());
}

/// A server takes from such a segment what it has not yet seen (RFC 9293, 3.10.7.4): the hello.
#[test]
fn a_hello_behind_a_byte_that_was_sent_already_is_judged() {
    let mut filter = Filter::phone(BLOCKED);
    let tcp = opened(&mut filter, Path::v4());
    let payload = [&[0], &hello(NAME)[..]].concat();
    filter.give(&tcp.back(1).send(&payload), &blocked());
}

#[test]
fn segments_without_data_between_the_pieces_change_nothing() {
    let mut filter = Filter::phone(BLOCKED);
    let stream = hello(NAME);
    let mut tcp = opened(&mut filter, Path::v4());
    filter.give(&tcp.send(&stream[..30]), &passes(Reason::Incomplete));
    filter.give(&tcp.ack(), &passes(Reason::NoPayload));
    // A keep-alive: a byte before what is expected.
    filter.give(&tcp.back(1).send(&[0]), &passes(Reason::Retransmission));
    filter.give(&tcp.send(&stream[30..]), &blocked());
}

#[test]
fn the_pieces_of_several_flows_are_told_apart() {
    let setup = Setup::phone(BLOCKED).device("tv", TV, &["p"]);
    let mut filter = Filter::new(&setup);
    let (bad, good) = (hello(NAME), hello("www.example.net"));
    let mut phone = Tcp::new(Path::v4());
    let mut other = Tcp::new(Path::v4().source_port(50_323));
    let mut tv = Tcp::new(Path::v4().from(TV));
    for at in [0, 10] {
        let begins = |expected: Expected| if at == 0 { expected.begins() } else { expected };
        filter.give(&phone.send(&bad[at..at + 10]), &begins(passes(Reason::Incomplete)));
        filter.give(&other.send(&good[at..at + 10]), &begins(passes(Reason::Incomplete)));
        filter.give(&tv.send(&good[at..at + 10]), &begins(passes(Reason::Incomplete).of("tv")));
    }
    filter.give(&phone.send(&bad[20..]), &blocked());
    filter.give(&other.send(&good[20..]), &passes(Reason::TlsSni).named("www.example.net"));
    filter.give(&tv.send(&good[20..]), &passes(Reason::TlsSni).of("tv").named("www.example.net"));
}

#[test]
fn what_a_later_piece_shows_to_be_wrong_is_judged_then() {
    use gateway_common::abi::Kind;
    let mut filter = Filter::phone("[inspect]\nnameless = \"block\"");
    let mut broken = crafted(b"x.example");
    let list = position(&broken, b"\0\x0e\0\x0c") + 3;
    broken[list] = 200;
    for (port, (stream, reason)) in
        (50_000..).zip([(nameless(), Reason::Nameless), (broken, Reason::Malformed)])
    {
        let mut tcp = opened(&mut filter, Path::v4().source_port(port));
        filter.give(&tcp.send(&stream[..50]), &passes(Reason::Incomplete));
        filter.give(&tcp.send(&stream[50..]), &drops(reason, "p").decides(Kind::None));
    }
}

#[test]
fn a_reload_between_the_pieces_judges_by_the_policy_that_is_then_in_force() {
    let mut filter = Filter::phone("[block]\ndomains = [\"example.net\"]");
    let stream = hello(NAME);
    let mut tcp = opened(&mut filter, Path::v4());
    filter.give(&tcp.send(&stream[..30]), &passes(Reason::Incomplete));
    filter.reload(&Setup::phone(BLOCKED));
    filter.give(&tcp.send(&stream[30..]), &blocked());
}

#[test]
fn an_observed_address_is_not_forgotten_between_the_pieces() {
    let mut filter = Filter::phone("action = \"observe\"\n[block]\naddresses = [\"203.0.113.0/24\"]");
    let stream = hello("fine.example");
    let mut tcp = opened(&mut filter, Path::to("203.0.113.9"));
    filter.give(&tcp.send(&stream[..30]), &passes(Reason::Incomplete));
    let expected = observes(Reason::TlsSni, "p").because(Reason::Address).named("fine.example");
    filter.give(&tcp.send(&stream[30..]), &expected);
}

#[test]
fn of_more_half_read_hellos_than_there_is_room_for_none_passes() {
    let mut filter = Filter::phone(BLOCKED);
    let stream = hello(NAME);
    let flows = u16::try_from(MAX_PARTIAL + 1000).unwrap();
    let mut connections: Vec<Tcp> =
        (0..flows).map(|n| Tcp::new(Path::v4().source_port(10_000 + n))).collect();
    for tcp in &mut connections {
        assert_eq!(filter.run(&tcp.send(&stream[..30])), "XDP_PASS");
    }
    for tcp in &mut connections {
        assert_eq!(filter.run(&tcp.send(&stream[30..])), "XDP_DROP");
    }
    let tally = filter.tally();
    assert_eq!(tally.get("phone: incomplete"), flows.into());
    assert_eq!(tally.get("phone: tls_sni") + tally.get("phone: evicted"), flows.into());
    assert!(tally.get("phone: tls_sni") > 0 && tally.get("phone: evicted") > 0, "{tally:?}");
}

#[test]
fn a_syn_in_the_middle_of_a_hello_does_not_make_its_beginning_forgotten() {
    let mut filter = Filter::phone(BLOCKED);
    let stream = hello(NAME);
    let mut tcp = Tcp::new(Path::v4());
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    let (first, second) = stream.split_at(30);
    filter.give(&tcp.send(first), &passes(Reason::Incomplete));
    // One byte back, so that it leads to the byte that is expected next. A server answers it with a challenge ACK only.
    filter.give(&tcp.back(1).syn(), &passes(Reason::NoPayload));
    filter.give(&tcp.send(second), &blocked());
}
