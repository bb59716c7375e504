//! Colours and weights. They never say what is not said in words, too: a terminal may have none.

use ratatui::style::{Color, Modifier, Style};

/// What a text is, to be told apart at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing about it.
    Plain,
    /// What is said about the rest.
    Strong,
    /// What is beside the point.
    Faint,
    /// The head of a table.
    Head,
    /// The selected row.
    Chosen,
    /// As it should be, or passed.
    Good,
    /// Only observed, or paused.
    Doubtful,
    /// Wrong, or blocked.
    Bad,
}

/// How to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink {
    /// Whether there are colours.
    pub colour: bool,
    /// Whether everything is grey, as it is old.
    pub old: bool,
}

impl Ink {
    /// The style of a tone. The colours are the terminal's own, and its ground is kept: it may be dark or light.
    pub fn style(self, tone: Tone) -> Style {
        let style = match tone {
            Tone::Plain | Tone::Good | Tone::Doubtful => Style::new(),
            Tone::Strong | Tone::Bad => Style::new().add_modifier(Modifier::BOLD),
            Tone::Faint => Style::new().add_modifier(Modifier::DIM),
            Tone::Head | Tone::Chosen => Style::new().add_modifier(Modifier::REVERSED),
        };
        if self.old {
            return style.remove_modifier(Modifier::BOLD).add_modifier(Modifier::DIM);
        }
        match tone {
            Tone::Good if self.colour => style.fg(Color::Green),
            Tone::Doubtful if self.colour => style.fg(Color::Yellow),
            Tone::Bad if self.colour => style.fg(Color::Red),
            _ => style,
        }
    }

    /// The tone of what became of a packet, or is becoming.
    pub fn of_verdict(verdict: &str) -> Tone {
        match verdict {
            "drop" | "reject" => Tone::Bad,
            "observe" => Tone::Doubtful,
            "pass" => Tone::Good,
            _ => Tone::Plain,
        }
    }
}
