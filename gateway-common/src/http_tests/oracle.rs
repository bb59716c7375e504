//! What `httparse` reads is read alike, and bytes that no client sent never lead to a name that is none.

use proptest::prelude::*;

use super::cuts::samples;
use super::*;
use crate::checks::http::{check, oracle};

/// A value of Host of the kind that clients send, and its host.
fn hosts() -> impl Strategy<Value = (String, Outcome)> {
    let name = "[a-zA-Z0-9_-]{1,20}(\\.[a-zA-Z0-9_-]{1,20}){0,5}".prop_map(|name| {
        let host = named(&name.to_ascii_lowercase());
        (name, host)
    });
    let address = any::<std::net::Ipv6Addr>()
        .prop_map(|address| (format!("[{address}]"), literal(&format!("{address}"))));
    (prop_oneof![4 => name, 1 => address], "(:[0-9]{0,5})?")
        .prop_map(|((name, host), port)| (name + &port, host))
}

/// Requests that keep the rules, and what they come to.
fn requests() -> impl Strategy<Value = (String, Outcome)> {
    let fields = || prop::collection::vec("X-[A-Za-z0-9-]{0,20}:[ -~]{0,60}", 0..8);
    let path = "/[a-zA-Z0-9/.?=&%_@:~-]{0,80}";
    (
        ("[A-Z-]{1,17}", path, "[ \t]{0,3}", "[ \t]{0,3}"),
        (hosts(), hosts()),
        fields(),
        fields(),
        0..4,
        any::<bool>(),
    )
        .prop_filter("CONNECT has another target", |((method, ..), ..)| method != "CONNECT")
        .prop_map(|((method, path, before, after), (in_field, in_target), first, last, form, bare)| {
            let target = if form == 0 { format!("http://{}{path}", in_target.0) } else { path };
            let mut lines = Vec::from([format!("{method} {target} HTTP/1.1")]);
            lines.extend(first);
            if form != 1 {
                lines.push(format!("hOst:{before}{}{after}", in_field.0));
            }
            lines.extend(last);
            lines.extend([String::new(), String::new()]);
            let expected = match form {
                0 => in_target.1,
                1 => without_name(Progress::Nameless),
                _ => in_field.1,
            };
            (lines.join(if bare { "\n" } else { "\r\n" }), expected)
        })
}

proptest! {
    #[test]
    fn requests_that_keep_the_rules_give_their_host((request, expected) in requests()) {
        prop_assert_eq!(read_all(&request), expected.clone());
        // The oracle says the same, as far as it looks.
        let host = oracle(request.as_bytes()).unwrap().host;
        prop_assert_eq!(host.is_none(), !request.contains("\nhOst:"));
        if let Some(value) = host && !request.contains(" http://") {
            let value = value.to_ascii_lowercase();
            prop_assert!(value.trim_start_matches('[').starts_with(&expected.1), "{} {}", value, expected.1);
        }
    }

    #[test]
    fn a_request_that_was_tampered_with_is_read_as_httparse_reads_it_or_has_a_stated_reason(
        sample: prop::sample::Index,
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), Just(b' '), Just(b':'), Just(b'\n')]), 1..4),
    ) {
        let samples = samples();
        let mut stream = samples[sample.index(samples.len())].clone().into_bytes();
        for (at, value) in changes {
            let at = at.index(stream.len());
            stream[at] = value;
        }
        check(&stream);
    }

    #[test]
    fn random_bytes_never_panic(stream in prop::collection::vec(any::<u8>(), 0..5000)) {
        read_all(&stream);
    }

    #[test]
    fn random_bytes_behind_an_honest_beginning_never_panic(
        begin: prop::sample::Index,
        len: prop::sample::Index,
        stream in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b"\r\n\r\n  ::@[]./%Hosthost"[..])], 0..300),
    ) {
        let samples = samples();
        let begin = samples[begin.index(samples.len())].as_bytes();
        let stream = [&begin[..len.index(begin.len())], &stream].concat();
        let whole = read_all(&stream);
        prop_assert_eq!(read_pieces(stream.chunks(11)), whole);
    }

    #[test]
    fn what_is_a_request_may_begin_one(
        sample: prop::sample::Index,
        changes in prop::collection::vec((0_usize..8, any::<u8>()), 0..4),
    ) {
        let samples = samples();
        let mut stream = samples[sample.index(samples.len())].clone().into_bytes();
        for (at, value) in changes {
            stream[at] = value;
        }
        if read_all(&stream).0 != Progress::NotHttp {
            prop_assert!(may_begin(*stream.first_chunk().unwrap()), "{:?}", stream);
        }
    }
}
