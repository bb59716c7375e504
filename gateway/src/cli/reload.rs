//! `gateway reload`.

use super::client::order;
use super::places::{ConfigArg, Places};
use crate::serve::control::RELOAD;

/// Options of `gateway reload`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
}

/// Makes the daemon reload and says what came of it.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let places = Places::read(&args.config.config)?;
    println!("{}", order(&places.socket, RELOAD, Vec::new())?);
    Ok(())
}
