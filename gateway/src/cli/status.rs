//! `gateway status`.

use std::io::Write as _;
use std::os::unix::net::UnixStream;

use anyhow::bail;
use gateway_common::abi::ABI_VERSION;
use hyper::Method;
use jiff::Zoned;
use nix::net::if_::if_nametoindex;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::client::request;
use super::places::{ConfigArg, Places};
use super::table::print_json;
use crate::daemon::ResolvedRow;
use crate::datapath::maps::Maps;
use crate::datapath::pins::Pins;
use crate::present::moment::Scheduled;
use crate::present::pauses::shown;
use crate::serve::api::{RESOLVED, SCHEDULED};

/// Options of `gateway status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Status {
    /// Whether a daemon answers. The filter does not need one.
    daemon: bool,
    abi: u32,
    generation: u64,
    interfaces: Vec<Interface>,
    devices: usize,
    /// How many of them are paused.
    paused: usize,
    policies: Vec<String>,
    /// Those of them with a schedule, as the daemon knows them.
    scheduled: Vec<Scheduled>,
    /// Addresses that are blocked because hosts resolve to them, as the daemon knows them.
    resolved: usize,
    /// Those that are not, because they also serve names that are not blocked.
    shared: usize,
    flows: usize,
    events_lost: u64,
}

#[derive(Debug, Serialize)]
struct Interface {
    interface: String,
    mode: &'static str,
    /// Whether there is an interface of that name.
    exists: bool,
    /// Whether what policies reject there is answered; if not, it is dropped.
    answers: bool,
    /// Why not, and what can be done.
    mute: Option<String>,
}

/// Says whether the filter is on; fails if it is not.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let places = Places::read(&args.config.config)?;
    let pins = Pins::new(&places.pin);
    let maps = Maps::pinned(&pins)?;
    let pauses = places.pauses();
    let interfaces = pins
        .attached()
        .into_iter()
        .map(|(interface, mode)| {
            let index = if_nametoindex(interface.as_str()).ok();
            let mute = index.and_then(|index| maps.mute(index));
            let mute = mute.map(|mute| format!("{} ({})", mute.describe(), mute.cure()));
            Interface {
                interface,
                mode: mode.label(),
                exists: index.is_some(),
                answers: mute.is_none(),
                mute,
            }
        })
        .collect();
    let resolved: Vec<ResolvedRow> = ask(&places, RESOLVED).unwrap_or_default();
    let in_state = |state: &str| resolved.iter().filter(|row| row.state == state).count();
    let status = Status {
        daemon: UnixStream::connect(&places.socket).is_ok(),
        scheduled: ask(&places, SCHEDULED).unwrap_or_default(),
        resolved: in_state("blocked"),
        shared: in_state("shared"),
        abi: ABI_VERSION,
        generation: maps.generation()?,
        interfaces,
        devices: maps.read_device_labels()?.len(),
        paused: pauses.len(),
        policies: maps.read_policies()?.into_values().collect(),
        flows: maps.count_flows(),
        events_lost: maps.read_events_lost()?,
    };
    if args.json {
        print_json(std::slice::from_ref(&status))?;
    } else {
        print(&status);
    }
    if status.interfaces.iter().any(|interface| interface.exists) {
        return Ok(());
    }
    bail!("the filter is loaded but on no interface");
}

/// What only a running daemon can tell: the files may say something else than what is in force.
fn ask<T: DeserializeOwned>(places: &Places, path: &str) -> anyhow::Result<T> {
    let mut body = Vec::new();
    request(&places.socket, Method::GET, path, |piece| Ok(body.write_all(piece)?))?;
    Ok(serde_json::from_slice(&body)?)
}

/// The policy, and until when it applies or does not, if it has a schedule.
fn policy_now(policy: &str, status: &Status) -> String {
    let scheduled = status.scheduled.iter().find(|scheduled| scheduled.policy == policy);
    let Some(Scheduled { active, changes_at: Some(change), .. }) = scheduled else {
        return policy.to_owned();
    };
    let state = if *active { "on" } else { "off" };
    format!("{policy} ({state} until {})", shown(*change, &Zoned::now()))
}

fn print(status: &Status) {
    println!(
        "daemon      {}",
        if status.daemon { "running" } else { "not running; the filter goes on without it" }
    );
    for Interface { interface, mode, exists, mute, .. } in &status.interfaces {
        println!("interface   {interface} ({mode}{})", if *exists { "" } else { ", not there" });
        if let Some(mute) = mute {
            println!("            rejected packets are dropped without an answer: {mute}");
        }
    }
    println!("generation  {}", status.generation);
    let policies: Vec<String> = status.policies.iter().map(|policy| policy_now(policy, status)).collect();
    println!("policies    {}", policies.join(", "));
    let paused = if status.paused > 0 { format!(", {} paused", status.paused) } else { String::new() };
    println!("devices     {}{paused}", status.devices);
    if status.resolved + status.shared > 0 {
        let Status { resolved, shared, .. } = status;
        println!("resolved    {resolved} addresses of hosts blocked, {shared} not because they are shared");
    }
    println!("flows       {}", status.flows);
    println!("events lost {}", status.events_lost);
}
