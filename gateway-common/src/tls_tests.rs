//! The reader of ClientHellos: names, shapes and sizes; what is no hello; what is a broken one.

extern crate std;

use std::string::String;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::checks::tls::{Outcome, outcome, read_pieces};

#[path = "tls_tests/broken.rs"]
mod broken;
#[path = "tls_tests/builder.rs"]
mod builder;
#[path = "tls_tests/cuts.rs"]
mod cuts;
#[path = "tls_tests/ech.rs"]
mod ech;
#[path = "tls_tests/lies.rs"]
mod lies;
#[path = "tls_tests/real.rs"]
mod real;
#[path = "tls_tests/strides.rs"]
mod strides;

use builder::{Builder, Extension, record, record_of};

const NAME: &[u8] = b"api.account.xiaomi.com";

/// Reads the stream whole.
fn read_all(stream: &[u8]) -> Outcome {
    let (progress, name) = read(stream);
    outcome(progress, &name)
}

fn named(name: &[u8]) -> Outcome {
    (Progress::Named, name.to_vec())
}

fn without_name(progress: Progress) -> Outcome {
    (progress, Vec::new())
}

/// A name of this many bytes, of labels that are as long as labels may be.
fn long_name(len: usize) -> Vec<u8> {
    (0..len).map(|at| if at % 64 == 63 && at + 1 < len { b'.' } else { b'a' }).collect()
}

/// `count` extensions of `len` bytes each, none of which is server_name.
fn others(count: u16, len: usize) -> impl Iterator<Item = Extension> {
    (0..count).map(move |index| Extension::Other(0x4000 + index, vec![0xaa; len]))
}

#[test]
fn the_name_of_a_hello_is_read_in_lower_case_and_without_its_trailing_dot() {
    let table: [(&[u8], &[u8]); 8] = [
        (NAME, NAME),
        (b"API.Account.XIAOMI.com", NAME),
        (b"api.account.xiaomi.com.", NAME),
        (b"API.ACCOUNT.XIAOMI.COM.", NAME),
        (b"a", b"a"),
        (b"Z.", b"z"),
        (b"xn--mnchen-3ya.de", b"xn--mnchen-3ya.de"),
        (b"192.0.2.1", b"192.0.2.1"),
    ];
    for (sent, expected) in table {
        assert_eq!(read_all(&Builder::named(sent).stream()), named(expected));
    }
}

#[test]
fn names_of_every_length_up_to_253_bytes_are_read_whole() {
    for len in 1..=253 {
        let name = long_name(len);
        assert_eq!(read_all(&Builder::named(&name).stream()), named(&name));
        let absolute = [name.as_slice(), b"."].concat();
        assert_eq!(read_all(&Builder::named(&absolute).stream()), named(&name), "{len} bytes and a dot");
    }
}

#[test]
fn a_name_over_253_bytes_is_too_long() {
    for len in (254..=520).chain([1000, 2047, 2048, 4096, 16_000]) {
        assert_eq!(
            read_all(&Builder::named(&long_name(len)).stream()),
            without_name(Progress::TooLong),
            "{len} bytes"
        );
    }
    for len in 254..=300 {
        let absolute = [long_name(len).as_slice(), b"."].concat();
        assert_eq!(
            read_all(&Builder::named(&absolute).stream()),
            without_name(Progress::TooLong),
            "{len} bytes and a dot"
        );
    }
}

#[test]
fn every_byte_of_a_name_is_kept_and_only_ascii_letters_change() {
    for byte in 0..=u8::MAX {
        let name = [b'x', byte, b'y'];
        assert_eq!(
            read_all(&Builder::named(&name).stream()),
            named(&name.map(|byte| byte.to_ascii_lowercase()))
        );
    }
    assert_eq!(
        read_all(&Builder::named("M\u{dc}NCHEN.de".as_bytes()).stream()),
        named("m\u{dc}nchen.de".as_bytes())
    );
}

#[test]
fn a_name_without_a_byte_and_a_lone_dot_are_malformed() {
    for name in [&b""[..], b"."] {
        assert_eq!(read_all(&Builder::named(name).stream()), without_name(Progress::Malformed));
    }
}

#[test]
fn the_name_is_found_wherever_its_extension_stands() {
    for count in 0..20 {
        for place in 0..=usize::from(count) {
            let mut extensions: Vec<Extension> = others(count, 3 * place).collect();
            extensions.insert(place, Extension::Name(NAME.to_vec()));
            assert_eq!(read_all(&Builder::new(extensions).stream()), named(NAME));
        }
    }
}

#[test]
fn extensions_without_a_body_are_passed_over() {
    let extensions = others(30, 0).chain([Extension::Name(NAME.to_vec())]);
    assert_eq!(read_all(&Builder::new(extensions).stream()), named(NAME));
    assert_eq!(read_all(&Builder::new(others(30, 0)).stream()), without_name(Progress::Nameless));
}

#[test]
fn a_hello_without_the_extension_is_nameless() {
    for count in 0..20 {
        assert_eq!(read_all(&Builder::new(others(count, 11)).stream()), without_name(Progress::Nameless));
    }
    for extensions in [None, Some(vec![])] {
        let hello = Builder { extensions, ..Builder::named(NAME) };
        assert_eq!(read_all(&hello.stream()), without_name(Progress::Nameless));
    }
}

#[test]
fn session_ids_cipher_suites_and_compression_methods_of_every_length_are_passed_over() {
    for len in 0..=32 {
        let hello = Builder { session: vec![0; len], ..Builder::named(NAME) };
        assert_eq!(read_all(&hello.stream()), named(NAME), "session id of {len} bytes");
    }
    for len in (2..600).step_by(2).chain([16_000]) {
        let hello = Builder { suites: vec![0; len], ..Builder::named(NAME) };
        assert_eq!(read_all(&hello.stream()), named(NAME), "cipher suites of {len} bytes");
    }
    for len in 1..=255 {
        let hello = Builder { compressions: vec![0; len], ..Builder::named(NAME) };
        assert_eq!(read_all(&hello.stream()), named(NAME), "compression methods of {len} bytes");
    }
}

#[test]
fn every_minor_version_of_a_record_is_taken() {
    for minor in 0..=u8::MAX {
        let mut stream = Builder::named(NAME).stream();
        stream[2] = minor;
        assert_eq!(read_all(&stream), named(NAME));
    }
}

#[test]
fn a_hello_of_16_kib_is_read_and_one_byte_more_is_too_long() {
    let with_padding = |len| {
        Builder::new([Extension::Other(21, vec![0; len]), Extension::Name(NAME.to_vec())]).message().bytes
    };
    let rest = with_padding(0).len() - 4;
    let most = 16 * 1024;
    for size in [PIECE_BYTES, 4 * PIECE_BYTES, most - 1, most] {
        let message = with_padding(size - rest);
        assert_eq!(message.len(), size + 4);
        let cut = message.len() - 100;
        assert_eq!(read_all(&builder::records(&message, &[cut])), named(NAME), "{size} bytes");
    }
    let message = with_padding(most + 1 - rest);
    assert_eq!(read_all(&builder::records(&message, &[100])), without_name(Progress::TooLong));
    // It is so as soon as the length is read.
    assert_eq!(read_all(&record(&message[..4])), without_name(Progress::TooLong));
    assert_eq!(read_all(&record(&[1, 0xff, 0xff, 0xff])), without_name(Progress::TooLong));
}

#[test]
fn eighty_extensions_before_the_longest_name_fit_into_the_steps_of_one_piece() {
    let extensions = others(80, 8).chain([Extension::Name(long_name(253))]);
    let stream = Builder::new(extensions).stream();
    assert!(stream.len() <= PIECE_BYTES);
    assert_eq!(read_all(&stream), named(&long_name(253)));
}

#[test]
fn hundreds_of_extensions_in_front_of_the_name_do_not_hide_it() {
    let extensions = others(300, 1).chain([Extension::Name(NAME.to_vec())]);
    let stream = Builder::new(extensions).stream();
    assert!(stream.len() <= PIECE_BYTES);
    assert_eq!(read_all(&stream), named(NAME));
}

#[test]
fn what_follows_the_name_is_not_looked_at() {
    let message = Builder::named(NAME).message();
    let (_, end) = message.name.unwrap();
    let mut stream = record(&message.bytes);
    stream.truncate(end + 5);
    assert_eq!(read_all(&stream), named(NAME));
    stream.extend([0xff; 3 * PIECE_BYTES]);
    assert_eq!(read_all(&stream), named(NAME));
}

#[test]
fn a_stream_without_a_byte_is_hungry() {
    assert_eq!(read_all(&[]), without_name(Progress::Hungry));
    let (mut hello, mut name) = (Hello::START, WireName::EMPTY);
    assert_eq!(hello.step(&mut Piece::new(&[]), &mut name), Progress::Hungry);
    assert_eq!((hello, name), (Hello::START, WireName::EMPTY));
}

#[test]
fn what_begins_with_another_protocol_is_no_hello() {
    let alert = record_of(21, &[2, 40]);
    let application_data = record_of(23, &[0; 40]);
    let change_cipher_spec = record_of(20, &[1]);
    let server_hello = record(&[&[2, 0, 0, 38, 3, 3][..], &[0; 36]].concat());
    let sslv2 = [0x80, 0x2e, 1, 0, 2, 0, 21, 0, 0, 0, 16];
    let streams: [&[u8]; 9] = [
        &alert,
        &application_data,
        &change_cipher_spec,
        &server_hello,
        &sslv2,
        b"GET / HTTP/1.1\r\nHost: api.account.xiaomi.com\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        &[0; 64],
        &[22; 64],
    ];
    for stream in streams {
        assert_eq!(read_all(stream), without_name(Progress::NotHello), "{stream:02x?}");
    }
}

#[test]
fn only_content_22_a_version_of_tls_and_handshake_type_1_begin_a_hello() {
    for byte in 0..=u8::MAX {
        for (at, expected) in [(0, 22), (1, 3), (5, 1)] {
            let mut stream = Builder::named(NAME).stream();
            stream[at] = byte;
            // The minor version is 1: of TLS 1.0 behind a 3, of TLCP behind a 1.
            let taken = byte == expected || (at, byte) == (1, 1);
            assert_eq!(may_begin(*stream.first_chunk().unwrap()), taken);
            assert_eq!(read_all(&stream), if taken { named(NAME) } else { without_name(Progress::NotHello) });
        }
    }
}

#[test]
fn minor_version_and_length_of_a_record_do_not_speak_against_a_hello() {
    for byte in 0..=u8::MAX {
        assert!(may_begin([22, 3, byte, byte, byte, 1]));
    }
}

#[test]
fn a_piece_holds_the_first_bytes_of_a_stream() {
    let stream: Vec<u8> = (0..=u8::MAX).cycle().take(PIECE_BYTES + 100).collect();
    for len in [0, 1, 100, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, PIECE_BYTES + 100] {
        let piece = Piece::new(&stream[..len]);
        let held = len.min(PIECE_BYTES);
        assert_eq!((piece.at, usize::try_from(piece.len).unwrap()), (0, held));
        assert_eq!(piece.bytes[..held], stream[..held]);
        assert!(piece.bytes[held..].iter().all(|byte| *byte == 0));
    }
}
