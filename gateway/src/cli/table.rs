//! Rows for people, or one JSON object a line for programs.

use std::io::{self, Write as _};

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

/// Prints one JSON object a line.
pub fn print_json<T: Serialize>(rows: &[T]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for row in rows {
        serde_json::to_writer(&mut out, row).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Prints a table; the columns from `numbers` on are aligned to the right.
pub fn print_table(header: &[&str], numbers: usize, rows: Vec<Vec<String>>) -> anyhow::Result<()> {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header).add_rows(rows);
    for column in table.column_iter_mut().skip(numbers) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    writeln!(io::stdout().lock(), "{table}")?;
    Ok(())
}
