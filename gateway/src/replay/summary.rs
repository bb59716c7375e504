//! What is told at the end of a replay.

use std::collections::BTreeMap;
use std::fmt;

use comfy_table::{CellAlignment, Table, presets};

use super::Skip;
use super::record::Record;
use crate::observe::snapshot::Snapshot;

/// How many ranges of numbers of skipped frames are written out.
const SHOWN: usize = 20;

/// What the replay itself counts.
#[derive(Debug, Default)]
pub struct Tally {
    frames: u64,
    /// Names that were learned, by device.
    names: BTreeMap<String, u64>,
    skipped: BTreeMap<Skip, Numbers>,
}

/// Numbers of frames.
#[derive(Debug, Default)]
struct Numbers {
    count: u64,
    /// First and last of those that follow each other.
    ranges: Vec<(u64, u64)>,
}

impl Tally {
    /// Counts a frame and what was told about it.
    pub fn add(&mut self, number: u64, skip: Option<Skip>, records: &[Record]) {
        self.frames += 1;
        if let Some(skip) = skip {
            self.skipped.entry(skip).or_default().add(number);
        }
        for record in records.iter().filter(|record| record.name.is_some()) {
            *self.names.entry(record.device.clone()).or_default() += 1;
        }
    }

    /// All of it, with what the kernel half counted.
    pub fn summary(&self, snapshot: &Snapshot) -> Summary<'_> {
        Summary { tally: self, devices: self.devices(snapshot), blocked: blocked(snapshot) }
    }

    fn devices(&self, snapshot: &Snapshot) -> Vec<Vec<String>> {
        let seen = snapshot.devices.iter().filter(|device| device.counters.packets > 0);
        seen.map(|device| {
            let mac = device.address.map_or_else(|| String::from("(all others)"), String::from);
            let names = self.names.get(&device.name).copied().unwrap_or(0);
            let policies = device.policies.join(", ");
            vec![device.name.clone(), mac, policies, device.counters.packets.to_string(), names.to_string()]
        })
        .collect()
    }
}

impl Numbers {
    fn add(&mut self, number: u64) {
        self.count += 1;
        if let Some((_, last)) = self.ranges.last_mut()
            && *last + 1 == number
        {
            *last = number;
        } else if self.ranges.len() <= SHOWN {
            // What is not shown need not be kept: a capture may be skipped in millions of pieces.
            self.ranges.push((number, number));
        }
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.ranges.iter().take(SHOWN).enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            if first == last { write!(f, "{first}")? } else { write!(f, "{first}-{last}")? }
        }
        if self.ranges.len() > SHOWN { f.write_str(", …") } else { Ok(()) }
    }
}

fn blocked(snapshot: &Snapshot) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = snapshot
        .blocked
        .iter()
        .filter_map(|row| {
            let device = snapshot.devices.get(row.device)?.name.clone();
            let words = [row.action.label(), row.reason.label()].map(String::from);
            let numbers = [row.flows, row.packets].map(|number| number.to_string());
            Some([vec![device, row.policy.clone()], words.to_vec(), numbers.to_vec()].concat())
        })
        .collect();
    rows.sort_unstable();
    rows
}

/// The summary, for people.
pub struct Summary<'a> {
    tally: &'a Tally,
    devices: Vec<Vec<String>>,
    blocked: Vec<Vec<String>>,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { frames, names, skipped } = self.tally;
        let skipped_frames: u64 = skipped.values().map(|numbers| numbers.count).sum();
        let names: u64 = names.values().sum();
        writeln!(f, "{frames} frames, {skipped_frames} of them skipped, {names} names learned")?;
        for (skip, numbers) in skipped {
            writeln!(f, "skipped {}: {skip} (frame {numbers})", numbers.count)?;
        }
        write_table(f, &["DEVICE", "MAC", "POLICIES", "FRAMES", "NAMES"], 3, &self.devices)?;
        write_table(f, &["DEVICE", "POLICY", "VERDICT", "REASON", "FLOWS", "FRAMES"], 4, &self.blocked)
    }
}

/// A table below an empty line; the columns from `numbers` on are aligned to the right. Nothing if there are no rows.
fn write_table(
    f: &mut fmt::Formatter<'_>,
    header: &[&str],
    numbers: usize,
    rows: &[Vec<String>],
) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header).add_rows(rows);
    for column in table.column_iter_mut().skip(numbers) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    writeln!(f, "\n{}", table.trim_fmt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_skipped_frames_are_ranges_and_not_too_many() {
        let mut numbers = Numbers::default();
        [3, 5, 6, 7, 9].into_iter().for_each(|number| numbers.add(number));
        assert_eq!((numbers.count, numbers.to_string().as_str()), (5, "3, 5-7, 9"));
        (10..1000).step_by(2).for_each(|number| numbers.add(number));
        assert!(numbers.to_string().ends_with(" 42, 44, …"), "{numbers}");
        assert_eq!(numbers.count, 500);
    }
}
