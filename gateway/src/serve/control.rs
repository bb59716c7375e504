//! Control and events over a Unix socket that only root can open.

use std::convert::Infallible;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;
use tokio_stream::StreamExt as _;

use super::lists::{LISTS, UPDATE, lists, update};
use crate::daemon::Daemon;
use crate::observe::event::Record;

/// Path of the stream of events.
pub const EVENTS: &str = "/v1/events";
/// Path that reloads when it is posted to.
pub const RELOAD: &str = "/v1/reload";

/// Path that pauses a device when a [`PauseOrder`] is posted to it.
pub const PAUSE: &str = "/v1/pause";
/// Path that ends a pause when a [`ResumeOrder`] is posted to it.
pub const RESUME: &str = "/v1/resume";

/// Path of the policies with a schedule, as a list of [`Scheduled`](crate::present::moment::Scheduled).
pub const SCHEDULED: &str = "/v1/scheduled";

/// Path of the addresses of hosts, as a list of [`ResolvedRow`](crate::daemon::ResolvedRow).
pub const RESOLVED: &str = "/v1/resolved";

/// Which device to pause, and for how long.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PauseOrder {
    /// Its name or address.
    pub device: String,
    /// How long, in seconds.
    pub seconds: i64,
}

/// Which device is to be filtered again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResumeOrder {
    /// Its name or address.
    pub device: String,
}

/// What `GET /v1/events` is asked.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// Whether to go on with new events when the old ones are sent.
    #[serde(default)]
    pub follow: bool,
}

/// Makes the socket. A socket that nobody answers any more is replaced.
///
/// # Errors
/// If another daemon answers on it, or it cannot be made.
pub fn bind(path: &Path) -> anyhow::Result<UnixListener> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    if UnixStream::connect(path).is_ok() {
        bail!("another gateway answers on {}; stop it first", path.display());
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", path.display()));
        }
        _ => {}
    }
    let listener = UnixListener::bind(path).with_context(|| format!("cannot bind {}", path.display()))?;
    fs::set_permissions(path, Permissions::from_mode(0o600))
        .with_context(|| format!("cannot set the mode of {}", path.display()))?;
    Ok(listener)
}

/// Answers until the process ends.
///
/// # Errors
/// If the listener fails for good.
pub async fn serve(listener: UnixListener, daemon: Arc<Daemon>) -> std::io::Result<()> {
    let router = Router::new()
        .route(EVENTS, get(events))
        .route(RELOAD, post(reload))
        .route(PAUSE, post(pause))
        .route(RESUME, post(resume))
        .route(SCHEDULED, get(scheduled))
        .route(RESOLVED, get(resolved))
        .route(LISTS, get(lists))
        .route(UPDATE, post(update))
        .with_state(daemon);
    axum::serve(listener, router).await
}

async fn reload(State(daemon): State<Arc<Daemon>>) -> Response {
    act(move || daemon.reload()).await
}

async fn pause(State(daemon): State<Arc<Daemon>>, body: Bytes) -> Response {
    order(&body, move |PauseOrder { device, seconds }| {
        daemon.pause(&device, SignedDuration::from_secs(seconds))
    })
    .await
}

async fn resume(State(daemon): State<Arc<Daemon>>, body: Bytes) -> Response {
    order(&body, move |ResumeOrder { device }| daemon.resume(&device)).await
}

async fn scheduled(State(daemon): State<Arc<Daemon>>) -> Response {
    let list = move || Ok(serde_json::to_string(&daemon.scheduled())?);
    act(list).await
}

async fn resolved(State(daemon): State<Arc<Daemon>>) -> Response {
    let list = move || Ok(serde_json::to_string(&daemon.resolved())?);
    act(list).await
}

/// Does what the body orders.
async fn order<T: DeserializeOwned + Send + 'static>(
    body: &[u8],
    obey: impl FnOnce(T) -> anyhow::Result<String> + Send + 'static,
) -> Response {
    match serde_json::from_slice(body) {
        Ok(order) => act(move || obey(order)).await,
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

/// Does something that waits for the kernel, off the threads that serve; answers with what it tells.
async fn act(action: impl FnOnce() -> anyhow::Result<String> + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(action).await {
        Ok(Ok(report)) => report.into_response(),
        Ok(Err(error)) => (StatusCode::UNPROCESSABLE_ENTITY, format!("{error:#}")).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn events(State(daemon): State<Arc<Daemon>>, Query(query): Query<EventsQuery>) -> Response {
    let (kept, receiver) = daemon.hub.listen();
    let old = tokio_stream::iter(kept).map(|record| Ok::<_, Infallible>(line(&record)));
    if !query.follow {
        return Body::from_stream(old).into_response();
    }
    let new = to_come(receiver);
    Body::from_stream(old.chain(new)).into_response()
}

/// The events to come, one line each. A listener that is too slow misses some and is not waited for.
fn to_come(
    receiver: tokio::sync::broadcast::Receiver<Arc<Record>>,
) -> impl tokio_stream::Stream<Item = Result<Bytes, Infallible>> {
    tokio_stream::wrappers::BroadcastStream::new(receiver)
        .filter_map(Result::ok)
        .map(|record| Ok::<_, Infallible>(line(&record)))
}

fn line(record: &Record) -> Bytes {
    let mut text = serde_json::to_string(record).unwrap_or_default();
    text.push('\n');
    text.into()
}
