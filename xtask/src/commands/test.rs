//! `cargo xtask test`: builds everything and runs the unit tests as the user, the tests in network namespaces as root.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{build, setup};
use crate::cargo_json::{self, Executable};
use crate::exec;
use crate::lab::{GATEWAY_VARIABLE, bpffs};

/// Unit and property tests: each line is one call of `cargo test`.
const AS_USER: [&[&str]; 2] = [
    &["--package", "gateway-common"],
    &["--package", "gateway", "--package", "lab-peer", "--package", "xtask", "--lib", "--bins"],
];

/// Arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Args {
    /// Run only the tests whose name contains this
    pub filter: Option<String>,
    /// Arguments for the test programs, such as `--nocapture`
    #[arg(last = true)]
    pub arguments: Vec<OsString>,
}

impl Args {
    /// What every test program is told.
    fn words(&self) -> impl Iterator<Item = &OsStr> {
        self.filter.iter().map(OsStr::new).chain(self.arguments.iter().map(OsString::as_os_str))
    }
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    let toolchain = setup::toolchain()?;
    setup::programs()?;
    setup::clients()?;
    build::ebpf(&toolchain)?;
    let gateway = build::gateway(false)?;
    build::peer()?;
    // Built before any test runs: a test that does not compile is known in the first minute.
    let privileged = privileged()?;
    bpffs::mount()?;

    let mut failed = Vec::new();
    for packages in AS_USER {
        let mut command = exec::cargo();
        command.args(["test", "--no-fail-fast"]).args(packages).arg("--").args(args.words());
        note(&mut failed, &mut command, || packages.join(" "))?;
    }
    for test in &privileged {
        let mut command = as_root(test, &gateway)?;
        command.args(args.words());
        note(&mut failed, &mut command, || format!("{} (as root)", test.file.display()))?;
    }
    summary(AS_USER.len() + privileged.len(), &failed)
}

/// Builds the test programs that need root: network namespaces, and programs in the kernel.
fn privileged() -> Result<Vec<Executable>> {
    let mut command = exec::cargo();
    command.args(["test", "--no-run", "--package", "gateway", "--package", "xtask", "--test", "*"]);
    let mut made = cargo_json::executables(&mut command)?;
    made.retain(|made| made.kind == "test");
    Ok(made)
}

/// A test program as root, with the variables and in the folder that `cargo test` would give it.
fn as_root(test: &Executable, gateway: &Path) -> Result<Command> {
    let keep = [("CARGO_MANIFEST_DIR", test.package.as_os_str()), (GATEWAY_VARIABLE, gateway.as_os_str())];
    let mut command = exec::as_root(&test.file, &keep)?;
    command.current_dir(&test.package);
    Ok(command)
}

fn note(failed: &mut Vec<String>, command: &mut Command, name: impl Fn() -> String) -> Result<()> {
    let status = exec::status(command).with_context(&name)?;
    if !status.success() {
        failed.push(name());
    }
    Ok(())
}

fn summary(runs: usize, failed: &[String]) -> Result<()> {
    println!();
    if failed.is_empty() {
        println!("xtask test: all {runs} test runs passed");
        return Ok(());
    }
    bail!("{} of {runs} test runs failed:\n  {}", failed.len(), failed.join("\n  "))
}
