//! What the tests need: policies from text, frames, the loaded programs, and what moved in them.

mod answer;
mod down;
mod expected;
mod filter;
mod frame;
mod hello;
mod lease;
mod setup;
mod tally;
mod tcp;

pub use answer::{reset, unreachable};
pub use down::{Record, answer, down};
pub use expected::{Expected, Left, Outcome, drops, observes, passes, rejects, rejects_silently, withholds};
pub use filter::{Filter, explained, now, run};
pub use frame::{C_TAG, Extension, Frame, Path, S_TAG, TCP, UDP};
pub use gateway_common::checks::seal;
pub use hello::{
    Client, crafted, hello, late_name, nameless, position, replaced, server_name, with_extensions,
};
pub use setup::{LAPTOP, PHONE, STRANGER, Setup, TV};
pub use tally::{by_policy, by_reason, of_device};
pub use tcp::Tcp;

/// What has no name: a request of a protocol whose names are not read, eight bytes long.
pub const NO_PROTOCOL: &[u8] = b"\x00\x01\x02\x03\x04\x05\x06\x07";
