//! Which events a query wants.

use super::*;
use crate::observe::testing::record;

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Whether the record of the tests is wanted.
fn wants(query: EventsQuery) -> bool {
    Filter::new(&query).unwrap().matches(&record())
}

#[test]
fn a_query_that_says_nothing_wants_all() {
    assert!(wants(EventsQuery::default()));
    let bare = Record { name: None, policy: None, kind: None, ..record() };
    assert!(Filter::default().matches(&bare));
}

#[test]
fn each_part_of_a_query_must_be_met() {
    let query = EventsQuery::default;
    for (good, bad) in [
        (
            EventsQuery { device: some("anna-phone"), ..query() },
            EventsQuery { device: some("anna"), ..query() },
        ),
        (
            EventsQuery { name: some("Account.Xiaomi"), ..query() },
            EventsQuery { name: some("miui"), ..query() },
        ),
        (
            EventsQuery { verdict: some("reject"), ..query() },
            EventsQuery { verdict: some("pass"), ..query() },
        ),
        (
            EventsQuery { verdict: some("drop,reject"), ..query() },
            EventsQuery { verdict: some("drop,pass"), ..query() },
        ),
        (
            EventsQuery { policy: some("xiaomi-telemetry"), ..query() },
            EventsQuery { policy: some("xiaomi"), ..query() },
        ),
        (
            EventsQuery { kind: some("tls_sni"), ..query() },
            EventsQuery { kind: some("dns_qname,address"), ..query() },
        ),
    ] {
        assert!(wants(good.clone()), "{good:?}");
        assert!(!wants(bad.clone()), "{bad:?}");
        let part_of_it =
            EventsQuery { name: bad.name.or(some("account")), verdict: bad.verdict.or(good.verdict), ..bad };
        assert!(!wants(part_of_it.clone()), "{part_of_it:?}");
    }
}

#[test]
fn an_event_without_a_name_policy_or_kind_is_not_what_asks_for_one() {
    let bare = Record { name: None, policy: None, kind: None, ..record() };
    for query in [
        EventsQuery { name: some(""), ..EventsQuery::default() },
        EventsQuery { policy: some("xiaomi-telemetry"), ..EventsQuery::default() },
        EventsQuery { kind: some("tls_sni"), ..EventsQuery::default() },
    ] {
        assert!(!Filter::new(&query).unwrap().matches(&bare), "{query:?}");
    }
}

#[test]
fn a_device_is_also_known_by_its_address_or_the_beginning_of_it() {
    let by = |device: &str| wants(EventsQuery { device: some(device), ..EventsQuery::default() });
    assert!(by("8c:be:be:12:34:56") && by("8C-BE-BE-12-34-56") && by("8c:be:be:*"));
    assert!(!by("8c:be:be:12:34:57") && !by("8c:be:bf:*"));
}

#[test]
fn a_word_that_no_event_has_is_refused_with_those_that_there_are() {
    let told = |query: EventsQuery| Filter::new(&query).unwrap_err().to_string();
    assert_eq!(
        told(EventsQuery { verdict: some("drop,pas"), ..EventsQuery::default() }),
        "there is no verdict `pas`: did you mean `pass`? The verdicts are `pass`, `drop`, `reject`, `observe`"
    );
    let kind = told(EventsQuery { kind: some("\u{1b}[31m"), ..EventsQuery::default() });
    assert!(kind.starts_with("there is no kind `\\u{1b}[31m`: the kinds are `tls_sni`, "), "{kind}");
    assert!(kind.contains("`dns_qname`, `address`"), "{kind}");
}
