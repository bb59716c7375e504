//! `gateway detach`.

use super::places::{ConfigArg, Places};
use crate::datapath::pins::Pins;

/// Options of `gateway detach`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
}

/// Removes the filter. A daemon that still runs goes on without one.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let places = Places::read(&args.config.config)?;
    let pins = Pins::new(&places.pin);
    let attached = pins.attached();
    if pins.remove()? {
        for (interface, _) in attached {
            println!("detached from {interface}");
        }
        println!("removed {}: nothing is filtered now", places.pin.display());
    } else {
        println!("nothing to remove under {}", places.pin.display());
    }
    Ok(())
}
