//! The `cargo xtask` program: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use xtask::commands::{bench, build, demo, fuzz, lab_server, setup, test, vm};
use xtask::vm::guest;

/// What a developer of gateway runs.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Cli {
    /// Find or install what the build, the tests and the demo need
    Setup,
    /// Build the eBPF object and the gateway
    Build(build::Args),
    /// Run every test: unit and property tests as you, tests in network namespaces as root
    Test(test::Args),
    /// Run the kernel tests on Debian's kernels, in virtual machines, and on the one here
    Vm(vm::Args),
    /// Show the gateway at work in a small home network out of network namespaces
    Demo(demo::Args),
    /// Measure what packets cost in the kernel, above an empty program
    Bench(bench::Args),
    /// Give the parsers, and the program against the parsers, bytes that are made up
    Fuzz(fuzz::Args),
    #[command(hide = true)]
    LabServer(lab_server::Args),
    #[command(hide = true)]
    VmGuest,
}

fn main() -> ExitCode {
    let done = match Cli::parse() {
        Cli::Setup => setup::run(),
        Cli::Build(args) => build::run(&args),
        Cli::Test(args) => test::run(&args),
        Cli::Vm(args) => vm::run(&args),
        Cli::Demo(args) => demo::run(&args),
        Cli::VmGuest => guest::run(),
        Cli::Bench(args) => bench::run(&args),
        Cli::Fuzz(args) => fuzz::run(&args),
        Cli::LabServer(args) => lab_server::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
