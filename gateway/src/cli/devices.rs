//! `gateway devices`.

use gateway_common::abi::Action;
use jiff::{Timestamp, Zoned};
use serde::Serialize;

use super::places::{ConfigArg, Places};
use super::table::{print_json, print_table};
use crate::datapath::maps::Maps;
use crate::datapath::pins::Pins;
use crate::observe::snapshot::{BlockedRow, DeviceRow, Snapshot};
use crate::policy::DeviceAddress;
use crate::present::pauses::{Pauses, shown};

/// Options of `gateway devices`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// One device, as it is printed.
#[derive(Debug, Serialize)]
struct Row {
    device: String,
    mac: Option<String>,
    /// Whether the address was made up by the device, as phones do for privacy: it may come back with another one.
    random_mac: bool,
    /// The policies that have a say now.
    policies: Vec<String>,
    /// Until when it is paused; a time that is past if no daemon was there to end it.
    paused_until: Option<Timestamp>,
    packets: u64,
    bytes: u64,
    flows: u64,
    blocked_packets: u64,
    blocked_flows: u64,
    observed_flows: u64,
}

impl Row {
    fn new(index: usize, device: &DeviceRow, snapshot: &Snapshot, pauses: &Pauses) -> Self {
        let sum = |actions: &[Action], what: fn(u64, u64) -> u64| -> u64 {
            let of_device = |row: &&BlockedRow| row.device == index && actions.contains(&row.action);
            snapshot.blocked.iter().filter(of_device).map(|row| what(row.packets, row.flows)).sum()
        };
        let blocked = [Action::Drop, Action::Reject];
        Self {
            device: device.name.clone(),
            mac: device.address.map(String::from),
            random_mac: device.address.is_some_and(DeviceAddress::is_random),
            policies: device.policies.clone(),
            paused_until: device.address.and_then(|address| pauses.until(address)),
            packets: device.counters.packets,
            bytes: device.counters.bytes,
            flows: device.counters.flows,
            blocked_packets: sum(&blocked, |packets, _| packets),
            blocked_flows: sum(&blocked, |_, flows| flows),
            observed_flows: sum(&[Action::Observe], |_, flows| flows),
        }
    }

    fn cells(&self, now: &Zoned) -> Vec<String> {
        let mac = self.mac.clone().unwrap_or_else(|| "(all others)".to_owned());
        let mac = if self.random_mac { format!("{mac} random") } else { mac };
        let policies = match self.paused_until {
            Some(until) if until <= now.timestamp() => {
                format!("paused until {}, which a running daemon would end", shown(until, now))
            }
            Some(until) => format!("paused until {}", shown(until, now)),
            None => self.policies.join(", "),
        };
        let mut cells = vec![self.device.clone(), mac, policies];
        let numbers = [self.packets, self.bytes, self.flows, self.blocked_packets, self.blocked_flows];
        cells.extend(numbers.map(|number| number.to_string()));
        cells
    }
}

/// Prints the devices, whether the daemon runs or not.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let places = Places::read(&args.config.config)?;
    let maps = Maps::pinned(&Pins::new(&places.pin))?;
    let snapshot = Snapshot::read(&maps)?;
    let pauses = places.pauses();
    let rows: Vec<Row> = snapshot
        .devices
        .iter()
        .enumerate()
        .map(|(index, device)| Row::new(index, device, &snapshot, &pauses))
        .collect();
    if args.json {
        return print_json(&rows);
    }
    let now = Zoned::now();
    let header = ["DEVICE", "MAC", "POLICIES", "PACKETS", "BYTES", "FLOWS", "BLOCKED", "BLOCKED FLOWS"];
    print_table(&header, 3, rows.iter().map(|row| row.cells(&now)).collect())
}
