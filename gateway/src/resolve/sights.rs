//! Which names were seen at which addresses, a bounded memory.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use lru::LruCache;

use crate::policy::HostName;

/// How long it counts that a name was seen at an address.
pub const RECENT: Duration = Duration::from_secs(24 * 60 * 60);
/// How many addresses are remembered; of more, the one that was seen longest ago is forgotten.
const ADDRESSES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(8191);
/// How many names of each, likewise.
const NAMES: usize = 8;

/// The memory.
pub struct Sights(LruCache<IpAddr, Vec<(HostName, Instant)>>);

impl Default for Sights {
    fn default() -> Self {
        Self(LruCache::new(ADDRESSES))
    }
}

impl Sights {
    /// Takes down that the name was seen at the address; returns whether that is news.
    pub fn see(&mut self, address: IpAddr, name: &HostName, now: Instant) -> bool {
        let names = self.0.get_or_insert_mut(address, Vec::new);
        names.retain(|(_, seen)| now < *seen + RECENT);
        let before = names.iter().position(|(known, _)| known == name).map(|at| names.remove(at));
        if names.len() == NAMES {
            names.remove(0);
        }
        names.push((name.clone(), now));
        before.is_none()
    }

    /// The names that were seen there recently, the last one first.
    pub fn at(&self, address: IpAddr, now: Instant) -> impl Iterator<Item = &HostName> {
        let names = self.0.peek(&address).into_iter().flatten().rev();
        names.filter(move |(_, seen)| now < *seen + RECENT).map(|(name, _)| name)
    }
}

#[cfg(test)]
#[path = "sights_tests.rs"]
mod tests;
