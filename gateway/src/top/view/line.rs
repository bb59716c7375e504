//! One line of the screen, written from left to right. All that is drawn goes through here and is made harmless.

use ratatui::buffer::{Buffer, CellWidth as _};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::policy::Escaped;

/// Where to write next in a line.
#[derive(Debug)]
pub struct Line<'a> {
    buffer: &'a mut Buffer,
    x: u16,
    end: u16,
    y: u16,
}

impl<'a> Line<'a> {
    /// The line so many rows below the upper edge of `area`; one without cells if that is below its lower edge.
    pub fn new(buffer: &'a mut Buffer, area: Rect, row: u16) -> Self {
        let area = area.intersection(buffer.area);
        let end = if row < area.height { area.right() } else { area.x };
        Self { buffer, x: area.x, end, y: area.y.saturating_add(row) }
    }

    /// Cells that are left.
    pub fn left(&self) -> u16 {
        self.end.saturating_sub(self.x)
    }

    /// Where the next text stands: column and row of the screen.
    pub fn place(&self) -> (u16, u16) {
        (self.x, self.y)
    }

    /// Writes as much of the text as there is room for.
    pub fn text(&mut self, text: &str, style: Style) {
        let text = harmless(text);
        let cells = self.left().min(width(&text));
        self.put(&text, cells, style);
    }

    /// Writes the text into so many cells, to their left.
    pub fn cell(&mut self, text: &str, cells: u16, style: Style) {
        let cells = cells.min(self.left());
        let end = self.x + cells;
        self.put(&harmless(text), cells, style);
        self.fill(end, style);
    }

    /// Writes the text into so many cells, to their right.
    pub fn number(&mut self, text: &str, cells: u16, style: Style) {
        let text = harmless(text);
        let cells = cells.min(self.left());
        let end = self.x + cells;
        self.fill(end - cells.min(width(&text)), style);
        self.put(&text, end - self.x, style);
        self.fill(end, style);
    }

    /// Fills the rest, but for what `text` takes, and writes it at the end if it fits in whole.
    pub fn last(&mut self, text: &str, style: Style) {
        let text = harmless(text);
        if width(&text) < self.left() {
            self.fill(self.end - width(&text), style);
            self.put(&text, self.left(), style);
        }
    }

    /// Fills the rest.
    pub fn rest(&mut self, style: Style) {
        self.fill(self.end, style);
    }

    fn fill(&mut self, end: u16, style: Style) {
        let blank = " ".repeat(end.saturating_sub(self.x).into());
        self.put(&blank, end.saturating_sub(self.x), style);
    }

    /// Writes the text, with a sign where it is cut. A letter of two cells may leave one empty.
    fn put(&mut self, text: &str, cells: u16, style: Style) {
        if cells == 0 {
            return;
        }
        let whole = width(text) <= cells;
        let room = if whole { cells } else { cells - 1 };
        (self.x, _) = self.buffer.set_stringn(self.x, self.y, text, room.into(), style);
        if !whole {
            (self.x, _) = self.buffer.set_stringn(self.x, self.y, "…", 1, style);
        }
    }
}

/// The text without anything that steers a terminal or turns the direction of writing.
fn harmless(text: &str) -> String {
    Escaped(text).to_string()
}

/// Cells that the text takes: letter by letter, as it is put into the buffer. Of a whole text, Unicode may say less.
fn width(text: &str) -> u16 {
    let span = Span::raw(text);
    let letters = span.styled_graphemes(Style::new());
    letters.fold(0, |cells, letter| cells.saturating_add(letter.symbol.cell_width()))
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
