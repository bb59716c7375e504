//! Events that did not get to where they should have been told.

use std::sync::atomic::{AtomicU64, Ordering};

/// A way out for events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The journal of systemd.
    Journald,
    /// The file of the configuration.
    File,
    /// Somebody who follows them as they come.
    Follow,
}

impl Way {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Journald, Self::File, Self::Follow];

    /// The word that stands for it in metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Journald => "journald",
            Self::File => "file",
            Self::Follow => "follow",
        }
    }
}

/// How many events each way lost since the daemon was started.
#[derive(Debug, Default)]
pub struct Unwritten([AtomicU64; Way::ALL.len()]);

impl Unwritten {
    /// How many were lost on this way.
    pub fn count(&self, way: Way) -> u64 {
        self.of(way).load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, way: Way, events: u64) {
        self.of(way).fetch_add(events, Ordering::Relaxed);
    }

    const fn of(&self, way: Way) -> &AtomicU64 {
        let [journald, file, follow] = &self.0;
        match way {
            Way::Journald => journald,
            Way::File => file,
            Way::Follow => follow,
        }
    }
}
