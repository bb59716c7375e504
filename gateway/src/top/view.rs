//! The model, drawn. It is made for 80 columns and 24 lines; a larger screen shows more, a smaller one does without what
//! matters least.

pub mod figures;
pub mod ink;

mod devices;
mod foot;
mod head;
mod help;
mod line;
mod list;
mod panes;

use jiff::Zoned;
use ratatui::Frame;
use ratatui::layout::Rect;

use self::ink::Ink;
use super::model::{Link, Mode, Model};

/// From here on two lists are beside each other.
const WIDE: u16 = 150;

/// What goes where, in lines of the whole width.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    head: Rect,
    devices: Rect,
    pane: Rect,
    foot: Rect,
}

/// Draws everything; `colour` says whether the terminal has colours.
pub fn draw(frame: &mut Frame, model: &Model, now: &Zoned, colour: bool) {
    let ink = Ink { colour, old: false };
    let grey = Ink { colour, old: model.link != Link::Up };
    let parts = split(frame.area(), model.rows.len());
    let buffer = frame.buffer_mut();
    head::draw(buffer, parts.head, model, now, ink, grey);
    if model.mode == Mode::Help {
        help::draw(buffer, parts.devices.union(parts.pane), ink);
    } else {
        devices::draw(buffer, parts.devices, model, now, grey);
        panes::draw(buffer, parts.pane, model, now, grey);
    }
    if let Some(cursor) = foot::draw(buffer, parts.foot, model, ink) {
        frame.set_cursor_position(cursor);
    }
}

/// The devices get the lines that they need, but at most half of those that are left by the rest, or what a list with a few
/// lines leaves.
fn split(area: Rect, devices: usize) -> Parts {
    let part = |from: u16, lines: u16| {
        let from = from.min(area.height);
        Rect::new(area.x, area.y + from, area.width, lines.min(area.height - from))
    };
    let head = match area.height {
        0..9 => 1,
        9..14 => 2,
        _ => 3,
    };
    let foot = u16::from(area.height > 2);
    let body = area.height.saturating_sub(head + foot);
    // Head of the table and the row of the total.
    let wanted = u16::try_from(devices).unwrap_or(u16::MAX).saturating_add(2);
    let devices = if body < 10 { body } else { wanted.min(body.div_ceil(2)).max(4) };
    Parts {
        head: part(0, head),
        devices: part(head, devices),
        pane: part(head + devices, body - devices),
        foot: part(area.height - foot, foot),
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
