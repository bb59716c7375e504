//! The table of devices.

use jiff::Zoned;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::ink::{Ink, Tone};
use super::line::Line;
use crate::top::columns::{Column, fit, widths};
use crate::top::model::{Model, Row, total};

/// Draws the head, the total, and as many devices as there is room for, the selected one among them.
pub fn draw(buffer: &mut Buffer, area: Rect, model: &Model, now: &Zoned, ink: Ink) {
    let columns = fit(area.width);
    let widths = widths(&columns, area.width);
    titles(&mut Line::new(buffer, area, 0), model, &columns, &widths, ink);
    let mut at = 1;
    // Where there are few lines, each of them is for a device.
    if area.height > 5 {
        let row = total(&model.rows);
        cells(&mut Line::new(buffer, area, at), &row, now, &columns, &widths, ink, Tone::Strong);
        at += 1;
    }
    let shown = model.shown();
    let room = usize::from(area.height.saturating_sub(at));
    let place = model.place(&shown);
    let first = place.saturating_sub(room / 2).min(shown.len().saturating_sub(room));
    for (row, line) in shown.iter().skip(first).take(room).zip(at..) {
        let chosen = shown.get(place).is_some_and(|chosen| chosen.key == row.key);
        let ground = if chosen { Tone::Chosen } else { Tone::Plain };
        cells(&mut Line::new(buffer, area, line), row, now, &columns, &widths, ink, ground);
    }
    if shown.is_empty() && at < area.height {
        let why =
            if model.rows.is_empty() { " none yet" } else { " none has the text of the filter; Esc ends it" };
        Line::new(buffer, area, at).text(why, ink.style(Tone::Faint));
    }
}

/// The sorted column has a mark in the gap before it, or behind its title.
fn titles(line: &mut Line, model: &Model, columns: &[Column], widths: &[u16], ink: Ink) {
    let style = ink.style(Tone::Head);
    for (column, cells) in columns.iter().zip(widths) {
        let look = column.look();
        let sorted = *column == model.sort;
        let title = if sorted { style.add_modifier(Modifier::UNDERLINED) } else { style };
        // Numbers begin with the largest, names with the first of the alphabet.
        let mark = if look.number != model.reversed { "▼" } else { "▲" };
        if look.number {
            line.text(if sorted { mark } else { " " }, style);
            line.number(look.title, *cells, title);
        } else {
            line.text(" ", style);
            let text = if sorted { format!("{}{mark}", look.title) } else { look.title.to_owned() };
            line.cell(&text, *cells, title);
        }
    }
    line.rest(style);
}

fn cells(
    line: &mut Line,
    row: &Row,
    now: &Zoned,
    columns: &[Column],
    widths: &[u16],
    ink: Ink,
    ground: Tone,
) {
    let style = ink.style(ground);
    line.text(if ground == Tone::Chosen { ">" } else { " " }, style);
    for (place, (column, cells)) in columns.iter().zip(widths).enumerate() {
        if place > 0 {
            line.text(" ", style);
        }
        let text = column.text(row, now);
        // What is selected has one colour, so that it can be read on whatever ground.
        let tone = if ground == Tone::Chosen { ground } else { tone(*column, row, &text, ground) };
        let write = if column.look().number { Line::number } else { Line::cell };
        write(line, &text, *cells, ink.style(tone));
    }
    line.rest(style);
}

fn tone(column: Column, row: &Row, text: &str, ground: Tone) -> Tone {
    match column {
        Column::Policies if row.device.paused_until.is_some() => Tone::Doubtful,
        Column::Blocks | Column::AllBlocked if !matches!(text, "0" | "-") => Tone::Bad,
        Column::Device if !row.device.listed && row.device.device.is_none() => Tone::Faint,
        _ => ground,
    }
}
