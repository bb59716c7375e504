//! What can be read of the daemon, as JSON: by the commands over the control socket, and by the page.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use tokio_stream::StreamExt as _;

use super::lists::{LISTS, lists};
use crate::daemon::Daemon;
use crate::observe::event::Record;

/// Path of the stream of events.
pub const EVENTS: &str = "/v1/events";

/// Path of the policies with a schedule, as a list of [`Scheduled`](crate::present::moment::Scheduled).
pub const SCHEDULED: &str = "/v1/scheduled";

/// Path of the addresses of hosts, as a list of [`ResolvedRow`](crate::daemon::ResolvedRow).
pub const RESOLVED: &str = "/v1/resolved";

/// Everything that can be read and changes nothing.
pub fn routes() -> Router<Arc<Daemon>> {
    Router::new()
        .route(EVENTS, get(events))
        .route(SCHEDULED, get(scheduled))
        .route(RESOLVED, get(resolved))
        .route(LISTS, get(lists))
}

/// What `GET /v1/events` is asked.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// Whether to go on with new events when the old ones are sent.
    #[serde(default)]
    pub follow: bool,
}

async fn scheduled(State(daemon): State<Arc<Daemon>>) -> Response {
    let list = move || Ok(serde_json::to_string(&daemon.scheduled())?);
    act(list).await
}

async fn resolved(State(daemon): State<Arc<Daemon>>) -> Response {
    let list = move || Ok(serde_json::to_string(&daemon.resolved())?);
    act(list).await
}

/// Does something that waits for the kernel, off the threads that serve; answers with what it tells.
pub(super) async fn act(action: impl FnOnce() -> anyhow::Result<String> + Send + 'static) -> Response {
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
