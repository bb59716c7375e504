//! Text from files, made harmless for a terminal and a log.

use std::fmt;

/// Longest piece of foreign text that a message repeats, in characters.
const LONGEST: usize = 100;

/// Writes text from a file between backticks: cut when long, and with what could steer a terminal escaped.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}", Escaped(self.0.get(..end_of(self.0)).unwrap_or(self.0)))?;
        f.write_str(if end_of(self.0) < self.0.len() { "…`" } else { "`" })
    }
}

/// Writes text with what could steer a terminal escaped.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.0.chars().try_for_each(|c| {
            if is_harmful(c) { write!(f, "{}", c.escape_default()) } else { f.write_char(c) }
        })
    }
}

/// The text with each harmful character replaced by others of as many bytes, so that byte offsets still hold.
pub(super) fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c.len_utf8() {
            _ if matches!(c, '\n' | '\t') || !is_harmful(c) => out.push(c),
            1 => out.push('?'),
            2 => out.push('\u{b7}'),
            _ => out.push('\u{fffd}'),
        }
    }
    out
}

/// Control characters, and those that show nothing or turn the direction of writing. None takes four bytes.
pub(super) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{feff}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

/// Where to cut: behind [`LONGEST`] characters.
fn end_of(text: &str) -> usize {
    text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_terminal_sequence_is_shown_and_not_obeyed() {
        assert_eq!(Shown("a\u{1b}[31mb").to_string(), "`a\\u{1b}[31mb`");
        assert_eq!(Shown("x\u{202e}y").to_string(), "`x\\u{202e}y`");
        assert_eq!(Shown("naïve \"✓\"").to_string(), "`naïve \"✓\"`");
    }

    #[test]
    fn long_text_is_cut_behind_a_whole_character() {
        assert_eq!(Shown(&"é".repeat(101)).to_string(), format!("`{}…`", "é".repeat(100)));
        assert_eq!(Shown(&"é".repeat(100)).to_string(), format!("`{}`", "é".repeat(100)));
    }

    proptest! {
        #[test]
        fn masking_keeps_every_offset_and_leaves_nothing_harmful(text: String) {
            let masked = masked(&text);
            prop_assert_eq!(masked.len(), text.len());
            let clean = masked.chars().all(|c| matches!(c, '\n' | '\t') || !is_harmful(c));
            prop_assert!(clean);
            let same_places = text.char_indices().zip(masked.char_indices()).all(|(a, b)| a.0 == b.0);
            prop_assert!(same_places);
        }
    }
}
