//! What those learn who step on behind the name: the end of the hello, and whether it holds an encrypted one.

use super::builder::{parts, records};
use super::*;

/// encrypted_client_hello.
const ECH: u16 = 0xfe0d;

fn hello(extensions: &[(u16, usize)]) -> Vec<u8> {
    let extensions = extensions.iter().map(|(kind, len)| match *kind {
        0 => Extension::Name(NAME.to_vec()),
        kind => Extension::Other(kind, vec![0x5a; *len]),
    });
    Builder::new(extensions).message().bytes
}

/// Steps to the end of the hello in these pieces: every result on the way, and whether ECH was met.
fn to_the_end(pieces: &[&[u8]]) -> (Vec<Progress>, bool) {
    let (mut hello, mut name) = (Hello::START, WireName::EMPTY);
    let mut results = Vec::new();
    for piece in pieces.iter().flat_map(|piece| piece.chunks(PIECE_BYTES)) {
        let mut piece = Piece::new(piece);
        loop {
            match hello.feed(&mut piece, &mut name) {
                Progress::Hungry => break,
                Progress::Named => results.push(Progress::Named),
                end => {
                    results.push(end);
                    return (results, hello.has_ech());
                }
            }
        }
    }
    (results, hello.has_ech())
}

#[test]
fn behind_the_name_the_hello_ends_and_ech_is_found_before_or_behind_it_however_the_stream_is_cut() {
    use Progress::{Ended, Named, Nameless};
    let cases = [
        (vec![(0, 0), (43, 7)], vec![Named, Ended], false),
        (vec![(0, 0), (ECH, 186)], vec![Named, Ended], true),
        (vec![(ECH, 186), (0, 0)], vec![Named, Ended], true),
        (vec![(51, 1216), (ECH, 0), (16, 14), (0, 0), (21, 500)], vec![Named, Ended], true),
        (vec![(ECH, 186)], vec![Nameless], true),
        (vec![(43, 7)], vec![Nameless], false),
        (vec![(ECH - 1, 30), (0, 0), (0x0dfe, 30)], vec![Named, Ended], false),
    ];
    for (extensions, results, ech) in cases {
        let message = hello(&extensions);
        let stream = record(&message);
        for cut in 0..=stream.len() {
            assert_eq!(to_the_end(&parts(&stream, &[cut])), (results.clone(), ech), "{extensions:?}, {cut}");
        }
        for cut in 1..message.len() {
            assert_eq!(to_the_end(&[&records(&message, &[cut])]), (results.clone(), ech));
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(to_the_end(&bytes), (results, ech));
    }
}

#[test]
fn a_second_name_behind_the_first_is_not_read() {
    let (mut hello, mut name) = (Hello::START, WireName::EMPTY);
    let names = [Extension::Name(NAME.to_vec()), Extension::Name(b"other.example".to_vec())];
    let mut piece = Piece::new(&Builder::new(names).stream());
    assert_eq!(hello.feed(&mut piece, &mut name), Progress::Named);
    assert_eq!(hello.feed(&mut piece, &mut name), Progress::Ended);
    assert_eq!(name.as_bytes(), NAME);
}

#[test]
fn what_is_wrong_behind_the_name_is_found_there() {
    let mut message =
        Builder::new([Extension::Name(NAME.to_vec()), Extension::Other(ECH, vec![0; 9])]).message();
    let last = *message.lengths.last().unwrap();
    message.set(last, 100);
    assert_eq!(to_the_end(&[&record(&message.bytes)]), (vec![Progress::Named, Progress::Malformed], true));
}
