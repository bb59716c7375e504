//! What is told about lists.

use std::io::ErrorKind;

use tempfile::TempDir;

use super::super::super::testing::config;
use super::*;
use crate::policy::Severity;

/// A file with a list, and a policy that subscribes to it.
fn subscribed(content: &str, keys: &str) -> (TempDir, Policy) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("list.txt");
    std::fs::write(&path, content).unwrap();
    let policy = policy(&format!("path = {path:?}\n{keys}"));
    (folder, policy)
}

fn policy(list: &str) -> Policy {
    config("", &[&format!("name = \"a\"\n\n[[list]]\n{list}\n")]).policies.remove(0)
}

fn open(source: &Source) -> io::Result<Option<File>> {
    match source {
        Source::Path(path) => File::open(path).map(Some),
        Source::Url(_) => Ok(None),
    }
}

/// What is told of a list with this content; the titles without the path.
fn told(content: &str, keys: &str) -> Vec<(String, Vec<String>)> {
    let (_folder, policy) = subscribed(content, keys);
    let label = policy.lists[0].label().to_owned();
    let warnings = warnings_of_lists(&[policy], &open);
    assert!(warnings.iter().all(|warning| warning.severity == Severity::Warning));
    assert!(warnings.iter().all(|warning| warning.at.line_column() == Some((3, 1))));
    warnings.into_iter().map(|warning| (warning.title.replace(&label, "L"), warning.notes)).collect()
}

#[test]
fn of_a_good_list_nothing_is_told() {
    assert_eq!(told("# comment\nads.example.org\n\ntracker.example.net\n", "match = \"domains\""), []);
}

#[test]
fn skipped_lines_are_counted_by_kind_and_the_first_ten_are_shown() {
    let bad: String = (1..=12).map(|n| format!("-{n}.example.org-\u{1b}[2J..x\n")).collect();
    let warnings = told(&format!("ads.example.org\n{bad}"), "format = \"domains\"\nmatch = \"hosts\"");
    let [(title, notes)] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert_eq!(title, "lines of the list `L` that are skipped: 12 of 13");
    assert!(notes[0].starts_with("12: "), "{notes:?}");
    assert_eq!(notes.len(), 11);
    assert!(notes[1].starts_with("line 2: ") && notes[10].starts_with("line 11: "), "{notes:?}");
    assert!(notes.iter().all(|note| !note.contains('\u{1b}')), "{notes:?}");
}

#[test]
fn a_list_without_a_rule_is_told() {
    let warnings = told("# all of it was withdrawn\n", "format = \"domains\"\nmatch = \"hosts\"");
    assert_eq!(
        warnings,
        [(String::from("nothing in the list `L` (domains) can be blocked or allowed"), vec![])]
    );
}

#[test]
fn public_suffixes_are_counted_where_all_below_is_meant_and_not_where_the_name_alone_is() {
    let list = "ads.example.org\nco.uk\ngithub.io\n";
    let warnings = told(list, "format = \"domains\"\nmatch = \"domains\"");
    let title = "the list `L` blocks public suffixes, with all that anyone registers below: 2";
    let lines = ["line 2: `co.uk`", "line 3: `github.io`"].map(String::from);
    assert_eq!(warnings, [(String::from(title), lines.to_vec())]);
    assert_eq!(told(list, "format = \"domains\"\nmatch = \"hosts\""), []);
}

#[test]
fn a_list_that_was_never_fetched_is_a_warning_and_one_that_cannot_be_read_a_mistake() {
    let policy = policy("url = \"https://x.example/l.txt\"\nmatch = \"hosts\"");
    let never = warnings_of_lists(std::slice::from_ref(&policy), &open);
    let title = "there is no copy of the list `https://x.example/l.txt` yet: nothing in it is blocked";
    assert_eq!((never[0].severity, never[0].title.as_str()), (Severity::Warning, title));
    let refused = warnings_of_lists(&[policy], &|_| Err(ErrorKind::PermissionDenied.into()));
    let title = "the list `https://x.example/l.txt` cannot be read: permission denied";
    assert_eq!((refused[0].severity, refused[0].title.as_str()), (Severity::Error, title));
}

#[test]
fn a_list_of_two_policies_is_read_once_and_told_for_both() {
    let (_folder, policy) = subscribed("# nothing\n", "format = \"domains\"\nmatch = \"hosts\"");
    let opened = std::cell::Cell::new(0);
    let counting = |source: &Source| {
        opened.set(opened.get() + 1);
        open(source)
    };
    assert_eq!(warnings_of_lists(&[policy.clone(), policy], &counting).len(), 2);
    assert_eq!(opened.get(), 1);
}
