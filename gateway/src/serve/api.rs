//! What can be read of the daemon, as JSON: by the commands over the control socket, and by the page.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

use super::events::{EVENTS, events};
use super::lists::{LISTS, lists};
use super::observed::{HISTORY, HOSTS, history, hosts};
use super::views::{DEVICES, FLOWS, STATUS, devices, flows, status};
use crate::daemon::Daemon;

/// Path of the policies with a schedule, as a list of [`Scheduled`](crate::present::moment::Scheduled).
pub const SCHEDULED: &str = "/v1/scheduled";

/// Path of the addresses of hosts, as a list of [`ResolvedRow`](crate::daemon::ResolvedRow).
pub const RESOLVED: &str = "/v1/resolved";

/// Everything that can be read and changes nothing.
pub fn routes() -> Router<Arc<Daemon>> {
    Router::new()
        .route(EVENTS, get(events))
        .route(HOSTS, get(hosts))
        .route(HISTORY, get(history))
        .route(SCHEDULED, get(scheduled))
        .route(RESOLVED, get(resolved))
        .route(LISTS, get(lists))
        .route(STATUS, get(status))
        .route(DEVICES, get(devices))
        .route(FLOWS, get(flows))
}

async fn scheduled(State(daemon): State<Arc<Daemon>>) -> Response {
    told(move || Ok(daemon.scheduled())).await
}

async fn resolved(State(daemon): State<Arc<Daemon>>) -> Response {
    told(move || Ok(daemon.resolved())).await
}

/// Looks at something, off the threads that serve; answers with it as JSON.
pub(super) async fn told<T: Serialize>(
    look: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Response {
    let mut answer = act(move || Ok(serde_json::to_string(&look()?)?)).await;
    if answer.status().is_success() {
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    answer
}

/// Does something that waits for the kernel, off the threads that serve; answers with what it tells.
pub(super) async fn act(action: impl FnOnce() -> anyhow::Result<String> + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(action).await {
        Ok(Ok(report)) => report.into_response(),
        Ok(Err(error)) => (StatusCode::UNPROCESSABLE_ENTITY, format!("{error:#}")).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
