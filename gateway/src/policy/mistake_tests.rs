//! How mistakes look.

use proptest::prelude::*;

use super::*;

fn file(text: &str) -> SourceFile {
    SourceFile::new(Path::new("/etc/gateway/gateway.toml"), text)
}

fn span_of(text: &str, part: &str) -> Range<usize> {
    let start = text.find(part).unwrap();
    start..start + part.len()
}

#[test]
fn a_mistake_shows_place_line_label_and_cure() {
    let text = "# home\ninterfaces = [\"br-lam\"]\n";
    let mistake = file(text)
        .mistake(span_of(text, "\"br-lam\""), "there is no interface `br-lam`", "write `br-lan`")
        .label("not on this machine");
    let expected = "\
/etc/gateway/gateway.toml:2:15: error: there is no interface `br-lam`
  |
2 | interfaces = [\"br-lam\"]
  |               ^^^^^^^^ not on this machine
  |
  = help: write `br-lan`";
    assert_eq!(mistake.render(), expected);
    assert_eq!(
        mistake.one_line(),
        "/etc/gateway/gateway.toml:2:15: there is no interface `br-lam` (write `br-lan`)"
    );
}

#[test]
fn two_places_of_one_file_share_an_excerpt() {
    let text = "a = 1\nb = 2\nc = 3\n";
    let mistake = file(text).mistake(span_of(text, "c"), "twice", "keep one").label("again here").other(
        &file(text),
        span_of(text, "a"),
        "first here",
    );
    let text = mistake.render();
    assert!(text.starts_with("/etc/gateway/gateway.toml:3:1: error: twice\n"), "{text}");
    assert!(text.contains("- first here"), "{text}");
    assert!(text.contains("^ again here"), "{text}");
}

#[test]
fn two_places_of_two_files_are_both_shown_with_their_file() {
    let first = SourceFile::new(Path::new("policies/a.toml"), "name = \"x\"\n");
    let second = SourceFile::new(Path::new("policies/b.toml"), "\nname = \"x\"\n");
    let mistake =
        second.mistake(8..11, "two policies are named `x`", "rename one").other(&first, 7..10, "first here");
    let text = mistake.render();
    assert!(text.starts_with("policies/b.toml:2:8: error: two policies are named `x`\n"), "{text}");
    assert!(text.contains("policies/a.toml:1:8"), "{text}");
    assert!(text.contains("first here"), "{text}");
}

#[test]
fn a_mistake_of_the_whole_file_has_no_excerpt() {
    let mistake = file("").mistake_of_all("cannot be read: no such file", "create it");
    let expected = "/etc/gateway/gateway.toml: error: cannot be read: no such file\n  = help: create it";
    assert_eq!(mistake.render(), expected);
}

#[test]
fn a_column_counts_characters_and_not_bytes() {
    let text = "name = \"köln\" x";
    let mistake = file(text).mistake(span_of(text, "x"), "", "");
    assert_eq!(mistake.at.line_column(), Some((1, 15)));
}

#[test]
fn a_terminal_sequence_in_a_file_or_its_name_is_not_obeyed() {
    let text = "name = \"\u{1b}[31m\u{9b}31m\u{202e}\"";
    let file = SourceFile::new(Path::new("a\u{1b}[0m.toml"), text);
    for text in
        [file.mistake(7..30, text, text).label(text).render(), file.mistake(7..30, text, text).one_line()]
    {
        assert!(text.chars().all(|c| c == '\n' || !super::super::escape::is_harmful(c)), "{text:?}");
    }
}

#[test]
fn mistakes_are_displayed_one_after_the_other() {
    let one = file("a").mistake(0..1, "one", "cure one");
    let two = file("a").mistake(0..1, "two", "cure two");
    let text = Mistakes(vec![one.clone(), two.clone()]).to_string();
    assert_eq!(text, format!("{}\n\n{}", one.render(), two.render()));
}

proptest! {
    #[test]
    fn any_span_of_any_text_can_be_shown(
        text: String, start in 0..300usize, len in 0..300usize, other in 0..300usize, label: String,
    ) {
        let file = file(&text);
        let mistake = file
            .mistake(start..start + len, text.clone(), text.clone())
            .label(label.clone())
            .other(&file, other..other + len, label);
        let first = mistake.render().lines().next().map(String::from);
        let place = format!("{}", mistake.at);
        prop_assert!(first.unwrap().contains(&place));
        prop_assert!(!mistake.one_line().contains('\n'));
    }
}
