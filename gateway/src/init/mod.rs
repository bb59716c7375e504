//! `gateway init`: from what the machine shows and a person answers to a configuration that `gateway check` accepts.
//!
//! * [`survey`]: the interfaces and devices that there are, and which are probably the LAN; `look` asks the machine.
//! * [`catalogue`]: the policies that can be chosen.
//! * [`suggest`]: what to call a device, and which policies may suit it.
//! * [`choose`]: words to checked choices.
//! * [`plan`]: all choices, from options, from answers or guessed.
//! * [`ask`]: the questions, to whoever reads and writes.
//! * [`text`]: the choices as a commented `gateway.toml`.
//! * [`write`](mod@write): onto the disk, all of it or nothing.

pub mod ask;
pub mod catalogue;
pub mod choose;
mod look;
pub mod plan;
pub mod suggest;
pub mod survey;
#[cfg(test)]
mod testing;
pub mod text;
pub mod write;

pub use look::look;
