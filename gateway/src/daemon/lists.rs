//! Lists are fetched beside everything else, and put in force once all that were due have come.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::oneshot;
use tracing::error;

use super::Daemon;
use crate::subscriptions::keeper::{Round, Which};

/// The longest sleep: then the clock may have been set, which on a router without a battery happens after the start.
const LONGEST: Duration = Duration::from_secs(60);

/// Keeps the lists fresh for as long as the process lives.
pub async fn keep(daemon: &Arc<Daemon>) {
    loop {
        if let Err(error) = look_after(daemon, Which::Due).await {
            error!("looking after the lists failed: {error:#}");
        }
        tokio::select! {
            () = tokio::time::sleep(daemon.lists.pause(LONGEST)) => {}
            () = daemon.lists.news.notified() => {}
        }
    }
}

/// Looks after lists; if one has changed, the policies in force get it.
///
/// # Errors
/// If no thread can be had, or the kernel refuses the new lists: what was in force then stays.
pub async fn look_after(daemon: &Arc<Daemon>, which: Which) -> anyhow::Result<Round> {
    let keeper = Arc::clone(&daemon.lists);
    let round = aside(move || {
        keeper.count();
        let round = keeper.round(which);
        keeper.count();
        round
    })
    .await?;
    if round.has_changed() {
        let daemon = Arc::clone(daemon);
        tokio::task::spawn_blocking(move || daemon.apply_again()).await??;
    }
    Ok(round)
}

/// Does something on a thread of its own. The runtime would wait for its own threads when the daemon is told to stop,
/// and a server may take minutes; this thread ends with the process, which leaves every copy whole.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> anyhow::Result<T> {
    let (sender, receiver) = oneshot::channel();
    let send = move || {
        // Nobody waits any more if the daemon stops.
        let _ = sender.send(work());
    };
    std::thread::Builder::new().name("lists".to_owned()).spawn(send).context("cannot start a thread")?;
    receiver.await.context("the thread for lists ended early")
}
