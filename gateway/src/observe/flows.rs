//! Flows as people and programs see them: who talks to whom, and what was decided about it.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;

use gateway_common::abi::{Action, Asked, DeviceKey, Flow, FlowKey, FlowState, NO_POLICY};
use gateway_common::reason::Reason;
use gateway_common::wire::MacAddr;
use serde::{Deserialize, Serialize};

use super::event::{BootClock, address, protocol};
use super::snapshot::Labels;
use crate::datapath::Error;
use crate::datapath::maps::Maps;
use crate::policy::{DeviceAddress, OTHER, Shown};

/// How many flows are told if nothing else is asked for.
pub const USUAL: usize = 1000;

/// What a name is learned from that the flow itself has not shown.
const ASKED: &str = "asked";

/// A flow, and what was decided about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowView {
    /// Name of the device, or `other`.
    pub device: String,
    /// Its MAC address.
    pub mac: String,
    /// `tcp`, `udp`, or the number of the IP protocol.
    pub proto: String,
    /// Source address.
    pub src: IpAddr,
    /// Source port; 0 where the protocol has none.
    pub sport: u16,
    /// Destination address.
    pub dst: IpAddr,
    /// Destination port; 0 where the protocol has none.
    pub dport: u16,
    /// Whom the device talks to, if that is known; printable ASCII.
    pub name: Option<String>,
    /// What the name was learned from: a word for the flow itself, or `asked`: the flow showed no name, and the device had asked
    /// DNS for this one and been given this address.
    pub name_from: Option<String>,
    /// `pass`, `drop`, `reject` or `observe`.
    pub verdict: String,
    /// Name of the policy that made the verdict.
    pub policy: Option<String>,
    /// Why.
    pub reason: String,
    /// `decided`; or what is waited for: `opening` (its first payload), `reading` (the rest of its name), `midway` (the filter came
    /// in the middle of it), `dns` (each question is judged).
    pub state: String,
    /// When it began or the last was learned of it, in seconds since 1970.
    pub since: u64,
}

/// Which flows are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowQuery {
    /// Name or MAC address of the device; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Only those that are blocked, or would be.
    #[serde(default)]
    pub blocked: bool,
    /// How many at most.
    #[serde(default = "usual")]
    pub limit: usize,
}

const fn usual() -> usize {
    USUAL
}

impl Default for FlowQuery {
    fn default() -> Self {
        Self { device: None, blocked: false, limit: USUAL }
    }
}

/// What turns numbers and hashes of the kernel half into words.
pub struct Words<'a> {
    /// The names of devices.
    pub owners: &'a Owners,
    /// The names of policies.
    pub labels: &'a Labels,
    /// The name with a hash, if it is known; escaped.
    pub name: &'a dyn Fn(u64) -> Option<String>,
    /// What the device had asked DNS for when it was given the address.
    pub asked: &'a dyn Fn(MacAddr, [u8; 16]) -> Option<Asked>,
    /// The kernel's clock.
    pub clock: BootClock,
}

/// Whose an address is: the names of the listed devices.
#[derive(Clone, Debug, Default)]
pub struct Owners(HashMap<DeviceKey, String>);

impl Owners {
    /// Reads them.
    ///
    /// # Errors
    /// If the map cannot be read.
    pub fn read(maps: &Maps) -> Result<Self, Error> {
        Ok(Self(maps.read_device_labels()?.into_values().map(|(name, address)| (address, name)).collect()))
    }

    /// Name of the device with this address, by the longest beginning that is listed; `other` if none is.
    pub fn of(&self, mac: MacAddr) -> &str {
        let beginnings = (1..=6).rev().map(|bytes| DeviceKey::prefix(mac, bytes));
        beginnings.filter_map(|key| self.0.get(&key)).next().map_or(OTHER, String::as_str)
    }

    /// Whether a word means a device: its name, an address, or the beginning of addresses.
    pub fn know(&self, word: &str) -> bool {
        word == OTHER || word.parse::<DeviceAddress>().is_ok() || self.0.values().any(|name| name == word)
    }

    /// Whether the device with this address is meant.
    fn mean(&self, mac: MacAddr, word: &str) -> bool {
        let is_part = |all: DeviceAddress| all.contains(DeviceKey::prefix(mac, 6).into());
        self.of(mac) == word || word.parse().is_ok_and(is_part)
    }
}

/// Reads the flows that are asked for, whether a daemon runs or not. `name` knows names by their hashes; without a daemon nobody
/// does.
///
/// # Errors
/// [`Refused::NoDevice`] if no such device is known, [`Refused::Read`] if a map cannot be read.
pub fn read(
    maps: &Maps,
    query: &FlowQuery,
    name: &dyn Fn(u64) -> Option<String>,
) -> Result<Vec<FlowView>, Refused> {
    let (owners, mut labels) = (Owners::read(maps)?, Labels::default());
    if let Some(word) = query.device.as_deref().filter(|word| !owners.know(word)) {
        return Err(Refused::NoDevice(word.to_owned()));
    }
    labels.refresh(maps)?;
    // An address that cannot be looked up is one of which nothing is known.
    let asked = |mac, address| maps.read_asked(mac, address).ok().flatten();
    let words = Words { owners: &owners, labels: &labels, name, asked: &asked, clock: BootClock::read() };
    Ok(views(maps.read_flows()?, query, &words))
}

/// Why no flows are told.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The word means no device.
    #[error("there is no device {}; `gateway devices` lists them", Shown(.0))]
    NoDevice(String),
    /// A map could not be read.
    #[error(transparent)]
    Read(#[from] Error),
}

/// The flows that are asked for, the newest first.
pub fn views(mut flows: Vec<(FlowKey, Flow)>, query: &FlowQuery, words: &Words<'_>) -> Vec<FlowView> {
    let is_blocked =
        |flow: &Flow| Action::from_index(flow.action).is_some_and(|action| action != Action::Pass);
    flows.retain(|(key, flow)| {
        let is_meant = query.device.as_deref().is_none_or(|word| words.owners.mean(key.mac, word));
        is_meant && (!query.blocked || is_blocked(flow))
    });
    // Of those of one second, the order is arbitrary; it should be the same at each look.
    let order = |(key, flow): &(FlowKey, Flow)| {
        (Reverse(flow.since), key.mac, key.destination, key.source_port, key.source, key.protocol)
    };
    if query.limit < flows.len() {
        // Of tens of thousands, a few are wanted: only those are sorted.
        flows.select_nth_unstable_by_key(query.limit, order);
        flows.truncate(query.limit);
    }
    flows.sort_unstable_by_key(order);
    flows.iter().filter_map(|(key, flow)| view(key, flow, words)).collect()
}

/// Nothing for a flow that this version cannot have written.
fn view(key: &FlowKey, flow: &Flow, words: &Words<'_>) -> Option<FlowView> {
    let (name, name_from) = name(key, flow, words).unzip();
    Some(FlowView {
        device: words.owners.of(key.mac).to_owned(),
        mac: key.mac.to_string(),
        proto: protocol(key.protocol),
        src: address(key.source),
        sport: u16::from_be_bytes(key.source_port),
        dst: address(key.destination),
        dport: u16::from_be_bytes(key.destination_port),
        name,
        name_from: name_from.map(str::to_owned),
        verdict: Action::from_index(flow.action)?.label().to_owned(),
        policy: (flow.policy != NO_POLICY).then(|| words.labels.policy(flow.policy).to_owned()),
        reason: Reason::from_index(flow.reason)?.label().to_owned(),
        state: state(flow.state)?.to_owned(),
        since: words.clock.unix_second(flow.since.into()),
    })
}

/// The name, and what it was learned from.
fn name(key: &FlowKey, flow: &Flow, words: &Words<'_>) -> Option<(String, &'static str)> {
    let learned = &flow.learned;
    let shown = usize::from(learned.count).checked_sub(1).and_then(|last| learned.suffixes.get(last));
    // The address may have become another's since.
    let asked = (words.asked)(key.mac, key.destination).filter(|asked| asked.until >= u64::from(flow.since));
    // What stands outside of an encrypted hello names whoever takes it, not who is talked to; unless the device asked for that very
    // name, as where the extension is only there for show.
    let is_cover = |hash: u64| {
        let asked = asked.as_ref().filter(|_| learned.has_ech != 0);
        asked.is_some_and(|asked| asked.name() != Some(hash) && !asked.before.contains(&hash))
    };
    match shown {
        Some(hash) if !is_cover(*hash) => {
            Some(((words.name)(*hash)?, Reason::from_index(learned.reason)?.label()))
        }
        _ => Some(((words.name)(asked?.name()?)?, ASKED)),
    }
}

/// The word for a state; none for a number that is no state.
fn state(number: u8) -> Option<&'static str> {
    const WORDS: [(FlowState, &str); 7] = [
        (FlowState::Decided, "decided"),
        (FlowState::Midway, "midway"),
        (FlowState::Opening, "opening"),
        (FlowState::Tls, "reading"),
        (FlowState::Http, "reading"),
        (FlowState::Datagrams, "reading"),
        (FlowState::Dns, "dns"),
    ];
    WORDS.iter().find(|(state, _)| *state as u8 == number).map(|(_, word)| *word)
}

#[cfg(test)]
#[path = "flows_tests.rs"]
mod tests;
