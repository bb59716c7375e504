//! Hellos that break their own format, one rule at a time.

use super::*;

/// A hello with this body of the server_name extension, and rubbish behind it.
fn with_server_name_body(body: &[u8]) -> Vec<u8> {
    let extensions = [Extension::Other(0, body.to_vec()), Extension::Other(0x4000, vec![0xaa; 40])];
    Builder::new(extensions).stream()
}

fn assert_malformed(stream: &[u8], why: &str) {
    assert_eq!(read_all(stream), without_name(Progress::Malformed), "{why}");
}

#[test]
fn a_record_without_a_byte_is_malformed() {
    assert_malformed(&record(&[]), "the first record");
    let message = Builder::named(NAME).message();
    let (_, end) = message.name.unwrap();
    for cut in 1..end {
        let stream = [record(&message.bytes[..cut]), record(&[]), record(&message.bytes[cut..])].concat();
        assert_malformed(&stream, "a record in the middle");
    }
}

#[test]
fn a_record_over_16384_bytes_is_malformed_and_one_of_16384_is_read() {
    let message =
        Builder::new([Extension::Name(NAME.to_vec()), Extension::Other(21, vec![0; 16_000])]).message();
    for len in [16_385_u16, 16_386, 18_432, 0x8000, u16::MAX] {
        let mut stream = record(&message.bytes);
        stream[3..5].copy_from_slice(&len.to_be_bytes());
        assert_malformed(&stream, "longer than a record may be");
    }
    let mut stream = record(&message.bytes);
    stream[3..5].copy_from_slice(&16_384_u16.to_be_bytes());
    assert_eq!(read_all(&stream), named(NAME));
}

#[test]
fn another_content_type_or_major_version_in_the_middle_of_a_hello_is_malformed() {
    let message = Builder::named(NAME).message();
    let (_, end) = message.name.unwrap();
    for cut in 1..end {
        let (head, tail) = message.bytes.split_at(cut);
        for content in [0, 20, 21, 23, 24, 255] {
            assert_malformed(&[record(head), record_of(content, tail)].concat(), "another content type");
            let between = [record(head), record_of(content, &[1, 0]), record(tail)].concat();
            assert_malformed(&between, "a record of another content type between two");
        }
        for major in [0, 2, 4, 255] {
            let mut tail = record(tail);
            tail[1] = major;
            assert_malformed(&[record(head), tail].concat(), "another major version");
        }
    }
}

#[test]
fn a_session_id_over_32_bytes_is_malformed() {
    for len in 33..=255 {
        assert_malformed(&Builder { session: vec![0; len], ..Builder::named(NAME) }.stream(), "session id");
    }
}

#[test]
fn no_cipher_suites_and_half_a_cipher_suite_are_malformed() {
    for len in [0, 1, 3, 5, 255, 257, 1001] {
        assert_malformed(&Builder { suites: vec![0; len], ..Builder::named(NAME) }.stream(), "cipher suites");
    }
}

#[test]
fn no_compression_method_is_malformed() {
    assert_malformed(
        &Builder { compressions: vec![], ..Builder::named(NAME) }.stream(),
        "no compression method",
    );
    let hello = Builder { compressions: vec![], extensions: None, ..Builder::named(NAME) };
    assert_malformed(&hello.stream(), "no compression method and no extensions");
}

#[test]
fn a_hello_that_ends_inside_its_fixed_part_is_malformed() {
    let whole = Builder { extensions: None, ..Builder::named(NAME) }.message();
    for len in 0..whole.bytes.len() - 4 {
        let mut message = whole.clone();
        message.set(message.lengths[0], len);
        assert_malformed(&record(&message.bytes), "the hello's length is less than its parts take");
    }
}

/// The hello with bytes behind its extensions, and with extensions that leave it, by this many bytes.
fn contradicting(whole: &builder::Message, bytes: usize) -> [Vec<u8>; 2] {
    let [hello, .., extensions] = [0, 1, 2, 3, 4].map(|index| whole.lengths[index]);
    assert_eq!((hello.of, extensions.of), ("hello", "extensions"));
    [hello, extensions].map(|field| {
        let mut message = whole.clone();
        message.set(field, message.get(field) + bytes);
        message.bytes.extend(vec![0; bytes]);
        record(&message.bytes)
    })
}

#[test]
fn bytes_behind_the_extensions_or_too_few_do_not_hide_a_name_and_without_one_are_malformed() {
    for bytes in [1, 2, 3, 4, 100] {
        for stream in contradicting(&Builder::named(NAME).message(), bytes) {
            assert_eq!(read_all(&stream), named(NAME));
        }
        for stream in contradicting(&Builder::new([]).message(), bytes) {
            assert_malformed(&stream, "the extensions are not as long as what is left of the hello");
        }
    }
}

#[test]
fn an_extension_that_leaves_the_hello_is_malformed() {
    let whole = Builder::new([]).message();
    let last = *whole.lengths.last().unwrap();
    assert_eq!(last.of, "extension");
    for lie in [whole.get(last) + 1, 1000, 0xffff] {
        let mut message = whole.clone();
        message.set(last, lie);
        message.bytes.extend([0; 2000]);
        assert_malformed(&record(&message.bytes), "an extension longer than the hello");
    }
}

#[test]
fn too_few_bytes_for_another_extension_header_are_malformed() {
    for rest in 1..4 {
        let mut message = Builder::new([]).message();
        for index in [0, 4] {
            let field = message.lengths[index];
            message.set(field, message.get(field) + rest);
        }
        message.bytes.extend([0xaa; 40]);
        assert_malformed(&record(&message.bytes), "a rest of less than four bytes");
    }
}

#[test]
fn a_server_name_extension_below_six_bytes_is_malformed() {
    for len in 0..6 {
        assert_malformed(&with_server_name_body(&[0, 4, 0, 0, 1][..len.min(5)]), "no room for a name");
    }
    assert_malformed(&with_server_name_body(&[0, 3, 0, 0, 0]), "an empty name");
    assert_malformed(&with_server_name_body(&[0, 0]), "an empty list");
    assert_eq!(read_all(&with_server_name_body(&[0, 4, 0, 0, 1, b'x'])), named(b"x"));
}

#[test]
fn a_server_name_extension_that_leaves_the_hello_is_malformed() {
    let mut hello = Builder::named(NAME);
    hello.extensions = Some(vec![Extension::Name(NAME.to_vec())]);
    let whole = hello.message();
    let field = *whole.lengths.iter().find(|field| field.of == "server_name").unwrap();
    for change in [1, 3, 1000] {
        // The list and the name lie by as much, so that only the end of the hello is left to speak against them.
        let mut message = whole.clone();
        for field in whole.lengths.iter().filter(|inner| inner.at >= field.at) {
            message.set(*field, message.get(*field) + change);
        }
        message.bytes.extend(vec![b'z'; change]);
        assert_malformed(&record(&message.bytes), "a name longer than the hello");
    }
}

#[test]
fn a_list_of_names_that_is_not_as_long_as_its_extension_is_malformed() {
    let body = |list: u16| [&list.to_be_bytes()[..], &[0, 0, 3], b"abc"].concat();
    for list in (0..300).chain([0x0600, u16::MAX]).filter(|list| *list != 6) {
        assert_malformed(&with_server_name_body(&body(list)), "length of the list");
    }
    assert_eq!(read_all(&with_server_name_body(&body(6))), named(b"abc"));
    assert_malformed(&with_server_name_body(&[body(6), vec![0]].concat()), "a byte behind the list");
}

#[test]
fn a_name_that_is_not_as_long_as_its_list_is_malformed() {
    let body = |name: u16| [&[0, 6, 0], &name.to_be_bytes()[..], b"abc"].concat();
    for name in (0..300).chain([0x0300, u16::MAX]).filter(|name| *name != 3) {
        assert_malformed(&with_server_name_body(&body(name)), "length of the name");
    }
    assert_eq!(read_all(&with_server_name_body(&body(3))), named(b"abc"));
}

#[test]
fn a_name_of_another_type_is_malformed() {
    for kind in 1..=u8::MAX {
        assert_malformed(&with_server_name_body(&[0, 4, kind, 0, 1, b'x']), "name type");
    }
}

#[test]
fn two_names_in_one_list_are_malformed_whatever_their_types() {
    for (first, second) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let body = [0, 8, first, 0, 1, b'x', second, 0, 1, b'y'];
        assert_malformed(&with_server_name_body(&body), "two names");
    }
}
