//! `gateway schema`.

use std::io::Write as _;

use crate::policy::{CONFIG_SCHEMA, POLICY_SCHEMA};

/// Options of `gateway schema`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which kind of file; without it, an object with both under `config` and `policy`
    file: Option<Kind>,
}

/// The kinds of file.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    /// gateway.toml
    Config,
    /// A file in the folder of policies
    Policy,
}

/// Prints the JSON Schema.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match args.file {
        Some(Kind::Config) => out.write_all(CONFIG_SCHEMA.as_bytes())?,
        Some(Kind::Policy) => out.write_all(POLICY_SCHEMA.as_bytes())?,
        None => writeln!(out, "{{\"config\": {CONFIG_SCHEMA}, \"policy\": {POLICY_SCHEMA}}}")?,
    }
    Ok(())
}
