//! The keys and columns, told.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::ink::{Ink, Tone};
use super::line::Line;

const LINES: [(&str, &str); 19] = [
    ("Up Down k j", "select a device; Page Up, Page Down, Home g, End G go further"),
    ("s  S", "sort by the next column to the right, to the left"),
    ("r", "sort the other way round"),
    ("/", "show only devices with a text in name, MAC, vendor, host, address"),
    ("", "and hosts and events that have it or are theirs; Esc ends that"),
    ("p", "pause the selected device: it passes everything, and is counted"),
    ("u", "resume: end its pause"),
    ("Tab  1 2 3", "lower list: hosts, events, flows of the selected device"),
    ("Ctrl-L", "draw everything anew"),
    ("q  Ctrl-C", "quit; the filter is not touched"),
    ("", ""),
    ("UP/s DOWN/s", "bytes a second from and to the device"),
    ("PPS", "packets a second, both ways"),
    ("FLW/s FLOWS", "connections a second, and all"),
    ("BLK/s BLOCKED", "connections and DNS questions blocked a second, and all"),
    ("OBSERVED", "connections that a policy with `observe` would have blocked"),
    ("SENT RECVD", "bytes from and to the device, all"),
    ("-", "not known: before the second look, or counters began anew"),
    ("k M G", "thousands, millions, billions"),
];

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, ink: Ink) {
    for ((keys, what), row) in LINES.into_iter().zip(0..area.height) {
        let mut line = Line::new(buffer, area, row);
        line.text(" ", ink.style(Tone::Plain));
        line.cell(keys, 14, ink.style(Tone::Strong));
        line.text(what, ink.style(Tone::Plain));
    }
}
