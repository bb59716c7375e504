//! What is known of a list's copy, kept beside it: how old it is, what went wrong, when it is due.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::fetch::Validators;

/// How long after the first failure it is tried again; doubled with each.
const FIRST_RETRY: u64 = 60;

/// The longest time between two tries of what failed, in seconds.
const LAST_RETRY: u64 = 24 * 60 * 60;

/// A moment, in seconds since 1970-01-01 UTC.
pub type Unix = u64;

/// What is known of the copy of a URL. Survives a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    /// Whose copy.
    pub url: String,
    /// By what the server knows whether the list has changed.
    #[serde(flatten)]
    pub validators: Validators,
    /// When the copy came.
    pub fetched_at: Option<Unix>,
    /// When the server last said that the copy is the newest.
    pub checked_at: Option<Unix>,
    /// When it was last asked, whatever came of it.
    pub tried_at: Option<Unix>,
    /// Rules in the copy.
    pub entries: u64,
    /// Failures since the last success.
    pub failures: u32,
    /// All failures.
    pub errors: u64,
    /// What went wrong the last time, if it did; escaped.
    pub error: Option<String>,
}

impl Note {
    /// Of a URL that was never fetched.
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), ..Self::default() }
    }

    /// When it is to be fetched. `late`, from 0 to 1, spreads the many that ask the same server, over a tenth of the time.
    pub fn due(&self, refresh: Duration, late: f64) -> Unix {
        let refresh = refresh.as_secs();
        let (from, wait) = match (self.failures, self.tried_at, self.checked_at) {
            (0, _, Some(checked)) => (checked, refresh),
            (1.., Some(tried), _) => {
                let doubled =
                    FIRST_RETRY.saturating_mul(1_u64.checked_shl(self.failures - 1).unwrap_or(u64::MAX));
                (tried, doubled.min(refresh).min(LAST_RETRY))
            }
            _ => return 0,
        };
        let spread = Duration::from_secs(wait).mul_f64(late.clamp(0.0, 1.0) / 10.0).as_secs();
        from.saturating_add(wait).saturating_add(spread)
    }

    /// Whether it is to be fetched now. A note from the future was written by a clock that went wrong.
    pub fn is_due(&self, refresh: Duration, late: f64, now: Unix) -> bool {
        self.tried_at.max(self.checked_at).is_some_and(|last| last > now) || self.due(refresh, late) <= now
    }

    /// Seconds since the server last said that the copy is the newest; `None` if there is no copy.
    pub fn age(&self, now: Unix) -> Option<u64> {
        self.checked_at.map(|checked| now.saturating_sub(checked))
    }

    /// The server has said that the copy is the newest.
    pub fn confirm(&mut self, now: Unix) {
        self.tried_at = Some(now);
        self.checked_at = Some(now);
        self.failures = 0;
        self.error = None;
    }

    /// It did not work. `error` is escaped.
    pub fn fail(&mut self, now: Unix, error: String) {
        self.tried_at = Some(now);
        self.failures = self.failures.saturating_add(1);
        self.errors = self.errors.saturating_add(1);
        self.error = Some(error);
    }
}

/// The clock of the calendar.
pub fn now() -> Unix {
    unix(SystemTime::now())
}

/// A time of a file, say.
pub fn unix(time: SystemTime) -> Unix {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
