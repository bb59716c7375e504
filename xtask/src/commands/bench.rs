//! `cargo xtask bench`: what a packet costs in the kernel, by test run, above an empty program.

use std::ffi::OsString;

use anyhow::{Context, Result, bail};

use super::{build, setup};
use crate::cargo_json;
use crate::exec;

/// The program that measures, a bench of the package `gateway`.
const PROGRAM: &str = "speed";

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Args {
    /// Measure only the cases whose name contains this
    pub filter: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// End with 1 if a case takes longer than its target
    #[arg(long)]
    pub strict: bool,
}

impl Args {
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
    let object = build::bench(&toolchain)?;
    // The profile of tests: only the kernel is measured.
    let mut build = exec::cargo();
    build.args(["test", "--no-run", "--package", "gateway", "--bench", PROGRAM]);
    let made = cargo_json::executables(&mut build)?;
    let program = made.into_iter().find(|made| made.name == PROGRAM).context("cargo built no bench")?;
    let mut command = exec::as_root(&program.file, &[])?;
    command.arg(object).args(args.words());
    let status = exec::status(&mut command)?;
    if !status.success() {
        bail!("the bench ended with {status}");
    }
    Ok(())
}
