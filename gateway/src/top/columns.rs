//! The columns of the table of devices: their text, and how they sort.

use std::cmp::Ordering;

use jiff::{Timestamp, Zoned};

use super::model::Row;
use super::view::figures::{count, short};

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described by its title and text below")]
pub enum Column {
    Device,
    Mac,
    Host,
    Vendor,
    Address,
    Up,
    Down,
    Packets,
    Flows,
    Blocks,
    AllFlows,
    AllBlocked,
    AllObserved,
    Sent,
    Received,
    Seen,
    Policies,
}

/// How a column looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// What stands above it.
    pub title: &'static str,
    /// The fewest cells in which it says something.
    pub least: u16,
    /// The cells that it takes if there are enough.
    pub best: u16,
    /// Whether it is a number, and stands to the right.
    pub number: bool,
}

/// As they stand on the screen.
const PLACES: [Column; 17] = [
    Column::Device,
    Column::Mac,
    Column::Host,
    Column::Vendor,
    Column::Address,
    Column::Up,
    Column::Down,
    Column::Packets,
    Column::Flows,
    Column::Blocks,
    Column::AllFlows,
    Column::AllBlocked,
    Column::AllObserved,
    Column::Sent,
    Column::Received,
    Column::Seen,
    Column::Policies,
];

/// Those that are there at 80 cells, the most important first.
const CORE: [Column; 9] = [
    Column::Device,
    Column::Down,
    Column::Up,
    Column::Policies,
    Column::Blocks,
    Column::AllBlocked,
    Column::Packets,
    Column::Flows,
    Column::AllFlows,
];

/// Those for which there must be room without taking it from others, the most important first.
const MORE: [Column; 8] = [
    Column::Host,
    Column::Vendor,
    Column::Mac,
    Column::Address,
    Column::Received,
    Column::Sent,
    Column::Seen,
    Column::AllObserved,
];

/// The columns that fit into so many cells, as they stand on the screen. The first cell is for the mark of the selected
/// device, and each column but the first has a gap before it.
pub fn fit(width: u16) -> Vec<Column> {
    let mut chosen = vec![Column::Device];
    let takes = |chosen: &[Column], cells: fn(Look) -> u16| -> u16 {
        chosen.iter().map(|column| cells(column.look()) + 1).sum()
    };
    for column in CORE.into_iter().skip(1).chain(MORE) {
        chosen.push(column);
        let cells = if CORE.contains(&column) { |look: Look| look.least } else { |look: Look| look.best };
        if takes(&chosen, cells) > width {
            chosen.pop();
            break;
        }
    }
    PLACES.into_iter().filter(|column| chosen.contains(column)).collect()
}

/// How many cells each column gets: what is left over goes to the device, then to the policies.
pub fn widths(columns: &[Column], width: u16) -> Vec<u16> {
    let mut cells: Vec<u16> = columns.iter().map(|column| column.look().least).collect();
    let mut left = width.saturating_sub(cells.iter().map(|cells| cells + 1).sum());
    let mut grow = |which: Column, to: u16| {
        for (column, cells) in columns.iter().zip(&mut cells).filter(|(column, _)| **column == which) {
            let more = to.max(column.look().best).saturating_sub(*cells).min(left);
            *cells += more;
            left -= more;
        }
    };
    for column in columns {
        grow(*column, 0);
    }
    grow(Column::Device, 24);
    grow(Column::Policies, u16::MAX);
    grow(Column::Device, u16::MAX);
    cells
}

impl Column {
    /// How it looks. A rate takes at most four cells, as does a number of bytes.
    pub fn look(self) -> Look {
        let text = |title, least, best| Look { title, least, best, number: false };
        let number = |title, cells| Look { title, least: cells, best: cells, number: true };
        match self {
            // A MAC address takes 17 cells, which is what an unlisted device has for a name.
            Self::Device => text("DEVICE", 10, 17),
            Self::Mac => text("MAC", 17, 17),
            Self::Host => text("HOST", 14, 14),
            Self::Vendor => text("VENDOR", 20, 20),
            Self::Address => text("ADDRESS", 15, 15),
            Self::Up => number("UP/s", 4),
            Self::Down => number("DOWN/s", 6),
            Self::Packets => number("PPS", 4),
            Self::Flows => number("FLW/s", 5),
            Self::Blocks => number("BLK/s", 5),
            Self::AllFlows => number("FLOWS", 5),
            Self::AllBlocked => number("BLOCKED", 7),
            Self::AllObserved => number("OBSERVED", 8),
            Self::Sent => number("SENT", 4),
            Self::Received => number("RECVD", 5),
            Self::Seen => text("SEEN", 8, 8),
            // As long as `paused until 18:40`.
            Self::Policies => text("POLICIES", 10, 18),
        }
    }

    /// What it says of a device.
    pub fn text(self, row: &Row, now: &Zoned) -> String {
        let device = &row.device;
        let given = |text: &Option<String>| text.clone().unwrap_or_default();
        match self {
            Self::Device => row.key.word().to_owned(),
            Self::Mac => given(&row.key.mac),
            Self::Host => given(&device.host),
            Self::Vendor => match &device.vendor {
                None if device.random_mac => String::from("(random address)"),
                vendor => given(vendor),
            },
            Self::Address => device.addresses.first().map(ToString::to_string).unwrap_or_default(),
            Self::Seen => device.last_seen.map(|seen| clock(seen, now)).unwrap_or_default(),
            Self::Policies => policies(row, now),
            _ => match self.total(row) {
                Some(total) => count(total, self.look().best),
                None => self.number(row).map_or_else(|| String::from("-"), short),
            },
        }
    }

    /// Sorts as people want it: names from a to z, numbers from the largest on, what is unknown last.
    pub fn compare(self, a: &Row, b: &Row) -> Ordering {
        if self.look().number {
            let number = |row| self.number(row).unwrap_or(-1.0);
            return number(b).total_cmp(&number(a));
        }
        match self {
            Self::Seen => return b.device.last_seen.cmp(&a.device.last_seen),
            Self::Address => {
                let address = |row: &Row| row.device.addresses.first().copied();
                return address(a).is_none().cmp(&address(b).is_none()).then(address(a).cmp(&address(b)));
            }
            _ => {}
        }
        let text = |row: &Row| match self {
            Self::Device => row.key.word().to_lowercase(),
            Self::Mac => row.key.mac.clone().unwrap_or_default(),
            Self::Host => row.device.host.clone().unwrap_or_default().to_lowercase(),
            Self::Vendor => row.device.vendor.clone().unwrap_or_default().to_lowercase(),
            _ => row.device.policies.join(","),
        };
        let (a, b) = (text(a), text(b));
        a.is_empty().cmp(&b.is_empty()).then(a.cmp(&b))
    }

    #[expect(clippy::cast_precision_loss, reason = "it is for sorting, and three digits")]
    fn number(self, row: &Row) -> Option<f64> {
        let rates = &row.rates;
        match self {
            Self::Up => rates.up,
            Self::Down => rates.down,
            Self::Packets => rates.packets,
            Self::Flows => rates.flows,
            Self::Blocks => rates.blocked,
            _ => self.total(row).map(|total| total as f64),
        }
    }

    fn total(self, row: &Row) -> Option<u64> {
        let device = &row.device;
        match self {
            Self::AllFlows => Some(device.flows),
            Self::AllBlocked => Some(device.blocked_flows),
            Self::AllObserved => Some(device.observed_flows),
            Self::Sent => Some(device.bytes),
            Self::Received => Some(device.bytes_down),
            _ => None,
        }
    }
}

/// The policies, or until when none applies.
fn policies(row: &Row, now: &Zoned) -> String {
    let device = &row.device;
    let Some(until) = device.paused_until else {
        return match device.policies.as_slice() {
            [] if device.listed => String::from("-"),
            policies => policies.join(","),
        };
    };
    let until = until.to_zoned(now.time_zone().clone());
    // The year would not fit, and no pause is longer than a month.
    let format = if until.date() == now.date() { "paused until %H:%M" } else { "paused until %m-%d" };
    until.strftime(format).to_string()
}

/// A moment by the clock on the wall, or its date if it is another day's.
pub fn clock(unix: u64, now: &Zoned) -> String {
    let moment = i64::try_from(unix).ok().and_then(|unix| Timestamp::from_second(unix).ok());
    let Some(moment) = moment else { return String::from("-") };
    let moment = moment.to_zoned(now.time_zone().clone());
    let format = if moment.date() == now.date() { "%H:%M:%S" } else { "%m-%d" };
    moment.strftime(format).to_string()
}

#[cfg(test)]
#[path = "columns_tests.rs"]
mod tests;
