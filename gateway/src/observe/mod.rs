//! What the filter has seen, in terms of people: events with names, counters as a snapshot.

pub mod dictionary;
pub mod event;
pub mod hub;
pub mod snapshot;
pub mod wait;
