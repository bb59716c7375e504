//! The stream of events, line by line.

use std::sync::Arc;

use tokio::sync::broadcast;

use super::*;
use crate::observe::testing::record;

/// What a reader gets of these events, if `behind` of them are kept for it.
fn stream(filter: Filter, behind: usize, records: impl IntoIterator<Item = Record>) -> (Vec<String>, u64) {
    let (sender, receiver) = broadcast::channel(behind);
    for record in records {
        sender.send(Arc::new(record)).unwrap();
    }
    drop(sender);
    let unwritten = Arc::new(Unwritten::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let lines = runtime.block_on(to_come(receiver, filter, Arc::clone(&unwritten)).collect::<Vec<Bytes>>());
    let lines = lines.iter().map(|line| String::from_utf8(line.to_vec()).unwrap()).collect();
    (lines, unwritten.count(Way::Follow))
}

fn named(name: &str) -> Record {
    Record { name: Some(name.to_owned()), ..record() }
}

#[test]
fn new_events_are_filtered_as_old_ones_are() {
    let query = EventsQuery { name: Some("b.".into()), ..EventsQuery::default() };
    let filter = Filter::new(&query).unwrap();
    let (lines, lost) = stream(filter, 8, ["a.example", "b.example", "c.example"].map(named));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(serde_json::from_str::<Record>(&lines[0]).unwrap(), named("b.example"));
    assert_eq!(lost, 0);
}

#[test]
fn a_reader_that_is_too_slow_is_told_how_many_it_missed_and_that_is_counted() {
    let (lines, lost) = stream(Filter::default(), 2, (0..6).map(|number| named(&number.to_string())));
    assert_eq!(lines[0], "{\"lost\":4}\n");
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lost, 4);
}

#[test]
fn a_line_is_an_event_or_a_number_of_lost_ones() {
    let line = |text: &str| serde_json::from_str::<Line>(text).unwrap();
    assert_eq!(line("{\"lost\":7}"), Line::Lost { lost: 7 });
    let text = serde_json::to_string(&record()).unwrap();
    assert_eq!(line(&text), Line::Event(Box::new(record())));
}

#[test]
fn a_parameter_that_is_not_known_is_refused_with_those_that_are() {
    let uri = "/v1/events?verdikt=drop".parse().unwrap();
    let refused = Query::<EventsQuery>::try_from_uri(&uri).unwrap_err();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let told = refused.body_text();
    for word in ["verdikt", "follow", "device", "name", "verdict", "policy", "kind", "limit"] {
        assert!(told.contains(&format!("`{word}`")), "{told}");
    }
}
