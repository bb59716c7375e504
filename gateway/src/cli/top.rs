//! `gateway top`.

use std::io::{IsTerminal as _, stdout};
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Span, SpanRelativeTo};

use super::places::{ConfigArg, Places};
use crate::top::live::{self, Options};

/// Options of `gateway top`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// How often to ask the daemon, such as 1s, 500ms or 1m
    #[arg(long, short, value_name = "TIME", value_parser = interval, default_value = "1s")]
    interval: Duration,
    /// If no daemon answers, wait for one
    #[arg(long, short)]
    wait: bool,
}

/// Shows what every device does until told to stop.
pub fn run(args: Args) -> anyhow::Result<()> {
    if !stdout().is_terminal() || std::env::var("TERM").is_ok_and(|term| term == "dumb") {
        bail!(
            "top draws on a terminal, and standard output is none that it can draw on; \
             `gateway status` and `gateway devices --json` tell the same once"
        );
    }
    let socket = Places::read(&args.config.config)?.socket;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(live::run(Options { socket, interval: args.interval, wait: args.wait }))
}

/// A time between two looks: not so short that the daemon does little else.
fn interval(text: &str) -> Result<Duration, String> {
    let span: Span = text.parse().map_err(|_| "write a time such as 1s, 500ms or 1m")?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|error| error.to_string())?;
    if !(SignedDuration::from_millis(200)..=SignedDuration::from_hours(1)).contains(&length) {
        return Err(String::from("it is to be between 200ms and 1h"));
    }
    Ok(length.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_daemon_is_asked_five_times_a_second_at_most_and_once_an_hour_at_least() {
        for (text, length) in [("1s", 1000), ("200ms", 200), ("1m", 60_000), ("1h", 3_600_000)] {
            assert_eq!(interval(text), Ok(Duration::from_millis(length)), "{text}");
        }
        for text in ["", "1", "199ms", "0s", "-1s", "61m", "1mo", "often"] {
            assert!(interval(text).is_err(), "{text}");
        }
    }
}
