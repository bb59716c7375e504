//! `gateway check`.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;

use super::places::ConfigArg;
use crate::policy::{Checks, Compiled, Config, Numbers};

/// Options of `gateway check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Do not ask whether the interfaces exist: the configuration is for another machine
    #[arg(long)]
    skip_interfaces: bool,
}

/// Tells every mistake in the configuration and the policies; exit code 1 if there is one.
pub fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let checks = if args.skip_interfaces {
        Checks::without_interfaces()
    } else {
        Checks::of_this_machine().context("the kernel does not list the interfaces; try --skip-interfaces")?
    };
    let config = match Config::load(&args.config.config, &checks) {
        Ok(config) => config,
        Err(mistakes) => {
            writeln!(std::io::stderr().lock(), "{mistakes}")?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let numbers = Numbers::default().assign(&config)?;
    let tables = Compiled::new(&config, numbers, 0)?;
    writeln!(
        std::io::stdout().lock(),
        "OK: {} devices, {} policies, {} names, {} prefixes, {} ports",
        tables.who.devices.len(),
        config.policies.len(),
        tables.names.names,
        tables.prefixes.nets,
        tables.ports.len(),
    )?;
    Ok(ExitCode::SUCCESS)
}
