//! Counters and labels, as a snapshot.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use aya::maps::{IterableMap as _, MapError};
use gateway_common::abi::{
    Asked, AskedKey, BlockedCounters, BlockedKey, Device, DeviceCounters, DeviceKey, Flow, FlowKey,
    Generation, Label, MAX_ASKED, MAX_FLOWS, MAX_PARTIAL, MAX_SEEN, OTHER_DEVICE, Seen, SeenKey,
};
use gateway_common::wire::MacAddr;

use super::Error;
use super::batch::{self, Values};
use super::maps::{Maps, map};
use super::plain::Plain;
use crate::policy::Numbers;
use crate::policy::track::is_tracked;

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

/// How full a map is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filling {
    /// Its name.
    pub map: &'static str,
    /// How many entries it has.
    pub entries: usize,
    /// For how many it has room.
    pub capacity: u32,
}

impl Maps {
    /// The counters of every device that has a label, and of all others together.
    ///
    /// # Errors
    /// [`Error::Map`] or [`Error::System`] if a map cannot be read.
    pub fn read_devices(&self) -> Result<Vec<DeviceReading>, Error> {
        let mut labels = self.read_device_labels()?;
        let last = labels.last_key_value().map_or(OTHER_DEVICE, |(number, _)| *number);
        let mut readings = Vec::with_capacity(labels.len() + 1);
        batch::each("COUNTERS", self.counters.map(), |number: u32, values| {
            let label = labels.remove(&number);
            if number == OTHER_DEVICE || label.is_some() {
                readings.push(DeviceReading { number, label, counters: sum(values) });
            }
            if number < last { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(readings)
    }

    /// Number, name and address of every device that has a label.
    ///
    /// # Errors
    /// [`Error::Map`] or [`Error::System`] if the map cannot be read.
    pub fn read_device_labels(&self) -> Result<BTreeMap<u32, (String, DeviceKey)>, Error> {
        let mut labelled = BTreeMap::new();
        batch::each("DEVICE_LABELS", self.device_labels.map(), |number: u32, mut values| {
            let label: Option<Label> = values.next();
            if let Some((text, key)) = label.as_ref().and_then(|label| Some((label.text()?, label.device())))
                && number != OTHER_DEVICE
            {
                labelled.insert(number, (text.to_owned(), key));
            }
            ControlFlow::Continue(())
        })?;
        Ok(labelled)
    }

    /// What was blocked, by device, policy, reason and action.
    ///
    /// # Errors
    /// [`Error::Map`] or [`Error::System`] if the map cannot be read.
    pub fn read_blocked(&self) -> Result<BTreeMap<BlockedKey, BlockedCounters>, Error> {
        let mut blocked = Vec::new();
        batch::each("BLOCKED", self.blocked.map(), |key: BlockedKey, values| {
            let mut total = BlockedCounters::default();
            for BlockedCounters { packets, flows } in values {
                total.packets += packets;
                total.flows += flows;
            }
            blocked.push((key, total));
            ControlFlow::Continue(())
        })?;
        Ok(blocked.into_iter().collect())
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
        batch::each("SEEN", self.seen.map(), |key: SeenKey, values| {
            seen.extend(values.map(|value: Seen| (key.mac, value)));
            ControlFlow::Continue(())
        })?;
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
        let mut entries = Vec::new();
        batch::each("DEVICES", inner.map(), |key: DeviceKey, values| {
            entries.extend(values.map(|device: Device| (key, device)));
            ControlFlow::Continue(())
        })?;
        Ok(entries.into_iter().collect())
    }

    /// All flows that are remembered, in no order.
    ///
    /// # Errors
    /// [`Error::Map`] or [`Error::System`] if the map cannot be read.
    pub fn read_flows(&self) -> Result<Vec<(FlowKey, Flow)>, Error> {
        let mut flows = Vec::new();
        batch::each("FLOWS", self.flows.map(), |key: FlowKey, values| {
            flows.extend(values.map(|flow: Flow| (key, flow)));
            ControlFlow::Continue(())
        })?;
        Ok(flows)
    }

    /// How many flows are remembered; none if the kernel does not say.
    pub fn count_flows(&self) -> usize {
        batch::count("FLOWS", self.flows.map()).unwrap_or_default()
    }

    /// How full the maps are in which the least recently used entry makes room.
    ///
    /// # Errors
    /// [`Error::Map`] or [`Error::System`] if a map cannot be read.
    pub fn read_fillings(&self) -> Result<[Filling; 4], Error> {
        Ok([
            Filling { map: "FLOWS", entries: batch::count("FLOWS", self.flows.map())?, capacity: MAX_FLOWS },
            Filling {
                map: "PARTIAL",
                entries: batch::count("PARTIAL", &self.partial)?,
                capacity: MAX_PARTIAL,
            },
            Filling { map: "SEEN", entries: batch::count("SEEN", self.seen.map())?, capacity: MAX_SEEN },
            Filling { map: "ASKED", entries: batch::count("ASKED", self.asked.map())?, capacity: MAX_ASKED },
        ])
    }

    /// Names of the policies by number.
    ///
    /// # Errors
    /// [`Error::Map`] if the map cannot be read.
    pub fn read_policies(&self) -> Result<BTreeMap<u8, String>, Error> {
        let mut policies = BTreeMap::new();
        batch::each("POLICY_LABELS", self.policy_labels.map(), |number: u32, mut values| {
            let label: Option<Label> = values.next();
            if let Some((number, text)) = u8::try_from(number).ok().zip(label.as_ref().and_then(Label::text))
            {
                policies.insert(number, text.to_owned());
            }
            ControlFlow::Continue(())
        })?;
        Ok(policies)
    }

    /// The devices that are counted on their own without being listed, those with the lowest numbers first. Which of them the
    /// configuration lists by now is not asked here.
    ///
    /// # Errors
    /// [`Error::Map`] if a map cannot be read.
    pub fn read_tracked(&self) -> Result<Vec<MacAddr>, Error> {
        let labels = self.read_device_labels()?.into_values();
        Ok(labels.filter(|(text, key)| is_tracked(text, *key)).map(|(_, key)| key.mac).collect())
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

fn sum(values: Values<'_, DeviceCounters>) -> DeviceCounters {
    let mut total = DeviceCounters::ZERO;
    for value in values {
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
