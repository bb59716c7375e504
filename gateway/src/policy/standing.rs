//! What takes something from what the configuration says: policies that are off, devices that are paused.

use std::collections::BTreeSet;

use super::config::Config;
use super::device::Device;
use super::device_address::DeviceAddress;

/// What does not hold at a moment; by default everything does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Names of the policies that are outside of their schedules.
    pub off: BTreeSet<String>,
    /// The devices that are paused.
    pub paused: BTreeSet<DeviceAddress>,
}

impl Standing {
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
