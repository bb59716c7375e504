//! What the daemon shows of the filter beside what it does for it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::Daemon;
use crate::datapath::Error;
use crate::datapath::maps::Maps;
use crate::datapath::pins::Pins;
use crate::lists::state::unix;
use crate::observe::devices::{self, DeviceView};
use crate::observe::flows::{self, FlowQuery, FlowView, Refused};
use crate::observe::status::Status;
use crate::policy::{Config, NameFiles};
use crate::who::known::Known;

/// What is looked at when somebody asks.
pub(super) struct Views {
    pins: Pins,
    maps: Maps,
    known: Mutex<Known>,
    /// When the daemon was started, in seconds since 1970.
    started: u64,
}

impl Views {
    /// Looks at the filter that is pinned where the configuration says.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn new(config: &Config) -> Result<Self, Error> {
        let pins = Pins::new(&config.pin);
        let known = Mutex::new(Known::new(&config.names));
        Ok(Self { maps: Maps::pinned(&pins)?, pins, known, started: unix(SystemTime::now()) })
    }

    /// Reads names from these files from now on.
    pub(super) fn follow(&self, files: &NameFiles) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).follow(files);
    }
}

impl Daemon {
    /// The devices, listed or seen.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn devices(&self) -> Result<Vec<DeviceView>, Error> {
        let pauses = self.lock().clock.pauses.clone();
        let mut known = self.views.known.lock().unwrap_or_else(PoisonError::into_inner);
        devices::read(&self.views.maps, &pauses, &mut known)
    }

    /// Flows, the newest first.
    ///
    /// # Errors
    /// If there is no such device, or a map cannot be read.
    pub fn flows(&self, query: &FlowQuery) -> Result<Vec<FlowView>, Refused> {
        let name = |hash| Some(self.hub.dictionary().name(hash)?.to_string());
        flows::read(&self.views.maps, query, &name)
    }

    /// The state of the filter, with what only the daemon knows.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn status(&self) -> Result<Status, Error> {
        let paused = self.lock().clock.pauses.len();
        let health = self.health.read();
        let lists = self.lists.rows();
        let resolved = self.resolved();
        let in_state = |state: &str| resolved.iter().filter(|row| row.state == state).count();
        Ok(Status {
            daemon: true,
            started: Some(self.views.started),
            loaded_at: Some(Duration::try_from_secs_f64(health.loaded_at).unwrap_or_default().as_secs()),
            reloads_failed: Some(health.reloads_failed),
            scheduled: self.scheduled(),
            lists: lists.len(),
            lists_failed: lists.iter().filter(|list| list.last_error.is_some()).count(),
            resolved: in_state("blocked"),
            shared: in_state("shared"),
            ..Status::read(&self.views.maps, &self.views.pins, paused)?
        })
    }
}
