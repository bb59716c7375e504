//! What is asked of DNS and when, and what is known of each question.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use lru::LruCache;

use crate::policy::HostName;

/// An answer holds so long at least, whatever its TTL: whoever answers is not asked more often than that.
pub const MIN_TTL: Duration = Duration::from_secs(30);
/// And at most.
pub const MAX_TTL: Duration = Duration::from_secs(60 * 60);
/// How long it holds that there is no address, if the answer does not say.
const NEGATIVE_TTL: Duration = Duration::from_secs(5 * 60);
/// How long the last good answer outlives its TTL while no server answers.
pub const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// When a question is asked again that got no answer; doubled with each further one, to [`LONGEST_RETRY`].
const FIRST_RETRY: Duration = Duration::from_secs(5);
/// The longest time until then.
const LONGEST_RETRY: Duration = Duration::from_secs(5 * 60);
/// Most questions that are under way at a time.
const UNDER_WAY: usize = 8;
/// Most addresses that are kept of an answer.
const MOST_ADDRESSES: usize = 64;
/// Most names that wait to be looked up for the guard; of more, the oldest is forgotten.
const MOST_ASIDE: usize = 64;
/// How long a name that was looked up for the guard is not looked up again.
const ASIDE_AGAIN: Duration = Duration::from_secs(10 * 60);
/// How many of those are remembered.
const ASIDE_REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1023);

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4: records of type A.
    V4,
    /// IPv6: records of type AAAA.
    V6,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// The name.
    pub host: HostName,
    /// Addresses of which family.
    pub family: Family,
}

/// What comes of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There are addresses, and so long this holds.
    Addresses(BTreeSet<IpAddr>, Duration),
    /// There is none; so long this holds, if it was said.
    Nothing(Option<Duration>),
    /// Nobody knows: no server answered, or one that could not. Why, in plain words.
    Failed(String),
}

/// What is known of a question that is asked again and again.
struct Known {
    addresses: BTreeSet<IpAddr>,
    /// When the answer's TTL ends.
    until: Instant,
    /// When it is to be asked again; `None` while it is asked.
    next: Option<Instant>,
    /// How often in a row there was no answer.
    failures: u32,
}

/// Every question.
pub struct Plan {
    known: BTreeMap<Question, Known>,
    /// Names that are looked up once, for the guard alone.
    aside: VecDeque<HostName>,
    asked_aside: LruCache<HostName, Instant>,
    under_way: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            known: BTreeMap::new(),
            aside: VecDeque::new(),
            asked_aside: LruCache::new(ASIDE_REMEMBERED),
            under_way: 0,
        }
    }
}

impl Plan {
    /// From now on the addresses of `hosts` are wanted, and of no others. What is known of those that stay is kept.
    pub fn want(&mut self, hosts: &BTreeSet<HostName>, now: Instant) {
        self.known.retain(|question, _| hosts.contains(&question.host));
        for host in hosts {
            for family in [Family::V4, Family::V6] {
                self.known.entry(Question { host: host.clone(), family }).or_insert_with(|| Known {
                    addresses: BTreeSet::new(),
                    until: now,
                    next: Some(now),
                    failures: 0,
                });
            }
        }
        if hosts.is_empty() {
            self.aside.clear();
        }
    }

    /// Has a name looked up once, unless that was done a short time ago.
    pub fn look_aside(&mut self, host: HostName, now: Instant) {
        let known = self.known.contains_key(&Question { host: host.clone(), family: Family::V4 });
        let recently = self.asked_aside.get(&host).is_some_and(|asked| now < *asked + ASIDE_AGAIN);
        if known || recently {
            return;
        }
        self.asked_aside.put(host.clone(), now);
        if self.aside.len() == MOST_ASIDE {
            self.aside.pop_front();
        }
        self.aside.push_back(host);
    }

    /// The questions to ask now; each is under way until [`Plan::answered`].
    pub fn due(&mut self, now: Instant) -> Vec<Question> {
        let mut due = Vec::new();
        let mut waiting: Vec<(Instant, &Question)> = self
            .known
            .iter()
            .filter_map(|(question, known)| Some((known.next.filter(|next| *next <= now)?, question)))
            .collect();
        // Who has waited longest comes first, so that nobody waits for ever.
        waiting.sort_unstable();
        let free = UNDER_WAY.saturating_sub(self.under_way);
        due.extend(waiting.into_iter().take(free).map(|(_, question)| question.clone()));
        for question in &due {
            if let Some(known) = self.known.get_mut(question) {
                known.next = None;
            }
        }
        while due.len() + 1 < free {
            let Some(host) = self.aside.pop_front() else { break };
            due.extend([Family::V4, Family::V6].map(|family| Question { host: host.clone(), family }));
        }
        self.under_way += due.len();
        due
    }

    /// When the next question is due; `None` as long as nothing is to be asked, or as many are under way as may be.
    pub fn next(&self, now: Instant) -> Option<Instant> {
        match UNDER_WAY.saturating_sub(self.under_way) {
            0 => None,
            free if free > 1 && !self.aside.is_empty() => Some(now),
            _ => self.known.values().filter_map(|known| known.next).min(),
        }
    }

    /// Takes an answer; returns whether it makes a difference to what is known.
    pub fn answered(&mut self, question: &Question, answer: Answer, now: Instant) -> bool {
        self.under_way = self.under_way.saturating_sub(1);
        let Some(known) = self.known.get_mut(question) else { return false };
        let (addresses, ttl) = match answer {
            Answer::Failed(_) => {
                let doubled = FIRST_RETRY.saturating_mul(1 << known.failures.min(16));
                known.failures = known.failures.saturating_add(1);
                known.next = Some(now + doubled.min(LONGEST_RETRY));
                return false;
            }
            Answer::Addresses(addresses, ttl) => (addresses.into_iter().take(MOST_ADDRESSES).collect(), ttl),
            Answer::Nothing(ttl) => (BTreeSet::new(), ttl.unwrap_or(NEGATIVE_TTL)),
        };
        let differs = known.addresses != addresses;
        let until = now + ttl.clamp(MIN_TTL, MAX_TTL);
        *known = Known { addresses, until, next: Some(until), failures: 0 };
        differs
    }

    /// Forgets the answers that have outlived their TTL for too long; returns whether there was one.
    pub fn expire(&mut self, now: Instant) -> bool {
        let mut any = false;
        for known in self.known.values_mut().filter(|known| known.until + STALE <= now) {
            any |= !known.addresses.is_empty();
            known.addresses.clear();
        }
        any
    }

    /// How many questions got no answer the last time.
    pub fn failing(&self) -> usize {
        self.known.values().filter(|known| known.failures > 0).count()
    }

    /// The addresses of a host that hold, each with the end of its TTL.
    pub fn addresses<'a>(&'a self, host: &HostName) -> impl Iterator<Item = (IpAddr, Instant)> + use<'a> {
        let of = |family| self.known.get(&Question { host: host.clone(), family });
        let both = [of(Family::V4), of(Family::V6)].into_iter().flatten();
        both.flat_map(|known| known.addresses.iter().map(|address| (*address, known.until)))
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
