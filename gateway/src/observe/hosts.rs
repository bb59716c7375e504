//! The names that are asked for and connected to most, in a table of fixed size.
//!
//! What is counted are events: those that the kernel half withholds or that find no room are not in it. The table is kept by
//! the space-saving algorithm (Metwally, Agrawal, El Abbadi, 2005): when it is full, the name with the least weight makes
//! room, and the newcomer starts with that weight, so that names which are seen once each do not drive out those which are
//! seen again and again. What is shown is without that start: it is exactly what was told of the name since it came into the
//! table. So it is never too much; of a name that was driven out and came again it is too little by at most the number of
//! all events divided by the size of the table.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::event::Record;
use super::unix_now;

/// How many names there are at most.
const MOST: usize = 4096;

/// How many devices and how many policies are named of each; those seen last.
const FEW: usize = 8;

/// The names and what became of them, since the daemon was started.
pub struct Hosts {
    since: u64,
    table: Mutex<Table>,
}

struct Table {
    /// How many names have room.
    most: usize,
    hosts: HashMap<Arc<str>, Host>,
    /// The names by weight; of equal ones, that which was told first comes first.
    ranks: BTreeMap<Rank, Arc<str>>,
    events: u64,
}

/// Weight, and number of the event that told the name last.
type Rank = (u64, u64);

struct Host {
    rank: Rank,
    /// Weight that is not its own.
    start: u64,
    blocked: u64,
    last: f64,
    devices: Vec<String>,
    policies: Vec<String>,
}

/// What `/v1/hosts` tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostsView {
    /// From when on names were counted, in seconds since 1970.
    pub since: u64,
    /// The most blocked first, then the most seen.
    pub hosts: Vec<HostView>,
}

/// A name and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostView {
    /// The name, escaped as in events.
    pub name: String,
    /// Events that told it.
    pub seen: u64,
    /// Those of them that dropped or rejected.
    pub blocked: u64,
    /// When the last one came, in seconds since 1970.
    pub last: u64,
    /// Who asked for it, the last one first, at most eight.
    pub devices: Vec<String>,
    /// Which policies blocked it or would have, the last one first, at most eight.
    pub policies: Vec<String>,
}

impl Default for Hosts {
    fn default() -> Self {
        Self { since: unix_now(), table: Mutex::new(Table::new(MOST)) }
    }
}

impl Hosts {
    /// Counts the name of an event.
    pub(super) fn count(&self, record: &Record) {
        if let Some(name) = &record.name {
            self.lock().count(name, record);
        }
    }

    /// The first `limit` names.
    pub fn view(&self, limit: usize) -> HostsView {
        let mut hosts = self.lock().view();
        hosts.sort_by(|a, b| {
            let key = |host: &HostView| (host.blocked, host.seen, host.last);
            key(b).cmp(&key(a)).then_with(|| a.name.cmp(&b.name))
        });
        hosts.truncate(limit);
        HostsView { since: self.since, hosts }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn new(most: usize) -> Self {
        Self { most, hosts: HashMap::new(), ranks: BTreeMap::new(), events: 0 }
    }

    fn count(&mut self, name: &str, record: &Record) {
        self.events += 1;
        if !self.hosts.contains_key(name) {
            let start = if self.hosts.len() < self.most { 0 } else { self.make_room() };
            self.hosts.insert(name.into(), Host::new((start, self.events)));
            self.ranks.insert((start, self.events), name.into());
        }
        let Some(host) = self.hosts.get_mut(name) else { return };
        let Some(name) = self.ranks.remove(&host.rank) else { return };
        host.rank = (host.rank.0 + 1, self.events);
        self.ranks.insert(host.rank, name);
        host.count(record);
    }

    /// Takes the name with the least weight out; returns that weight.
    fn make_room(&mut self) -> u64 {
        let Some(((weight, _), name)) = self.ranks.pop_first() else { return 0 };
        self.hosts.remove(&name);
        weight
    }

    fn view(&self) -> Vec<HostView> {
        let view = |(name, host): (&Arc<str>, &Host)| HostView {
            name: name.to_string(),
            seen: host.rank.0 - host.start,
            blocked: host.blocked,
            last: std::time::Duration::try_from_secs_f64(host.last).unwrap_or_default().as_secs(),
            devices: host.devices.clone(),
            policies: host.policies.clone(),
        };
        self.hosts.iter().map(view).collect()
    }
}

impl Host {
    const fn new(rank: Rank) -> Self {
        Self { rank, start: rank.0, blocked: 0, last: 0.0, devices: Vec::new(), policies: Vec::new() }
    }

    fn count(&mut self, record: &Record) {
        self.blocked += u64::from(record.is_blocked());
        self.last = self.last.max(record.time);
        put_first(&mut self.devices, &record.device);
        if let Some(policy) = &record.policy {
            put_first(&mut self.policies, policy);
        }
    }
}

/// Puts a word in front of those that are known, of which no more than a few stay.
fn put_first(words: &mut Vec<String>, word: &str) {
    match words.iter().position(|known| known == word) {
        Some(at) => words.get_mut(..=at).unwrap_or_default().rotate_right(1),
        None => {
            words.truncate(FEW - 1);
            words.insert(0, word.to_owned());
        }
    }
}

#[cfg(test)]
#[path = "hosts_tests.rs"]
mod tests;
