//! What the daemon answers: `/metrics` and the page over TCP, control and events over a Unix socket.

pub mod api;
pub mod control;
pub mod events;
pub mod listen;
pub mod lists;
pub mod metrics;
pub mod observed;
pub mod page;
pub mod views;
