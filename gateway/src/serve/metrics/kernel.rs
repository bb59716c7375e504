//! What the kernel half counts, read from its maps at the scrape.

use std::collections::BTreeMap;

use gateway_common::abi::{Action, Answer, Kind, MAX_BLOCKED, MAX_DEVICES, MAX_POLICIES};
use gateway_common::reason::Reason;
use prometheus::proto::MetricFamily;

use super::catalogue as metric;
use super::family::Family;
use crate::datapath::Error;
use crate::datapath::maps::Maps;
use crate::datapath::read::{DeviceReading, Filling};
use crate::policy::{DeviceAddress, OTHER};

/// A device as its series are labelled.
struct Device {
    name: String,
    mac: String,
}

impl Device {
    fn of(reading: &DeviceReading) -> Self {
        match &reading.label {
            Some((name, key)) => Self { name: name.clone(), mac: DeviceAddress::from(*key).to_string() },
            None => Self { name: OTHER.to_owned(), mac: String::new() },
        }
    }
}

/// Reads all of it.
///
/// # Errors
/// If a map cannot be read.
pub(super) fn gather(maps: &Maps, families: &mut Vec<MetricFamily>) -> Result<(), Error> {
    let readings = maps.read_devices()?;
    let devices: Vec<Device> = readings.iter().map(Device::of).collect();
    let policies = maps.read_policies()?;
    traffic(&readings, &devices, families);
    let combinations = blocked(maps, &readings, &devices, &policies, families)?;
    names(&readings, families);
    answers(maps, families)?;
    families.push(Family::single(&metric::EVENTS_LOST, [], maps.read_events_lost()?));
    families.push(Family::single(&metric::EVENTS_LIMITED, [], maps.read_events_limited()?));
    let of_user_space = [
        // The first reading is of all devices without a number.
        Filling {
            map: "DEVICE_LABELS",
            entries: readings.len().saturating_sub(1),
            capacity: MAX_DEVICES - 1,
        },
        Filling {
            map: "POLICY_LABELS",
            entries: policies.len(),
            capacity: u32::try_from(MAX_POLICIES).unwrap_or(u32::MAX),
        },
        Filling { map: "BLOCKED", entries: combinations, capacity: MAX_BLOCKED },
    ];
    tables(of_user_space.into_iter().chain(maps.read_fillings()?), families);
    Ok(())
}

fn traffic(readings: &[DeviceReading], devices: &[Device], families: &mut Vec<MetricFamily>) {
    let mut packets = Family::new(&metric::DEVICE_PACKETS);
    let mut bytes = Family::new(&metric::DEVICE_BYTES);
    let mut flows = Family::new(&metric::DEVICE_FLOWS);
    for (Device { name, mac }, DeviceReading { counters, .. }) in devices.iter().zip(readings) {
        packets.add([name, "up", mac], counters.packets);
        packets.add([name, "down", mac], counters.down_packets);
        bytes.add([name, "up", mac], counters.bytes);
        bytes.add([name, "down", mac], counters.down_bytes);
        flows.add([name, mac], counters.flows);
    }
    families.extend([packets.into(), bytes.into(), flows.into()]);
}

/// Returns how many combinations are counted.
fn blocked(
    maps: &Maps,
    readings: &[DeviceReading],
    devices: &[Device],
    policies: &BTreeMap<u8, String>,
    families: &mut Vec<MetricFamily>,
) -> Result<usize, Error> {
    let mut packets = Family::new(&metric::DEVICE_BLOCKED_PACKETS);
    let mut flows = Family::new(&metric::DEVICE_BLOCKED_FLOWS);
    let by_number: BTreeMap<u32, &Device> =
        readings.iter().map(|reading| reading.number).zip(devices).collect();
    let blocked = maps.read_blocked()?;
    for (key, counters) in &blocked {
        // Without a label, a number is about to lose its counters.
        let (Some(Device { name, mac }), Some(policy)) =
            (by_number.get(&key.device), policies.get(&key.policy))
        else {
            continue;
        };
        let (Some(reason), Some(action)) = (Reason::from_index(key.reason), Action::from_index(key.action))
        else {
            continue;
        };
        let labels = [action.label(), name, mac, policy, reason.label()];
        packets.add(labels, counters.packets);
        flows.add(labels, counters.flows);
    }
    families.extend([packets.into(), flows.into()]);
    Ok(blocked.len())
}

fn names(readings: &[DeviceReading], families: &mut Vec<MetricFamily>) {
    let total = |reason: Reason| -> u64 {
        readings.iter().filter_map(|reading| reading.counters.reasons.get(reason as usize)).sum()
    };
    let mut learned = Family::new(&metric::NAMES);
    let kinds = [
        (Kind::TlsSni, Reason::TlsSni),
        (Kind::QuicSni, Reason::QuicSni),
        (Kind::HttpHost, Reason::HttpHost),
        (Kind::DnsQname, Reason::DnsQname),
    ];
    for (kind, reason) in kinds {
        learned.add([kind.label().unwrap_or_default()], total(reason));
    }
    let mut gave_up = Family::new(&metric::GAVE_UP);
    for reason in Reason::ALL.iter().filter(|reason| reason.gave_up()) {
        gave_up.add([reason.label()], total(*reason));
    }
    families.extend([learned.into(), gave_up.into()]);
}

fn answers(maps: &Maps, families: &mut Vec<MetricFamily>) -> Result<(), Error> {
    let mut answers = Family::new(&metric::ANSWERS);
    for (answer, count) in Answer::ALL.iter().zip(maps.read_answers()?) {
        answers.add([answer.label()], count);
    }
    families.push(answers.into());
    Ok(())
}

/// How full the tables are.
fn tables(fillings: impl Iterator<Item = Filling>, families: &mut Vec<MetricFamily>) {
    let mut entries = Family::new(&metric::MAP_ENTRIES);
    let mut capacity = Family::new(&metric::MAP_CAPACITY);
    for filling in fillings {
        let map = filling.map.to_ascii_lowercase();
        entries.add([&map], filling.entries);
        capacity.add([&map], u64::from(filling.capacity));
    }
    families.extend([entries.into(), capacity.into()]);
}
