//! Every counter of the kernel half by a name that people can read.

use std::collections::BTreeMap;

use gateway::datapath::maps::Maps;
use gateway::policy::{Config, Numbers};
use gateway_common::abi::{Action, Answer, BlockedKey, DeviceCounters, OTHER_DEVICE};
use gateway_common::reason::Reason;

/// Names of devices and policies by number.
#[derive(Clone, Debug)]
pub struct Names {
    pub devices: BTreeMap<u32, String>,
    pub policies: BTreeMap<u8, String>,
}

impl Names {
    /// The one that is always there.
    pub fn new() -> Self {
        Self { devices: [(OTHER_DEVICE, String::from("other"))].into(), policies: BTreeMap::new() }
    }

    /// Takes up the names of `config`. Those of before stay, for what was counted for them.
    pub fn learn(&mut self, config: &Config, numbers: &Numbers) {
        for device in &config.devices {
            self.devices.insert(numbers.devices[&device.key()], device.name.clone());
        }
        self.policies.extend(numbers.policies.iter().map(|(name, number)| (*number, name.clone())));
    }

    pub fn device(&self, number: u32) -> String {
        self.devices.get(&number).cloned().unwrap_or_else(|| format!("device {number}"))
    }

    pub fn policy(&self, number: u8) -> String {
        self.policies.get(&number).cloned().unwrap_or_else(|| format!("policy {number}"))
    }
}

/// Counters that are not zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(pub BTreeMap<String, i128>);

impl Tally {
    /// Reads every counter there is: of devices with a name, of all that was blocked, of answers and of events that were not told.
    pub fn read(maps: &Maps, names: &Names) -> Self {
        let mut tally = Self::default();
        for number in names.devices.keys() {
            tally.read_device(maps, names, *number);
        }
        for (key, counters) in maps.read_blocked().unwrap() {
            tally.add(blocked("packets", key, names), counters.packets);
            tally.add(blocked("flows", key, names), counters.flows);
        }
        for (answer, count) in Answer::ALL.iter().zip(maps.read_answers().unwrap()) {
            tally.add(of_answers(*answer), count);
        }
        tally.add(String::from("events lost"), maps.read_events_lost().unwrap());
        tally.add(String::from("events limited"), maps.read_events_limited().unwrap());
        tally
    }

    /// Reads the counters of those of these numbers that no device has: a frame counted there is lost.
    pub fn of_nobody(maps: &Maps, names: &Names, numbers: Vec<u32>) -> Self {
        let mut tally = Self::default();
        for number in numbers.into_iter().filter(|number| !names.devices.contains_key(number)) {
            tally.read_device(maps, names, number);
        }
        tally
    }

    fn read_device(&mut self, maps: &Maps, names: &Names, number: u32) {
        for counters in maps.counters.get(&number, 0).unwrap().iter() {
            self.device(&names.device(number), &counters.0);
        }
    }

    fn device(&mut self, name: &str, counters: &DeviceCounters) {
        let DeviceCounters { packets, bytes, flows, down_packets, down_bytes, reasons } = counters;
        if *counters == DeviceCounters::ZERO {
            return;
        }
        self.add(of_device(name, "packets"), *packets);
        self.add(of_device(name, "bytes"), *bytes);
        self.add(of_device(name, "flows"), *flows);
        self.add(of_device(name, "packets down"), *down_packets);
        self.add(of_device(name, "bytes down"), *down_bytes);
        for (index, count) in (0..).zip(reasons) {
            let label =
                Reason::from_index(index).map_or_else(|| format!("reason {index}"), |r| r.label().into());
            self.add(by_reason(name, &label), *count);
        }
    }

    /// Adds to a counter.
    pub fn add(&mut self, name: String, count: u64) {
        if count != 0 {
            *self.0.entry(name).or_default() += i128::from(count);
        }
    }

    /// What has moved since `before`, and by how much.
    pub fn since(&self, before: &Self) -> Self {
        let mut moved = self.clone();
        for (name, count) in &before.0 {
            *moved.0.entry(name.clone()).or_default() -= count;
        }
        moved.0.retain(|_, count| *count != 0);
        moved
    }

    /// A counter; 0 if it never moved.
    pub fn get(&self, name: &str) -> i128 {
        self.0.get(name).copied().unwrap_or(0)
    }
}

/// `packets`, `bytes` or `flows` of a device.
pub fn of_device(device: &str, what: &str) -> String {
    format!("{device}: {what}")
}

/// Frames of a device under a reason.
pub fn by_reason(device: &str, reason: &str) -> String {
    format!("{device}: {reason}")
}

/// `packets` or `flows` that a policy blocked, or would have blocked.
pub fn by_policy(what: &str, device: &str, policy: &str, reason: &str, action: &str) -> String {
    format!("{device}: {action} by {policy} for {reason}: {what}")
}

/// Rejected frames of which that became.
pub fn of_answers(answer: Answer) -> String {
    format!("answers: {}", answer.label())
}

fn blocked(what: &str, key: BlockedKey, names: &Names) -> String {
    let reason = Reason::from_index(key.reason).map_or("?", Reason::label);
    let action = Action::from_index(key.action).map_or("?", Action::label);
    by_policy(what, &names.device(key.device), &names.policy(key.policy), reason, action)
}
