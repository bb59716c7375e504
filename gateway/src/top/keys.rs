//! What a key changes, and what it asks of the daemon and the terminal.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::feed::Order;
use super::model::{Message, Mode, Model, Pane};
use crate::present::length::{DEFAULT, length, whole_seconds};

/// The longest text that is written into a prompt, in characters.
const LONGEST: usize = 60;

/// Devices that Page Up and Page Down go by.
const PAGE: isize = 10;

/// What a key asks of others than the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To end.
    Quit,
    /// To stop, as Ctrl-Z does, until the shell goes on with it.
    Suspend,
    /// To draw everything anew.
    Redraw,
    /// To tell the daemon.
    Order(Order),
}

/// Takes a key that was pressed.
pub fn press(model: &mut Model, key: KeyEvent) -> Option<Wish> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        match key.code {
            KeyCode::Char('c') => return Some(Wish::Quit),
            KeyCode::Char('z') => return Some(Wish::Suspend),
            KeyCode::Char('l') => return Some(Wish::Redraw),
            KeyCode::Char('u') => rubbed_out(model),
            _ => {}
        }
        return None;
    }
    model.message = None;
    match model.mode {
        Mode::Watch => return watch(model, key.code),
        Mode::Help => model.mode = Mode::Watch,
        Mode::Filter => filter(model, key.code),
        Mode::Pause { .. } => return pause(model, key.code).map(Wish::Order),
    }
    None
}

fn watch(model: &mut Model, key: KeyCode) -> Option<Wish> {
    match key {
        KeyCode::Char('q') => return Some(Wish::Quit),
        KeyCode::Up | KeyCode::Char('k') => model.step(-1),
        KeyCode::Down | KeyCode::Char('j') => model.step(1),
        KeyCode::PageUp => model.step(-PAGE),
        KeyCode::PageDown => model.step(PAGE),
        KeyCode::Home | KeyCode::Char('g') => model.step(isize::MIN),
        KeyCode::End | KeyCode::Char('G') => model.step(isize::MAX),
        KeyCode::Char('s') => model.sort_by_next(1),
        KeyCode::Char('S') => model.sort_by_next(-1),
        KeyCode::Char('r') => model.reversed = !model.reversed,
        KeyCode::Char('/') => model.mode = Mode::Filter,
        KeyCode::Esc => model.filter.clear(),
        KeyCode::Char('p') => ask_how_long(model),
        KeyCode::Char('u') => return resume(model).map(Wish::Order),
        KeyCode::Tab => model.turn_pane(1),
        KeyCode::BackTab => model.turn_pane(Pane::ALL.len() - 1),
        KeyCode::Char('1') => model.pane = Pane::Hosts,
        KeyCode::Char('2') => model.pane = Pane::Events,
        KeyCode::Char('3') => model.pane = Pane::Flows,
        KeyCode::Char('?' | 'h') | KeyCode::F(1) => model.mode = Mode::Help,
        _ => {}
    }
    None
}

/// The filter holds as it is written.
fn filter(model: &mut Model, key: KeyCode) {
    match key {
        KeyCode::Enter => model.mode = Mode::Watch,
        KeyCode::Esc => {
            model.filter.clear();
            model.mode = Mode::Watch;
        }
        KeyCode::Backspace => drop(model.filter.pop()),
        KeyCode::Char(letter) => write(&mut model.filter, letter),
        KeyCode::Up => model.step(-1),
        KeyCode::Down => model.step(1),
        _ => {}
    }
}

fn ask_how_long(model: &mut Model) {
    if let Some(device) = listed(model) {
        let (text, mistake) = (String::from(DEFAULT), None);
        model.mode = Mode::Pause { device, text, proposed: true, mistake };
    }
}

fn resume(model: &mut Model) -> Option<Order> {
    let device = listed(model)?;
    let paused = model.selected().is_some_and(|row| row.device.paused_until.is_some());
    if !paused {
        refuse(model, format!("{device} is not paused"));
        return None;
    }
    Some(Order::Resume { device })
}

/// The selected device, if it has policies of its own.
fn listed(model: &mut Model) -> Option<String> {
    let row = model.selected()?;
    let word = row.key.word().to_owned();
    if row.device.listed && row.device.mac.is_some() {
        return Some(word);
    }
    refuse(model, format!("{word} has no [[device]] in the configuration, so it cannot be paused"));
    None
}

fn refuse(model: &mut Model, text: String) {
    model.message = Some(Message { text, bad: true });
}

fn pause(model: &mut Model, key: KeyCode) -> Option<Order> {
    let Mode::Pause { device, text, proposed, mistake } = &mut model.mode else { return None };
    match key {
        KeyCode::Enter => match length(text.trim()) {
            Ok(length) => {
                let order = Order::Pause { device: device.clone(), seconds: whole_seconds(length) };
                model.mode = Mode::Watch;
                return Some(order);
            }
            Err(wrong) => *mistake = Some(wrong.to_string()),
        },
        KeyCode::Esc => model.mode = Mode::Watch,
        KeyCode::Backspace => {
            (*proposed, *mistake) = (false, None);
            text.pop();
        }
        KeyCode::Char(letter) => {
            if *proposed {
                text.clear();
            }
            (*proposed, *mistake) = (false, None);
            write(text, letter);
        }
        _ => {}
    }
    None
}

/// Ctrl-U: nothing is written any more.
fn rubbed_out(model: &mut Model) {
    match &mut model.mode {
        Mode::Filter => model.filter.clear(),
        Mode::Pause { text, proposed, mistake, .. } => {
            text.clear();
            (*proposed, *mistake) = (false, None);
        }
        Mode::Watch | Mode::Help => {}
    }
}

fn write(text: &mut String, letter: char) {
    if !letter.is_control() && text.chars().count() < LONGEST {
        text.push(letter);
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
