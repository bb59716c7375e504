//! What the filter has seen, in terms of people: events with names, counters as a snapshot.

pub mod devices;
pub mod event;
pub mod flows;
pub mod hub;
pub mod snapshot;
pub mod status;
pub mod wait;
