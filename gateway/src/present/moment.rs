//! What holds at a moment, what is told of it, and when to look at the clock again.

use std::time::Duration;

use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use super::pauses::Pauses;
use crate::policy::{Config, Policy, Schedule, Standing};

/// How often the clock is looked at without a change in sight: it may have been set, and so may the time zone.
const LOOK: Duration = Duration::from_secs(60);

/// What does not hold at this moment.
pub fn standing(config: &Config, pauses: &Pauses, now: &Zoned) -> Standing {
    let off = config.policies.iter().filter(|policy| !policy.schedule.is_active(now));
    let addresses = config.devices.iter().map(|device| device.address);
    Standing {
        off: off.map(|policy| policy.name.clone()).collect(),
        paused: addresses.filter(|address| pauses.holds(*address, now.timestamp())).collect(),
    }
}

/// A policy with a schedule, at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    /// Its name.
    pub policy: String,
    /// Whether it applies.
    pub active: bool,
    /// When that changes; never if its windows cover the whole week.
    pub changes_at: Option<Timestamp>,
}

/// The policies that do not always apply by themselves.
pub fn scheduled(config: &Config, now: &Zoned) -> Vec<Scheduled> {
    let policies = config.policies.iter().filter(|policy| policy.schedule != Schedule::default());
    let at_moment = |policy: &Policy| Scheduled {
        policy: policy.name.clone(),
        active: policy.schedule.is_active(now),
        changes_at: policy.schedule.next_change(now).map(|change| change.timestamp()),
    };
    policies.map(at_moment).collect()
}

/// How long to wait before the clock is looked at again: until something changes, and not longer than a minute.
pub fn until_next_look(config: &Config, pauses: &Pauses, now: &Zoned) -> Duration {
    let changes = config.policies.iter().filter_map(|policy| policy.schedule.next_change(now));
    let moments = changes.map(|change| change.timestamp()).chain(pauses.next_end(now.timestamp()));
    let waits = moments.map(|moment| moment.duration_since(now.timestamp()).unsigned_abs());
    waits.min().map_or(LOOK, |wait| wait.min(LOOK))
}

#[cfg(test)]
#[path = "moment_tests.rs"]
mod tests;
