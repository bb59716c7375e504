//! What was counted when: the last hour in steps of ten seconds, what is older in steps of five minutes, a day in all.
//!
//! The kernel half counts totals. They are sampled, and what is kept are the differences.

use std::collections::{BTreeMap, VecDeque};
use std::ops::AddAssign;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gateway_common::abi::{Action, BlockedCounters, BlockedKey, DeviceCounters, DeviceKey};
use serde::{Deserialize, Serialize};

use super::unix_now;
use crate::datapath::Error;
use crate::datapath::maps::Maps;

/// How often the totals are sampled.
pub const STEP: Duration = Duration::from_secs(10);

/// How many steps are kept as they are.
const FINE: usize = 360;

/// How long a step of those before them is, in seconds.
const COARSE: u64 = 300;

/// How much is kept, in seconds.
const MOST: u64 = 86_400;

/// What was counted in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// When the step ended, in seconds since 1970.
    pub time: u64,
    /// How long it was.
    pub seconds: u64,
    /// Frames from devices.
    pub packets: u64,
    /// Their length in bytes.
    pub bytes: u64,
    /// Packets towards devices.
    pub packets_down: u64,
    /// Their length in bytes.
    pub bytes_down: u64,
    /// Flows that devices with policies began.
    pub flows: u64,
    /// Frames that were dropped or rejected.
    pub blocked_packets: u64,
    /// Flows that were dropped or rejected.
    pub blocked_flows: u64,
}

/// What `/v1/history` tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryView {
    /// Seconds of a step of the last hour.
    pub step: u64,
    /// What was counted in each step, oldest first.
    pub points: Vec<Point>,
}

/// The totals of one moment.
#[derive(Debug, Default)]
pub struct Sample {
    /// By number and owner: the counters of a number that has changed hands begin at zero.
    devices: BTreeMap<(u32, Option<DeviceKey>), DeviceCounters>,
    blocked: BTreeMap<BlockedKey, BlockedCounters>,
}

impl Sample {
    /// Reads the totals.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn read(maps: &Maps) -> Result<Self, Error> {
        let device = |reading: crate::datapath::read::DeviceReading| {
            ((reading.number, reading.label.map(|(_, key)| key)), reading.counters)
        };
        Ok(Self {
            devices: maps.read_devices()?.into_iter().map(device).collect(),
            blocked: maps.read_blocked()?,
        })
    }

    /// What was counted between `earlier` and this.
    fn since(&self, earlier: &Self) -> Point {
        let mut point = Point::default();
        for (owner, now) in &self.devices {
            let was = earlier.devices.get(owner);
            let more = |count: fn(&DeviceCounters) -> u64| more(count(now), was.map(count));
            point.packets += more(|counters| counters.packets);
            point.bytes += more(|counters| counters.bytes);
            point.packets_down += more(|counters| counters.down_packets);
            point.bytes_down += more(|counters| counters.down_bytes);
            point.flows += more(|counters| counters.flows);
        }
        let stops = |action| Action::from_index(action).is_some_and(|action| !action.lets_through());
        for (key, now) in self.blocked.iter().filter(|(key, _)| stops(key.action)) {
            let was = earlier.blocked.get(key);
            point.blocked_packets += more(now.packets, was.map(|was| was.packets));
            point.blocked_flows += more(now.flows, was.map(|was| was.flows));
        }
        point
    }
}

/// How much a counter has grown. One that is new or has fallen began at zero in between.
fn more(now: u64, was: Option<u64>) -> u64 {
    was.and_then(|was| now.checked_sub(was)).unwrap_or(now)
}

/// The steps that are kept.
#[derive(Default)]
pub struct History(Mutex<Steps>);

#[derive(Default)]
struct Steps {
    last: Option<(Instant, Sample)>,
    fine: VecDeque<Point>,
    coarse: VecDeque<Point>,
}

impl History {
    /// Adds what was counted since the sample before this one, which is of this moment.
    pub fn add(&self, sample: Sample) {
        self.lock().add(sample, Instant::now(), unix_now());
    }

    /// The steps, oldest first.
    pub fn view(&self) -> HistoryView {
        let steps = self.lock();
        let points = steps.coarse.iter().chain(&steps.fine).copied().collect();
        HistoryView { step: STEP.as_secs(), points }
    }

    fn lock(&self) -> MutexGuard<'_, Steps> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Steps {
    fn add(&mut self, sample: Sample, at: Instant, time: u64) {
        if let Some((before, earlier)) = &self.last {
            let passed = at.saturating_duration_since(*before) + Duration::from_millis(500);
            self.fine.push_back(Point { time, seconds: passed.as_secs(), ..sample.since(earlier) });
        }
        self.last = Some((at, sample));
        while self.fine.len() > FINE
            && let Some(point) = self.fine.pop_front()
        {
            self.keep_coarse(&point);
        }
        self.forget();
    }

    fn keep_coarse(&mut self, point: &Point) {
        match self.coarse.back_mut() {
            Some(last) if last.seconds + point.seconds <= COARSE => *last += *point,
            _ => self.coarse.push_back(*point),
        }
    }

    /// By the length of the steps and not by the clock, which may be set.
    fn forget(&mut self) {
        let mut seconds: u64 = self.coarse.iter().chain(&self.fine).map(|point| point.seconds).sum();
        while seconds > MOST
            && let Some(gone) = self.coarse.pop_front().or_else(|| self.fine.pop_front())
        {
            seconds -= gone.seconds;
        }
    }
}

impl AddAssign for Point {
    /// Makes one of two steps, `later` being behind this one.
    fn add_assign(&mut self, later: Self) {
        self.time = later.time;
        self.seconds += later.seconds;
        self.packets += later.packets;
        self.bytes += later.bytes;
        self.packets_down += later.packets_down;
        self.bytes_down += later.bytes_down;
        self.flows += later.flows;
        self.blocked_packets += later.blocked_packets;
        self.blocked_flows += later.blocked_flows;
    }
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
