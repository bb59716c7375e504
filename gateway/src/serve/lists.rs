//! Lists on the control socket and in the metrics.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use crate::daemon::{self, Daemon};
use crate::subscriptions::keeper::Which;

/// Path of the lists.
pub const LISTS: &str = "/v1/lists";
/// Path that fetches all of them when it is posted to.
pub const UPDATE: &str = "/v1/lists/update";

/// What `POST /v1/lists/update` is asked.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateQuery {
    /// Whether a list that has become much shorter is taken.
    #[serde(default)]
    pub force: bool,
}

pub(super) async fn lists(State(daemon): State<Arc<Daemon>>) -> Response {
    lines(&daemon.lists.rows())
}

/// Answers when all have come.
pub(super) async fn update(State(daemon): State<Arc<Daemon>>, Query(query): Query<UpdateQuery>) -> Response {
    match daemon::lists::look_after(&daemon, Which::All { force: query.force }).await {
        Ok(round) => lines(&round.outcomes),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}

/// One JSON object a line.
fn lines<T: Serialize>(rows: &[T]) -> Response {
    let line = |row| serde_json::to_string(row).map(|line| line + "\n");
    match rows.iter().map(line).collect::<Result<String, _>>() {
        Ok(text) => text.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
