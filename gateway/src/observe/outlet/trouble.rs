//! Events that cannot be written: each is counted, and the log tells twice, when it begins and when it is over.

use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::observe::unwritten::{Unwritten, Way};

/// How long nothing must have been lost before it is over: of a burst that now and then is too much, the log tells once.
const CALM: Duration = Duration::from_secs(10);

/// What went wrong on one way out.
pub(super) struct Trouble {
    way: Way,
    place: String,
    unwritten: Arc<Unwritten>,
    now: Mutex<Option<Lost>>,
}

/// What was lost since it began.
struct Lost {
    events: u64,
    /// When it last went wrong.
    last: Instant,
}

impl Trouble {
    pub(super) const fn new(way: Way, place: String, unwritten: Arc<Unwritten>) -> Self {
        Self { way, place, unwritten, now: Mutex::new(None) }
    }

    /// It is known that nothing can be written, before anything was to be.
    pub(super) fn begin(&self, why: impl Display) {
        self.went_wrong(why, 0);
    }

    /// An event was not written.
    pub(super) fn lost(&self, why: impl Display) {
        self.unwritten.add(self.way, 1);
        self.went_wrong(why, 1);
    }

    fn went_wrong(&self, why: impl Display, events: u64) {
        let mut now = self.now();
        match &mut *now {
            Some(lost) => {
                lost.events += events;
                lost.last = Instant::now();
            }
            None => {
                let Self { place, way, .. } = self;
                warn!(
                    "events are not written to {place}: {why}; how many is counted, as \
                     gateway_events_unwritten_total{{sink=\"{}\"}}",
                    way.label()
                );
                *now = Some(Lost { events, last: Instant::now() });
            }
        }
    }

    /// An event was written.
    pub(super) fn wrote(&self) {
        self.wrote_at(Instant::now());
    }

    fn wrote_at(&self, moment: Instant) {
        let mut now = self.now();
        if let Some(Lost { events, last }) = &*now
            && moment.saturating_duration_since(*last) >= CALM
        {
            info!("events are written to {} again; {events} were not", self.place);
            *now = None;
        }
    }

    fn now(&self) -> MutexGuard<'_, Option<Lost>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_over_when_something_was_written_and_nothing_lost_for_a_while() {
        let unwritten = Arc::new(Unwritten::default());
        let trouble = Trouble::new(Way::File, "x".into(), Arc::clone(&unwritten));
        let is_on = || trouble.now().as_ref().map(|lost| lost.events);
        trouble.wrote();
        assert_eq!(is_on(), None);
        trouble.begin("no room");
        assert_eq!((is_on(), unwritten.count(Way::File)), (Some(0), 0));
        trouble.lost("no room");
        trouble.lost("no room");
        assert_eq!((is_on(), unwritten.count(Way::File)), (Some(2), 2));
        trouble.wrote();
        assert_eq!(is_on(), Some(2), "it may only have been one");
        trouble.wrote_at(Instant::now() + CALM);
        assert_eq!((is_on(), unwritten.count(Way::File)), (None, 2));
        assert_eq!(unwritten.count(Way::Journald), 0);
    }
}
