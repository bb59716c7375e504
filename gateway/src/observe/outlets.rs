//! The ways out for events that the configuration wants.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::error;

use super::event::Record;
use super::outlet::file::RotatingFile;
use super::outlet::journal::{Journal, SOCKET};
use super::outlet::{End, Outlet};
use super::unwritten::{Unwritten, Way};
use crate::policy::{Escaped, Events, EventsFile};

/// Those that are open.
pub struct Outlets {
    /// Where the journal listens.
    journal: PathBuf,
    open: Mutex<Open>,
}

impl Default for Outlets {
    fn default() -> Self {
        Self { journal: SOCKET.into(), open: Mutex::default() }
    }
}

#[derive(Default)]
struct Open {
    journal: Option<Outlet>,
    file: Option<(EventsFile, Outlet)>,
}

impl Outlets {
    /// From now on events are written to where `wanted` says.
    pub fn follow(&self, wanted: &Events, unwritten: &Arc<Unwritten>) {
        let mut open = self.lock();
        match (wanted.journald, &open.journal) {
            (true, None) => {
                let journal = Journal::new(self.journal.clone());
                let place = "the journal".to_owned();
                let outlet = Outlet::start(Way::Journald, place, journal, Arc::clone(unwritten), None);
                open.journal = started(outlet);
            }
            (false, _) => open.journal = None,
            (true, Some(_)) => {}
        }
        if wanted.file.as_ref() != open.file.as_ref().map(|(settings, _)| settings) {
            let last = open.file.take().map(|(settings, outlet)| (settings, outlet.close()));
            open.file = wanted.file.as_ref().and_then(|settings| start_file(settings, last, unwritten));
        }
    }

    /// Hands an event on to each. Never waits.
    pub(super) fn offer(&self, record: &Arc<Record>) {
        let open = self.lock();
        open.journal
            .iter()
            .chain(open.file.iter().map(|(_, outlet)| outlet))
            .for_each(|outlet| outlet.offer(record));
    }

    /// Closes them, and waits until what was handed on is written, but no longer than that in all.
    pub fn close(&self, longest: Duration) {
        let Open { journal, file } = std::mem::take(&mut *self.lock());
        let ends: Vec<End> =
            journal.into_iter().chain(file.map(|(_, outlet)| outlet)).map(Outlet::close).collect();
        let latest = Instant::now() + longest;
        for end in ends {
            end.wait(latest.saturating_duration_since(Instant::now()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn start_file(
    settings: &EventsFile,
    last: Option<(EventsFile, End)>,
    unwritten: &Arc<Unwritten>,
) -> Option<(EventsFile, Outlet)> {
    let same = last.filter(|(last, _)| last.path == settings.path).map(|(_, end)| end);
    let place = Escaped(&settings.path.to_string_lossy()).to_string();
    let file = RotatingFile::new(settings.clone());
    let outlet = started(Outlet::start(Way::File, place, file, Arc::clone(unwritten), same))?;
    Some((settings.clone(), outlet))
}

fn started(outlet: io::Result<Outlet>) -> Option<Outlet> {
    outlet.inspect_err(|why| error!("no thread can be had to write events: {why}")).ok()
}

#[cfg(test)]
#[path = "outlets_tests.rs"]
mod tests;
