//! `gateway reload`.

use std::io::Write as _;

use hyper::Method;

use super::client::request;
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
    let mut report = Vec::new();
    request(&places.socket, Method::POST, RELOAD, |piece| Ok(report.write_all(piece)?))?;
    println!("{}", String::from_utf8_lossy(&report));
    Ok(())
}
