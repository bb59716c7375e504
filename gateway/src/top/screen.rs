//! The terminal, taken and given back: at the end, by an error, by a panic.

use std::io::{self, Write as _, stdout};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::style::Print;
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use ratatui::layout::{Position, Rect};

/// Terminals that know of writing from right to left keep letters in their cells (ECMA-48, BDSM: explicit), or a name would
/// turn round the numbers behind it.
const LETTERS_STAY: &str = "\x1b[8l";
/// Back to how they were.
const LETTERS_TURN: &str = "\x1b[8h";

/// Whether the terminal is ours: it is given back once, whoever comes first.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal, as long as it is ours.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<CrosstermBackend<io::Stdout>>,
}

impl Screen {
    /// Takes the terminal. A panic gives it back before it is told.
    ///
    /// # Errors
    /// If there is none, or it cannot be changed.
    pub fn take() -> io::Result<Self> {
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back();
            tell(info);
        }));
        enter().inspect_err(|_| give_back())?;
        // From here on dropping it gives the terminal back.
        Ok(Self { terminal: Terminal::new(CrosstermBackend::new(stdout())).inspect_err(|_| give_back())? })
    }

    /// Draws a picture, in one go where the terminal knows how.
    ///
    /// # Errors
    /// If the terminal takes nothing.
    pub fn draw(&mut self, picture: impl FnOnce(&mut ratatui::Frame)) -> io::Result<()> {
        execute!(stdout(), BeginSynchronizedUpdate)?;
        self.terminal.draw(picture)?;
        execute!(stdout(), EndSynchronizedUpdate)
    }

    /// Draws everything with the next picture, whatever is on the screen.
    ///
    /// # Errors
    /// If the terminal takes nothing.
    pub fn clear(&mut self) -> io::Result<()> {
        // What the library calls to clear also asks the terminal where its cursor is; whoever reads the keys would get the answer.
        self.terminal.resize(Rect::from((Position::ORIGIN, self.terminal.size()?)))
    }

    /// Columns of the terminal.
    ///
    /// # Errors
    /// If it does not say.
    pub fn width(&self) -> io::Result<u16> {
        Ok(self.terminal.size()?.width)
    }

    /// Gives the terminal to the shell, as Ctrl-Z does; returns when it is ours again.
    ///
    /// # Errors
    /// If the terminal cannot be taken again.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGTSTP)?;
        enter()?;
        self.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn enter() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, Print(LETTERS_STAY))
}

/// As far as the terminal still takes something.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = execute!(stdout(), EndSynchronizedUpdate, Print(LETTERS_TURN), LeaveAlternateScreen, Show);
    let _ = stdout().flush();
    let _ = disable_raw_mode();
}

/// Whether the terminal has colours, and whether these are wanted (<https://no-color.org>).
pub fn has_colours(variable: impl Fn(&str) -> Option<String>) -> bool {
    let term = variable("TERM").unwrap_or_default();
    let without = ["vt52", "vt100", "vt102", "vt220", "vt320", "vt420", "dumb", "ansi-m"];
    let plain = without.contains(&term.as_str()) || term.ends_with("-m") || term.ends_with("-mono");
    !plain && variable("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_that_have_them_unless_they_are_not_wanted() {
        let with = |term: &str, no_color: Option<&str>| {
            has_colours(|name| match name {
                "TERM" => Some(term.to_owned()),
                _ => no_color.map(str::to_owned),
            })
        };
        assert!(with("xterm-256color", None) && with("linux", Some("")) && with("screen", None));
        assert!(!with("xterm-256color", Some("1")) && !with("vt100", None) && !with("xterm-mono", None));
        assert!(has_colours(|_| None));
    }
}
