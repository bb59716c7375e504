//! Lists on the control socket and in the metrics.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use prometheus::core::Collector as _;
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
pub(super) fn gather(lists: &Keeper, families: &mut Vec<MetricFamily>) -> prometheus::Result<()> {
    let labels = ["policy", "list"];
    let age = int_gauges(
        "gateway_list_age_seconds",
        "Seconds since the server last said that the copy of a list is the newest, or since the file was written.",
        &labels,
    )?;
    let refresh = int_gauges(
        "gateway_list_refresh_seconds",
        "Seconds after which a list is fetched, or a file looked at, again.",
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
    for row in lists.rows() {
        let values = [row.policy.as_str(), row.list.as_str()];
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        if let Some(seconds) = row.age_seconds {
            age.with_label_values(&values).set(number(seconds));
        }
        refresh.with_label_values(&values).set(number(row.refresh_seconds));
        entries.with_label_values(&values).set(number(row.entries));
        skipped.with_label_values(&values).set(number(row.skipped_lines));
        errors.with_label_values(&values).inc_by(row.errors);
    }
    for collected in
        [age.collect(), refresh.collect(), entries.collect(), skipped.collect(), errors.collect()]
    {
        families.extend(collected);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::lists::fetch::{Limits, Trust};
    use crate::policy::{Checks, Config};

    #[test]
    fn each_list_of_each_policy_has_its_metrics() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gateway.toml");
        fs::create_dir(folder.path().join("p")).unwrap();
        fs::write(&file, "interfaces = [\"lo\"]\npolicies = \"p\"\nlists.cache = \"/nonexistent\"\n")
            .unwrap();
        fs::write(folder.path().join("own.txt"), "a.example.org\nb.example.org\nc d e\n").unwrap();
        let lists = "[[list]]\npath = \"../own.txt\"\nformat = \"domains\"\nmatch = \"hosts\"\n\
                     [[list]]\nurl = \"http://127.0.0.1/never\"\nmatch = \"hosts\"\n";
        fs::write(folder.path().join("p/x.toml"), format!("name = \"x\"\n{lists}")).unwrap();
        let keeper = Keeper::new(Limits::default(), Trust::System);
        keeper.follow(&Config::load(&file, &Checks::without_interfaces()).unwrap());
        keeper.count();
        let mut families = Vec::new();
        gather(&keeper, &mut families).unwrap();
        let text = prometheus::TextEncoder::new().encode_to_string(&families).unwrap();
        for line in [
            "gateway_list_entries{list=\"../own.txt\",policy=\"x\"} 2\n",
            "gateway_list_skipped_lines{list=\"../own.txt\",policy=\"x\"} 1\n",
            "gateway_list_refresh_seconds{list=\"../own.txt\",policy=\"x\"} 86400\n",
            "gateway_list_age_seconds{list=\"../own.txt\",policy=\"x\"} ",
            "gateway_list_entries{list=\"http://127.0.0.1/never\",policy=\"x\"} 0\n",
            "gateway_list_errors_total{list=\"http://127.0.0.1/never\",policy=\"x\"} 0\n",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(!text.contains("age_seconds{list=\"http"), "what was never fetched has no age");
    }
}
