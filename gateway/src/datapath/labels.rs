//! Who has which number: labels beside the counters, and counters that begin at zero with a new owner.

use std::collections::{BTreeMap, BTreeSet};

use aya::maps::{MapError, PerCpuValues};
use aya::util::nr_cpus;
use gateway_common::abi::{DeviceCounters, DeviceKey, Label};

use super::Error;
use super::maps::{Maps, map};
use super::plain::Plain;
use crate::policy::{Config, Fresh, Numbers};

impl Maps {
    /// Writes the labels of `next` and makes fresh numbers begin at zero. To be called before the policy with these
    /// numbers is put in force.
    ///
    /// # Errors
    /// [`Error::Map`] if a map cannot be written.
    pub fn label(&mut self, config: &Config, previous: &Numbers, next: &Numbers) -> Result<(), Error> {
        self.start_at_zero(&next.fresh(previous))?;
        for (name, number) in &next.policies {
            self.set_policy_label(*number, label(name, None))?;
        }
        let names: BTreeMap<DeviceKey, &str> =
            config.devices.iter().map(|device| (device.key(), device.name.as_str())).collect();
        for (key, number) in &next.devices {
            // One that is not listed is called by its address.
            let name = names.get(key).map_or_else(|| key.to_string(), |name| (*name).to_owned());
            self.set_device_label(*number, label(&name, Some(*key)))?;
        }
        Ok(())
    }

    /// Frees the labels of numbers that have no owner any more. To be called after the policy without them is in force.
    ///
    /// # Errors
    /// [`Error::Map`] if a map cannot be written.
    pub fn free_labels(&mut self, previous: &Numbers, next: &Numbers) -> Result<(), Error> {
        let kept: BTreeSet<u8> = next.policies.values().copied().collect();
        for number in previous.policies.values().filter(|number| !kept.contains(number)) {
            self.set_policy_label(*number, Label::FREE)?;
        }
        let kept: BTreeSet<u32> = next.devices.values().copied().collect();
        for number in previous.devices.values().filter(|number| !kept.contains(number)) {
            self.set_device_label(*number, Label::FREE)?;
        }
        Ok(())
    }

    fn set_policy_label(&mut self, number: u8, label: Label) -> Result<(), Error> {
        let set = self.policy_labels.set(number.into(), Plain(label), 0);
        set.map_err(|source| map("write", "POLICY_LABELS", source))
    }

    fn set_device_label(&mut self, number: u32, label: Label) -> Result<(), Error> {
        let set = self.device_labels.set(number, Plain(label), 0);
        set.map_err(|source| map("write", "DEVICE_LABELS", source))
    }

    fn start_at_zero(&mut self, fresh: &Fresh) -> Result<(), Error> {
        let cpus = nr_cpus().map_err(|(_, source)| Error::System { call: "counting CPUs", source })?;
        for number in &fresh.devices {
            let zeros = PerCpuValues::try_from(vec![Plain(DeviceCounters::ZERO); cpus])
                .map_err(|source| Error::System { call: "counting CPUs", source })?;
            self.counters.set(*number, zeros, 0).map_err(|source| map("write", "COUNTERS", source))?;
        }
        self.forget_blocked(fresh)
    }

    fn forget_blocked(&mut self, fresh: &Fresh) -> Result<(), Error> {
        let stale: Vec<_> = self
            .blocked
            .keys()
            .filter_map(Result::ok)
            .filter(|Plain(key)| fresh.devices.contains(&key.device) || fresh.policies.contains(&key.policy))
            .collect();
        stale.iter().try_for_each(|key| gone(self.blocked.remove(key), "BLOCKED"))
    }
}

/// The result of a removal; what was gone already is removed.
fn gone(result: Result<(), MapError>, name: &'static str) -> Result<(), Error> {
    match result {
        Ok(()) | Err(MapError::KeyNotFound) => Ok(()),
        Err(MapError::SyscallError(error)) if error.io_error.raw_os_error() == Some(nix::libc::ENOENT) => {
            Ok(())
        }
        Err(source) => Err(map("remove from", name, source)),
    }
}

/// The label of a device or policy. The configuration refuses names that do not fit.
fn label(text: &str, device: Option<DeviceKey>) -> Label {
    Label::new(text, device).unwrap_or(Label::FREE)
}
