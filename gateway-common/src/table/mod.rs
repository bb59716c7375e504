//! The big tables of a policy, host names and nets, as cells of one cache line each.
//!
//! User space builds them as a plain array, the kernel reads the same array through a map. Whoever reads it looks at few
//! cells, each by its index, and never writes: a table is made whole and then put in force.

pub mod names;
pub mod ranges;

/// One cache line of a table, in numbers of the machine's order.
pub type Cell = [u64; 8];

/// Bytes of a [`Cell`].
pub const CELL_BYTES: usize = size_of::<Cell>();

/// Where cells are read from.
pub trait Cells {
    /// The cell with this index, if there is one.
    fn cell(&self, index: u32) -> Option<&Cell>;
}

impl Cells for [Cell] {
    fn cell(&self, index: u32) -> Option<&Cell> {
        self.get(index as usize)
    }
}

/// The four words of record `index` in an array of records, two in each cell, that begins at cell `at`.
#[inline(always)]
fn record(cells: &(impl Cells + ?Sized), at: u32, index: u32) -> Option<[u64; 4]> {
    let cell = cells.cell(at.wrapping_add(index / 2))?;
    let half = (index as usize & 1) * 4;
    Some([cell[half], cell[half + 1], cell[half + 2], cell[half + 3]])
}
