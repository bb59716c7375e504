//! What the daemon tells over its control socket: the fields that are shown.
//!
//! Nothing here is trusted to be harmless for a terminal, though the daemon escapes it: [`view`](super::view) does so again.

use jiff::Timestamp;
use serde::Deserialize;

pub use crate::observe::event::Record;

/// `GET /v1/status`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Status {
    /// Version of the daemon.
    pub version: String,
    /// How often tables were put in force.
    pub generation: u64,
    /// How many reloads were refused since the daemon was started.
    pub reloads_failed: u64,
    /// Where the filter is.
    pub interfaces: Vec<Interface>,
    /// Connections in the table of flows.
    pub flows: u64,
    /// Events that found no room.
    pub events_lost: u64,
    /// Events withheld because a device had more than its share.
    pub events_limited: u64,
}

/// An interface at which the filter is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Interface {
    /// Its name.
    pub interface: String,
    /// `native` or `generic`.
    pub mode: String,
    /// Whether there is an interface of that name.
    pub exists: bool,
    /// Whether what policies reject there is answered; if not, it is dropped.
    pub answers: bool,
    /// What counts towards the devices: `tcx`, `clsact`, or nothing.
    pub downlink: Option<String>,
}

/// A row of `GET /v1/devices`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Device {
    /// Its name; `other` for all that are not listed together; none for one of these.
    pub device: Option<String>,
    /// Its address as the configuration has it, or as it was seen.
    pub mac: Option<String>,
    /// Whether the configuration has it.
    pub listed: bool,
    /// Whether the address was made up by the device.
    pub random_mac: bool,
    /// Who made it, by its address.
    pub vendor: Option<String>,
    /// What it calls itself to the DHCP server.
    pub host: Option<String>,
    /// Its IP addresses.
    pub addresses: Vec<String>,
    /// The policies that have a say now.
    pub policies: Vec<String>,
    /// Until when it is paused.
    pub paused_until: Option<Timestamp>,
    /// Packets from it.
    pub packets: u64,
    /// Bytes from it.
    pub bytes: u64,
    /// Packets to it.
    pub packets_down: u64,
    /// Bytes to it.
    pub bytes_down: u64,
    /// Connections.
    pub flows: u64,
    /// Packets that were dropped or rejected.
    pub blocked_packets: u64,
    /// Connections that were dropped or rejected.
    pub blocked_flows: u64,
    /// Connections that would have been, were their policy not only to observe.
    pub observed_flows: u64,
    /// When it last sent something, in seconds since 1970.
    pub last_seen: Option<i64>,
}

/// `GET /v1/hosts`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Hosts {
    /// Since when they are counted, in seconds since 1970.
    pub since: i64,
    /// Most blocked first, then most seen.
    pub hosts: Vec<Host>,
}

/// A name that devices asked for or connected to.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Host {
    /// The name.
    pub name: String,
    /// How often it was seen.
    pub seen: u64,
    /// How often it was blocked.
    pub blocked: u64,
    /// When it was last seen, in seconds since 1970.
    pub last: i64,
    /// By whom.
    pub devices: Vec<String>,
    /// Which policies had a say.
    pub policies: Vec<String>,
}

/// A row of `GET /v1/flows`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Flow {
    /// `tcp`, `udp` or a number.
    pub proto: String,
    /// Destination address.
    pub dst: String,
    /// Destination port.
    pub dport: u16,
    /// The name that it showed, or that the device had asked for.
    pub name: Option<String>,
    /// From what the name was learned; `asked`: from the question that the device had asked before.
    pub name_from: Option<String>,
    /// `pass`, `drop`, `reject` or `observe`.
    pub verdict: String,
    /// The policy that made the verdict.
    pub policy: Option<String>,
    /// Why.
    pub reason: String,
    /// How far the reading of it is.
    pub state: String,
    /// When the verdict fell, in seconds since 1970.
    pub since: i64,
}
