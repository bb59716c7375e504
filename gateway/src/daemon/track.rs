//! Devices that no `[[device]]` names get a number of their own soon after they were seen, as far as `[defaults] track` goes.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tracing::{error, info};

use super::{Daemon, Running};

/// How often is looked who was seen.
const LOOK: Duration = Duration::from_secs(2);

impl Daemon {
    fn track(&self) {
        let mut running = self.lock();
        let Running { engine, config, clock, .. } = &mut *running;
        match engine.track(config, &clock.standing) {
            Ok(None) => {}
            Ok(Some((new, generation))) => {
                new.iter().for_each(|mac| info!("{mac} is not listed, and counted on its own from now on"));
                info!("generation {generation} in force");
            }
            Err(error) => error!("devices that are not listed go on being counted together: {error:#}"),
        }
    }
}

/// Looks who was seen, until the process ends.
pub(super) async fn watch(daemon: &Arc<Daemon>) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let daemon = Arc::clone(daemon);
        if let Err(error) = tokio::task::spawn_blocking(move || daemon.track()).await {
            error!("looking who was seen failed: {error}");
        }
    }
}
