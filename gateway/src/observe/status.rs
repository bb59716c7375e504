//! Whether the filter is on, where, and what it knows.

use std::collections::BTreeMap;

use gateway_common::abi::ABI_VERSION;
use nix::net::if_::if_nametoindex;
use serde::{Deserialize, Serialize};

use crate::datapath::Error;
use crate::datapath::downlink::How;
use crate::datapath::maps::Maps;
use crate::datapath::pins::{Mode, Pins};
use crate::present::moment::Scheduled;

/// The state of the filter. What only a running daemon knows is `None`, empty or 0 without one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whether a daemon answers. The filter does not need one.
    pub daemon: bool,
    /// Version of the program that tells this.
    pub version: String,
    /// Version of the maps.
    pub abi: u32,
    /// Counts loads of policies.
    pub generation: u64,
    /// When the daemon was started, in seconds since 1970.
    pub started: Option<u64>,
    /// When the policies in force were loaded, in seconds since 1970.
    pub loaded_at: Option<u64>,
    /// Loads that were refused since the daemon was started.
    pub reloads_failed: Option<u64>,
    /// The interfaces with the filter on them.
    pub interfaces: Vec<InterfaceView>,
    /// How many devices are listed.
    pub devices: usize,
    /// How many of them are paused.
    pub paused: usize,
    /// Names of the policies.
    pub policies: Vec<String>,
    /// Those of them with a schedule, as the daemon knows them.
    pub scheduled: Vec<Scheduled>,
    /// Lists that policies subscribe to, as the daemon knows them.
    pub lists: usize,
    /// Those that could not be had, the last time: what they said before holds.
    pub lists_failed: usize,
    /// Addresses that are blocked because hosts resolve to them, as the daemon knows them.
    pub resolved: usize,
    /// Those that are not, because they also serve names that are not blocked.
    pub shared: usize,
    /// Flows that are remembered.
    pub flows: usize,
    /// Events for which there was no room.
    pub events_lost: u64,
    /// Events that were not told since their device had its share.
    pub events_limited: u64,
}

/// An interface with the filter on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceView {
    /// Its name.
    pub interface: String,
    /// How the filter is on it: `native` or `generic`.
    pub mode: String,
    /// Whether there is an interface of that name.
    pub exists: bool,
    /// Whether what policies reject there is answered; if not, it is dropped.
    pub answers: bool,
    /// Why not, and what can be done.
    pub mute: Option<String>,
    /// How what goes to the devices is counted: `tcx` or `clsact`; not at all if absent.
    pub downlink: Option<String>,
}

impl Status {
    /// What the kernel knows. `paused` is how many devices are.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn read(maps: &Maps, pins: &Pins, paused: usize) -> Result<Self, Error> {
        Ok(Self {
            daemon: false,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            abi: ABI_VERSION,
            generation: maps.generation()?,
            started: None,
            loaded_at: None,
            reloads_failed: None,
            interfaces: interfaces(maps, pins),
            devices: maps.read_device_labels()?.len(),
            paused,
            policies: maps.read_policies()?.into_values().collect(),
            scheduled: Vec::new(),
            lists: 0,
            lists_failed: 0,
            resolved: 0,
            shared: 0,
            flows: maps.count_flows(),
            events_lost: maps.read_events_lost()?,
            events_limited: maps.read_events_limited()?,
        })
    }
}

fn interfaces(maps: &Maps, pins: &Pins) -> Vec<InterfaceView> {
    let downlinks: BTreeMap<String, How> = pins.downlinks().into_iter().collect();
    let view = |(interface, mode): (String, Mode)| {
        let index = if_nametoindex(interface.as_str()).ok();
        let mute = index.and_then(|index| maps.mute(index));
        InterfaceView {
            downlink: downlinks.get(&interface).map(|how| how.label().to_owned()),
            interface,
            mode: mode.label().to_owned(),
            exists: index.is_some(),
            answers: mute.is_none(),
            mute: mute.map(|mute| format!("{} ({})", mute.describe(), mute.cure())),
        }
    };
    pins.attached().into_iter().map(view).collect()
}
