//! `gateway status`.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::bail;
use jiff::{Timestamp, Zoned};

use super::amount::short;
use super::client;
use super::places::{ConfigArg, Places};
use super::table::print_json;
use crate::datapath::maps::Maps;
use crate::datapath::pins::Pins;
use crate::observe::status::{InterfaceView, Status};
use crate::present::moment::Scheduled;
use crate::present::pauses::shown;
use crate::serve::views::STATUS;

/// How wide the text is, in columns of a terminal.
const WIDTH: usize = 80;

/// How wide the words are before the text.
const INDENT: usize = 12;

/// Options of `gateway status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Says whether the filter is on; fails if it is not.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let places = Places::read(&args.config.config)?;
    let status = match client::read(&places.socket, STATUS) {
        Ok(status) => status,
        Err(_) => of_kernel(&places)?,
    };
    if args.json {
        print_json(std::slice::from_ref(&status))?;
    } else {
        std::io::stdout().lock().write_all(text(&status, &Zoned::now()).as_bytes())?;
    }
    if status.interfaces.iter().any(|interface| interface.exists) {
        return Ok(());
    }
    bail!("the filter is loaded but on no interface");
}

/// What there is to tell without a daemon.
fn of_kernel(places: &Places) -> anyhow::Result<Status> {
    let pins = Pins::new(&places.pin);
    Ok(Status::read(&Maps::pinned(&pins)?, &pins, places.pauses().len())?)
}

fn text(status: &Status, now: &Zoned) -> String {
    let mut lines = Lines::default();
    let when = |second: Option<u64>| Some(shown(Timestamp::from_second(second?.try_into().ok()?).ok()?, now));
    lines.add(
        "daemon",
        &match when(status.started) {
            Some(started) if status.daemon => format!("running since {started}, version {}", status.version),
            _ => "not running; the filter goes on without it".to_owned(),
        },
    );
    for interface in &status.interfaces {
        interface_lines(interface, &mut lines);
    }
    let loaded = when(status.loaded_at).map(|at| format!(", loaded {at}")).unwrap_or_default();
    let failed = match status.reloads_failed {
        None | Some(0) => String::new(),
        Some(1) => "; one reload was refused: see the log, or `gateway check`".to_owned(),
        Some(failed) => format!("; {failed} reloads were refused: see the log, or `gateway check`"),
    };
    lines.add("generation", &format!("{}{loaded}{failed}", status.generation));
    let policies: Vec<String> =
        status.policies.iter().map(|policy| policy_now(policy, status, now)).collect();
    lines.add("policies", &policies.join(", "));
    let paused = if status.paused > 0 { format!(", {} paused", status.paused) } else { String::new() };
    lines.add("devices", &format!("{}{paused}", status.devices));
    if status.lists > 0 {
        let failed = match status.lists_failed {
            0 => String::new(),
            failed => format!(", {failed} with errors: `gateway lists` tells them"),
        };
        lines.add("lists", &format!("{}{failed}", status.lists));
    }
    if status.resolved + status.shared > 0 {
        let Status { resolved, shared, .. } = status;
        lines.add(
            "resolved",
            &format!("{resolved} addresses of hosts blocked, {shared} not because they are shared"),
        );
    }
    lines.add("flows", &status.flows.to_string());
    lines.add(
        "events lost",
        &format!("{}, {} withheld of noisy devices", short(status.events_lost), short(status.events_limited)),
    );
    lines.0
}

fn interface_lines(interface: &InterfaceView, lines: &mut Lines) {
    let InterfaceView { interface, mode, exists, mute, downlink, .. } = interface;
    let down = downlink
        .as_deref()
        .map_or_else(|| "downlink not counted".to_owned(), |how| format!("downlink {how}"));
    let there = if *exists { down.as_str() } else { "not there" };
    lines.add("interface", &format!("{interface} ({mode}, {there})"));
    if let Some(mute) = mute {
        lines.add("", &format!("rejected packets are dropped without an answer: {mute}"));
    }
}

/// The policy, and until when it applies or does not, if it has a schedule.
fn policy_now(policy: &str, status: &Status, now: &Zoned) -> String {
    let scheduled = status.scheduled.iter().find(|scheduled| scheduled.policy == policy);
    let Some(Scheduled { active, changes_at: Some(change), .. }) = scheduled else {
        return policy.to_owned();
    };
    let state = if *active { "on" } else { "off" };
    format!("{policy} ({state} until {})", shown(*change, now))
}

/// Lines of a word and what there is to say.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// Adds text, which goes on below itself where the line is full. A word that is longer than a line stays whole.
    fn add(&mut self, word: &str, text: &str) {
        let mut line = format!("{word:INDENT$}");
        for part in text.split(' ') {
            let is_first = line.len() == INDENT;
            if !is_first && line.chars().count() + 1 + part.chars().count() > WIDTH {
                // Writing to a String cannot fail.
                let _ = writeln!(self.0, "{line}");
                line = " ".repeat(INDENT);
            } else if !is_first {
                line.push(' ');
            }
            line.push_str(part);
        }
        let _ = writeln!(self.0, "{}", line.trim_end());
    }
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
