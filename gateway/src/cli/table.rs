//! Rows for people, or one JSON object a line for programs.

use std::io::{self, Write as _};

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};
use serde::Serialize;

/// How wide a table is if what is in it can be made to fit, in columns of a terminal.
const WIDTH: u16 = 100;

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

/// Prints a table that is no wider than [`WIDTH`] if that can be: the columns `wrapped` then go on in the next line.
pub fn print_fitting(
    header: &[&str],
    numbers: usize,
    wrapped: &[usize],
    rows: Vec<Vec<String>>,
) -> anyhow::Result<()> {
    writeln!(io::stdout().lock(), "{}", fitting(header, numbers, wrapped, rows))?;
    Ok(())
}

fn fitting(header: &[&str], numbers: usize, wrapped: &[usize], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header).add_rows(rows);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    for (n, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 1));
        if n >= numbers {
            column.set_cell_alignment(CellAlignment::Right);
        }
        if !wrapped.contains(&n) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_goes_on_in_the_next_line_and_what_must_stay_whole_does() {
        let mac = "8c:be:be:12:34:56".to_owned();
        let long = "words and more words and ".repeat(8);
        let rows = vec![
            vec!["anna".into(), mac.clone(), long.clone(), "9".into()],
            vec!["x".repeat(120), mac, long, "10".into()],
        ];
        let text = fitting(&["DEVICE", "MAC", "VENDOR", "FLOWS"], 3, &[2], vec![rows[0].clone()]);
        assert!(
            text.lines().count() > 2 && text.lines().all(|line| line.len() <= usize::from(WIDTH)),
            "{text}"
        );
        assert_eq!(text.matches("8c:be:be:12:34:56").count(), 1, "{text}");
        let text = fitting(&["DEVICE", "MAC", "VENDOR", "FLOWS"], 3, &[2], rows);
        assert!(text.contains(&"x".repeat(120)) && text.matches("8c:be:be:12:34:56").count() == 2, "{text}");
    }
}
