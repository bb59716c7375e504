//! Server names against what policies say of them.

use gateway_common::reason::Reason;

use crate::harness::*;

/// Gives connections that say these names, and asserts which of them a policy drops.
#[track_caller]
fn assert_judged(
    filter: &mut Filter,
    path: &Path,
    device: &'static str,
    names: &[(&str, Option<&'static str>)],
) {
    for (port, (name, by)) in (50_000..).zip(names) {
        let mut tcp = Tcp::new(path.clone().source_port(port));
        let expected = by.map_or_else(|| passes(Reason::TlsSni), |policy| drops(Reason::TlsSni, policy));
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).of(device).begins());
        filter.give(&tcp.send(&hello(name)), &expected.of(device).named(name));
    }
}

#[test]
fn a_domain_is_the_name_and_all_below_it_and_no_name_beside_it() {
    let mut filter = Filter::phone("[block]\ndomains = [\"example.org\", \"co.example.com\"]");
    let names = [
        ("example.org", Some("p")),
        ("a.example.org", Some("p")),
        ("a.b.c.d.e.f.example.org", Some("p")),
        ("notexample.org", None),
        ("not-example.org", None),
        ("xample.org", None),
        ("example.org.evil.test", None),
        ("example.orgx", None),
        ("example", None),
        ("org", None),
        ("co.example.com", Some("p")),
        ("x.co.example.com", Some("p")),
        ("example.com", None),
        ("xco.example.com", None),
    ];
    assert_judged(&mut filter, &Path::v4(), "phone", &names);
}

#[test]
fn a_host_is_exactly_its_name() {
    let mut filter = Filter::phone("[block]\nhosts = [\"www.example.org\", \"localhost\"]");
    let names = [
        ("www.example.org", Some("p")),
        ("a.www.example.org", None),
        ("example.org", None),
        ("ww.example.org", None),
        ("wwww.example.org", None),
        ("localhost", Some("p")),
        ("a.localhost", None),
    ];
    assert_judged(&mut filter, &Path::v6(), "phone", &names);
}

#[test]
fn a_whole_top_level_domain_can_be_blocked() {
    let mut filter = Filter::phone("[block]\ndomains = [\"cn\"]");
    let names =
        [("cn", Some("p")), ("a.cn", Some("p")), ("a.b.cn", Some("p")), ("acn", None), ("cn.example", None)];
    assert_judged(&mut filter, &Path::v4(), "phone", &names);
}

#[test]
fn upper_case_and_a_trailing_dot_change_nothing() {
    let mut filter = Filter::phone("[block]\ndomains = [\"Example.ORG\"]\nhosts = [\"www.example.net.\"]");
    let names: [(&str, &[u8], &str); 6] = [
        ("a.example.org", b"A.EXAMPLE.ORG", "a.example.org"),
        ("a.example.org", b"a.eXaMpLe.OrG", "a.example.org"),
        ("a.example.orgg", b"a.example.org.", "a.example.org"),
        ("a.example.orgg", b"A.Example.Org.", "a.example.org"),
        ("www.example.net", b"WWW.example.NET", "www.example.net"),
        ("www.example.nett", b"www.example.net.", "www.example.net"),
    ];
    for (port, (placeholder, on_the_wire, name)) in (50_000..).zip(names) {
        let stream = replaced(hello(placeholder), placeholder.as_bytes(), on_the_wire);
        let mut tcp = Tcp::new(Path::v4().source_port(port));
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        filter.give(&tcp.send(&stream), &drops(Reason::TlsSni, "p").named(name));
    }
}

#[test]
fn two_trailing_dots_are_another_name() {
    let mut filter = Filter::phone("[block]\ndomains = [\"example.org\"]");
    let mut tcp = Tcp::new(Path::v4());
    let expected = passes(Reason::TlsSni).begins().named("a.example.org.");
    filter.give(&tcp.send(&crafted(b"a.example.org..")), &expected);
}

#[test]
fn allow_beats_block_at_any_depth_whichever_policy_says_it() {
    let mut filter = Filter::new(
        &Setup::new()
            .policy("guard", r#"block = { domains = ["example.org", "deep.good.example.net"], hosts = ["h.example.com"] }"#)
            .policy("friend", r#"allow = { domains = ["cdn.example.org", "good.example.net"], hosts = ["h.example.com"] }"#)
            .device("phone", PHONE, &["guard", "friend"])
            .device("tv", TV, &["guard"])
            .device("laptop", LAPTOP, &["friend"]),
    );
    // Allowed below what is blocked, and allowed above what is blocked.
    let names =
        ["example.org", "cdn.example.org", "a.cdn.example.org", "deep.good.example.net", "h.example.com"];
    let verdicts = |by: [Option<&'static str>; 5]| names.into_iter().zip(by).collect::<Vec<_>>();
    let guard = Some("guard");
    assert_judged(&mut filter, &Path::v4(), "phone", &verdicts([guard, None, None, None, None]));
    assert_judged(&mut filter, &Path::v4().from(TV), "tv", &verdicts([guard; 5]));
    assert_judged(&mut filter, &Path::v4().from(LAPTOP), "laptop", &verdicts([None; 5]));
}

#[test]
fn an_allowed_host_lifts_the_block_of_exactly_that_name() {
    let mut filter = Filter::phone(
        r#"block = { domains = ["example.org"] }
                                      allow = { hosts = ["www.example.org"] }"#,
    );
    let names = [("www.example.org", None), ("a.www.example.org", Some("p")), ("example.org", Some("p"))];
    assert_judged(&mut filter, &Path::v4(), "phone", &names);
}

#[test]
fn names_count_only_for_devices_with_their_policy() {
    let mut filter = Filter::new(
        &Setup::new()
            .policy("a", "[block]\ndomains = [\"a.example\"]")
            .policy("b", "[block]\ndomains = [\"b.example\"]")
            .device("phone", PHONE, &["a"])
            .device("tv", TV, &["b"]),
    );
    assert_judged(&mut filter, &Path::v4(), "phone", &[("x.a.example", Some("a")), ("x.b.example", None)]);
    assert_judged(
        &mut filter,
        &Path::v4().from(TV),
        "tv",
        &[("x.a.example", None), ("x.b.example", Some("b"))],
    );
}

#[test]
fn of_several_policies_that_block_the_one_with_the_lowest_number_is_named() {
    let mut filter = Filter::new(
        &Setup::new()
            .policy("first", "[block]\ndomains = [\"example.net\"]")
            .policy("second", "[block]\ndomains = [\"example.org\"]")
            .policy("third", "[block]\nhosts = [\"www.example.org\"]")
            .device("phone", PHONE, &["third", "second", "first"]),
    );
    assert_judged(&mut filter, &Path::v4(), "phone", &[("www.example.org", Some("second"))]);
}

/// A name of this many bytes that ends in `end`.
fn long(len: usize, end: &str) -> String {
    let mut name = String::from(end);
    while name.len() < len {
        let label = (len - name.len() - 1).min(63);
        // Never leave one byte: a dot needs a label.
        let label = if len - name.len() - 1 - label == 1 { label - 1 } else { label };
        name = format!("{}.{name}", "l".repeat(label));
    }
    name
}

#[test]
fn a_name_of_253_bytes_is_judged_whole_and_by_what_is_above_it() {
    let exact = long(253, "example.org");
    let below = long(253, "blocked.example.net");
    assert_eq!((exact.len(), below.len()), (253, 253));
    let mut filter =
        Filter::phone(&format!("[block]\nhosts = [{exact:?}]\ndomains = [\"blocked.example.net\"]"));
    assert_judged(&mut filter, &Path::v4(), "phone", &[(&exact, Some("p")), (&below, Some("p"))]);
    let other = exact.replacen('l', "m", 1);
    assert_judged(&mut filter, &Path::v6(), "phone", &[(&other, None)]);
    // With a trailing dot it has 254 bytes on the wire.
    let mut tcp = Tcp::new(Path::v4().source_port(60_000));
    let dotted = format!("{exact}.");
    let expected = drops(Reason::TlsSni, "p").begins().named(&exact);
    filter.give(&tcp.send(&crafted(dotted.as_bytes())), &expected);
}

#[test]
fn bytes_that_no_host_name_has_are_told_as_they_are_and_match_nothing() {
    let mut filter = Filter::phone("[block]\ndomains = [\"example.org\"]");
    let names: [&[u8]; 6] = [
        b"example.org\0",
        b"example\0.org",
        b"\x1b[31mexample,org",
        b"\xff\xfe",
        b" example.org ",
        b"exam\"ple\n",
    ];
    for (port, name) in (50_000..).zip(names) {
        let mut tcp = Tcp::new(Path::v4().source_port(port));
        filter.give(&tcp.send(&crafted(name)), &passes(Reason::TlsSni).begins().named_bytes(name));
    }
    // In front of a dot they are part of a name below the blocked one.
    let mut tcp = Tcp::new(Path::v6());
    let expected = drops(Reason::TlsSni, "p").begins().named_bytes(b"\0\xff.example.org");
    filter.give(&tcp.send(&crafted(b"\0\xff.example.org")), &expected);
}
