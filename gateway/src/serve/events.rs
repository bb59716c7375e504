//! Events as a stream of lines.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::Receiver;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
use tokio_stream::{Stream, StreamExt as _};

use crate::daemon::Daemon;
use crate::observe::event::Record;
use crate::observe::filter::{EventsQuery, Filter};
use crate::observe::unwritten::{Unwritten, Way};

/// Path of the events: asked by an [`EventsQuery`], answered by one [`Line`] for each.
pub const EVENTS: &str = "/v1/events";

/// A line of the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// The reader was too slow and missed so many of all events, wanted or not.
    Lost {
        /// How many.
        lost: u64,
    },
    /// An event.
    Event(Box<Record>),
}

/// The events that are kept, oldest first, then those to come if that is asked for.
pub(super) async fn events(State(daemon): State<Arc<Daemon>>, Query(query): Query<EventsQuery>) -> Response {
    let filter = match Filter::new(&query) {
        Ok(filter) => filter,
        Err(bad) => return (StatusCode::BAD_REQUEST, bad.to_string()).into_response(),
    };
    let (mut kept, receiver) = daemon.hub.listen();
    kept.retain(|record| filter.matches(record));
    let skipped = kept.len().saturating_sub(query.limit.unwrap_or(usize::MAX));
    let old =
        tokio_stream::iter(kept.into_iter().skip(skipped).map(|record| Ok::<_, Infallible>(line(&*record))));
    if !query.follow {
        return Body::from_stream(old).into_response();
    }
    let new = to_come(receiver, filter, daemon.hub.unwritten()).map(Ok);
    Body::from_stream(old.chain(new)).into_response()
}

/// The events to come that are wanted, one line each. A listener that is too slow is not waited for: it misses some, and is
/// told how many.
fn to_come(
    receiver: Receiver<Arc<Record>>,
    filter: Filter,
    unwritten: Arc<Unwritten>,
) -> impl Stream<Item = Bytes> {
    BroadcastStream::new(receiver).filter_map(move |event| match event {
        Ok(record) => filter.matches(&record).then(|| line(&*record)),
        Err(BroadcastStreamRecvError::Lagged(lost)) => {
            unwritten.add(Way::Follow, lost);
            Some(line(&Line::Lost { lost }))
        }
    })
}

fn line(content: &impl Serialize) -> Bytes {
    let mut text = serde_json::to_string(content).unwrap_or_default();
    text.push('\n');
    text.into()
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
