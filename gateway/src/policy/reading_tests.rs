//! Every mistake of shape is told, each once.

use std::path::Path;

use super::super::raw::{RawConfig, RawPolicy};
use super::*;

/// What is told of a file, a line each.
fn told<T: DeserializeOwned>(text: &str) -> Vec<String> {
    let mut mistakes = Vec::new();
    read::<T>(&SourceFile::new(Path::new("f.toml"), text), &mut mistakes);
    mistakes.iter().map(Mistake::one_line).collect()
}

#[test]
fn every_unknown_key_is_told_with_the_known_ones_and_the_nearest() {
    let text = "nmae = 1\n[block]\ndomians = []\ncolour = 3\n[alow]\n";
    assert_eq!(
        told::<RawPolicy>(text),
        [
            "f.toml:5:2: unknown key `alow` (did you mean `allow`? The keys here are `name`, `about`, `action`, \
             `block`, `allow`, `inspect`, `list`, `schedule`)",
            "f.toml:4:1: unknown key `colour` (the keys here are `domains`, `hosts`, `addresses`, `ports`, `resolve`)",
            "f.toml:3:1: unknown key `domians` (did you mean `domains`? The keys here are `domains`, `hosts`, \
             `addresses`, `ports`, `resolve`)",
            "f.toml:1:1: unknown key `nmae` (did you mean `name`? The keys here are `name`, `about`, `action`, \
             `block`, `allow`, `inspect`, `list`, `schedule`)",
        ]
    );
}

#[test]
fn every_value_of_another_type_is_told_with_the_type_that_belongs_there() {
    let text = "interfaces = \"br-lan\"\npolicies = 3\nmetrics = [\"127.0.0.1:1\"]\n[[device]]\nname = [\"x\"]\n\
                policies = [\"a\", 4, true]\nmac = {}\n";
    assert_eq!(
        told::<RawConfig>(text),
        [
            "f.toml:7:7: a table stands where text belongs (put it in quotes: \"…\")",
            "f.toml:5:8: a list stands where text belongs (put it in quotes: \"…\")",
            "f.toml:6:18: integer `4` stands where text belongs (put it in quotes: \"…\")",
            "f.toml:6:21: boolean `true` stands where text belongs (put it in quotes: \"…\")",
            "f.toml:1:14: string \"br-lan\" stands where a list belongs (write a list, even of one: [\"…\"])",
            "f.toml:3:11: a list stands where a table belongs (write its name in brackets on a line of its own, and \
             its keys below)",
            "f.toml:2:12: integer `3` stands where text belongs (put it in quotes: \"…\")",
        ]
    );
}

#[test]
fn a_list_is_not_taken_for_a_table_by_the_order_of_its_entries() {
    assert_eq!(told::<RawPolicy>("block = [[\"a.example\"], []]").len(), 1);
    assert_eq!(told::<RawConfig>("interfaces = []\ndevice = [[\"a\", \"8c:be:be:12:34:56\", []]]").len(), 1);
}

#[test]
fn a_table_where_a_list_of_tables_belongs_is_told() {
    assert_eq!(
        told::<RawConfig>("[device]\nname = \"x\"\n"),
        [
            "f.toml:1:1: a table stands where a list belongs (write a list: [\"…\"]; of tables, two brackets: [[…]])"
        ]
    );
}

#[test]
fn a_number_that_no_machine_holds_is_told() {
    let text = format!("policies = {}", "9".repeat(50));
    assert_eq!(told::<RawConfig>(&text), ["f.toml:1:12: integer number overflowed (write another value)"]);
}

#[test]
fn a_struck_key_is_remembered_by_the_name_that_was_meant_and_by_its_table() {
    let source = SourceFile::new(Path::new("f.toml"), "interface = []\n[[device]]\nmac = 3\n[[device]]\n");
    let reading = read::<RawConfig>(&source, &mut Vec::new()).unwrap();
    assert!(reading.was_struck(None, "interfaces"));
    assert!(!reading.was_struck(None, "mac"));
    assert!(reading.was_struck(Some(15), "mac"));
    assert!(!reading.was_struck(Some(34), "mac"));
}

#[test]
fn every_line_that_is_not_toml_is_told_once() {
    let text = "name = xiaomi\nhosts = [\"a\" \"b\" \"c\"]\na = 1\na = 2\n[block\n";
    assert_eq!(
        told::<RawPolicy>(text),
        [
            "f.toml:1:8: string values must be quoted, expected literal string (put the text in quotes: \"…\")",
            "f.toml:2:14: missing comma between array elements, expected `,` (correct it (https://toml.io shows how \
             TOML is written); nothing else in this file is checked until then)",
            "f.toml:4:1: duplicate key (keep one of the two)",
            "f.toml:5:7: unclosed table, expected `]` (correct it (https://toml.io shows how TOML is written); \
             nothing else in this file is checked until then)",
        ]
    );
}

#[test]
fn a_file_full_of_unknown_keys_is_told_up_to_a_limit() {
    let text: String = (0..1000).map(|n| format!("key{n} = {n}\n")).collect();
    assert_eq!(told::<RawPolicy>(&text).len(), MOST + 1);
}

#[test]
fn a_key_that_looks_like_the_message_is_told_by_its_whole_name() {
    assert_eq!(
        told::<RawConfig>("\"a`, expected `b\" = 1").first().map(|line| line[..50].to_owned()),
        Some(String::from("f.toml:1:1: unknown key `a`, expected `b` (the key"))
    );
}

#[test]
fn the_text_of_a_key_is_found_even_in_a_file_that_is_not_toml() {
    let source = SourceFile::new(Path::new("f.toml"), "name = \"x\"\n[block\n");
    assert_eq!(text_of(&source, "name").unwrap().get_ref(), "x");
    assert!(text_of(&source, "about").is_none());
}
