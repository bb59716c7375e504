//! The only room that touches aya: load, attach, pin, fill, read.
//!
//! * [`engine`]: all of it as the daemon steers it.
//! * [`load`]: from the object to verified programs.
//! * [`maps`]: typed handles on the maps, from a fresh load or from their pins.
//! * [`tables`]: a compiled policy into the slot that is not in force, then the swap.
//! * [`attach`]: links on interfaces, pinned, replaced in place.
//! * [`downlink`]: the program on the way to the devices, on interfaces.
//! * `link`: what links of both have in common.
//! * [`mute`]: which interfaces cannot send answers.
//! * [`pins`]: where all that lies in the BPF file system.
//! * [`read`]: counters and labels; [`batch`] reads many at a time.

pub mod attach;
pub mod batch;
pub mod downlink;
pub mod engine;
mod error;
mod labels;
mod link;
pub mod load;
mod lookup;
mod mapped;
pub mod maps;
pub mod mute;
pub mod pins;
pub mod plain;
pub mod read;
pub mod tables;

pub use error::Error;
