use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::*;

#[test]
fn names_labels_and_units_are_as_prometheus_wants_them() {
    let mut names = BTreeSet::new();
    for Description { name, kind, unit, labels, help } in ALL {
        assert!(names.insert(name), "{name} is there twice");
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(name.starts_with("gateway_") && is_plain(name), "{name}");
        assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
        assert!(labels.iter().all(|label| is_plain(label) && !label.starts_with("__")), "{name}");
        assert!(labels.is_sorted_by(|a, b| a < b), "the labels of {name} are not in order");
        let stem = name.strip_suffix("_total").unwrap_or(name);
        let suffix = ["bytes", "seconds"].into_iter().find(|suffix| stem.ends_with(&format!("_{suffix}")));
        assert_eq!(suffix, unit.label(), "{name}");
        assert!(help.ends_with('.') && !help.contains('\n'), "{name}");
    }
}

/// The table of README.md.
fn table() -> String {
    let mut table = String::from("| metric | type | labels | what it counts |\n|---|---|---|---|\n");
    for Description { name, kind, labels, help, .. } in ALL {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        writeln!(table, "| `{name}` | {} | {} | {help} |", kind.label(), labels.join(", ")).unwrap();
    }
    table
}

#[test]
fn the_table_in_the_readme_is_the_catalogue() {
    let readme = include_str!("../../../../README.md");
    assert!(readme.contains(&table()), "the table of metrics in README.md should be:\n\n{}", table());
}
