//! `gateway devices`.

use serde::Serialize;

use super::places::{ConfigArg, Places};
use super::table::{print_json, print_table};
use crate::datapath::maps::Maps;
use crate::datapath::pins::Pins;
use crate::observe::snapshot::{BlockedRow, DeviceRow, Snapshot};
use gateway_common::abi::Action;

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
    policies: Vec<String>,
    packets: u64,
    bytes: u64,
    flows: u64,
    blocked_packets: u64,
    blocked_flows: u64,
    observed_flows: u64,
}

impl Row {
    fn new(index: usize, device: &DeviceRow, snapshot: &Snapshot) -> Self {
        let sum = |actions: &[Action], what: fn(u64, u64) -> u64| -> u64 {
            let of_device = |row: &&BlockedRow| row.device == index && actions.contains(&row.action);
            snapshot.blocked.iter().filter(of_device).map(|row| what(row.packets, row.flows)).sum()
        };
        let blocked = [Action::Drop, Action::Reject];
        Self {
            device: device.name.clone(),
            mac: device.mac.map(|mac| mac.to_string()),
            random_mac: device.mac.is_some_and(|key| key.mac.is_local()),
            policies: device.policies.clone(),
            packets: device.counters.packets,
            bytes: device.counters.bytes,
            flows: device.counters.flows,
            blocked_packets: sum(&blocked, |packets, _| packets),
            blocked_flows: sum(&blocked, |_, flows| flows),
            observed_flows: sum(&[Action::Observe], |_, flows| flows),
        }
    }

    fn cells(&self) -> Vec<String> {
        let mac = self.mac.clone().unwrap_or_else(|| "(all others)".to_owned());
        let mac = if self.random_mac { format!("{mac} random") } else { mac };
        let mut cells = vec![self.device.clone(), mac, self.policies.join(", ")];
        let numbers = [self.packets, self.bytes, self.flows, self.blocked_packets, self.blocked_flows];
        cells.extend(numbers.map(|number| number.to_string()));
        cells
    }
}

/// Prints the devices, whether the daemon runs or not.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let maps = Maps::pinned(&Pins::new(Places::read(&args.config.config)?.pin))?;
    let snapshot = Snapshot::read(&maps)?;
    let rows: Vec<Row> = snapshot
        .devices
        .iter()
        .enumerate()
        .map(|(index, device)| Row::new(index, device, &snapshot))
        .collect();
    if args.json {
        return print_json(&rows);
    }
    let header = ["DEVICE", "MAC", "POLICIES", "PACKETS", "BYTES", "FLOWS", "BLOCKED", "BLOCKED FLOWS"];
    print_table(&header, 3, rows.iter().map(Row::cells).collect())
}
