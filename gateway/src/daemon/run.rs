//! The tasks of the running daemon, side by side until one of them ends it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::MissedTickBehavior;
use tracing::{error, info};

use super::{Daemon, clock, history, lists, memory, resolve, track};
use crate::datapath::maps::Maps;
use crate::datapath::pins::Pins;
use crate::observe::wait::wait_on;
use crate::policy::Config;
use crate::serve::metrics::{Metrics, answer};
use crate::serve::{api, control, listen, page};

/// How often the interfaces are looked at, to filter again on one that went and came.
const LOOK_AT_INTERFACES: Duration = Duration::from_secs(2);

/// How long the last events may take to be written at the end.
const FAREWELL: Duration = Duration::from_secs(2);

/// Runs until SIGTERM or SIGINT. The filter stays.
///
/// # Errors
/// If something cannot be started.
pub async fn run(config: Config, log: bool) -> anyhow::Result<()> {
    let pins = Pins::new(&config.pin);
    // Whatever can fail without the kernel goes first, so that a refused start changes nothing.
    let listener = listen::bind(config.listen)
        .with_context(|| format!("cannot listen on {}; change [metrics] listen", config.listen))?;
    let socket = control::bind(&config.socket)?;
    let page = page::bind(&config.page)?;
    let path = config.socket.clone();
    let signals = Signals::new()?;
    memory::give_large_blocks_back();
    let daemon = Arc::new(tokio::task::spawn_blocking(move || Daemon::start(config, log)).await??);
    memory::give_back();
    let (health, lists_of_daemon) = (Arc::clone(&daemon.health), Arc::clone(&daemon.lists));
    let metrics = Metrics::new(Maps::pinned(&pins)?, health, lists_of_daemon, daemon.hub.unwritten())?;
    let (events, labels, totals) = (Maps::pinned(&pins)?.events, Maps::pinned(&pins)?, Maps::pinned(&pins)?);
    info!("ready: filtering; metrics on http://{}/metrics", listener.local_addr()?);
    // Without systemd there is nobody to tell.
    let _ = sd_notify::notify(false, &[sd_notify::NotifyState::Ready]);
    let log = kernel_log(&daemon, log);
    tokio::select! {
        never = answer::serve(listener, metrics) => match never {},
        never = control::serve(socket, Arc::clone(&daemon)) => match never {},
        never = page::serve(page, api::routes().with_state(Arc::clone(&daemon))) => match never {},
        result = daemon.hub.pump(events, labels) => result.context("the events ended")?,
        () = signals.handle(&daemon) => info!("stopping; the filter stays, `gateway detach` removes it"),
        () = watch(&daemon) => {}
        result = clock::watch(&daemon) => result?,
        result = resolve::watch(&daemon) => result?,
        () = lists::keep(&daemon) => {}
        () = track::watch(&daemon) => {}
        () = history::keep(&daemon, totals) => {}
        result = log => result.context("the kernel's log ended")?,
    }
    daemon.hub.close(FAREWELL);
    // One that is left behind is replaced at the next start.
    let _ = std::fs::remove_file(path);
    Ok(())
}

async fn watch(daemon: &Arc<Daemon>) {
    let mut ticks = tokio::time::interval(LOOK_AT_INTERFACES);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let daemon = Arc::clone(daemon);
        if let Err(error) = tokio::task::spawn_blocking(move || daemon.look_at_interfaces()).await {
            error!("looking at the interfaces failed: {error}");
        }
    }
}

/// Hands the kernel half's log lines to ours, if they are switched on; else waits for ever.
async fn kernel_log(daemon: &Daemon, on: bool) -> anyhow::Result<()> {
    if !on {
        return std::future::pending().await;
    }
    let logger = aya_log::EbpfLogger::init(&mut daemon.lock().engine.loaded.ebpf)?;
    let mut logger = wait_on(logger)?;
    loop {
        let mut ready = logger.readable_mut().await?;
        ready.get_inner_mut().flush();
        ready.clear_ready();
    }
}

struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Reloads at each SIGHUP; returns at SIGTERM or SIGINT.
    async fn handle(mut self, daemon: &Arc<Daemon>) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => {
                    let daemon = Arc::clone(daemon);
                    // The outcome is logged and counted where it falls.
                    let _ = tokio::task::spawn_blocking(move || daemon.reload()).await;
                }
            }
        }
    }
}
