//! What `[events]` may say.

use std::fs;
use std::path::Path;

use super::*;
use crate::policy::{Checks, Config, Mistakes};

/// The configuration with this section.
fn load(section: &str) -> Result<Config, Mistakes> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.toml");
    fs::create_dir(folder.path().join("p")).unwrap();
    fs::write(&file, format!("interfaces = [\"lo\"]\npolicies = \"p\"\n{section}")).unwrap();
    Config::load(&file, &Checks::without_interfaces())
}

/// The mistakes in this section, by line and column.
fn told(lines: &str) -> Vec<String> {
    let Err(Mistakes(mistakes)) = load(&format!("[events]\n{lines}\n")) else { return Vec::new() };
    let told = |line: String| line.split_once("gateway.toml:").map(|(_, told)| told.to_owned()).unwrap();
    mistakes.iter().map(|mistake| told(mistake.one_line())).collect()
}

#[test]
fn events_are_written_nowhere_unless_that_is_said() {
    for section in ["", "[events]", "[events]\njournald = false"] {
        assert_eq!(load(section).unwrap().events, Events { journald: false, file: None }, "{section}");
    }
}

#[test]
fn a_file_has_a_size_and_a_number_of_old_ones() {
    let file = |path: &str, rotate_at, keep| Some(EventsFile { path: path.into(), rotate_at, keep });
    let events = load("[events]\nfile = \"/var/log/e.jsonl\"").unwrap().events;
    assert_eq!(events, Events { journald: false, file: file("/var/log/e.jsonl", 10_000_000, 5) });
    let events =
        load("[events]\njournald = true\nfile = \"/e\"\nrotate_at = \"2GiB\"\nkeep = 0").unwrap().events;
    assert_eq!(events, Events { journald: true, file: file("/e", 2_147_483_648, 0) });
}

#[test]
fn sizes_have_units() {
    for (text, bytes) in [
        ("1kB", 1000),
        ("10MB", 10_000_000),
        ("1KiB", 1024),
        ("3MiB", 3_145_728),
        ("1000GB", 1_000_000_000_000),
    ] {
        assert_eq!(size(text), Ok(bytes), "{text}");
    }
    for text in ["", "10", "MB", "10 MB", "10mb", "1.5MB", "-1MB", "10MBs"] {
        assert_eq!(size(text), Err(BadSize::Unreadable(text.into())), "{text}");
    }
    for text in ["0kB", "0GB"] {
        assert_eq!(size(text), Err(BadSize::Small(text.into())), "{text}");
    }
    for text in ["1001GB", "99999999999999999999kB"] {
        assert_eq!(size(text), Err(BadSize::Large(text.into())), "{text}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_cure() {
    assert_eq!(
        told("file = \"events.jsonl\""),
        ["4:8: `events.jsonl` is not an absolute path (write file = \"/…\", from the root on)"]
    );
    assert_eq!(
        told("file = \"/tmp\""),
        ["4:8: `/tmp` is a folder (name a file in it, such as \"/var/log/gateway/events.jsonl\")"]
    );
    assert_eq!(told("file = \"/nonexistent/\"").len(), 1);
    assert_eq!(
        told("file = \"/e\"\nkeep = -1\nrotate_at = \"10\""),
        [
            "5:8: `keep` cannot be -1 (write how many old files to keep, 0 to 1000)",
            "6:13: `10` is not a size (write a number with its unit: kB, MB or GB, or KiB, MiB or GiB, such as \"10MB\")"
        ]
    );
    assert_eq!(
        told("file = \"/e\"\nkeep = \"5\""),
        ["5:8: string \"5\" stands where a number belongs (write a whole number, without quotes)"]
    );
}

#[test]
fn how_a_file_is_rotated_says_nothing_without_a_file() {
    let cure = "(write file = \"/var/log/gateway/events.jsonl\", or take the key out)";
    assert_eq!(
        told("rotate_at = \"1MB\"\nkeep = 5"),
        [
            format!("4:13: `rotate_at` is about a `file`, and there is none {cure}"),
            format!("5:8: `keep` is about a `file`, and there is none {cure}")
        ]
    );
    assert_eq!(told("file = 7\nkeep = 5").len(), 1, "that `file` is no text is told already");
}

#[test]
fn the_path_in_the_examples_is_one_that_is_taken() {
    let events = load("[events]\nfile = \"/var/log/gateway/events.jsonl\"").unwrap().events;
    assert_eq!(events.file.unwrap().path, Path::new("/var/log/gateway/events.jsonl"));
}
