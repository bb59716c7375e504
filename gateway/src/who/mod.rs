//! What is known of a device beside its address: who made it, what it calls itself, and where it can be reached.
//!
//! * [`neighbours`]: its addresses, as the kernel has found them.

pub mod neighbours;
