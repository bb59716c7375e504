//! What was observed over time: the hosts that are asked for most, and what was counted when.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::api::told;
use crate::daemon::Daemon;

/// Path of the hosts, as a [`HostsView`](crate::observe::hosts::HostsView); asked by a [`HostsQuery`].
pub const HOSTS: &str = "/v1/hosts";

/// Path of what was counted when, as a [`HistoryView`](crate::observe::history::HistoryView).
pub const HISTORY: &str = "/v1/history";

/// What `GET /v1/hosts` is asked.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostsQuery {
    /// How many at most; all if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

pub(super) async fn hosts(State(daemon): State<Arc<Daemon>>, Query(query): Query<HostsQuery>) -> Response {
    let limit = query.limit.unwrap_or(usize::MAX);
    told(move || Ok(daemon.hub.hosts().view(limit))).await
}

pub(super) async fn history(State(daemon): State<Arc<Daemon>>) -> Response {
    told(move || Ok(daemon.history.view())).await
}
