//! All that is shown, and what was chosen to be shown. Pure; every function is told the time.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use jiff::Timestamp;

use super::columns::{Column, fit};
use super::feed::{Failure, Poll};
use super::rates::{CLOSEST, Rates};
use super::wire::{Device, Flow, Host, Record, Status};

/// What tells one row of the table from the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Name of a listed device, or `other`.
    pub device: Option<String>,
    /// Its address.
    pub mac: Option<String>,
}

impl Key {
    fn of(device: &Device) -> Self {
        Self { device: device.device.clone(), mac: device.mac.map(String::from) }
    }

    /// The word by which the daemon knows it.
    pub fn word(&self) -> &str {
        self.device.as_deref().or(self.mac.as_deref()).unwrap_or_default()
    }
}

/// A device, and what it does a second.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What tells it from the others.
    pub key: Key,
    /// What the daemon says of it.
    pub device: Device,
    /// What it does.
    pub rates: Rates,
}

/// Whether there is a daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// None so far, and why.
    Waiting(String),
    /// It answered when it was last asked.
    Up,
    /// It answered once, and does not any more.
    Lost {
        /// Since when.
        since: Timestamp,
        /// Whether there is none, rather than one that is not understood.
        gone: bool,
        /// Why.
        why: String,
    },
}

/// The lists below the devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// The names that were blocked most.
    Hosts,
    /// The last events.
    Events,
    /// The connections of the selected device.
    Flows,
}

impl Pane {
    /// All of them, as the keys 1 to 3 choose.
    pub const ALL: [Self; 3] = [Self::Hosts, Self::Events, Self::Flows];
}

/// What keys do at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They choose what is shown.
    Watch,
    /// They end the help.
    Help,
    /// They write the filter.
    Filter,
    /// They write how long a device is to be paused.
    Pause {
        /// The device.
        device: String,
        /// What is written so far.
        text: String,
        /// Whether that is only proposed: the first letter takes its place.
        proposed: bool,
        /// What is wrong with it.
        mistake: Option<String>,
    },
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// In words.
    pub text: String,
    /// Whether it was refused.
    pub bad: bool,
}

/// The devices of the moment from which rates are counted.
#[derive(Debug)]
struct Base {
    taken: Instant,
    devices: HashMap<Key, Device>,
}

/// The whole state of the view.
#[derive(Debug)]
pub struct Model {
    /// Whether there is a daemon.
    pub link: Link,
    /// What it last said of the filter.
    pub status: Option<Status>,
    /// Its devices, in its order.
    pub rows: Vec<Row>,
    /// Its names, most blocked first.
    pub hosts: Vec<Host>,
    /// Its events, oldest first.
    pub events: Vec<Record>,
    /// The connections of a device, or why there are none to show.
    flows: Option<(Key, Result<Vec<Flow>, String>)>,
    selected: Option<Key>,
    /// The column by which the devices are sorted.
    pub sort: Column,
    /// Whether they are sorted the other way round.
    pub reversed: bool,
    /// Only what has this text is shown.
    pub filter: String,
    /// The list below the devices.
    pub pane: Pane,
    /// What keys do.
    pub mode: Mode,
    /// What became of the last order.
    pub message: Option<Message>,
    /// Columns of the terminal.
    pub width: u16,
    base: Option<Base>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            link: Link::Waiting(String::from("the daemon has not answered yet")),
            status: None,
            rows: Vec::new(),
            hosts: Vec::new(),
            events: Vec::new(),
            flows: None,
            selected: None,
            sort: Column::Down,
            reversed: false,
            filter: String::new(),
            pane: Pane::Hosts,
            mode: Mode::Watch,
            message: None,
            width: 80,
            base: None,
        }
    }
}

impl Model {
    /// Takes what the daemon says now in place of what it said before. Rates are counted from the last poll that is not too
    /// close.
    pub fn take(&mut self, poll: Poll) {
        let elapsed = self.base.as_ref().map(|base| poll.taken.saturating_duration_since(base.taken));
        let close = elapsed.is_some_and(|elapsed| elapsed < CLOSEST);
        let shown: HashMap<Key, Rates> = self.rows.drain(..).map(|row| (row.key, row.rates)).collect();
        let rates = |key: &Key, device: &Device| {
            if close {
                return shown.get(key).copied();
            }
            let before = self.base.as_ref()?.devices.get(key)?;
            Some(Rates::between(before, device, elapsed?))
        };
        let rows = poll.devices.into_iter().map(|device| {
            let key = Key::of(&device);
            Row { rates: rates(&key, &device).unwrap_or_default(), key, device }
        });
        self.rows = rows.collect();
        if !close {
            let devices = self.rows.iter().map(|row| (row.key.clone(), row.device.clone())).collect();
            self.base = Some(Base { taken: poll.taken, devices });
        }
        if self.selected.is_none() {
            let first = self.rows.iter().find(|row| row.device.listed).or(self.rows.first());
            self.selected = first.map(|row| row.key.clone());
        }
        self.status = Some(poll.status);
        self.hosts = poll.hosts.hosts;
        self.events = poll.events;
        self.link = Link::Up;
    }

    /// Takes the connections of a device.
    pub fn take_flows(&mut self, of: Key, flows: Result<Vec<Flow>, Failure>) {
        self.flows = Some((of, flows.map_err(|failure| failure.to_string())));
    }

    /// Takes what became of an order.
    pub fn take_answer(&mut self, answer: Result<String, Failure>) {
        let bad = answer.is_err();
        let text = answer.unwrap_or_else(|failure| failure.to_string());
        self.message = Some(Message { text, bad });
    }

    /// Takes that the daemon could not be asked. What it said before stays.
    pub fn lose(&mut self, failure: &Failure, now: Timestamp) {
        let (gone, why) = (failure.is_gone(), failure.to_string());
        self.link = match self.link {
            Link::Waiting(_) => Link::Waiting(why),
            Link::Up => Link::Lost { since: now, gone, why },
            Link::Lost { since, .. } => Link::Lost { since, gone, why },
        };
    }

    /// The devices that are shown, sorted. Those that are equal stay in the daemon's order.
    pub fn shown(&self) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.iter().filter(|row| self.has_filter(row)).collect();
        rows.sort_by(|a, b| {
            let order = self.sort.compare(a, b);
            if self.reversed { order.reverse() } else { order }
        });
        rows
    }

    /// The place of the selected device among those shown; the first one, if it is not among them.
    pub fn place(&self, shown: &[&Row]) -> usize {
        shown.iter().position(|row| Some(&row.key) == self.selected.as_ref()).unwrap_or(0)
    }

    /// The selected device.
    pub fn selected(&self) -> Option<&Row> {
        let shown = self.shown();
        shown.get(self.place(&shown)).copied()
    }

    /// Selects the device so many places further down, or up.
    pub fn step(&mut self, by: isize) {
        let shown = self.shown();
        let last = shown.len().saturating_sub(1);
        let place = self.place(&shown).saturating_add_signed(by).min(last);
        self.selected = shown.get(place).map(|row| row.key.clone());
    }

    /// Sorts by the column so many places further to the right of those that fit on the screen, or left.
    pub fn sort_by_next(&mut self, by: isize) {
        let columns = fit(self.width);
        let place = columns.iter().position(|column| *column == self.sort).unwrap_or(0);
        let count = isize::try_from(columns.len()).unwrap_or(1).max(1);
        let next = place.cast_signed().wrapping_add(by).rem_euclid(count).unsigned_abs();
        self.sort = columns.get(next).copied().unwrap_or(Column::Down);
        self.reversed = false;
    }

    /// Shows the list so many places further on, or back.
    pub fn turn_pane(&mut self, by: usize) {
        let all = Pane::ALL;
        let place = all.iter().position(|pane| *pane == self.pane).unwrap_or(0);
        self.pane = all.get((place + by) % all.len()).copied().unwrap_or(Pane::Hosts);
    }

    /// The device whose connections are to be shown, if they are.
    pub fn flows_wanted(&self) -> Option<Key> {
        (self.pane == Pane::Flows).then(|| self.selected().map(|row| row.key.clone())).flatten()
    }

    /// The connections of the selected device; nothing before they are there.
    pub fn flows(&self) -> Option<Result<&[Flow], &str>> {
        let (of, flows) = self.flows.as_ref()?;
        (Some(of) == self.selected().map(|row| &row.key)).then(|| flows.as_deref().map_err(String::as_str))
    }

    /// The names that have the text of the filter, or devices that have it.
    pub fn hosts_shown(&self) -> Vec<&Host> {
        let devices = self.words_shown();
        let hosts = self.hosts.iter();
        hosts
            .filter(|host| {
                self.is_in([host.name.as_str()])
                    || host.devices.iter().any(|name| devices.contains(name.as_str()))
            })
            .collect()
    }

    /// The events that have the text of the filter, or whose device has it; newest first.
    pub fn events_shown(&self) -> Vec<&Record> {
        let devices = self.words_shown();
        let events = self.events.iter().rev();
        events
            .filter(|event| {
                let name = event.name.as_deref().unwrap_or_default();
                self.is_in([name, &event.device, &event.mac, &event.dst.to_string()])
                    || devices.contains(event.device.as_str())
                    || devices.contains(event.mac.as_str())
            })
            .collect()
    }

    /// Names and addresses of the devices that have the text of the filter.
    fn words_shown(&self) -> HashSet<&str> {
        if self.filter.is_empty() {
            return HashSet::new();
        }
        self.rows.iter().filter(|row| self.has_filter(row)).map(|row| row.key.word()).collect()
    }

    fn has_filter(&self, row: &Row) -> bool {
        let Device { device, vendor, host, addresses, .. } = &row.device;
        let named = [device, &row.key.mac, vendor, host].into_iter().flatten().map(String::as_str);
        let addresses = || addresses.iter().map(ToString::to_string);
        self.is_in(named) || addresses().any(|address| self.is_in([address.as_str()]))
    }

    /// Whether one of these has the text of the filter, in upper or lower case.
    fn is_in<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        let filter = self.filter.to_lowercase();
        filter.is_empty() || texts.into_iter().any(|text| text.to_lowercase().contains(&filter))
    }
}

/// All devices together, as one row.
pub fn total(rows: &[Row]) -> Row {
    let sum = |of: fn(&Device) -> u64| rows.iter().map(|row| of(&row.device)).fold(0, u64::saturating_add);
    let device = Device {
        device: Some(String::from("total")),
        mac: None,
        listed: false,
        random_mac: false,
        vendor: None,
        host: None,
        addresses: Vec::new(),
        policies: Vec::new(),
        paused_until: None,
        packets: sum(|device| device.packets),
        bytes: sum(|device| device.bytes),
        packets_down: sum(|device| device.packets_down),
        bytes_down: sum(|device| device.bytes_down),
        flows: sum(|device| device.flows),
        blocked_packets: sum(|device| device.blocked_packets),
        blocked_flows: sum(|device| device.blocked_flows),
        observed_flows: sum(|device| device.observed_flows),
        last_seen: None,
    };
    let rates = rows.iter().map(|row| row.rates).fold(Rates::default(), Rates::plus);
    Row { key: Key::of(&device), device, rates }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
