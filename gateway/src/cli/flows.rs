//! `gateway flows`.

use jiff::{Timestamp, Zoned};

use super::client::{self, NoDaemon};
use super::places::{ConfigArg, Places};
use super::table::{print_fitting, print_json};
use crate::datapath::maps::Maps;
use crate::datapath::pins::Pins;
use crate::observe::flows::{FlowQuery, FlowView, USUAL, read};
use crate::policy::Escaped;
use crate::serve::views::FLOWS;

/// Options of `gateway flows`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Only those of this device: its name, its MAC address, or the beginning of addresses (8c:be:be:*)
    #[arg(long)]
    device: Option<String>,
    /// Only those that are blocked, or would be if their policy did not only observe
    #[arg(long)]
    blocked: bool,
    /// At most so many: the newest
    #[arg(long, value_name = "N", default_value_t = USUAL)]
    limit: usize,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// Prints the flows. Without a daemon nobody knows what they are called.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let places = Places::read(&args.config.config)?;
    let query = FlowQuery { device: args.device.clone(), blocked: args.blocked, limit: args.limit };
    let path = format!("{FLOWS}?{}", serde_urlencoded::to_string(&query)?);
    let views = match client::read(&places.socket, &path) {
        Err(error) if error.is::<NoDaemon>() => {
            let maps = Maps::pinned(&Pins::new(&places.pin))?;
            eprintln!("gateway: no daemon runs, which alone knows the names: flows are shown without");
            read(&maps, &query, &|_| None)?
        }
        views => views?,
    };
    if args.json {
        return print_json(&views);
    }
    let now = Zoned::now();
    let header = ["SINCE", "DEVICE", "VERDICT", "POLICY", "TO", "PORT", "REASON"];
    print_fitting(&header, header.len(), &[3, 4], views.iter().map(|view| cells(view, &now)).collect())
}

fn cells(view: &FlowView, now: &Zoned) -> Vec<String> {
    let since = view.since.try_into().ok().and_then(|since| Timestamp::from_second(since).ok());
    let to = match (&view.name, view.name_from.as_deref()) {
        (Some(name), Some("asked")) => format!("{name} (asked)"),
        (Some(name), _) => name.clone(),
        (None, _) => view.dst.to_string(),
    };
    let verdict = if view.state == "decided" || view.verdict != "pass" { &view.verdict } else { &view.state };
    vec![
        since.map(|since| at(since, now)).unwrap_or_default(),
        Escaped(&view.device).to_string(),
        Escaped(verdict).to_string(),
        Escaped(view.policy.as_deref().unwrap_or_default()).to_string(),
        Escaped(&to).to_string(),
        Escaped(&format!("{}/{}", view.proto, view.dport)).to_string(),
        Escaped(&view.reason).to_string(),
    ]
}

/// The time of day, and the date before it if that is not today's.
fn at(moment: Timestamp, now: &Zoned) -> String {
    let moment = moment.to_zoned(now.time_zone().clone());
    let format = if moment.date() == now.date() { "%H:%M:%S" } else { "%m-%d %H:%M:%S" };
    moment.strftime(format).to_string()
}

#[cfg(test)]
#[path = "flows_tests.rs"]
mod tests;
