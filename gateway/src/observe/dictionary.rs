//! Names by their hashes: flows are remembered in the kernel with the hashes of their names, people want the names.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

/// How many names are kept at most; the one that was told longest ago makes room.
const MOST: usize = 65_536;

/// How many bytes the names take together at most: a device that makes up long ones cannot fill the memory.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// The names that events have told, escaped as they are there, by the hash of what was on the wire
/// ([`gateway_common::name::hash`], seed of the generation).
pub struct Dictionary(Mutex<Names>);

struct Names {
    by_hash: LruCache<u64, Arc<str>>,
    /// Length of all of them.
    bytes: usize,
}

impl Default for Dictionary {
    fn default() -> Self {
        Self(Mutex::new(Names { by_hash: LruCache::unbounded(), bytes: 0 }))
    }
}

impl Dictionary {
    /// The name with this hash, if an event has told it lately. Being asked for does not keep it.
    pub fn name(&self, hash: u64) -> Option<Arc<str>> {
        self.lock().by_hash.peek(&hash).cloned()
    }

    /// Takes down a name and its hash.
    pub(super) fn learn(&self, hash: u64, name: &str) {
        let mut names = self.lock();
        if names.by_hash.get(&hash).is_some() {
            return;
        }
        names.bytes += name.len();
        names.by_hash.put(hash, name.into());
        while names.by_hash.len() > MOST || names.bytes > MOST_BYTES {
            let Some((_, gone)) = names.by_hash.pop_lru() else { break };
            names.bytes -= gone.len();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Names> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_its_hash_and_another_hash_finds_nothing() {
        let dictionary = Dictionary::default();
        dictionary.learn(7, "www.example.org");
        assert_eq!(dictionary.name(7).as_deref(), Some("www.example.org"));
        assert_eq!(dictionary.name(8), None);
    }

    #[test]
    fn the_name_that_was_told_longest_ago_makes_room() {
        let dictionary = Dictionary::default();
        for hash in 0..MOST as u64 {
            dictionary.learn(hash, "x");
        }
        dictionary.learn(0, "x");
        assert!(dictionary.name(1).is_some(), "which does not keep it");
        dictionary.learn(u64::MAX, "y");
        assert_eq!(dictionary.name(1), None);
        assert!(dictionary.name(0).is_some() && dictionary.name(2).is_some());
        assert_eq!(dictionary.lock().by_hash.len(), MOST);
    }

    #[test]
    fn names_that_a_device_makes_up_fill_no_more_than_their_share() {
        let dictionary = Dictionary::default();
        let name = "\\xff".repeat(253);
        for hash in 0..MOST as u64 {
            dictionary.learn(hash, &name);
        }
        let names = dictionary.lock();
        assert_eq!(names.by_hash.len(), MOST_BYTES / name.len());
        assert_eq!(names.bytes, names.by_hash.iter().map(|(_, name)| name.len()).sum::<usize>());
        assert!(names.by_hash.contains(&(MOST as u64 - 1)));
    }
}
