//! `cargo xtask bench`: what a packet costs in the kernel, by test run, above an empty program. `cargo xtask bench tables`: what
//! large policies cost, to read, to make, to put in force and to search.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::{build, setup};
use crate::cargo_json;
use crate::exec;

/// The benches of the package `gateway`, and their objects of the kernel half.
const SPEED: (&str, &str) = ("speed", "gateway-bench");
const TABLES: (&str, &str) = ("tables", "gateway-bench-tables");

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    which: Option<Which>,
    #[command(flatten)]
    choice: Choice,
}

/// What is measured, if not packets.
#[derive(clap::Subcommand)]
enum Which {
    /// Policies of a million names and 100,000 nets: reading, making, reloading, searching; dnsmasq and unbound beside them
    Tables(Choice),
}

/// What is measured of it, and how it is told.
#[derive(clap::Args)]
struct Choice {
    /// Measure only the cases whose name contains this
    filter: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// End with 1 if a case misses its target
    #[arg(long)]
    strict: bool,
}

impl Choice {
    /// What the program is told.
    fn words(&self) -> impl Iterator<Item = OsString> {
        let flags = [(self.json, "--json"), (self.strict, "--strict")];
        let flags = flags.into_iter().filter(|(given, _)| *given).map(|(_, word)| OsString::from(word));
        flags.chain(self.filter.iter().map(OsString::from))
    }
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    let toolchain = setup::toolchain()?;
    build::ebpf(&toolchain)?;
    match &args.which {
        None => {
            let object = build::bench(&toolchain, SPEED.1)?;
            // The profile of tests: only the kernel is measured.
            measure(SPEED.0, "test", &[object], &args.choice)
        }
        Some(Which::Tables(choice)) => {
            setup::resolvers();
            let object = build::bench(&toolchain, TABLES.1)?;
            let gateway = build::gateway(true)?;
            measure(TABLES.0, "bench", &[object, gateway], choice)
        }
    }
}

/// Builds a bench with a profile and runs it, with what it needs and what was chosen.
fn measure(bench: &str, profile: &str, needs: &[PathBuf], choice: &Choice) -> Result<()> {
    let mut build = exec::cargo();
    build.args(["test", "--no-run", "--package", "gateway", "--bench", bench, "--profile", profile]);
    let made = cargo_json::executables(&mut build)?;
    let program = made.into_iter().find(|made| made.name == bench).context("cargo built no bench")?;
    let mut command = exec::as_root(&program.file, &[])?;
    command.args(needs).args(choice.words());
    let status = exec::status(&mut command)?;
    if !status.success() {
        bail!("the bench ended with {status}");
    }
    Ok(())
}
