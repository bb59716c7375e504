//! Events from the ring buffer to whoever listens: the last ones are kept, new ones are handed on as they come.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aya::maps::{MapData, RingBuf};
use gateway_common::abi::Event;
use gateway_common::name::hash;
use tokio::sync::broadcast;
use zerocopy::FromBytes as _;

use super::dictionary::Dictionary;
use super::event::{self, BootClock, Record};
use super::hosts::Hosts;
use super::outlets::Outlets;
use super::snapshot::Labels;
use super::unwritten::Unwritten;
use super::wait::wait_on;
use crate::datapath::maps::Maps;
use crate::policy::Events;

/// How many events are kept for those who ask later.
const KEPT: usize = 1000;

/// How many events a listener may be behind before it misses some.
const BEHIND: usize = 4096;

/// The last events, and a channel for those to come.
pub struct Hub {
    kept: Mutex<VecDeque<Arc<Record>>>,
    sender: broadcast::Sender<Arc<Record>>,
    dictionary: Dictionary,
    hosts: Hosts,
    unwritten: Arc<Unwritten>,
    outlets: Outlets,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            sender: broadcast::channel(BEHIND).0,
            dictionary: Dictionary::default(),
            hosts: Hosts::default(),
            unwritten: Arc::default(),
            outlets: Outlets::default(),
        }
    }
}

impl Hub {
    /// The events that are kept, oldest first, and the channel of those after them.
    pub fn listen(&self) -> (Vec<Arc<Record>>, broadcast::Receiver<Arc<Record>>) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.iter().cloned().collect(), self.sender.subscribe())
    }

    /// The names that events have told, by their hashes.
    pub const fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// The names that events have told, and how often.
    pub const fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// The events that did not get to where they should have been told.
    pub fn unwritten(&self) -> Arc<Unwritten> {
        Arc::clone(&self.unwritten)
    }

    /// From now on events are written to where `wanted` says, too.
    pub fn write_to(&self, wanted: &Events) {
        self.outlets.follow(wanted, &self.unwritten);
    }

    /// Writes what is still to be written, for as long as that takes or for `longest`.
    pub fn close(&self, longest: Duration) {
        self.outlets.close(longest);
    }

    /// Tells everybody of an event, unless it is none of this ABI version.
    fn take(&self, event: &Event, labels: &Labels, clock: BootClock, seed: u64) {
        let Some(record) = Record::of(event, labels, clock) else { return };
        if let (Some(name), Some(wire)) = (&record.name, event::name(event)) {
            self.dictionary.learn(hash(seed, wire), name);
        }
        self.add(record);
    }

    fn add(&self, record: Record) {
        self.hosts.count(&record);
        let record = Arc::new(record);
        self.outlets.offer(&record);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(Arc::clone(&record));
        // An error only says that nobody listens.
        let _ = self.sender.send(record);
    }

    /// Reads the ring buffer for as long as the process lives; `maps` has the labels. The filter does not wait for this: what finds no room in
    /// the buffer is counted and lost.
    ///
    /// # Errors
    /// If the buffer cannot be waited for or the labels not be read.
    pub async fn pump(&self, events: RingBuf<MapData>, maps: Maps) -> anyhow::Result<()> {
        let mut labels = Labels::default();
        // It stays for as long as the maps do.
        let seed = maps.seed()?;
        let mut ring = wait_on(events)?;
        loop {
            let mut ready = ring.readable_mut().await?;
            let clock = BootClock::read();
            labels.refresh(&maps)?;
            while let Some(item) = ready.get_inner_mut().next() {
                if let Ok(event) = Event::read_from_bytes(&item) {
                    self.take(&event, &labels, clock, seed);
                }
            }
            ready.clear_ready();
        }
    }
}

#[cfg(test)]
#[path = "hub_tests.rs"]
mod tests;
