//! The gateway in a network of namespaces, seen from outside: real clients, real servers, the real daemon.
//!
//! Every test has a network of its own (drawn in `xtask::lab::network`), so they run side by side. They need root:
//! `cargo xtask test`, or one with more to see `cargo xtask test NAME -- --nocapture`.

mod chromium;
mod clients;
mod daemon;
mod dashboard;
mod dns;
mod events;
mod filter;
mod init;
mod metrics;
mod page;
mod present;
mod prometheus;
mod quic;
mod replay;
mod views;

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;
use xtask::lab::curl::Outcome;
use xtask::lab::gateway::{Config, Gateway};
use xtask::lab::metrics::Metrics;
use xtask::lab::network::{ANNA, Family, Host, Phone};
use xtask::lab::{BRIEF, Lab, PATIENT, Programs};

/// The policy of most tests.
const ACCOUNT_POLICY: &str = r#"
name = "account"
about = "The host that phones report to"
action = "drop"
[block]
hosts = ["api.account.xiaomi.com"]
"#;

/// What was blocked, by packets.
const BLOCKED: &str = "gateway_device_blocked_packets_total";

/// How often policies were read again, by how that went.
const RELOADS: &str = "gateway_policy_reloads_total";

/// How long the daemon may take to do what a signal asks for.
const SOON: Duration = Duration::from_secs(15);

/// Runs a test in a network of its own; a failure shows the gateway's log.
#[track_caller]
fn in_lab(test: impl FnOnce(&Lab) -> Result<()>) {
    let programs = Programs::beside(env!("CARGO_BIN_EXE_xtask").into());
    let lab = Lab::start(programs).unwrap_or_else(|error| panic!("no lab: {error:#}"));
    if let Err(error) = test(&lab) {
        panic!("{error:#}");
    }
}

/// Starts the gateway with one policy, for anna's phone alone.
fn start_with(lab: &Lab, policy: &str) -> Result<Gateway> {
    lab.write_policy("account", policy)?;
    lab.start_gateway(&config(lab))
}

/// The configuration with that policy for anna's phone.
fn config(lab: &Lab) -> Config {
    let devices = vec![(&ANNA, vec!["account".to_owned()])];
    Config { policies: lab.policies(), devices, ..Config::default() }
}

fn reaches(lab: &Lab, phone: &Phone, host: &Host, family: Family) -> Result<()> {
    let outcome = lab.visit(phone, host, family, PATIENT)?;
    let expected = Outcome::Reached { server_name: host.name.to_owned() };
    ensure!(outcome == expected, "{} → {} over {family}: {outcome}", phone.name, host.name);
    Ok(())
}

fn is_blocked(lab: &Lab, phone: &Phone, host: &Host, family: Family) -> Result<()> {
    let outcome = lab.visit(phone, host, family, BRIEF)?;
    ensure!(outcome == Outcome::NoAnswer, "{} → {} over {family}: {outcome}", phone.name, host.name);
    Ok(())
}

/// The packets of anna's phone that were blocked, as the test's policy should have counted them.
fn blocked_of_anna(metrics: &Metrics, action: &str, reason: &str) -> f64 {
    let labels = [
        ("device", ANNA.name),
        ("mac", ANNA.mac),
        ("policy", "account"),
        ("action", action),
        ("reason", reason),
    ];
    metrics.sum(BLOCKED, &labels)
}

fn said(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(output.status.success(), "{command:?}: {}: {}", output.status, text(&output.stderr));
    Ok(text(&output.stdout))
}

/// The policy of most tests, which refuses at once.
fn rejecting_policy() -> String {
    ACCOUNT_POLICY.replace("\"drop\"", "\"reject\"")
}

/// That a client saw what was expected of its visit to the host.
fn saw(outcome: &Outcome, expected: &Outcome, what: &str) -> Result<()> {
    ensure!(outcome == expected, "{what}: {outcome}");
    Ok(())
}

/// What a client of the host sees where nothing is in its way.
fn reached(host: &Host) -> Outcome {
    Outcome::Reached { server_name: host.name.to_owned() }
}

/// A name that the gateway learned, as `gateway events --json` tells it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone)]
struct Learned {
    device: String,
    kind: String,
    name: String,
    verdict: String,
}

impl Learned {
    fn of(phone: &Phone, kind: &str, name: &str, verdict: &str) -> Self {
        let [device, kind, name, verdict] = [phone.name, kind, name, verdict].map(str::to_owned);
        Self { device, kind, name, verdict }
    }
}

/// Each name that the running gateway tells of, once, in order of the alphabet.
fn learned(lab: &Lab) -> Result<Vec<Learned>> {
    Ok(learned_from(&said(&mut lab.gateway_command(&["events", "--json"])?)?))
}

/// Likewise of lines that `gateway events` or `gateway replay` has written.
fn learned_from(text: &str) -> Vec<Learned> {
    let read = |line: &str| {
        let event: Value = serde_json::from_str(line).ok()?;
        let field = |key: &str| Some(event.get(key)?.as_str()?.to_owned());
        let (device, kind) = (field("device")?, field("kind")?);
        Some(Learned { device, kind, name: field("name")?, verdict: field("verdict")? })
    };
    let mut names: Vec<Learned> = text.lines().filter_map(read).collect();
    names.sort();
    names.dedup();
    names
}
