//! `gateway pause` and `gateway resume`.

use jiff::SignedDuration;
use serde::Serialize;

use super::client::order;
use super::places::{ConfigArg, Places};
use crate::present::length::{DEFAULT, length, whole_seconds};
use crate::serve::control::{PAUSE, PauseOrder, RESUME, ResumeOrder};

/// Options of `gateway pause`.
#[derive(Debug, clap::Args)]
pub struct PauseArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Name of the device, or its address as the configuration has it
    device: String,
    /// How long, such as 10m, 1h30m or 2d; at most 30d
    #[arg(value_parser = length, default_value = DEFAULT)]
    duration: SignedDuration,
}

/// Options of `gateway resume`.
#[derive(Debug, clap::Args)]
pub struct ResumeArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Name of the device, or its address as the configuration has it
    device: String,
}

/// Makes the daemon pause a device and says until when.
pub fn pause(args: &PauseArgs) -> anyhow::Result<()> {
    let order = PauseOrder { device: args.device.clone(), seconds: whole_seconds(args.duration) };
    give(&args.config, PAUSE, &order)
}

/// Makes the daemon end the pause of a device.
pub fn resume(args: &ResumeArgs) -> anyhow::Result<()> {
    give(&args.config, RESUME, &ResumeOrder { device: args.device.clone() })
}

fn give(config: &ConfigArg, path: &str, what: &impl Serialize) -> anyhow::Result<()> {
    let places = Places::read(&config.config)?;
    println!("{}", order(&places.socket, path, serde_json::to_vec(what)?)?);
    Ok(())
}
