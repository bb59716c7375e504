use proptest::prelude::*;

use super::*;

/// The name, or the net, or why it is neither.
fn read(word: &[u8]) -> Result<String, Kind> {
    match Writer::new().read(word)? {
        Host::Name(name) => Ok(String::from_utf8(name.to_vec()).unwrap()),
        Host::Net(net) => Ok(net.to_string()),
    }
}

#[test]
fn a_name_is_lower_case_punycode_without_its_trailing_dot() {
    for (word, name) in [
        ("ads.example.org", "ads.example.org"),
        ("ADS.Example.ORG.", "ads.example.org"),
        ("_dmarc.a-b.example", "_dmarc.a-b.example"),
        ("-a.example", "-a.example"),
        ("1.2.3.4.example", "1.2.3.4.example"),
        ("com", "com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example.", "xn--bcher-kva.example"),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("example。org", "example.org"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ] {
        assert_eq!(read(word.as_bytes()).as_deref(), Ok(name), "{word}");
    }
}

#[test]
fn an_address_is_a_net_and_a_name_that_ends_in_a_number_is_nothing() {
    for (word, net) in [
        ("203.0.113.7", "203.0.113.7/32"),
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("203.0.113.7.", "203.0.113.7/32"),
        ("２０３.0.113.7", "203.0.113.7/32"),
    ] {
        assert_eq!(read(word.as_bytes()).as_deref(), Ok(net), "{word}");
    }
    for word in ["1.2.3", "1.2.3.256", "12", "1.2.3.4.5", "a.1"] {
        assert_eq!(read(word.as_bytes()), Err(Kind::Address), "{word}");
    }
}

#[test]
fn what_is_no_host_is_told_by_kind() {
    for (word, kind) in [
        (b"".as_slice(), Kind::EmptyLabel),
        (b".", Kind::EmptyLabel),
        (b"a..example", Kind::EmptyLabel),
        (b".example", Kind::EmptyLabel),
        (b"a.example..", Kind::EmptyLabel),
        (b"https://a.example/x", Kind::Url),
        (b"a.example/x", Kind::Url),
        ("bücher.example/ü".as_bytes(), Kind::Url),
        (b"a.example:8080", Kind::Port),
        (b"a*.example", Kind::Pattern),
        (b"a\0.example", Kind::Character),
        (b"a\x1b[31m.example", Kind::Character),
        (b"me@a.example", Kind::Character),
        (b"a\xff.example", Kind::Encoding),
        (b"\xc3", Kind::Encoding),
        ("xn--ü.example".as_bytes(), Kind::Punycode),
    ] {
        assert_eq!(read(word), Err(kind), "{:?}", String::from_utf8_lossy(word));
    }
}

#[test]
fn names_and_labels_have_their_longest() {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "b".repeat(61));
    assert_eq!(longest.len(), 253);
    assert_eq!(read(longest.as_bytes()), Ok(longest.clone()));
    assert_eq!(read(format!("{longest}.").as_bytes()), Ok(longest.clone()));
    assert_eq!(read(format!("{longest}b").as_bytes()), Err(Kind::LongName));
    assert_eq!(read(format!("{longest}.b.c").as_bytes()), Err(Kind::LongName));
    assert_eq!(read(format!("{label}a.example").as_bytes()), Err(Kind::LongLabel));
    assert_eq!(read(format!("{}.example", "ü".repeat(63)).as_bytes()), Err(Kind::LongLabel));
    assert_eq!(read("ü.".repeat(600).as_bytes()), Err(Kind::LongName));
    // A URL is one, however long it is.
    assert_eq!(read(format!("a.example/{}", "x".repeat(400)).as_bytes()), Err(Kind::Url));
}

#[test]
fn a_short_name_is_read_at_once_as_it_is_piece_by_piece() {
    for len in 1..=70 {
        for (at, byte) in [
            (0, b'.'),
            (len - 1, b'.'),
            (len / 2, b'.'),
            (len / 2, b'/'),
            (len - 1, b'\xff'),
            (len / 2, b'A'),
        ] {
            let mut word = vec![b'x'; len];
            word[at] = byte;
            let mut doubled = word.clone();
            doubled.insert(at, byte);
            for word in [word, doubled] {
                let mut writer = Writer::new();
                let whole = writer.write_short(&word).map(|len| writer.0[..len].to_vec());
                let pieces = writer.write(&word).map(|len| writer.0[..len].to_vec());
                match whole {
                    Some(name) => assert_eq!(pieces, Ok(name)),
                    None => assert!(pieces.is_err() || word.len() > MAX_LABEL, "{word:?}"),
                }
            }
        }
    }
}

/// As [`crate::policy::HostName`] reads it, which is written apart.
fn as_in_a_policy(word: &str) -> Option<String> {
    let name: crate::policy::HostName = word.parse().ok()?;
    Some(String::from(name.as_str())).filter(|name| {
        let last = name.rsplit('.').next().unwrap_or_default();
        !last.bytes().all(|byte| byte.is_ascii_digit())
    })
}

proptest! {
    #[test]
    fn whatever_the_bytes_a_name_is_one(word in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(Host::Name(name)) = Writer::new().read(&word) {
            prop_assert!(name.len() <= MAX_NAME);
            for label in name.split(|byte| *byte == b'.') {
                prop_assert!((1..=MAX_LABEL).contains(&label.len()));
                prop_assert!(label.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_')));
            }
        }
    }

    #[test]
    fn a_list_and_a_policy_read_the_same_names(word in "[a-cA-C0-2._äÄ。*/:-]{0,12}|[a-z]{0,70}(\\.[a-z]{1,64}){0,5}\\.?|\\PC{0,8}") {
        let name = match Writer::new().read(word.as_bytes()) {
            Ok(Host::Name(name)) => Some(String::from_utf8(name.to_vec()).unwrap()),
            _ => None,
        };
        prop_assert_eq!(name, as_in_a_policy(&word));
    }
}
