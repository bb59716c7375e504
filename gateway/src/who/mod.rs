//! What is known of a device beside its address: who made it, what it calls itself, and where it can be reached.
//!
//! * [`known`]: all of it, put together.
//! * [`vendor`]: who made it, by the list of the IEEE.
//! * [`leases`]: what it calls itself, and the addresses that it was given.
//! * [`neighbours`]: its addresses, as the kernel has found them.
//! * [`entry`]: a device that was seen as lines for the configuration.
//! * `file`: files that others write.

pub mod entry;
mod file;
pub mod known;
pub mod leases;
pub mod neighbours;
pub mod vendor;
