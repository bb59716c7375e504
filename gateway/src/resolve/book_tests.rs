//! Which addresses are blocked, by a clock that the tests set.

use std::convert::Infallible;
use std::time::Duration;

use super::*;
use crate::policy::testing::config;
use crate::policy::{Compiled, Numbers};
use crate::resolve::plan::Family;
use crate::resolve::sights::RECENT;

const P: &str =
    "name = \"p\"\n[block]\nhosts = [\"tele.example\"]\ndomains = [\"ads.example\"]\nresolve = true\n";

/// A book for some policies, and what they say.
struct Site {
    book: Book,
    compiled: Compiled,
    own: BTreeSet<IpAddr>,
    now: Instant,
}

impl Site {
    fn new(policies: &[&str]) -> Self {
        let mut site = Self {
            book: Book::default(),
            compiled: Compiled::default(),
            own: BTreeSet::new(),
            now: Instant::now(),
        };
        site.follow(policies);
        site
    }

    fn follow(&mut self, policies: &[&str]) {
        let config = config("", policies);
        let numbers = Numbers::default().assign(&config).unwrap();
        self.compiled = Compiled::new(&config, numbers, 0).unwrap();
        self.book.follow(&config, self.now);
    }

    fn answer(&mut self, host: &str, addresses: &[&str]) -> bool {
        let addresses: BTreeSet<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
        let question = Question { host: host.parse().unwrap(), family: Family::V4 };
        self.book.answered(&question, Answer::Addresses(addresses, Duration::from_secs(60)), self.now)
    }

    fn saw(&mut self, name: &str, address: &str) -> bool {
        self.book.saw(name, address.parse().unwrap(), self.now)
    }

    /// Policy, address and state of each finding.
    fn weigh(&mut self) -> Vec<String> {
        let Self { book, compiled, own, now } = self;
        let judge = |names: &[&str]| -> Result<Vec<Masks>, Infallible> {
            Ok(names.iter().map(|name| compiled.names.look_up(name.as_bytes())).collect())
        };
        let Ok(findings) = book.weigh(*now, &compiled.numbers.policies, own, judge);
        let text = |finding: &Finding| {
            let state = match &finding.state {
                State::Shared(name) => format!("shared with {name}"),
                State::Allowed(net) => format!("allowed by {net}"),
                other => format!("{other:?}"),
            };
            format!("{} {} {state}", finding.policy, finding.address)
        };
        findings.iter().map(text).collect()
    }
}

#[test]
fn an_address_of_a_blocked_host_is_blocked_until_the_host_has_others() {
    let mut site = Site::new(&[P]);
    assert_eq!(site.weigh(), Vec::<String>::new());
    assert!(site.answer("tele.example", &["203.0.113.7", "203.0.113.8"]));
    assert_eq!(site.weigh(), ["p 203.0.113.7 Blocked", "p 203.0.113.8 Blocked"]);
    assert!(site.answer("tele.example", &["203.0.113.9"]));
    assert_eq!(site.weigh(), ["p 203.0.113.9 Blocked"]);
}

#[test]
fn an_address_at_which_a_name_was_seen_that_the_policy_does_not_block_is_spared() {
    let mut site = Site::new(&[P]);
    assert!(site.saw("shop.example", "203.0.113.7"));
    site.answer("tele.example", &["203.0.113.7", "203.0.113.8"]);
    assert_eq!(site.weigh(), ["p 203.0.113.7 shared with shop.example", "p 203.0.113.8 Blocked"]);
}

#[test]
fn an_address_is_taken_out_when_such_a_name_is_seen_later_and_stays_out_while_the_host_has_it() {
    let mut site = Site::new(&[P]);
    site.answer("tele.example", &["203.0.113.7"]);
    assert_eq!(site.weigh(), ["p 203.0.113.7 Blocked"]);
    assert!(site.saw("shop.example", "203.0.113.7"));
    assert!(!site.saw("shop.example", "203.0.113.7"), "once is enough");
    assert_eq!(site.weigh(), ["p 203.0.113.7 shared with shop.example"]);
    site.now += RECENT * 2;
    site.answer("tele.example", &["203.0.113.7"]);
    assert_eq!(site.weigh(), ["p 203.0.113.7 shared with shop.example"]);
    site.answer("tele.example", &[]);
    assert_eq!(site.weigh(), Vec::<String>::new());
    site.answer("tele.example", &["203.0.113.7"]);
    assert_eq!(site.weigh(), ["p 203.0.113.7 Blocked"], "what was seen is long ago by now");
}

#[test]
fn names_that_the_policy_blocks_share_nothing() {
    let mut site = Site::new(&[P]);
    site.saw("tele.example", "203.0.113.7");
    site.saw("x.ads.example", "203.0.113.7");
    site.answer("tele.example", &["203.0.113.7"]);
    assert_eq!(site.weigh(), ["p 203.0.113.7 Blocked"]);
    site.saw("x.tele.example", "203.0.113.7");
    assert_eq!(site.weigh(), ["p 203.0.113.7 shared with x.tele.example"], "`hosts` means the name alone");
}

#[test]
fn a_name_that_one_policy_blocks_spares_the_address_for_the_other_alone() {
    let q = P.replace("\"p\"", "\"q\"").replace("ads.example", "other.example");
    let mut site = Site::new(&[P, &q]);
    site.saw("x.ads.example", "203.0.113.7");
    site.answer("tele.example", &["203.0.113.7"]);
    assert_eq!(site.weigh(), ["p 203.0.113.7 Blocked", "q 203.0.113.7 shared with x.ads.example"]);
}

#[test]
fn two_hosts_that_policies_block_at_one_address_do_not_spare_it_for_each_other() {
    let q = P.replace("\"p\"", "\"q\"").replace("tele.example", "more.example");
    let mut site = Site::new(&[P, &q]);
    site.answer("tele.example", &["203.0.113.7"]);
    site.answer("more.example", &["203.0.113.7"]);
    assert_eq!(site.weigh(), ["p 203.0.113.7 Blocked", "q 203.0.113.7 Blocked"]);
}

#[test]
fn the_addresses_of_allowed_hosts_are_found_out_and_spared() {
    let mut site = Site::new(&[P, "name = \"q\"\n[allow]\nhosts = [\"update.example\", \"tele.example\"]"]);
    assert!(site.book.due(site.now).iter().any(|question| question.host.as_str() == "update.example"));
    site.answer("update.example", &["203.0.113.8"]);
    site.answer("tele.example", &["203.0.113.8", "203.0.113.9"]);
    let shared = ["p 203.0.113.8 shared with tele.example", "p 203.0.113.9 shared with tele.example"];
    assert_eq!(site.weigh(), shared, "allow beats block");
    site.follow(&[P, "name = \"q\"\n[allow]\nhosts = [\"update.example\"]"]);
    assert_eq!(site.weigh(), ["p 203.0.113.8 shared with update.example", "p 203.0.113.9 Blocked"]);
}

#[test]
fn a_name_that_a_device_asks_for_is_looked_up_and_its_addresses_are_spared() {
    let mut site = Site::new(&[P]);
    site.book.due(site.now);
    site.answer("tele.example", &["203.0.113.7"]);
    assert_eq!(site.weigh(), ["p 203.0.113.7 Blocked"]);
    site.book.saw_question("shop.example", site.now);
    let due = site.book.due(site.now);
    assert_eq!(due.iter().map(|question| question.host.as_str()).collect::<Vec<_>>(), ["shop.example"; 2]);
    assert!(site.answer("shop.example", &["203.0.113.7"]));
    assert_eq!(site.weigh(), ["p 203.0.113.7 shared with shop.example"]);
}

#[test]
fn addresses_that_lead_nowhere_are_ours_or_are_allowed_are_never_blocked() {
    let mut site = Site::new(&[P, "name = \"q\"\n[allow]\naddresses = [\"198.51.100.0/24\"]"]);
    site.own = ["203.0.113.53".parse().unwrap()].into();
    site.answer("tele.example", &["0.0.0.0", "198.51.100.7", "203.0.113.53", "203.0.113.7"]);
    assert_eq!(
        site.weigh(),
        [
            "p 0.0.0.0 Special",
            "p 198.51.100.7 allowed by 198.51.100.0/24",
            "p 203.0.113.7 Blocked",
            "p 203.0.113.53 Own",
        ]
    );
}

#[test]
fn a_reload_keeps_what_is_known_of_hosts_that_stay_and_no_policy_that_resolves_means_nothing_is_kept() {
    let mut site = Site::new(&[P]);
    site.answer("tele.example", &["203.0.113.7"]);
    let more = P.replace("\"tele.example\"", "\"tele.example\", \"more.example\"");
    site.follow(&[&more]);
    assert_eq!(site.weigh(), ["p 203.0.113.7 Blocked"]);
    assert!(!site.book.is_idle());
    site.follow(&[&P.replace("true", "false")]);
    assert!(site.book.is_idle());
    assert!(!site.saw("shop.example", "203.0.113.7"));
    assert_eq!(site.weigh(), Vec::<String>::new());
    assert_eq!(site.book.next(site.now), None);
    assert_eq!(blocked(&[]), Resolved::default());
}

#[test]
fn a_name_from_the_wire_that_is_no_name_of_a_host_is_not_taken_down() {
    let mut site = Site::new(&[P]);
    for name in ["", "a\\x1b[31m.example", "203.0.113.7", "a..example"] {
        assert!(!site.saw(name, "203.0.113.7"));
        site.book.saw_question(name, site.now);
    }
    site.answer("tele.example", &["203.0.113.7"]);
    assert_eq!(site.weigh(), ["p 203.0.113.7 Blocked"]);
}
