//! What the kernel half counts, read from its maps at the scrape.

use std::collections::{BTreeMap, HashMap};
use std::{panic, thread};

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
struct Row<'a> {
    name: &'a str,
    mac: String,
    reading: &'a DeviceReading,
}

impl<'a> Row<'a> {
    fn of(reading: &'a DeviceReading) -> Self {
        let (name, mac) = match &reading.label {
            Some((name, key)) => (name.as_str(), DeviceAddress::from(*key).to_string()),
            None => (OTHER, String::new()),
        };
        Self { name, mac, reading }
    }
}

/// Reads all of it. Samples of devices come in the order of their labels: the registry sorts them, and of ten thousand devices that
/// would take longer than reading them.
///
/// # Errors
/// If a map cannot be read.
pub(super) fn gather(maps: &Maps, families: &mut Vec<MetricFamily>) -> Result<(), Error> {
    let readings = maps.read_devices()?;
    let mut rows: Vec<Row> = readings.iter().map(Row::of).collect();
    rows.sort_by(|a, b| (a.name, &a.mac).cmp(&(b.name, &b.mac)));
    let policies = maps.read_policies()?;
    // Of ten thousand devices either takes half of the time, so each gets a processor, if there are two.
    let (of_traffic, of_blocked) = thread::scope(|scope| {
        let traffic = scope.spawn(|| traffic(&rows));
        let blocked = blocked(maps, &rows, &policies);
        (traffic.join().unwrap_or_else(|panic| panic::resume_unwind(panic)), blocked)
    });
    let (of_blocked, combinations) = of_blocked?;
    families.extend(of_traffic.into_iter().chain(of_blocked));
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

fn traffic(rows: &[Row<'_>]) -> [MetricFamily; 3] {
    let mut packets = Family::with_room(&metric::DEVICE_PACKETS, 2 * rows.len());
    let mut bytes = Family::with_room(&metric::DEVICE_BYTES, 2 * rows.len());
    let mut flows = Family::with_room(&metric::DEVICE_FLOWS, rows.len());
    for Row { name, mac, reading: DeviceReading { counters, .. } } in rows {
        packets.add([name, "down", mac], counters.down_packets);
        packets.add([name, "up", mac], counters.packets);
        bytes.add([name, "down", mac], counters.down_bytes);
        bytes.add([name, "up", mac], counters.bytes);
        flows.add([name, mac], counters.flows);
    }
    [packets.into(), bytes.into(), flows.into()]
}

/// Also returns how many combinations are counted.
fn blocked(
    maps: &Maps,
    rows: &[Row<'_>],
    policies: &BTreeMap<u8, String>,
) -> Result<([MetricFamily; 2], usize), Error> {
    let places: HashMap<u32, usize> =
        rows.iter().enumerate().map(|(place, row)| (row.reading.number, place)).collect();
    let all = maps.read_blocked()?;
    // A device or policy without a label is about to lose its counters.
    let labelled = all.iter().filter_map(|(key, counters)| {
        let (reason, action) = (Reason::from_index(key.reason)?, Action::from_index(key.action)?);
        let (place, policy) = (*places.get(&key.device)?, policies.get(&key.policy)?.as_str());
        Some((action.label(), place, policy, reason.label(), *counters))
    });
    let mut labelled: Vec<_> = labelled.collect();
    labelled.sort_by_key(|(action, place, policy, reason, _)| (*action, *place, *policy, *reason));
    let mut packets = Family::with_room(&metric::DEVICE_BLOCKED_PACKETS, labelled.len());
    let mut flows = Family::with_room(&metric::DEVICE_BLOCKED_FLOWS, labelled.len());
    for (action, place, policy, reason, counters) in labelled {
        let Some(Row { name, mac, .. }) = rows.get(place) else { continue };
        packets.add([action, name, mac, policy, reason], counters.packets);
        flows.add([action, name, mac, policy, reason], counters.flows);
    }
    Ok(([packets.into(), flows.into()], all.len()))
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
