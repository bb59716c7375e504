//! Counters and labels, as a snapshot.

use std::collections::BTreeMap;

use aya::maps::{MapError, PerCpuValues};
use gateway_common::abi::{
    Asked, AskedKey, BlockedCounters, BlockedKey, Device, DeviceCounters, DeviceKey, Generation, MAX_DEVICES,
    MAX_POLICIES, Seen,
};
use gateway_common::wire::MacAddr;

use super::Error;
use super::maps::{Maps, map};
use super::plain::Plain;
use crate::policy::Numbers;

/// One device with its counters, summed over the CPUs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceReading {
    /// Its number; 0 is all devices without one.
    pub number: u32,
    /// Its name and address; `None` for number 0.
    pub label: Option<(String, DeviceKey)>,
    /// Its counters.
    pub counters: DeviceCounters,
}

impl Maps {
    /// The counters of every device that has a label, and of all others together.
    ///
    /// # Errors
    /// [`Error::Map`] if a map cannot be read.
    pub fn read_devices(&self) -> Result<Vec<DeviceReading>, Error> {
        let mut readings = vec![self.read_device(0, None)?];
        for (number, label) in self.read_device_labels()? {
            readings.push(self.read_device(number, Some(label))?);
        }
        Ok(readings)
    }

    fn read_device(&self, number: u32, label: Option<(String, DeviceKey)>) -> Result<DeviceReading, Error> {
        let values = self.counters.get(&number, 0).map_err(|source| map("read", "COUNTERS", source))?;
        Ok(DeviceReading { number, label, counters: sum(&values) })
    }

    /// Number, name and address of every device that has a label.
    ///
    /// # Errors
    /// [`Error::Map`] if the map cannot be read.
    pub fn read_device_labels(&self) -> Result<BTreeMap<u32, (String, DeviceKey)>, Error> {
        let mut labelled = BTreeMap::new();
        for number in 1..MAX_DEVICES {
            let label =
                self.device_labels.get(&number, 0).map_err(|source| map("read", "DEVICE_LABELS", source))?.0;
            if let Some(text) = label.text() {
                labelled.insert(number, (text.to_owned(), label.device()));
            }
        }
        Ok(labelled)
    }

    /// What was blocked, by device, policy, reason and action.
    ///
    /// # Errors
    /// [`Error::Map`] if the map cannot be read.
    pub fn read_blocked(&self) -> Result<BTreeMap<BlockedKey, BlockedCounters>, Error> {
        let mut blocked = BTreeMap::new();
        for entry in self.blocked.iter() {
            match entry {
                Ok((key, values)) => {
                    let mut total = BlockedCounters::default();
                    for value in values.iter() {
                        total.packets += value.0.packets;
                        total.flows += value.0.flows;
                    }
                    blocked.insert(key.0, total);
                }
                // Removed between two steps of the iterator.
                Err(MapError::KeyNotFound) => {}
                Err(source) => return Err(map("read", "BLOCKED", source)),
            }
        }
        Ok(blocked)
    }

    /// Events for which the ring buffer had no room.
    ///
    /// # Errors
    /// [`Error::Map`] if the map cannot be read.
    pub fn read_events_lost(&self) -> Result<u64, Error> {
        let values = self.events_lost.get(&0, 0).map_err(|source| map("read", "EVENTS_LOST", source))?;
        Ok(values.iter().sum())
    }

    /// Events that were not told since their device had its share.
    ///
    /// # Errors
    /// [`Error::Map`] if the map cannot be read.
    pub fn read_events_limited(&self) -> Result<u64, Error> {
        let values =
            self.events_limited.get(&0, 0).map_err(|source| map("read", "EVENTS_LIMITED", source))?;
        Ok(values.iter().sum())
    }

    /// The devices that are not listed and sent something, in no order.
    ///
    /// # Errors
    /// [`Error::Map`] if the map cannot be read.
    pub fn read_seen(&self) -> Result<Vec<(MacAddr, Seen)>, Error> {
        let mut seen = Vec::new();
        for entry in self.seen.iter() {
            match entry {
                Ok((key, value)) => seen.push((key.0.mac, value.0)),
                // It made room between two steps of the iterator.
                Err(MapError::KeyNotFound) => {}
                Err(source) => return Err(map("read", "SEEN", source)),
            }
        }
        Ok(seen)
    }

    /// What the device had asked for when it was given the address (IPv4 as IPv4-mapped IPv6); `None` if that is not known.
    ///
    /// # Errors
    /// [`Error::Map`] if the map cannot be read.
    pub fn read_asked(&self, mac: MacAddr, address: [u8; 16]) -> Result<Option<Asked>, Error> {
        match self.asked.get(&Plain(AskedKey { mac, reserved: [0; 2], address }), 0) {
            Ok(asked) => Ok(Some(asked.0)),
            Err(MapError::KeyNotFound) => Ok(None),
            Err(source) => Err(map("read", "ASKED", source)),
        }
    }

    /// The generation in force.
    ///
    /// # Errors
    /// [`Error::Map`] if a map cannot be read.
    pub fn read_generation(&self) -> Result<Generation, Error> {
        let slot = self.active.get(&0, 0).map_err(|source| map("read", "ACTIVE", source))?;
        Ok(self.generations.get(&(slot & 1), 0).map_err(|source| map("read", "GENERATIONS", source))?.0)
    }

    /// The device entries of the generation in force.
    ///
    /// # Errors
    /// [`Error::Map`] if a map cannot be read.
    pub fn read_device_entries(&self) -> Result<BTreeMap<DeviceKey, Device>, Error> {
        let slot = self.active.get(&0, 0).map_err(|source| map("read", "ACTIVE", source))?;
        let inner = match self.devices.get(&(slot & 1), 0) {
            Ok(inner) => inner,
            Err(MapError::KeyNotFound) => return Ok(BTreeMap::new()),
            Err(source) => return Err(map("read", "DEVICES", source)),
        };
        let entries = inner.iter().filter_map(Result::ok).map(|(key, device)| (key.0, device.0));
        Ok(entries.collect())
    }

    /// How many flows are remembered.
    pub fn count_flows(&self) -> usize {
        self.flows.keys().filter(Result::is_ok).count()
    }

    /// Names of the policies by number.
    ///
    /// # Errors
    /// [`Error::Map`] if the map cannot be read.
    pub fn read_policies(&self) -> Result<BTreeMap<u8, String>, Error> {
        let mut policies = BTreeMap::new();
        for number in 0..u8::try_from(MAX_POLICIES).unwrap_or(u8::MAX) {
            let label = self
                .policy_labels
                .get(&u32::from(number), 0)
                .map_err(|source| map("read", "POLICY_LABELS", source))?;
            if let Some(text) = label.0.text() {
                policies.insert(number, text.to_owned());
            }
        }
        Ok(policies)
    }

    /// Who has which number, as the labels say.
    ///
    /// # Errors
    /// [`Error::Map`] if a map cannot be read.
    pub fn read_numbers(&self) -> Result<Numbers, Error> {
        let policies = self.read_policies()?.into_iter().map(|(number, name)| (name, number)).collect();
        let devices =
            self.read_device_labels()?.into_iter().map(|(number, (_, mac))| (mac, number)).collect();
        Ok(Numbers { policies, devices })
    }
}

fn sum(values: &PerCpuValues<Plain<DeviceCounters>>) -> DeviceCounters {
    let mut total = DeviceCounters::ZERO;
    for Plain(value) in values.iter() {
        total.packets += value.packets;
        total.bytes += value.bytes;
        total.flows += value.flows;
        total.down_packets += value.down_packets;
        total.down_bytes += value.down_bytes;
        for (total, value) in total.reasons.iter_mut().zip(value.reasons) {
            *total += value;
        }
    }
    total
}
