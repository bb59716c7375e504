//! The lists below the devices: hosts, events, and the connections of the selected device.

use jiff::Zoned;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::WIDE;
use super::figures::count;
use super::ink::{Ink, Tone};
use super::line::Line;
use super::list::{self, Field};
use crate::top::columns::clock;
use crate::top::model::{Model, Pane};
use crate::top::wire::{Flow, Host, Record};

const HOSTS: [Field; 6] = [
    Field::text("HOST", 0),
    Field::number("SEEN", 6),
    Field::number("BLOCKED", 7),
    Field::text("LAST", 8),
    Field::text("DEVICES", 20),
    Field::text("POLICIES", 18),
];

const EVENTS: [Field; 7] = [
    Field::text("TIME", 8),
    Field::text("VERDICT", 7),
    Field::text("HOST", 0),
    // An unlisted device has its MAC address for a name.
    Field::text("DEVICE", 17),
    Field::text("BY", 16),
    Field::text("WHY", 10),
    Field::text("TO", 24),
];

const FLOWS: [Field; 7] = [
    Field::text("SINCE", 8),
    Field::text("VERDICT", 8),
    Field::text("HOST", 0),
    Field::text("PORT", 9),
    Field::text("BY", 16),
    Field::text("WHY", 10),
    Field::text("ADDRESS", 24),
];

/// Draws the chosen list; on a wide screen, the hosts beside the events or flows.
pub fn draw(buffer: &mut Buffer, area: Rect, model: &Model, now: &Zoned, ink: Ink) {
    tabs(&mut Line::new(buffer, area, 0), model, area.width >= WIDE, ink);
    let below = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
    if area.width < WIDE {
        return list(buffer, below, model.pane, model, now, ink);
    }
    // A host has fewer fields than an event.
    let left = Rect { width: area.width * 9 / 20, ..below };
    let right = Rect { x: below.x + left.width + 2, width: below.width - left.width - 2, ..below };
    list(buffer, left, Pane::Hosts, model, now, ink);
    list(buffer, right, beside(model.pane), model, now, ink);
}

/// What is shown beside the hosts.
fn beside(pane: Pane) -> Pane {
    if pane == Pane::Flows { Pane::Flows } else { Pane::Events }
}

fn tabs(line: &mut Line, model: &Model, wide: bool, ink: Ink) {
    let device = model.selected().map(|row| row.key.word()).unwrap_or_default();
    for (pane, number) in Pane::ALL.into_iter().zip(1..) {
        let name = match pane {
            Pane::Hosts => String::from("hosts"),
            Pane::Events => String::from("events"),
            Pane::Flows => format!("flows of {device}"),
        };
        let shown = pane == model.pane || wide && (pane == Pane::Hosts || pane == beside(model.pane));
        let (text, tone) = if shown {
            (format!("[{number} {name}]"), Tone::Strong)
        } else {
            (format!(" {number} {name} "), Tone::Plain)
        };
        line.text(&text, ink.style(tone));
        line.text(" ", ink.style(Tone::Plain));
    }
}

fn list(buffer: &mut Buffer, area: Rect, pane: Pane, model: &Model, now: &Zoned, ink: Ink) {
    match pane {
        Pane::Hosts => {
            let rows = model.hosts_shown().into_iter().map(|host| host_row(host, now));
            list::draw(buffer, area, ink, &HOSTS, rows);
        }
        Pane::Events => {
            let rows = model.events_shown().into_iter().map(|event| event_row(event, now));
            list::draw(buffer, area, ink, &EVENTS, rows);
        }
        Pane::Flows => {
            let flows = match model.flows() {
                Some(Ok(flows)) => flows,
                Some(Err(why)) => return Line::new(buffer, area, 0).text(why, ink.style(Tone::Bad)),
                None => &[],
            };
            let rows = flows.iter().map(|flow| flow_row(flow, now));
            list::draw(buffer, area, ink, &FLOWS, rows);
        }
    }
}

fn host_row(host: &Host, now: &Zoned) -> Vec<(String, Tone)> {
    let blocked = if host.blocked > 0 { Tone::Bad } else { Tone::Plain };
    vec![
        (host.name.clone(), Tone::Plain),
        (count(host.seen, 6), Tone::Plain),
        (count(host.blocked, 7), blocked),
        (clock(host.last, now), Tone::Plain),
        (host.devices.join(","), Tone::Plain),
        (host.policies.join(","), Tone::Plain),
    ]
}

fn event_row(event: &Record, now: &Zoned) -> Vec<(String, Tone)> {
    // A moment between two seconds: the one that has begun.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let second = event.time.floor() as u64;
    let device = if event.device == crate::policy::OTHER { &event.mac } else { &event.device };
    let to = format!("{} {}/{}", event.dst, event.proto, event.dport);
    vec![
        (clock(second, now), Tone::Plain),
        (event.verdict.clone(), Ink::of_verdict(&event.verdict)),
        (event.name.clone().unwrap_or_else(|| event.dst.to_string()), Tone::Plain),
        (device.clone(), Tone::Plain),
        (event.policy.clone().unwrap_or_default(), Tone::Plain),
        (event.reason.clone(), Tone::Plain),
        (to, Tone::Plain),
    ]
}

fn flow_row(flow: &Flow, now: &Zoned) -> Vec<(String, Tone)> {
    let decided = flow.state == "decided";
    let verdict = if decided { &flow.verdict } else { &flow.state };
    let asked = flow.name_from.as_deref() == Some("asked");
    let host = match &flow.name {
        Some(name) if asked => format!("{name} (asked for)"),
        Some(name) => name.clone(),
        None => flow.dst.to_string(),
    };
    vec![
        (clock(flow.since, now), Tone::Plain),
        (verdict.clone(), if decided { Ink::of_verdict(verdict) } else { Tone::Plain }),
        (host, Tone::Plain),
        (format!("{}/{}", flow.proto, flow.dport), Tone::Plain),
        (flow.policy.clone().unwrap_or_default(), Tone::Plain),
        (flow.reason.clone(), Tone::Plain),
        (flow.dst.to_string(), Tone::Plain),
    ]
}
