//! Ctrl-C as a question that long work asks between its steps, so that guards still clean up.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, anyhow, ensure};

static ASKED: AtomicBool = AtomicBool::new(false);
static WATCH: OnceLock<Result<(), ctrlc::Error>> = OnceLock::new();

/// From here on SIGINT, SIGTERM and SIGHUP do not end the process at once but make [`check`] fail.
pub fn catch() -> Result<()> {
    let watch = || ctrlc::set_handler(|| ASKED.store(true, Ordering::Relaxed));
    WATCH.get_or_init(watch).as_ref().map_err(|error| anyhow!("cannot watch for Ctrl-C: {error}")).copied()
}

/// Fails once somebody asked the process to end.
pub fn check() -> Result<()> {
    ensure!(!ASKED.load(Ordering::Relaxed), "interrupted");
    Ok(())
}
