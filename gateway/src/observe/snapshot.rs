//! Counters and names of one moment, for metrics and tables.

use std::collections::BTreeMap;

use gateway_common::abi::{Action, BlockedKey, DeviceCounters};
use gateway_common::reason::Reason;

use crate::datapath::Error;
use crate::datapath::maps::Maps;
use crate::policy::{DeviceAddress, OTHER};

/// Names of devices and policies by number.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    generation: u64,
    devices: BTreeMap<u32, String>,
    policies: BTreeMap<u8, String>,
}

impl Labels {
    /// Reads the labels anew if another policy has come into force since.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn refresh(&mut self, maps: &Maps) -> Result<(), Error> {
        let generation = maps.generation()?;
        if generation != self.generation {
            let devices = maps.read_device_labels()?;
            self.devices = devices.into_iter().map(|(number, (name, _))| (number, name)).collect();
            self.policies = maps.read_policies()?;
            self.generation = generation;
        }
        Ok(())
    }

    /// Name of a device; `other` if it has no number of its own.
    pub fn device(&self, number: u32) -> &str {
        self.devices.get(&number).map_or(OTHER, String::as_str)
    }

    /// Name of a policy, or `unknown` for one that is gone.
    pub fn policy(&self, number: u8) -> &str {
        self.policies.get(&number).map_or("unknown", String::as_str)
    }
}

/// What one device did.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// Its name, `other` for all without one.
    pub name: String,
    /// Its address; `None` for `other`.
    pub address: Option<DeviceAddress>,
    /// Names of its policies.
    pub policies: Vec<String>,
    /// Its counters.
    pub counters: DeviceCounters,
}

/// What was blocked, or would have been.
#[derive(Clone, Debug)]
pub struct BlockedRow {
    /// Index of the device in [`Snapshot::devices`].
    pub device: usize,
    /// Name of the policy.
    pub policy: String,
    /// Why.
    pub reason: Reason,
    /// What happened.
    pub action: Action,
    /// Frames.
    pub packets: u64,
    /// Flows.
    pub flows: u64,
}

/// Everything the kernel half counts.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Number of the generation in force.
    pub generation: u64,
    /// Devices, `other` first.
    pub devices: Vec<DeviceRow>,
    /// What was blocked.
    pub blocked: Vec<BlockedRow>,
    /// Events for which there was no room.
    pub events_lost: u64,
    /// Rejected frames by what came of them, in the order of [`gateway_common::abi::Answer::ALL`].
    pub answers: Vec<u64>,
}

impl Snapshot {
    /// Reads all counters.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn read(maps: &Maps) -> Result<Self, Error> {
        let policies = maps.read_policies()?;
        let generation = maps.read_generation()?;
        let entries = maps.read_device_entries()?;
        let mut devices = Vec::new();
        let mut places = BTreeMap::new();
        for reading in maps.read_devices()? {
            places.insert(reading.number, devices.len());
            let (name, mac) = match reading.label {
                Some((name, mac)) => (name, Some(mac)),
                None => (OTHER.to_owned(), None),
            };
            let mask = match mac {
                Some(mac) => entries.get(&mac).map_or(0, |device| device.policies),
                None => generation.default_policies,
            };
            devices.push(DeviceRow {
                name,
                address: mac.map(DeviceAddress::from),
                policies: names(mask, &policies),
                counters: reading.counters,
            });
        }
        let mut blocked = Vec::new();
        for (key, counters) in maps.read_blocked()? {
            if let Some(row) = blocked_row(key, &places, &policies) {
                blocked.push(BlockedRow { packets: counters.packets, flows: counters.flows, ..row });
            }
        }
        let (events_lost, answers) = (maps.read_events_lost()?, maps.read_answers()?);
        Ok(Self { generation: generation.number, devices, blocked, events_lost, answers })
    }
}

/// `None` for what is about to be removed: counters of a device or policy without a label.
fn blocked_row(
    key: BlockedKey,
    places: &BTreeMap<u32, usize>,
    policies: &BTreeMap<u8, String>,
) -> Option<BlockedRow> {
    Some(BlockedRow {
        device: *places.get(&key.device)?,
        policy: policies.get(&key.policy)?.clone(),
        reason: Reason::from_index(key.reason)?,
        action: Action::from_index(key.action)?,
        packets: 0,
        flows: 0,
    })
}

fn names(mask: u64, policies: &BTreeMap<u8, String>) -> Vec<String> {
    let of_mask =
        policies.iter().filter(|(number, _)| mask.checked_shr(u32::from(**number)).unwrap_or(0) & 1 == 1);
    of_mask.map(|(_, name)| name.clone()).collect()
}
