//! What is counted is sampled, for as long as the process lives.

use std::sync::Arc;

use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info};

use super::Daemon;
use crate::datapath::Error;
use crate::datapath::maps::Maps;
use crate::observe::history::{STEP, Sample};

/// Samples the totals in `maps`. A step that cannot be read becomes part of the next.
pub(super) async fn keep(daemon: &Arc<Daemon>, maps: Maps) {
    let maps = Arc::new(maps);
    let mut ticks = interval(STEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        ticks.tick().await;
        let (daemon, maps) = (Arc::clone(daemon), Arc::clone(&maps));
        let sampled = tokio::task::spawn_blocking(move || {
            daemon.history.add(Sample::read(&maps)?);
            Ok::<_, Error>(())
        });
        match (sampled.await, failing) {
            (Ok(Ok(())), false) => {}
            (Ok(Ok(())), true) => {
                info!("the counters can be read again for the history");
                failing = false;
            }
            (Ok(Err(why)), false) => {
                error!("the counters cannot be read for the history, and it is tried again: {why}");
                failing = true;
            }
            (Err(why), false) => {
                error!("sampling the counters failed, and is tried again: {why}");
                failing = true;
            }
            (_, true) => {}
        }
    }
}
