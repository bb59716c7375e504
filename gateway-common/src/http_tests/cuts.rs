//! A host that arrives in pieces is one host.

use proptest::prelude::*;

use super::real::{CHROME, DALVIK, REQUESTS};
use super::*;

/// Requests of every form and outcome.
pub(super) fn samples() -> Vec<String> {
    let mut samples: Vec<String> = REQUESTS.iter().map(|(request, _)| String::from(*request)).collect();
    samples.extend([
        with_host(" user:pass@[2001:db8::1]:80 "),
        with_target("wss://user:p%40ss@api.account.xiaomi.com:80/path?query"),
        format!("\r\n\n  {}", with_host(NAME)),
        format!("\r\n\n{}", with_host(NAME)),
        "GET / HTTP/1.1\r\nAccept: */*\r\n\r\n".into(),
        "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n".into(),
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n".into(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
        "DESCRIBE rtsp://a.example/ RTSP/1.0\r\nCSeq: 1\r\n\r\n".into(),
        with_host(&long_name(254)),
        with_target(&format!("http://{}/", long_name(253))),
    ]);
    samples
}

/// The parts of `bytes` between the cuts, which need no order.
fn parts(bytes: &[u8], mut cuts: Vec<usize>) -> Vec<&[u8]> {
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect()
}

#[test]
fn a_stream_in_two_pieces_gives_the_same_wherever_it_is_cut() {
    for request in samples() {
        let whole = read_all(&request);
        for cut in 0..=request.len() {
            let (first, second) = request.as_bytes().split_at(cut);
            assert_eq!(read_pieces([first, second]), whole, "cut at {cut}: {request}");
        }
    }
}

#[test]
fn a_stream_in_pieces_of_any_one_size_gives_the_same() {
    for request in samples() {
        let whole = read_all(&request);
        for size in 1..=request.len() {
            assert_eq!(
                read_pieces(request.as_bytes().chunks(size)),
                whole,
                "pieces of {size} bytes: {request}"
            );
        }
    }
}

#[test]
fn every_beginning_is_hungry_until_the_byte_that_decides_and_then_nothing_changes() {
    for request in samples() {
        let whole = read_all(&request);
        assert_ne!(whole.0, Progress::Hungry);
        let outcomes: Vec<Outcome> =
            (0..=request.len()).map(|len| read_all(&request.as_bytes()[..len])).collect();
        let decides = outcomes.iter().position(|outcome| outcome.0 != Progress::Hungry).unwrap();
        assert!(outcomes[decides..].iter().all(|outcome| *outcome == whole), "{request}");
        // The rest of the stream is not looked at.
        let other = [&request.as_bytes()[..decides], &[0; 3000]].concat();
        assert_eq!(read_all(other), whole, "{request}");
    }
}

#[test]
fn a_piece_without_a_byte_changes_nothing() {
    for request in [CHROME, DALVIK] {
        for cut in 0..request.len() {
            let (mut state, mut name) = (Request::START, WireName::EMPTY);
            if state.feed(&mut Piece::new(&request.as_bytes()[..cut]), &mut name) == Progress::Hungry {
                let before = (state, name);
                assert_eq!(state.feed(&mut Piece::new(&[]), &mut name), Progress::Hungry);
                assert_eq!((state, name), before);
            }
        }
    }
}

#[test]
fn limits_hold_wherever_the_stream_is_cut() {
    let line = format!("GET /{} HTTP/1.1\r\nHost: {NAME}\r\n\r\n", "a".repeat(9000));
    let head = format!("GET / HTTP/1.1\r\nA: {}\r\nHost: {NAME}\r\n\r\n", "a".repeat(17_000));
    for request in [line, head] {
        for size in [1, 7, 31, 32, 33, 1448, 2047, 2048] {
            assert_eq!(read_pieces(request.as_bytes().chunks(size)), without_name(Progress::TooLong));
        }
    }
}

#[test]
fn the_state_between_pieces_is_small() {
    assert!(size_of::<Request>() <= 24);
}

proptest! {
    #[test]
    fn a_stream_in_pieces_of_any_sizes_gives_the_same(
        sample: prop::sample::Index,
        before in 0_usize..4000,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let samples = samples();
        let request = samples[sample.index(samples.len())].replacen("\r\n", &format!("\r\nX: {}\r\n", "x".repeat(before)), 1);
        let cuts = cuts.into_iter().map(|cut| cut.index(request.len())).collect();
        prop_assert_eq!(read_pieces(parts(request.as_bytes(), cuts)), read_all(&request));
    }
}
