//! The sample packets of RFC 9001, A.2 and RFC 9369, A.2, and whole flights of rustls.

use super::*;

/// RFC 9001, A.2: the payload without its padding.
const PAYLOAD: &str = "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868\
    04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578\
    616d706c652e636f6dff01000100000a00080006001d00170018001000070005\
    04616c706e000500050100000000003300260024001d00209370b2c9caa47fba\
    baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400\
    0d0010000e0403050306030203080408050806002d00020101001c0002400100\
    3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000\
    75300901100f088394c8f03e51570806048000ffff";

pub(super) fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The sample packet of a version.
pub(super) fn sample(version: u32) -> Vec<u8> {
    let payload = padded(hex(PAYLOAD));
    Initial { version, number: 2, number_len: 4, ..Initial::new(payload) }.seal()
}

#[test]
fn the_sample_packets_of_rfc_9001_and_rfc_9369_are_read() {
    let v1 = sample(1);
    assert_eq!(v1[..32], hex("c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11"));
    assert_eq!(v1[1184..], hex("e221af44860018ab0856972e194cd934"));
    assert_eq!(read_all(&[v1]), named("example.com"));
    let v2 = sample(0x6b33_43cf);
    assert_eq!(v2[..32], hex("d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485"));
    assert_eq!(v2[1184..], hex("a18b2faa745b6fe189cf772a9f84cbfc"));
    assert_eq!(read_all(&[v2]), named("example.com"));
}

#[test]
fn drafts_and_reserved_versions_are_read_with_the_salt_that_they_use() {
    for version in [0xff00_001d, 0xff00_001e, 0xff00_0020, 0xff00_0021, 0xff00_0022, 0x0a1a_2a3a, 0xfafa_fafa]
    {
        assert_eq!(read_all(&[sample(version)]), named("example.com"));
    }
}

/// What HKDF makes of the salts that rustls does not know: the first four words of the key, the IV and the key of the header
/// protection, by an implementation of its own.
#[test]
fn the_keys_of_older_versions_are_those_that_hkdf_makes_of_their_salts() {
    for (version, expected) in [
        (
            0xff00_001c,
            "af7fd7efebd21878ff66811248983694 8681359410a70bb9c92f0420 a980b8b4fb7d9fbc13e814c23164253d",
        ),
        (
            0xff00_0016,
            "07863d9c083786bc86766ce0d02bf93f fb33da41a8f297d482df670e 48dbcf44e335508f7f23fb2c3790a37c",
        ),
        (
            0x5430_3530,
            "80ab8e0313d2c851aaff5405824a916a aedd2abe20b9eff2116e4429 d3a731204b1c81e9644f91bd062633a9",
        ),
        (
            0x5430_3531,
            "e66b805440a16d39f1889b2726d1cc5c efdd37eda34f2f7080bb140c 34ebf45dc367d3502a9fe09cfd3fd9f6",
        ),
    ] {
        let mut reader = Box::new(Reader::new(false));
        // Sealed with other keys; the version in it says which are derived.
        _ = reader.read(&sample(version));
        let keys = &reader.flight().keys;
        let words = [&keys.payload[..4], &keys.iv, &keys.header[..4]].concat();
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        assert_eq!(bytes, hex(&expected.replace(' ', "")), "{version:x}");
    }
}

#[test]
fn a_reserved_version_is_read_with_the_salt_of_version_1_or_of_draft_29() {
    let hello = rustls_hello("www.blocked.example");
    for key_version in [1, 0xff00_001d] {
        let datagram = |payload, number| {
            let initial = Initial { version: 0x0a0a_0a0a, number, ..Initial::new(padded(payload)) };
            Initial { key_version: Some(key_version), ..initial }.seal()
        };
        let whole = datagram(crypto(0, &hello), 0);
        let mut flow = Flow::new();
        assert_eq!(flow.read(&whole), named("www.blocked.example"));
        assert_eq!(flow.read(&whole), named("www.blocked.example"), "once more");
        if key_version != 1 {
            // Keys derived twice leave no budget to read half a hello to the end of its packet.
            continue;
        }
        let at = hello.windows(7).position(|bytes| bytes == b"blocked").unwrap();
        let pieces = [datagram(crypto(at, &hello[at..]), 0), datagram(crypto(0, &hello[..at]), 1)];
        assert_eq!(read_all(&pieces), named("www.blocked.example"));
    }
    // Neither fits.
    let mut other = sample(0x0a0a_0a0a);
    other[6] ^= 1;
    assert_eq!(read_all(&[other]), nameless(Progress::Malformed));
}

#[test]
fn other_versions_are_no_initials() {
    for version in [2, 3, 0x5130_3433, 0xff00_0015, 0xff00_0023, 0x6b33_43ce, 0xffff_ffff] {
        assert_eq!(read_all(&[sample(version)]), nameless(Progress::NotInitial));
    }
    assert_eq!(read_all(&[sample(0)]), nameless(Progress::NotInitial));
}

#[test]
fn a_hello_of_rustls_is_read_under_every_version() {
    let hello = rustls_hello("API.account.xiaomi.com");
    for version in [1, 0x6b33_43cf, 0xff00_001d] {
        let datagram = Initial { version, ..Initial::new(padded(crypto(0, &hello))) }.seal();
        assert_eq!(read_all(&[datagram]), named("api.account.xiaomi.com"));
    }
}
