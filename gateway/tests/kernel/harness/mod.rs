//! What the tests need: policies from text, frames, the loaded programs, and what moved in them.

mod expected;
mod filter;
mod frame;
mod hello;
mod setup;
mod tally;
mod tcp;

pub use expected::{drops, observes, passes};
pub use filter::{Filter, explained, run};
pub use frame::{C_TAG, Extension, Frame, Path, S_TAG, TCP, UDP};
pub use hello::{Client, crafted, hello, nameless, replaced};
pub use setup::{LAPTOP, PHONE, STRANGER, Setup, TV};
pub use tally::Tally;
pub use tcp::Tcp;

/// What has no name: a request of a protocol whose names are not read, eight bytes long.
pub const NO_PROTOCOL: &[u8] = b"\x00\x01\x02\x03\x04\x05\x06\x07";
