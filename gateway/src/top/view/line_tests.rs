//! Hostile, wide and right-to-left texts in a line.

use proptest::prelude::*;

use super::*;

/// Columns of twelve and four cells with a bar behind each, in a line of twenty.
fn row(name: &str, number: &str) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
    let mut line = Line::new(&mut buffer, Rect::new(0, 0, 20, 1), 0);
    line.cell(name, 12, Style::new());
    line.text("|", Style::new());
    line.number(number, 4, Style::new());
    line.text("|", Style::new());
    let symbols: Vec<&str> = buffer.content().iter().map(|cell| cell.symbol()).collect();
    assert_eq!((symbols[12], symbols[17]), ("|", "|"), "{name:?} {number:?}");
    symbols.concat()
}

#[test]
fn a_text_is_cut_with_a_sign_and_never_beyond_its_cells() {
    assert_eq!(row("phone", "1.2k"), "phone       |1.2k|  ");
    assert_eq!(row("twelve-cells", "7"), "twelve-cells|   7|  ");
    assert_eq!(row("thirteen-cells", "12345"), "thirteen-ce…|123…|  ");
    assert_eq!(row("", ""), "            |    |  ");
}

#[test]
fn a_letter_of_two_cells_is_never_halved() {
    // Each of the letters is followed by an empty cell of the buffer.
    assert_eq!(row("電話", "7"), "電 話         |   7|  ");
    assert_eq!(row("電話電話電話", "7"), "電 話 電 話 電 話 |   7|  ");
    assert_eq!(row("電話電話電話電", "7"), "電 話 電 話 電 … |   7|  ");
}

#[test]
fn control_characters_and_marks_of_direction_are_written_out() {
    assert_eq!(row("a\u{1b}[2Jb", "\u{7}"), "a\\u{1b}[2Jb |\\u{…|  ");
    assert_eq!(row("\u{202e}evils", "1"), "\\u{202e}evi…|   1|  ");
    assert_eq!(row("\u{9b}2J\n\r\t", "1"), "\\u{9b}2J\\n\\…|   1|  ");
}

#[test]
fn letters_from_right_to_left_take_their_cells_and_no_others() {
    assert_eq!(row("שלום", "5"), "שלום        |   5|  ");
    assert_eq!(row("e\u{301}\u{301}a", "5"), "e\u{301}\u{301}a          |   5|  ");
}

#[test]
fn a_line_beside_the_screen_takes_nothing() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
    for (area, row) in [(Rect::new(0, 0, 3, 1), 1), (Rect::new(5, 5, 9, 9), 0), (Rect::ZERO, 0)] {
        let mut line = Line::new(&mut buffer, area, row);
        line.cell("text", 4, Style::new());
        line.number("text", 4, Style::new());
        line.last("t", Style::new());
        line.rest(Style::new());
    }
    assert_eq!(buffer, Buffer::empty(Rect::new(0, 0, 3, 1)));
}

proptest! {
    #[test]
    fn whatever_the_text_the_columns_stay_and_nothing_steers_the_terminal(name: String, number: String) {
        let drawn = row(&name, &number);
        let harmless = !drawn.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'));
        prop_assert!(harmless);
    }
}
