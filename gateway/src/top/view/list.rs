//! A list with a head: rows of cells, of which one takes what the others leave.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::ink::{Ink, Tone};
use super::line::Line;

/// A column of a list.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// What stands above it.
    pub title: &'static str,
    /// Its cells; 0 for the one that takes the rest.
    pub cells: u16,
    /// Whether it is a number, and stands to the right.
    pub number: bool,
}

impl Field {
    /// A column of text.
    pub const fn text(title: &'static str, cells: u16) -> Self {
        Self { title, cells, number: false }
    }

    /// A column of numbers.
    pub const fn number(title: &'static str, cells: u16) -> Self {
        Self { title, cells, number: true }
    }
}

/// The cells that the field which takes the rest has at least, as long as there are others to do without.
const LEAST: u16 = 24;

/// Draws as many rows as there is room for. Where the list is narrow, it does without the last fields.
pub fn draw(
    buffer: &mut Buffer,
    area: Rect,
    ink: Ink,
    fields: &[Field],
    rows: impl Iterator<Item = Vec<(String, Tone)>>,
) {
    let mut fields = fields;
    // One gap fewer than fields.
    let rest =
        |fields: &[Field]| (area.width + 1).saturating_sub(fields.iter().map(|field| field.cells + 1).sum());
    while rest(fields) < LEAST
        && let Some((last, others)) = fields.split_last()
        && last.cells > 0
    {
        fields = others;
    }
    let rest = rest(fields);
    let mut draw_row = |row: u16, cells: &[(&str, Tone)], ground: Tone| {
        let mut line = Line::new(buffer, area, row);
        for (place, (field, (text, tone))) in fields.iter().zip(cells).enumerate() {
            if place > 0 {
                line.text(" ", ink.style(ground));
            }
            let cells = if field.cells == 0 { rest } else { field.cells };
            let write = if field.number { Line::number } else { Line::cell };
            write(&mut line, text, cells, ink.style(*tone));
        }
        line.rest(ink.style(ground));
    };
    let titles: Vec<(&str, Tone)> = fields.iter().map(|field| (field.title, Tone::Head)).collect();
    draw_row(0, &titles, Tone::Head);
    for (row, cells) in (1..area.height).zip(rows) {
        let cells: Vec<(&str, Tone)> = cells.iter().map(|(text, tone)| (text.as_str(), *tone)).collect();
        draw_row(row, &cells, Tone::Plain);
    }
}
