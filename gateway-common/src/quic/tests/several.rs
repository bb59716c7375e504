//! Several packets: in one datagram, over several datagrams, with other packets between; connection IDs that change.

use super::*;

const V2: u32 = 0x6b33_43cf;

fn initial(payload: Vec<u8>) -> Initial {
    Initial::new(payload)
}

/// A long header packet of this type of version 1, which only has to have a length.
fn long(kind: u8, id: &[u8], body: &[u8]) -> Vec<u8> {
    let mut packet = Vec::from([0xc0 | kind << 4, 0, 0, 0, 1, u8::try_from(id.len()).unwrap()]);
    packet.extend(id);
    packet.push(0);
    packet.extend(varint(body.len() as u64));
    packet.extend(body);
    packet
}

const EARLY_DATA: u8 = 1;
const HANDSHAKE: u8 = 2;
const RETRY: u8 = 3;

/// A hello of some 1,750 bytes in two datagrams.
fn two(name: &str) -> [Vec<u8>; 2] {
    let hello = hello(name.as_bytes(), &[1200], &[300]);
    let (one, other) = hello.split_at(1100);
    [
        initial(padded(crypto(0, one))).seal(),
        Initial { number: 1, ..initial(padded(crypto(1100, other))) }.seal(),
    ]
}

#[test]
fn packets_of_one_datagram_are_one_hello() {
    let hello = rustls_hello("a.example");
    let (one, other) = hello.split_at(40);
    let first = initial(crypto(0, one)).seal();
    let second = Initial { number: 1, ..initial(padded(crypto(40, other))) }.seal();
    assert_eq!(read_all(&[[first.clone(), second.clone()].concat()]), named("a.example"));
    assert_eq!(read_all(&[[second, first].concat()]), named("a.example"));
}

#[test]
fn an_initial_behind_early_data_or_a_handshake_packet_is_found() {
    let datagram = initial(padded(crypto(0, &rustls_hello("a.example")))).seal();
    for kind in [EARLY_DATA, HANDSHAKE] {
        let front = long(kind, &CONNECTION_ID, &[0x55; 60]);
        assert_eq!(read_all(&[[front, datagram.clone()].concat()]), named("a.example"));
    }
}

#[test]
fn early_data_alone_is_told_apart() {
    assert_eq!(read_all(&[long(EARLY_DATA, &CONNECTION_ID, &[0x55; 900])]), nameless(Progress::EarlyData));
    assert_eq!(read_all(&[long(HANDSHAKE, &CONNECTION_ID, &[0x55; 900])]), nameless(Progress::NotInitial));
    let mut retry = long(RETRY, &CONNECTION_ID, &[0x55; 60]);
    assert_eq!(read_all(&[retry.clone()]), nameless(Progress::NotInitial));
    // Version negotiation.
    retry[1..5].fill(0);
    assert_eq!(read_all(&[retry]), nameless(Progress::NotInitial));
}

#[test]
fn early_data_behind_half_a_hello_goes_on_with_it() {
    let [one, other] = two("a.example");
    let mut flow = Flow::new();
    let with_data = [one, long(EARLY_DATA, &CONNECTION_ID, &[0x55; 60])].concat();
    assert_eq!(flow.read(&with_data), nameless(Progress::Hungry));
    assert_eq!(flow.read(&other), named("a.example"));
}

#[test]
fn two_datagrams_in_either_order_are_one_hello() {
    let [one, other] = two("a.example");
    assert_eq!(read_all(&[one.clone(), other.clone()]), named("a.example"));
    assert_eq!(read_all(&[other, one]), named("a.example"));
}

#[test]
fn a_new_connection_id_after_the_first_answer_keeps_the_keys() {
    let [one, other] = two("a.example");
    let hello = hello(b"a.example", &[1200], &[300]);
    let mut flow = Flow::new();
    assert_eq!(flow.read(&one), nameless(Progress::Hungry));
    // The rest under the ID that the server has chosen.
    let rest = Initial {
        destination: Vec::from([9; 12]),
        key_id: Some(CONNECTION_ID.to_vec()),
        number: 1,
        ..initial(padded(crypto(1100, &hello[1100..])))
    };
    assert_eq!(flow.read(&rest.seal()), named("a.example"));
    // An acknowledgement under that ID.
    let ack = Initial { number: 2, payload: padded(Vec::from([2, 0, 0, 0, 0])), ..rest };
    assert_eq!(flow.read(&ack.seal()), nameless(Progress::Hungry));
    assert_eq!(flow.read(&other), named("a.example"));
}

#[test]
fn after_a_retry_the_keys_follow_the_new_connection_id() {
    let [one, other] = two("a.example");
    let hello = hello(b"b.example", &[1200], &[300]);
    let mut flow = Flow::new();
    assert_eq!(flow.read(&one), nameless(Progress::Hungry));
    assert_eq!(flow.read(&other), named("a.example"));
    let again = |number, at, piece: &[u8]| {
        let retried = Initial {
            destination: Vec::from([7; 16]),
            token: Vec::from([0x42; 90]),
            number,
            ..initial(padded(crypto(at, piece)))
        };
        retried.seal()
    };
    assert_eq!(flow.read(&again(2, 0, &hello[..1000])), nameless(Progress::Hungry));
    assert_eq!(flow.read(&again(3, 1000, &hello[1000..])), named("b.example"));
}

#[test]
fn when_the_versions_are_negotiated_the_keys_follow_the_first_connection_id() {
    let hello = hello(b"a.example", &[1200], &[300]);
    for complete in [true, false] {
        let mut flow = Flow::new();
        let [one, other] = two("a.example");
        flow.read(&one);
        if complete {
            flow.read(&other);
        }
        // RFC 9369, 4.1.
        let second = |number, payload| Initial {
            version: V2,
            destination: Vec::from([9; 12]),
            key_id: Some(CONNECTION_ID.to_vec()),
            number,
            ..initial(padded(payload))
        };
        let ack = second(2, Vec::from([2, 0, 0, 0, 0])).seal();
        assert_eq!(flow.read(&ack), nameless(Progress::Hungry));
        assert_eq!(flow.read(&second(3, crypto(0, &hello[..900])).seal()), nameless(Progress::Hungry));
        assert_eq!(flow.read(&second(4, crypto(900, &hello[900..])).seal()), named("a.example"));
    }
}

#[test]
fn two_connections_on_the_same_ports_are_not_mixed() {
    let [one, other] = two("a.example");
    let hello = hello(b"b.example", &[1200], &[300]);
    let of_b = |number, at, piece: &[u8]| {
        Initial { destination: Vec::from([5; 9]), number, ..initial(padded(crypto(at, piece))) }.seal()
    };
    let mut flow = Flow::new();
    assert_eq!(flow.read(&one), nameless(Progress::Hungry));
    assert_eq!(flow.read(&of_b(0, 0, &hello[..1000])), nameless(Progress::Hungry));
    assert_eq!(flow.read(&other), named("a.example"));
    assert_eq!(flow.read(&of_b(1, 1000, &hello[1000..])), named("b.example"));
}

#[test]
fn an_encrypted_hello_inside_is_found_before_and_behind_the_name() {
    let ech = [&[0xfe, 0x0d, 0, 9][..], &[0x11; 9]].concat();
    let name = server_name(b"outer.example");
    let other = [0, 10, 0, 2, 0x11, 0xec];
    for (extensions, has_ech) in [
        ([&ech[..], &name, &other].concat(), true),
        ([&name[..], &other, &ech].concat(), true),
        ([&name[..], &other].concat(), false),
    ] {
        let datagram = initial(padded(crypto(0, &with_extensions(&extensions)))).seal();
        let mut flow = Flow::seeking_ech();
        assert_eq!(flow.read(&datagram), named("outer.example"));
        assert_eq!(flow.has_ech(), has_ech);
    }
    let mut flow = Flow::seeking_ech();
    assert_eq!(
        flow.read(&initial(padded(crypto(0, &with_extensions(&ech)))).seal()),
        nameless(Progress::Nameless)
    );
    assert!(flow.has_ech());
}

#[test]
fn a_hello_without_a_name_is_nameless() {
    let datagram = initial(padded(crypto(0, &hello(b"", &[20], &[30])))).seal();
    assert_eq!(read_all(&[datagram]), nameless(Progress::Nameless));
}
