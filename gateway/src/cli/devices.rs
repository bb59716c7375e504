//! `gateway devices`.

use std::collections::HashSet;
use std::io::Write as _;

use jiff::{Timestamp, Zoned};

use super::amount::short;
use super::client;
use super::places::{ConfigArg, Places};
use super::table::{print_fitting, print_json};
use crate::datapath::maps::Maps;
use crate::datapath::pins::Pins;
use crate::observe::devices::{DeviceView, read};
use crate::policy::Escaped;
use crate::present::pauses::shown;
use crate::serve::views::DEVICES;
use crate::who::entry::Entry;
use crate::who::known::Known;

/// How many devices that are not listed are shown to people.
const UNLISTED: usize = 20;

/// Options of `gateway devices`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// Prints the devices, whether the daemon runs or not.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let places = Places::read(&args.config.config)?;
    let views = match client::read(&places.socket, DEVICES) {
        Ok(views) => views,
        Err(_) => of_kernel(&places)?,
    };
    if args.json {
        return print_json(&views);
    }
    let now = Zoned::now();
    let rows = views.iter().filter(|view| view.device.is_some()).map(|view| cells(view, &now)).collect();
    let header = ["DEVICE", "MAC", "HOST", "VENDOR", "POLICIES", "UP", "DOWN", "FLOWS", "BLOCKED"];
    print_fitting(&header, 5, &[2, 3, 4], rows)?;
    let text = unlisted(&views, &now);
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

/// What there is to tell without a daemon.
fn of_kernel(places: &Places) -> anyhow::Result<Vec<DeviceView>> {
    let maps = Maps::pinned(&Pins::new(&places.pin))?;
    Ok(read(&maps, &places.pauses(), &mut Known::new(&places.names))?)
}

fn cells(view: &DeviceView, now: &Zoned) -> Vec<String> {
    let policies = match view.paused_until {
        Some(until) if until <= now.timestamp() => {
            format!("paused until {}, which a running daemon would end", shown(until, now))
        }
        Some(until) => format!("paused until {}", shown(until, now)),
        None => view.policies.join(", "),
    };
    let mac = view.mac.map_or_else(|| "(all others)".to_owned(), |mac| mac.to_string());
    let vendor = view.vendor.as_deref().unwrap_or(if view.random_mac { "(random)" } else { "" });
    let mut cells = vec![
        Escaped(view.device.as_deref().unwrap_or_default()).to_string(),
        mac,
        Escaped(view.host.as_deref().unwrap_or_default()).to_string(),
        Escaped(vendor).to_string(),
        policies,
    ];
    cells.extend([view.bytes, view.bytes_down, view.flows, view.blocked_flows].map(short));
    cells
}

/// The devices that were seen and are not listed, as lines to copy; the last seen first. Nothing if there are none.
fn unlisted(views: &[DeviceView], now: &Zoned) -> String {
    let (listed, unlisted): (Vec<_>, Vec<_>) =
        views.iter().partition(|view| view.listed || view.mac.is_none());
    if unlisted.is_empty() {
        return String::new();
    }
    let mut taken: HashSet<String> = listed.iter().filter_map(|view| view.device.clone()).collect();
    let mut text = format!(
        "\n# {} not listed, but seen. Copied into gateway.toml, these lines list them:\n",
        unlisted.len()
    );
    for view in unlisted.iter().take(UNLISTED) {
        let Some(mac) = view.mac.map(|address| address.key().mac) else { continue };
        let last_seen = view.last_seen.and_then(|last| Timestamp::from_second(last.try_into().ok()?).ok());
        let entry = Entry {
            mac,
            host: view.host.as_deref(),
            vendor: view.vendor.as_deref(),
            addresses: &view.addresses,
            last_seen: last_seen.map(|last| shown(last, now)),
        };
        text.push('\n');
        text.push_str(&entry.lines(&mut taken));
    }
    if unlisted.len() > UNLISTED {
        text += &format!("\n# and {} more, which --json shows\n", unlisted.len() - UNLISTED);
    }
    text
}

#[cfg(test)]
#[path = "devices_tests.rs"]
mod tests;
