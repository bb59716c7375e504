//! `cargo xtask demo`: the gateway at work in a small home network, told on the terminal.

mod checks;

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use super::{build, setup};
use crate::lab::gateway::Config;
use crate::lab::network::{ACCOUNT, ANNA, BOB, Family, ORDINARY, TRACKING};
use crate::lab::{Lab, Programs};
use crate::{exec, interrupt, paths};
use checks::{Check, Expected, hold};

/// The shipped policies that the demo gives to the listed phone.
const POLICIES: [&str; 2] = ["xiaomi-account", "xiaomi-telemetry"];

/// What was dropped of a device's packets.
const BLOCKED_PACKETS: &str = "gateway_device_blocked_packets_total";

/// The metrics worth showing.
const SHOWN: [&str; 3] = ["gateway_device_blocked_", "gateway_device_flows_total", "gateway_names_total"];

const DRAWING: &str = "\
A home network out of network namespaces. Every line is a real interface, every visit a real curl over TLS.

  anna-phone  192.168.1.5 ── lan1 ┐               ┌ www.example.org         203.0.113.10
  (listed)    fd00:1::5           ├─ router ──────┼ api.account.xiaomi.com  203.0.113.20
  bob-phone   192.168.1.6 ── lan2 ┘  gateway run  └ tracking.miui.com       203.0.113.30
              fd00:1::6                             and the same below 2001:db8:1::";

/// Arguments of `cargo xtask demo`.
#[derive(clap::Args)]
pub struct Args {
    /// Show this gateway, which is built already
    #[arg(long, hide = true)]
    gateway: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    interrupt::catch()?;
    let gateway = match &args.gateway {
        Some(gateway) => gateway.clone(),
        None => {
            let toolchain = setup::toolchain()?;
            setup::programs()?;
            build::ebpf(&toolchain)?;
            build::gateway(false)?
        }
    };
    let xtask = env::current_exe().context("cannot find this program")?;
    if !exec::is_root() {
        // Built as the user, so that root owns nothing in `target`; shown as root.
        return exec::run(exec::as_root(&xtask, &[])?.args(["demo", "--gateway"]).arg(&gateway));
    }
    let lab = Lab::start(Programs { gateway, ..Programs::beside(xtask) })?;
    let shown = show(&lab);
    if shown.is_err() {
        eprintln!("\nThe gateway's log:\n{}", lab.log());
    }
    shown
}

/// Goes through the demo; fails at the end when anything was not as expected.
fn show(lab: &Lab) -> Result<()> {
    println!("\n{DRAWING}");
    let config = Config {
        policies: paths::shipped_policies(),
        devices: vec![(&ANNA, POLICIES.map(str::to_owned).to_vec())],
        ..Config::default()
    };

    println!("\n1. Nothing filters yet.");
    let mut held = hold(lab, &everything(false))?;

    let gateway = lab.start_gateway(&config)?;
    println!(
        "\n2. `gateway run` filters (process {}); anna-phone has {}.",
        gateway.pid(),
        POLICIES.join(" and ")
    );
    held &= hold(lab, &everything(true))?;
    let before = blocked(lab)?;

    gateway.kill()?;
    println!("\n3. The daemon was killed with SIGKILL. The filter is in the kernel and stays.");
    held &= hold(lab, &Family::BOTH.map(|family| anna(&ACCOUNT, family, true)))?;

    let gateway = lab.start_gateway(&config)?;
    println!(
        "\n4. The daemon runs again (process {}) and took over the filter that it found.",
        gateway.pid()
    );
    held &= hold(lab, &[anna(&ORDINARY, Family::V4, false), anna(&TRACKING, Family::V4, true)])?;
    held &= counted_on(before, blocked(lab)?);
    println!("\n   From its /metrics:");
    for line in lab.metrics_text()?.lines().filter(|line| SHOWN.iter().any(|name| line.starts_with(name))) {
        println!("     {line}");
    }

    gateway.terminate()?;
    lab.detach()?;
    println!("\n5. `gateway detach` removed the filter.");
    held &= hold(lab, &Family::BOTH.map(|family| anna(&ACCOUNT, family, false)))?;

    ensure!(held, "the demo did not go as expected: see the rows marked NOT");
    println!("\nAll was as expected.");
    Ok(())
}

/// Both phones visit each host; with a filter the listed one does not reach the hosts of its policies.
fn everything(filtered: bool) -> Vec<Check> {
    let mut checks = Vec::new();
    for family in Family::BOTH {
        checks.push(anna(&ORDINARY, family, false));
        checks.extend([&ACCOUNT, &TRACKING].map(|host| anna(host, family, filtered)));
        let bob = |host| Check { phone: &BOB, host, family, expected: Expected::Reached };
        checks.extend([&ORDINARY, &ACCOUNT, &TRACKING].map(bob));
    }
    checks
}

fn anna(host: &'static crate::lab::network::Host, family: Family, blocked: bool) -> Check {
    let expected = if blocked { Expected::Refused } else { Expected::Reached };
    Check { phone: &ANNA, host, family, expected }
}

/// How many packets of the listed phone were blocked since the filter came.
fn blocked(lab: &Lab) -> Result<f64> {
    let packets = lab.metrics()?.sum(BLOCKED_PACKETS, &[("device", ANNA.name)]);
    if packets == 0.0 {
        bail!("{BLOCKED_PACKETS} of {} is 0: nothing was counted", ANNA.name);
    }
    Ok(packets)
}

/// The counters must have gone on over the daemon's death.
fn counted_on(before: f64, after: f64) -> bool {
    let mark = if after > before { "ok" } else { "NOT" };
    println!("   packets of {} blocked: {before} before the kill, {after} since   {mark}", ANNA.name);
    after > before
}
