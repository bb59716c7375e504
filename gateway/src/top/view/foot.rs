//! The last line: what is asked, what became of an order, or which keys there are.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::ink::{Ink, Tone};
use super::line::Line;
use crate::top::model::{Link, Mode, Model};

/// Draws it; returns where the next letter will stand, if one is asked for.
pub fn draw(buffer: &mut Buffer, area: Rect, model: &Model, ink: Ink) -> Option<(u16, u16)> {
    let mut line = Line::new(buffer, area, 0);
    let [plain, strong, bad] = [Tone::Plain, Tone::Strong, Tone::Bad].map(|tone| ink.style(tone));
    match &model.mode {
        Mode::Filter => {
            line.text("show only: ", strong);
            return Some(written(line, &model.filter, "   Enter keeps it, Esc ends it", ink));
        }
        Mode::Pause { device, text, mistake: None, .. } => {
            line.text(&format!("pause {} for: ", short(device)), strong);
            return Some(written(line, text, "   Enter does it, Esc does not", ink));
        }
        Mode::Pause { device, text, mistake: Some(mistake), .. } => {
            line.text(&format!("pause {} for: ", short(device)), strong);
            return Some(written(line, text, &format!("   {mistake}"), ink));
        }
        Mode::Help => line.text("any key goes back", plain),
        Mode::Watch => match (&model.message, &model.link) {
            (Some(message), _) => line.text(&message.text, if message.bad { bad } else { strong }),
            (None, Link::Lost { why, .. } | Link::Waiting(why)) => {
                line.text("trying again: ", strong);
                line.text(why, plain);
            }
            (None, Link::Up) => {
                let keys = "q quit  ? help  s/S sort  r reverse  / filter  p pause  u resume  Tab lower list";
                line.text(keys, ink.style(Tone::Faint));
            }
        },
    }
    None
}

/// What is written so far, and what may be done with it.
fn written(mut line: Line, text: &str, help: &str, ink: Ink) -> (u16, u16) {
    line.text(text, ink.style(Tone::Plain));
    let cursor = line.place();
    line.text(help, ink.style(Tone::Faint));
    cursor
}

/// A name that leaves room for what is asked.
fn short(name: &str) -> String {
    const LONGEST: usize = 24;
    if name.chars().count() <= LONGEST {
        name.to_owned()
    } else {
        name.chars().take(LONGEST).chain(['…']).collect()
    }
}
