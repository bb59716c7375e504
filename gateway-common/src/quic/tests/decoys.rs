//! Packets that want to be read in the place of others. The server may have accepted any of them or none, so whatever one
//! can make a hello of must be judged, or not pass.

use super::*;

/// An Initial whose tag is wrong, so that no server accepts it.
fn forged(initial: &Initial) -> Vec<u8> {
    let mut packet = initial.seal();
    *packet.last_mut().unwrap() ^= 0x80;
    packet
}

fn piece(number: u32, at: usize, bytes: &[u8]) -> Initial {
    Initial { number, ..Initial::new(padded(crypto(at, bytes))) }
}

#[test]
fn a_forged_initial_with_an_allowed_name_does_not_hide_the_real_one() {
    let mut flow = Flow::new();
    let decoy = forged(&piece(0, 0, &hello(b"allowed.example", &[], &[])));
    let real = piece(0, 0, &hello(b"blocked.example", &[], &[])).seal();
    assert_eq!(flow.read(&decoy), named("allowed.example"));
    assert_eq!(flow.read(&real), named("blocked.example"));
}

#[test]
fn a_forged_initial_between_two_real_ones_is_refused() {
    let hello_of = |name: &[u8]| hello(name, &[900], &[20]);
    let real = hello_of(b"blocked.example");
    let mut flow = Flow::new();
    assert_eq!(flow.read(&piece(0, 0, &real[..500]).seal()), nameless(Progress::Hungry));
    // Another length of the first extension, so that the name would be passed over.
    let decoy = hello(b"allowed.example", &[600, 300], &[20]);
    assert_eq!(flow.read(&forged(&piece(1, 0, &decoy[..500]))), nameless(Progress::Malformed));
    assert_eq!(flow.read(&piece(1, 500, &real[500..]).seal()), named("blocked.example"));
}

#[test]
fn what_contradicts_is_refused_also_behind_another_connection() {
    let real = hello(b"blocked.example", &[900], &[20]);
    let decoy = hello(b"allowed.example", &[600, 300], &[20]);
    let other = Initial { destination: Vec::from([3; 8]), ..piece(0, 0, &decoy[..500]) };
    let mut flow = Flow::new();
    assert_eq!(flow.read(&piece(0, 0, &real[..500]).seal()), nameless(Progress::Hungry));
    assert_eq!(flow.read(&other.seal()), nameless(Progress::Hungry));
    assert_eq!(flow.read(&piece(1, 0, &decoy[..500]).seal()), nameless(Progress::Malformed));
    assert_eq!(flow.read(&piece(2, 500, &real[500..]).seal()), named("blocked.example"));
}

#[test]
fn a_forged_initial_does_not_make_room_for_a_hello_in_reverse_order() {
    let real = hello(b"blocked.example", &[900], &[20]);
    let mut flow = Flow::new();
    assert_eq!(flow.read(&piece(0, 500, &real[500..]).seal()), nameless(Progress::Hungry));
    let decoy = forged(&piece(1, 0, &hello(b"allowed.example", &[], &[])));
    assert_eq!(flow.read(&decoy), named("allowed.example"));
    // What the server gets now is the real one; it contradicts the forged one, so it does not pass.
    assert_eq!(flow.read(&piece(1, 0, &real[..500]).seal()), nameless(Progress::Malformed));
}

#[test]
fn a_forged_initial_under_another_connection_id_hides_nothing() {
    let real = hello(b"blocked.example", &[900], &[20]);
    let decoy =
        Initial { destination: Vec::from([3; 8]), ..piece(0, 0, &hello(b"allowed.example", &[], &[])) };
    let mut flow = Flow::new();
    assert_eq!(flow.read(&piece(0, 500, &real[500..]).seal()), nameless(Progress::Hungry));
    assert_eq!(flow.read(&decoy.seal()), named("allowed.example"));
    assert_eq!(flow.read(&piece(1, 0, &real[..500]).seal()), named("blocked.example"));
}

#[test]
fn an_initial_of_another_version_hides_nothing() {
    let real = hello(b"blocked.example", &[900], &[20]);
    let decoy = Initial { version: 0x6b33_43cf, ..piece(0, 0, &real[..300]) };
    let mut flow = Flow::new();
    assert_eq!(flow.read(&piece(0, 0, &real[..500]).seal()), nameless(Progress::Hungry));
    assert_eq!(flow.read(&decoy.seal()), nameless(Progress::Hungry));
    assert_eq!(flow.read(&piece(1, 500, &real[500..]).seal()), named("blocked.example"));
}

#[test]
fn copies_that_are_the_same_are_no_contradiction() {
    let real = hello(b"a.example", &[900], &[20]);
    let mut flow = Flow::new();
    assert_eq!(flow.read(&piece(0, 0, &real[..500]).seal()), nameless(Progress::Hungry));
    // The same once more, and cut in another place.
    assert_eq!(flow.read(&piece(1, 0, &real[..500]).seal()), nameless(Progress::Hungry));
    assert_eq!(flow.read(&piece(2, 0, &real[..700]).seal()), nameless(Progress::Hungry));
    assert_eq!(flow.read(&piece(3, 300, &real[300..]).seal()), named("a.example"));
    assert_eq!(flow.read(&piece(4, 0, &real[..500]).seal()), named("a.example"));
}

#[test]
fn a_complete_hello_may_be_sent_again_as_often_as_the_client_likes() {
    let real = hello(b"a.example", &[900], &[20]);
    let mut flow = Flow::new();
    assert_eq!(flow.read(&piece(0, 0, &real[..500]).seal()), nameless(Progress::Hungry));
    assert_eq!(flow.read(&piece(1, 500, &real[500..]).seal()), named("a.example"));
    // Each time in pieces of its own, in any order, as Chromium does.
    for (number, cut) in (2..20).zip((100..).step_by(37)) {
        let again = [crypto(cut, &real[cut..]), crypto(0, &real[..cut])].concat();
        assert_eq!(flow.read(&Initial { number, ..Initial::new(padded(again)) }.seal()), named("a.example"));
    }
    let mut other = real;
    let at = other.windows(9).position(|window| window == b"a.example").unwrap();
    other[at] = b'b';
    assert_eq!(flow.read(&piece(20, at, &other[at..at + 4]).seal()), nameless(Progress::Malformed));
    assert_eq!(flow.read(&piece(21, 0, &other).seal()), nameless(Progress::Malformed));
}

#[test]
fn a_repetition_that_is_not_enough_is_told_apart() {
    let real = hello(b"a.example", &[900], &[20]);
    let mut reader = Box::new(Reader::new(false));
    assert!(!reader.read(&piece(0, 0, &real[..500]).seal()).is_idle(0));
    for number in 1..9 {
        assert!(reader.read(&piece(number, 0, &real[..500]).seal()).is_idle(0));
    }
    assert_eq!(reader.read(&piece(9, 500, &real[500..]).seal()).progress, Progress::Named);
}

#[test]
fn one_byte_with_two_values_in_one_packet_is_malformed() {
    let real = hello(b"blocked.example", &[], &[]);
    let mut other = real.clone();
    let at = real.windows(7).position(|window| window == b"blocked").unwrap();
    other[at..at + 7].copy_from_slice(b"allowed");
    let payload = [crypto(0, &other[..at + 3]), crypto(at, &real[at..])].concat();
    assert_eq!(read_all(&[Initial::new(padded(payload)).seal()]), nameless(Progress::Malformed));
}

#[test]
fn duplicates_do_not_stand_for_what_is_missing() {
    let real = hello(b"a.example", &[], &[]);
    let half = real.len() / 2;
    let twice = [crypto(0, &real[..half]), crypto(0, &real[..half])].concat();
    let mut flow = Flow::new();
    assert_eq!(flow.read(&Initial::new(padded(twice)).seal()), nameless(Progress::Hungry));
    assert_eq!(flow.read(&piece(1, half, &real[half..]).seal()), named("a.example"));
}

#[test]
fn a_packet_that_servers_discard_leaves_nothing_behind() {
    let real = hello(b"blocked.example", &[], &[]);
    let decoy = hello(b"allowed.example", &[], &[]);
    // A frame that an Initial must not hold makes servers close the connection without a look at the hello.
    let mut flow = Flow::new();
    let half = crypto(0, &real[..30]);
    assert_eq!(flow.read(&Initial::new(padded(half)).seal()), nameless(Progress::Hungry));
    let broken = [&[0x08][..], &crypto(30, &decoy[30..])].concat();
    assert_eq!(flow.read(&Initial::new(padded(broken)).seal()), nameless(Progress::Malformed));
    assert_eq!(flow.read(&piece(1, 30, &real[30..]).seal()), named("blocked.example"));
}
