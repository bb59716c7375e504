//! Devices as people and programs see them: what they are called, what they did, and who else is there.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::net::IpAddr;
use std::time::SystemTime;

use gateway_common::abi::{Action, DeviceKey};
use gateway_common::wire::MacAddr;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::BootClock;
use super::snapshot::{DeviceRow, Snapshot};
use crate::datapath::Error;
use crate::datapath::maps::Maps;
use crate::policy::DeviceAddress;
use crate::policy::track::is_tracked;
use crate::present::pauses::Pauses;
use crate::who::known::{Directory, Known};

/// A device with its counters.
///
/// What others told of it is escaped: `vendor` holds nothing that steers a terminal, `host` printable ASCII only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// Its name; `other` for all that have none together; its address if it is not listed and tracked; none for one that was
    /// seen and is neither.
    pub device: Option<String>,
    /// Its MAC address, or the beginning of those of several.
    pub mac: Option<DeviceAddress>,
    /// Whether a `[[device]]` names it; one whose name there is its own address counts as one that is tracked.
    pub listed: bool,
    /// Whether the address was made up by the device, as phones do for privacy: it may come back with another one.
    pub random_mac: bool,
    /// Who made it, by the list of the IEEE.
    pub vendor: Option<String>,
    /// What it is called in a lease.
    pub host: Option<String>,
    /// Its addresses, as leases and the kernel know them.
    pub addresses: Vec<IpAddr>,
    /// The policies that have a say now.
    pub policies: Vec<String>,
    /// Until when it is paused; a time that is past if no daemon was there to end it.
    pub paused_until: Option<Timestamp>,
    /// Frames from it.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Packets towards it.
    pub packets_down: u64,
    /// Their bytes.
    pub bytes_down: u64,
    /// Flows that it began.
    pub flows: u64,
    /// Frames that were dropped or rejected.
    pub blocked_packets: u64,
    /// Flows that were.
    pub blocked_flows: u64,
    /// Flows that would have been, had their policy not observed only.
    pub observed_flows: u64,
    /// When it sent something last, in seconds since 1970; known of one that is not listed.
    pub last_seen: Option<u64>,
}

/// Reads everything that there is to tell of devices, whether a daemon runs or not.
///
/// # Errors
/// If a map cannot be read.
pub fn read(maps: &Maps, pauses: &Pauses, known: &mut Known) -> Result<Vec<DeviceView>, Error> {
    let clock = BootClock::read();
    let seen = maps.read_seen()?;
    let seen: Vec<_> = seen.into_iter().map(|(mac, seen)| (mac, clock.unix_second(seen.last))).collect();
    Ok(views(&Snapshot::read(maps)?, pauses, &seen, &known.look(now())))
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// All devices: first all that have no name together, then those with one, then those that were seen and have none, the last
/// seen first. `seen` is in seconds since 1970.
pub fn views(
    snapshot: &Snapshot,
    pauses: &Pauses,
    seen: &[(MacAddr, u64)],
    directory: &Directory,
) -> Vec<DeviceView> {
    let blocked = blocked(snapshot);
    let of_row = |(device, blocked): (&DeviceRow, Blocked)| view(device, blocked, pauses, directory);
    let mut views: Vec<DeviceView> = snapshot.devices.iter().zip(blocked).map(of_row).collect();
    let listed: HashSet<DeviceAddress> = views.iter().filter_map(|view| view.mac).collect();
    // What was listed since stays in the kernel's memory for a while.
    let is_listed = |mac| (1..=6).any(|bytes| listed.contains(&DeviceKey::prefix(mac, bytes).into()));
    let mut seen: Vec<(MacAddr, u64)> = seen.iter().copied().filter(|(mac, _)| !is_listed(*mac)).collect();
    seen.sort_by_key(|(mac, last)| (Reverse(*last), *mac));
    let unlisted = |(mac, last)| DeviceView {
        last_seen: Some(last),
        ..known(DeviceKey::prefix(mac, 6).into(), directory)
    };
    views.extend(seen.into_iter().map(unlisted));
    views
}

/// What was blocked of one device.
#[derive(Clone, Copy, Default)]
struct Blocked {
    packets: u64,
    flows: u64,
    observed_flows: u64,
}

/// The sums for each device, in the order of [`Snapshot::devices`].
fn blocked(snapshot: &Snapshot) -> Vec<Blocked> {
    let mut sums = vec![Blocked::default(); snapshot.devices.len()];
    for row in &snapshot.blocked {
        let Some(sum) = sums.get_mut(row.device) else { continue };
        match row.action {
            Action::Drop | Action::Reject => {
                sum.packets += row.packets;
                sum.flows += row.flows;
            }
            Action::Observe => sum.observed_flows += row.flows,
            Action::Pass => {}
        }
    }
    sums
}

fn view(device: &DeviceRow, blocked: Blocked, pauses: &Pauses, directory: &Directory) -> DeviceView {
    let counters = &device.counters;
    DeviceView {
        device: Some(device.name.clone()),
        listed: device.address.is_some_and(|address| !is_tracked(&device.name, address.key())),
        policies: device.policies.clone(),
        paused_until: device.address.and_then(|address| pauses.until(address)),
        packets: counters.packets,
        bytes: counters.bytes,
        packets_down: counters.down_packets,
        bytes_down: counters.down_bytes,
        flows: counters.flows,
        blocked_packets: blocked.packets,
        blocked_flows: blocked.flows,
        observed_flows: blocked.observed_flows,
        ..device.address.map_or_else(DeviceView::nobody, |address| known(address, directory))
    }
}

/// What others tell of a device; it has done nothing.
fn known(address: DeviceAddress, directory: &Directory) -> DeviceView {
    let key = address.key();
    DeviceView {
        mac: Some(address),
        random_mac: address.is_random(),
        vendor: directory.vendor(key).map(String::from),
        host: directory.host(key).map(String::from),
        addresses: directory.addresses(key),
        ..DeviceView::nobody()
    }
}

impl DeviceView {
    const fn nobody() -> Self {
        Self {
            device: None,
            mac: None,
            listed: false,
            random_mac: false,
            vendor: None,
            host: None,
            addresses: Vec::new(),
            policies: Vec::new(),
            paused_until: None,
            packets: 0,
            bytes: 0,
            packets_down: 0,
            bytes_down: 0,
            flows: 0,
            blocked_packets: 0,
            blocked_flows: 0,
            observed_flows: 0,
            last_seen: None,
        }
    }
}

#[cfg(test)]
#[path = "devices_tests.rs"]
mod tests;
