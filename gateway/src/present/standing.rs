//! Which policies of which devices have a say at a moment, and when to look at the clock again.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Zoned;

use super::pauses::Pauses;
use crate::policy::{Config, Device, DeviceAddress};

/// How often the clock is looked at without a change in sight: it may have been set, and so may the time zone.
const LOOK: Duration = Duration::from_secs(60);

/// What takes something from what the configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Names of the policies that are outside of their schedules.
    pub off: BTreeSet<String>,
    /// The devices that are paused.
    pub paused: BTreeSet<DeviceAddress>,
}

impl Standing {
    /// How things are at this moment.
    pub fn at(config: &Config, pauses: &Pauses, now: &Zoned) -> Self {
        let off = config.policies.iter().filter(|policy| !policy.schedule.is_active(now));
        let addresses = config.devices.iter().map(|device| device.address);
        Self {
            off: off.map(|policy| policy.name.clone()).collect(),
            paused: addresses.filter(|address| pauses.holds(*address, now.timestamp())).collect(),
        }
    }

    /// Whether the policy is in its schedule.
    pub fn is_on(&self, policy: &str) -> bool {
        !self.off.contains(policy)
    }

    /// Names of the policies that have a say about a device: none while it is paused.
    pub fn policies_of<'a>(&'a self, device: &'a Device) -> impl Iterator<Item = &'a str> {
        let is_paused = self.paused.contains(&device.address);
        self.those_on(&device.policies).filter(move |_| !is_paused)
    }

    /// Likewise about a device that is not listed.
    pub fn default_policies<'a>(&'a self, config: &'a Config) -> impl Iterator<Item = &'a str> {
        self.those_on(&config.default_policies)
    }

    fn those_on<'a>(&'a self, policies: &'a [String]) -> impl Iterator<Item = &'a str> {
        policies.iter().map(String::as_str).filter(|policy| self.is_on(policy))
    }
}

/// How long to wait before the clock is looked at again: until something changes, and not longer than a minute.
pub fn until_next_look(config: &Config, pauses: &Pauses, now: &Zoned) -> Duration {
    let changes = config.policies.iter().filter_map(|policy| policy.schedule.next_change(now));
    let moments = changes.map(|change| change.timestamp()).chain(pauses.next_end(now.timestamp()));
    let waits = moments.map(|moment| moment.duration_since(now.timestamp()).unsigned_abs());
    waits.min().map_or(LOOK, |wait| wait.min(LOOK))
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
