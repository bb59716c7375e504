//! Which number (bit) stands for which policy, and which for which device.
//!
//! Counters in the kernel are kept by number and outlive a reload. So whoever stays keeps its number, and a number that
//! has just become free is given away last.

use std::collections::{BTreeMap, BTreeSet};

use gateway_common::abi::{DeviceKey, MAX_DEVICES, MAX_POLICIES, OTHER_DEVICE};
use gateway_common::wire::MacAddr;

use super::config::Config;
use super::device::Device;

/// The numbers of one generation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// By name of the policy: 0 to `MAX_POLICIES - 1`.
    pub policies: BTreeMap<String, u8>,
    /// By address of the device: 1 to `MAX_DEVICES - 1`.
    pub devices: BTreeMap<DeviceKey, u32>,
}

/// Numbers that stand for another owner than before, or for one where there was none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fresh {
    /// Of policies, ascending.
    pub policies: Vec<u8>,
    /// Of devices, ascending.
    pub devices: Vec<u32>,
}

/// There are more owners than numbers. A configuration that was loaded never has so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMany {
    /// Of policies.
    #[error("there are more than {MAX_POLICIES} policies; take some away")]
    Policies,
    /// Of devices.
    #[error("there are more than {} devices; take some away", MAX_DEVICES - 1)]
    Devices,
}

impl Numbers {
    /// The numbers for `config`, `self` being those in use so far.
    ///
    /// # Errors
    /// If there are too many policies or devices.
    pub fn assign(&self, config: &Config) -> Result<Self, TooMany> {
        self.assign_with(config, &[])
    }

    /// Likewise, with those for devices that are tracked, which the configuration does not list.
    ///
    /// # Errors
    /// If there are too many policies or devices.
    pub fn assign_with(&self, config: &Config, tracked: &[MacAddr]) -> Result<Self, TooMany> {
        let policy_numbers = (0..=u8::MAX).take(MAX_POLICIES);
        let device_numbers = OTHER_DEVICE + 1..MAX_DEVICES;
        let policies: Vec<String> = config.policies.iter().map(|policy| policy.name.clone()).collect();
        let tracked = tracked.iter().map(|mac| DeviceKey::prefix(*mac, 6));
        let devices: Vec<DeviceKey> = config.devices.iter().map(Device::key).chain(tracked).collect();
        Ok(Self {
            policies: assign(&self.policies, policies, policy_numbers).ok_or(TooMany::Policies)?,
            devices: assign(&self.devices, devices, device_numbers).ok_or(TooMany::Devices)?,
        })
    }

    /// The numbers of `self` that had no owner or another one in `previous`: their counters begin at zero.
    pub fn fresh(&self, previous: &Self) -> Fresh {
        Fresh {
            policies: fresh(&previous.policies, &self.policies),
            devices: fresh(&previous.devices, &self.devices),
        }
    }
}

/// Gives each owner one of the numbers; `None` if there are not enough.
fn assign<K: Ord, N: Copy + Ord>(
    previous: &BTreeMap<K, N>,
    owners: Vec<K>,
    numbers: impl Iterator<Item = N>,
) -> Option<BTreeMap<K, N>> {
    let mut free: BTreeSet<N> = numbers.collect();
    let mut given = BTreeMap::new();
    let mut newcomers = Vec::new();
    for owner in owners {
        match previous.get(&owner) {
            // What was read back from the kernel may be out of range, or stand for two.
            Some(number) if free.remove(number) => {
                given.insert(owner, *number);
            }
            _ => newcomers.push(owner),
        }
    }
    let in_use: BTreeSet<N> = previous.values().copied().collect();
    for owner in newcomers {
        if given.contains_key(&owner) {
            continue;
        }
        let number = free.iter().find(|number| !in_use.contains(number)).or_else(|| free.first()).copied()?;
        free.remove(&number);
        given.insert(owner, number);
    }
    Some(given)
}

fn fresh<K: Ord, N: Copy + Ord>(previous: &BTreeMap<K, N>, now: &BTreeMap<K, N>) -> Vec<N> {
    let mut numbers: Vec<N> = now
        .iter()
        .filter(|(owner, number)| previous.get(*owner) != Some(*number))
        .map(|(_, number)| *number)
        .collect();
    numbers.sort_unstable();
    numbers
}

#[cfg(test)]
#[path = "numbers_tests.rs"]
mod tests;
