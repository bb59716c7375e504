//! The big tables of a generation, made whole in memory: host names and nets, in the cells that the kernel reads.

mod masks;
mod names;
mod ranges;

pub use names::{NameTable, NameView, Names};
pub use ranges::{PrefixTable, Prefixes};

/// The index of a cell or a record as the kernel counts them. More than fits has no room in memory either.
fn index(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
