//! The names of a policy, to be asked which entry stands for a name.

use std::collections::HashMap;

use super::super::file::{Entries, Entry};
use super::super::host::HostName;

/// The names of one side of a policy. Of several entries that say the same, the first is known.
pub(super) struct Names<'a> {
    domains: HashMap<&'a str, &'a Entry<HostName>>,
    hosts: HashMap<&'a str, &'a Entry<HostName>>,
}

impl<'a> Names<'a> {
    pub(super) fn of(entries: &'a Entries) -> Self {
        Self { domains: by_name(&entries.domains), hosts: by_name(&entries.hosts) }
    }

    /// An entry, not `this` one, that stands for all that it stands for: if `below`, its name and everything below.
    pub(super) fn cover(&self, this: &Entry<HostName>, below: bool) -> Option<&'a Entry<HostName>> {
        let name = this.value.as_str();
        let host = if below { None } else { self.hosts.get(name).copied() };
        host.into_iter()
            .chain(with_parents(name).filter_map(|domain| self.domains.get(domain).copied()))
            .find(|entry| !std::ptr::eq(*entry, this))
    }
}

fn by_name(entries: &[Entry<HostName>]) -> HashMap<&str, &Entry<HostName>> {
    let mut all = HashMap::with_capacity(entries.len());
    for entry in entries {
        all.entry(entry.value.as_str()).or_insert(entry);
    }
    all
}

/// The name, and what is above it: `a.b.c`, `b.c`, `c`.
fn with_parents(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, above)| above))
}
