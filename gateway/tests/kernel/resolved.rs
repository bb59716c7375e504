//! Addresses of hosts put in force beside a policy, by the engine as the daemon uses it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use gateway::datapath::engine::Engine;
use gateway::policy::{Config, Resolved, Standing};
use gateway::resolve::book::{Book, blocked};
use gateway::resolve::plan::{Answer, Family, Question};

use crate::engine::{Site, give};
use crate::harness::*;

const POLICY: &str =
    "[block]\nhosts = [\"tele.example.org\"]\naddresses = [\"198.51.100.0/24\"]\nresolve = true";

/// A book that has learned answers, and an engine that follows it.
struct Follower {
    engine: Engine,
    book: Book,
    config: Config,
    now: Instant,
}

impl Follower {
    fn new(site: &Site) -> Self {
        let mut this = Self {
            engine: site.start(),
            book: Book::default(),
            config: Setup::phone(POLICY).config(),
            now: Instant::now(),
        };
        this.engine.apply(&this.config, &Standing::default()).unwrap();
        this.book.follow(&this.config, this.now);
        this
    }

    fn answer(&mut self, family: Family, addresses: &[&str]) {
        let question = Question { host: "tele.example.org".parse().unwrap(), family };
        let addresses: BTreeSet<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
        self.book.answered(&question, Answer::Addresses(addresses, Duration::from_secs(60)), self.now);
    }

    /// Puts in force what comes of what is known; the number of the generation, if that is another.
    fn follow(&mut self) -> Option<u64> {
        let Self { engine, book, config, now } = self;
        let numbers = engine.maps.read_numbers().unwrap().policies;
        let judge = |names: &[&str]| engine.maps.look_up_names(names);
        let findings = explained(book.weigh(*now, &numbers, &BTreeSet::new(), judge));
        explained(engine.apply_resolved(config, blocked(&findings)))
    }

    /// The verdict on the first packet of a connection to this address.
    fn syn(&mut self, address: &str, port: u16) -> &'static str {
        give(&mut self.engine, &Tcp::new(Path::to(address).source_port(port)).syn())
    }
}

#[test]
fn an_address_is_blocked_when_a_host_resolves_to_it_and_freed_when_it_does_not_any_more() {
    let site = Site::new();
    let mut this = Follower::new(&site);
    let mut running = Tcp::new(Path::to("203.0.113.9").source_port(40_000));
    assert_eq!(give(&mut this.engine, &running.syn()), "XDP_PASS");
    this.answer(Family::V4, &["203.0.113.9"]);
    this.answer(Family::V6, &["2001:db8:9::9"]);
    assert_eq!(this.follow(), Some(2));
    assert_eq!(this.follow(), None, "nothing has changed");
    assert_eq!(give(&mut this.engine, &running.ack()), "XDP_DROP", "a connection that was under way");
    for (port, address, verdict) in [
        (40_001, "203.0.113.9", "XDP_DROP"),
        (40_002, "2001:db8:9::9", "XDP_DROP"),
        (40_003, "203.0.113.8", "XDP_PASS"),
        (40_004, "203.0.113.10", "XDP_PASS"),
        (40_005, "2001:db8:9::a", "XDP_PASS"),
        (40_006, "198.51.100.1", "XDP_DROP"),
    ] {
        assert_eq!(this.syn(address, port), verdict, "{address}");
    }
    this.answer(Family::V4, &["203.0.113.10"]);
    assert_eq!(this.follow(), Some(3));
    for (port, address, verdict) in [
        (40_011, "203.0.113.9", "XDP_PASS"),
        (40_012, "2001:db8:9::9", "XDP_DROP"),
        (40_013, "203.0.113.10", "XDP_DROP"),
        (40_014, "198.51.100.1", "XDP_DROP"),
    ] {
        assert_eq!(this.syn(address, port), verdict, "{address}");
    }
    // Names, devices and ports are what they were.
    let mut tcp = Tcp::new(Path::to("192.0.2.80"));
    assert_eq!(give(&mut this.engine, &tcp.syn()), "XDP_PASS");
    assert_eq!(give(&mut this.engine, &tcp.send(&hello("tele.example.org"))), "XDP_DROP");
}

#[test]
fn a_reload_leaves_the_addresses_of_hosts_that_stay_blocked_and_frees_those_of_others() {
    let site = Site::new();
    let mut this = Follower::new(&site);
    this.answer(Family::V4, &["203.0.113.9"]);
    assert_eq!(this.follow(), Some(2));
    let more = POLICY.replace("\"tele", "\"more.example.org\", \"tele");
    this.engine.apply(&Setup::phone(&more).config(), &Standing::default()).unwrap();
    assert_eq!(this.syn("203.0.113.9", 40_001), "XDP_DROP");
    let other = POLICY.replace("tele", "other");
    this.engine.apply(&Setup::phone(&other).config(), &Standing::default()).unwrap();
    assert_eq!(this.syn("203.0.113.9", 40_002), "XDP_PASS");
    let without = POLICY.replace("true", "false");
    this.engine.apply(&Setup::phone(&without).config(), &Standing::default()).unwrap();
    assert_eq!(this.syn("203.0.113.9", 40_003), "XDP_PASS");
    assert_eq!(this.syn("198.51.100.1", 40_004), "XDP_DROP");
    let config = Setup::phone(&without).config();
    assert_eq!(this.engine.apply_resolved(&config, Resolved::default()).unwrap(), None);
    assert_eq!(this.syn("198.51.100.1", 40_005), "XDP_DROP");
}

#[test]
fn an_address_that_also_serves_a_name_which_is_not_blocked_is_spared() {
    let site = Site::new();
    let mut this = Follower::new(&site);
    this.answer(Family::V4, &["203.0.113.9", "203.0.113.10"]);
    this.book.saw("shop.example.org", "203.0.113.9".parse().unwrap(), this.now);
    this.book.saw("tele.example.org", "203.0.113.10".parse().unwrap(), this.now);
    assert_eq!(this.follow(), Some(2));
    assert_eq!(this.syn("203.0.113.9", 40_001), "XDP_PASS");
    assert_eq!(this.syn("203.0.113.10", 40_002), "XDP_DROP");
    this.book.saw("shop.example.org", "203.0.113.10".parse().unwrap(), this.now);
    assert_eq!(this.follow(), Some(3));
    assert_eq!(this.syn("203.0.113.10", 40_003), "XDP_PASS");
}
