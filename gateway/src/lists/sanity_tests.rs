//! What is taken for a list, and what is not.

use std::io::Write as _;

use super::*;

fn file(text: &str) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn names(count: usize) -> String {
    (0..count).map(|n| format!("0.0.0.0 n{n}.example.org\n")).collect()
}

fn check_text(new: &str, last: Option<&str>, force: bool) -> Result<Report, Doubt> {
    let mut last = last.map(file);
    check(&mut file(new), last.as_mut(), None, Scope::Exact, force)
}

#[test]
fn a_page_is_no_list_even_if_one_insists() {
    for page in ["<!DOCTYPE html><html>", "\u{feff}\r\n  <html lang=\"en\">", "<?xml version=\"1.0\"?>"] {
        for force in [false, true] {
            let page = format!("{page}\n{}", names(3));
            assert!(matches!(check_text(&page, None, force), Err(Doubt::Page)), "{page}");
        }
    }
}

#[test]
fn a_list_without_a_rule_is_none_even_if_one_insists() {
    for text in ["", "\n", "# Title: nothing\n", "{\"error\":\"not found\"}\n"] {
        for force in [false, true] {
            assert!(matches!(check_text(text, None, force), Err(Doubt::Empty(_))), "{text:?}");
        }
    }
}

#[test]
fn a_list_that_has_lost_more_than_half_is_doubted_unless_one_insists() {
    let last = names(101);
    assert_eq!(check_text(&names(51), Some(&last), false).unwrap().rules, 51);
    let doubt = check_text(&names(50), Some(&last), false).unwrap_err();
    assert!(matches!(doubt, Doubt::Tiny { now: 50, before: 101 }), "{doubt}");
    assert_eq!(check_text(&names(50), Some(&last), true).unwrap().rules, 50);
}

#[test]
fn a_short_list_may_become_shorter() {
    assert_eq!(check_text(&names(1), Some(&names(19)), false).unwrap().rules, 1);
    assert!(check_text(&names(1), Some(&names(20)), false).is_err());
}

#[test]
fn the_first_copy_may_be_of_any_length() {
    assert_eq!(check_text(&names(1), None, false).unwrap().rules, 1);
}
