//! Lists on the control socket and in the metrics.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use serde::{Deserialize, Serialize};

use super::metrics::{counters, int_gauges};
use crate::daemon::{self, Daemon};
use crate::subscriptions::keeper::{Keeper, Which};

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

/// The metrics of the lists.
pub struct ListCollector(pub Arc<Keeper>);

impl ListCollector {
    fn gather(&self) -> prometheus::Result<Vec<MetricFamily>> {
        let labels = ["policy", "list"];
        let age = int_gauges(
            "gateway_list_age_seconds",
            "Seconds since the server last said that the copy of a list is the newest, or since the file was written.",
            &labels,
        )?;
        let entries = int_gauges("gateway_list_entries", "Rules in the copy of a list.", &labels)?;
        let skipped = int_gauges(
            "gateway_list_skipped_lines",
            "Lines of the copy of a list that say nothing a network filter can do.",
            &labels,
        )?;
        let errors = counters(
            "gateway_list_errors_total",
            "Times that a list could not be fetched, or what came was not taken.",
            &labels,
        )?;
        for row in self.0.rows() {
            let values = [row.policy.as_str(), row.list.as_str()];
            let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
            if let Some(seconds) = row.age_seconds {
                age.with_label_values(&values).set(number(seconds));
            }
            entries.with_label_values(&values).set(number(row.entries));
            skipped.with_label_values(&values).set(number(row.skipped_lines));
            errors.with_label_values(&values).inc_by(row.errors);
        }
        Ok([age.collect(), entries.collect(), skipped.collect(), errors.collect()].concat())
    }
}

impl Collector for ListCollector {
    fn desc(&self) -> Vec<&Desc> {
        // Unchecked: what there is depends on the policies of the moment.
        Vec::new()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.gather().unwrap_or_else(|error| {
            tracing::error!("cannot tell of the lists: {error}");
            Vec::new()
        })
    }
}
