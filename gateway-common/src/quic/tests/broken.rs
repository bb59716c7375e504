//! Lengths that lie, frames that do not belong, work without end.

use proptest::prelude::*;

use super::*;

fn datagram() -> Vec<u8> {
    Initial {
        token: Vec::from([1, 2, 3]),
        ..Initial::new(padded(crypto(0, &hello(b"a.example", &[9], &[9]))))
    }
    .seal()
}

fn payload(frames: &[&[u8]]) -> Vec<Vec<u8>> {
    Vec::from([Initial::new(padded(frames.concat())).seal()])
}

#[test]
fn a_datagram_cut_anywhere_gives_no_name() {
    let datagram = datagram();
    for len in 0..datagram.len() {
        let (progress, name) = read_all(&[datagram[..len].to_vec()]);
        assert!(matches!(progress, Progress::NotInitial | Progress::Malformed), "{len}: {progress:?}");
        assert_eq!(name, "");
    }
}

#[test]
fn each_length_of_the_header_can_lie() {
    let good = datagram();
    // first byte, version, DCID length 8, SCID length 0, token length 3, length of two bytes.
    let (dcid, scid, token, length) = (5, 14, 15, 19);
    for (at, value) in [(dcid, 9), (dcid, 21), (dcid, 255), (scid, 1), (scid, 21), (scid, 255)] {
        let mut bad = good.clone();
        bad[at] = value;
        assert_eq!(read_all(&[bad]), nameless(Progress::Malformed), "{at}: {value}");
    }
    for value in [0x3f, 0x7f, 0xbf, 0xff] {
        let mut bad = good.clone();
        bad[token] = value;
        assert_eq!(read_all(&[bad.clone()]), nameless(Progress::Malformed), "token {value}");
        bad = good.clone();
        bad[length] = value;
        assert_eq!(read_all(&[bad]), nameless(Progress::Malformed), "length {value}");
    }
    // Shorter than the sample of the header protection, and longer than the datagram by one.
    for lie in [0_u16, 1, 19, u16::try_from(good.len() - length - 2 + 1).unwrap()] {
        let mut bad = good.clone();
        bad[length..length + 2].copy_from_slice(&(lie | 0x4000).to_be_bytes());
        assert_eq!(read_all(&[bad]), nameless(Progress::Malformed), "{lie}");
    }
}

#[test]
fn integers_of_eight_bytes_are_read() {
    let hello = hello(b"a.example", &[], &[]);
    for width in 0..4 {
        let len = hello.len() as u64;
        if width == 0 && len > 63 {
            continue;
        }
        let frame = [&[6][..], &wide_varint(0, width), &wide_varint(len, width), &hello].concat();
        assert_eq!(read_all(&payload(&[&frame])), named("a.example"), "{width}");
    }
}

#[test]
fn every_frame_that_an_initial_may_hold_is_passed_over() {
    let crypto = crypto(0, &hello(b"a.example", &[], &[]));
    let wide = wide_varint(7, 3);
    let ack = [&[2][..], &wide, &wide, &[2], &wide, &wide, &[1], &wide, &[3]].concat();
    let ack_ecn = [&[3, 5, 0, 0, 5, 1, 2][..], &wide].concat();
    let close = [&[0x1c, 1, 6, 4][..], b"oops"].concat();
    for frame in [&[0][..], &[1], &[0; 33], &ack, &ack_ecn, &close, &[0x40, 0x01]] {
        assert_eq!(read_all(&payload(&[frame, &crypto])), named("a.example"), "{frame:?}");
    }
}

#[test]
fn a_frame_that_does_not_belong_is_malformed() {
    let crypto = crypto(0, &hello(b"a.example", &[], &[]));
    for kind in (4..=0x1f_u8).filter(|kind| !matches!(kind, 6 | 0x1c)).chain([0x3f]) {
        assert_eq!(read_all(&payload(&[&[kind], &crypto])), nameless(Progress::Malformed), "{kind}");
    }
}

#[test]
fn each_length_of_a_frame_can_lie() {
    let hello = hello(b"a.example", &[], &[]);
    let long = varint(2000);
    let crypto = [&[6, 0][..], &long, &hello].concat();
    let ranges = [&[2, 0, 0][..], &long, &[0]].concat();
    let close = [&[0x1c, 1, 6][..], &long].concat();
    for frame in [crypto, ranges, close] {
        assert_eq!(read_all(&payload(&[&frame])), nameless(Progress::Malformed), "{frame:?}");
    }
    // Ends in the middle of a frame.
    let cut = Initial::new([&[1; 40][..], &[6, 0x44]].concat()).seal();
    assert_eq!(read_all(&[cut]), nameless(Progress::Malformed));
}

#[test]
fn a_stream_beyond_sixteen_kilobytes_is_too_long() {
    for offset in [16_384 - 10, 1 << 20, 1 << 40] {
        let frame = [&[6][..], &wide_varint(offset, 3), &[11], &[0; 11]].concat();
        assert_eq!(read_all(&payload(&[&frame])), nameless(Progress::TooLong), "{offset}");
    }
    let mut hello = hello(b"", &[], &[]);
    hello[1] = 1;
    assert_eq!(read_all(&payload(&[&crypto(0, &hello)])), nameless(Progress::TooLong));
}

#[test]
fn packets_without_end_are_too_long() {
    let packet = Initial::new(Vec::from([1; 30])).seal();
    assert_eq!(read_all(&[packet.repeat(4)]), nameless(Progress::Hungry));
    assert_eq!(read_all(&[packet.repeat(5)]), nameless(Progress::TooLong));
}

#[test]
fn a_packet_under_another_connection_id_in_the_same_datagram_is_malformed() {
    let first = Initial::new(Vec::from([1; 30])).seal();
    let second =
        Initial { destination: Vec::from([4; 8]), ..Initial::new(crypto(0, &hello(b"a.example", &[], &[]))) };
    assert_eq!(read_all(&[[first, second.seal()].concat()]), nameless(Progress::Malformed));
}

#[test]
fn work_without_end_is_too_long() {
    let ack = [&[2, 0, 0, 8][..], &[0; 17]].concat();
    let bytes: Vec<u8> = (0..500_usize).flat_map(|at| crypto(2 * (at % 900), &[1])).collect();
    for payload in [ack.repeat(55), [1, 0].repeat(580), bytes[..1100].to_vec()] {
        let mut reader = Box::new(Reader::new(false));
        let progress = reader.read(&Initial::new(payload).seal()).progress;
        assert_eq!(progress, Progress::TooLong);
    }
}

#[test]
fn only_hellos_are_read() {
    let mut other = hello(b"a.example", &[], &[]);
    other[0] = 2;
    assert_eq!(read_all(&payload(&[&crypto(0, &other)])), nameless(Progress::Malformed));
}

proptest! {
    #[test]
    fn changed_and_random_datagrams_come_to_an_end(
        at in 0..1200_usize, value: u8, random in prop::collection::vec(any::<u8>(), 0..1500),
    ) {
        let mut changed = datagram();
        let len = changed.len();
        changed[at % len] ^= value;
        read_all(&[changed]);
        let mut long = random;
        for start in [0, 1] {
            read_all(&[long.clone()]);
            if long.len() > 6 {
                long[start] |= 0xc0;
                long[1..5].copy_from_slice(&[0, 0, 0, 1]);
            }
        }
    }

    #[test]
    fn random_frames_come_to_an_end(payload in prop::collection::vec(any::<u8>(), 20..1500)) {
        read_all(&[Initial::new(payload).seal()]);
    }
}
