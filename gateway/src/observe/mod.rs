//! What the filter has seen, in terms of people: events with names, counters as a snapshot.

pub mod devices;
pub mod dictionary;
pub mod event;
pub mod filter;
pub mod flows;
pub mod history;
pub mod hosts;
pub mod hub;
pub mod outlet;
pub mod outlets;
pub mod snapshot;
pub mod status;
#[cfg(test)]
pub(crate) mod testing;
pub mod unwritten;
pub mod wait;

/// Whole seconds since 1970-01-01 UTC.
fn unix_now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}
