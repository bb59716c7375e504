//! Hosts that are blocked by their addresses too: what is asked of DNS and when, and which answers come into force.
//!
//! * [`plan`]: which question is due when, and what is known of each.
//! * [`sights`]: which names were seen at which addresses, for the guard: an address that also serves a name which a policy
//!   does not block is not blocked by that policy.
//! * [`special`]: addresses that are never blocked so.
//! * [`book`]: all of this together: what is to be in force. Like the three above it knows neither network nor kernel nor
//!   clock.
//! * [`ask`]: the questions themselves.
//!
//! `crate::daemon` does the waiting.

pub mod ask;
pub mod book;
pub mod plan;
pub mod sights;
pub mod special;
