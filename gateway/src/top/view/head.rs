//! The head of the screen: whether the filter is on, and where; whether a daemon tells; totals; what is chosen.

use jiff::Zoned;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::ink::{Ink, Tone};
use super::line::Line;
use crate::top::model::{Link, Model};
use crate::top::wire::{Interface, Status};

/// Draws as many of its three lines as there is room for; `grey` is the ink for what may be old.
pub fn draw(buffer: &mut Buffer, area: Rect, model: &Model, now: &Zoned, ink: Ink, grey: Ink) {
    let mut first = Line::new(buffer, area, 0);
    state(&mut first, model, now, ink);
    first.last(&now.strftime("  %H:%M:%S").to_string(), ink.style(Tone::Plain));
    if let Some(status) = &model.status {
        figures(&mut Line::new(buffer, area, 1), status, grey);
    }
    choice(&mut Line::new(buffer, area, 2), model, grey);
}

fn state(line: &mut Line, model: &Model, now: &Zoned, ink: Ink) {
    match (&model.link, &model.status) {
        (Link::Lost { since, gone, .. }, _) => {
            let since = since.to_zoned(now.time_zone().clone()).strftime("%H:%M:%S");
            let what = if *gone { "DAEMON GONE" } else { "NO NEW DATA" };
            line.text(&format!("{what} since {since}"), ink.style(Tone::Bad));
            line.text("  the filter goes on", ink.style(Tone::Plain));
        }
        (Link::Up, Some(status)) => interfaces(line, &status.interfaces, ink),
        _ => line.text("WAITING for the daemon", ink.style(Tone::Doubtful)),
    }
}

/// Where the filter is. What is wrong comes first, so that it is not cut.
fn interfaces(line: &mut Line, all: &[Interface], ink: Ink) {
    if all.iter().any(|interface| interface.exists) {
        line.text("filter ON", ink.style(Tone::Good));
    } else {
        line.text("filter OFF: on no interface", ink.style(Tone::Bad));
    }
    const CLOCK: u16 = 12;
    const AND_MORE: u16 = 13;
    let mut sorted: Vec<&Interface> = all.iter().collect();
    sorted.sort_by_key(|interface| (interface.exists, interface.answers));
    for (shown, interface) in sorted.iter().enumerate() {
        let (text, tone) = told(interface);
        let cells = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
        let left = sorted.len() - shown;
        let rest = if left > 1 { CLOCK + AND_MORE } else { CLOCK };
        if shown > 0 && line.left() < cells.saturating_add(rest) {
            line.text(&format!("  and {left} more"), ink.style(Tone::Plain));
            break;
        }
        line.text("  ", ink.style(Tone::Plain));
        line.text(&text, ink.style(tone));
    }
}

fn told(interface: &Interface) -> (String, Tone) {
    let Interface { interface, mode, exists, answers, downlink, .. } = interface;
    if !exists {
        return (format!("{interface} NOT THERE"), Tone::Bad);
    }
    let mut text = format!("{interface} {mode}");
    if downlink.is_none() {
        text.push_str(", up only");
    }
    if !answers {
        text.push_str(", drops for rejects");
    }
    let tone = if *answers && mode == "native" { Tone::Plain } else { Tone::Doubtful };
    (text, tone)
}

fn figures(line: &mut Line, status: &Status, ink: Ink) {
    let plain = ink.style(Tone::Plain);
    line.text(&format!("generation {}  flows {}  events lost ", status.generation, status.flows), plain);
    let tone = |number| if number > 0 { Tone::Bad } else { Tone::Plain };
    line.text(&status.events_lost.to_string(), ink.style(tone(status.events_lost)));
    if status.events_limited > 0 {
        line.text(&format!(", withheld {}", status.events_limited), plain);
    }
    if let Some(failed @ 1..) = status.reloads_failed {
        line.text(&format!("  FAILED RELOADS {failed}"), ink.style(Tone::Bad));
    }
    line.last(&format!("  gateway {}", status.version), plain);
}

/// How many devices there are, how they are sorted, and which are shown.
fn choice(line: &mut Line, model: &Model, ink: Ink) {
    let listed = model.rows.iter().filter(|row| row.device.listed).count();
    let paused = model.rows.iter().filter(|row| row.device.paused_until.is_some()).count();
    // The first row is that of all unlisted ones together.
    let seen = model.rows.iter().filter(|row| !row.device.listed && row.device.mac.is_some()).count();
    let mut text = format!("devices {listed}");
    if seen > 0 {
        text.push_str(&format!(" and {seen} unlisted"));
    }
    if paused > 0 {
        text.push_str(&format!(", {paused} paused"));
    }
    let back = if model.reversed { " reversed" } else { "" };
    line.text(&format!("{text}  sorted by {}{back}", model.sort.look().title), ink.style(Tone::Plain));
    if !model.filter.is_empty() {
        let filter = format!("  filter \"{}\": {} shown", model.filter, model.shown().len());
        line.text(&filter, ink.style(Tone::Strong));
    }
}
