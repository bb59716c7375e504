//! Lines in files, and which file they are in.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::observe::testing::{HARMLESS, hostile, record};

/// A folder with a file in it.
struct Site {
    folder: tempfile::TempDir,
    file: RotatingFile,
}

impl Site {
    /// The file holds `lines` events of the tests, and `keep` full ones are kept.
    fn new(lines: u64, keep: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log/events.jsonl");
        let line = serde_json::to_vec(&numbered(10)).unwrap().len() as u64 + 1;
        Self { file: RotatingFile::new(EventsFile { path, rotate_at: lines * line, keep }), folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("log").join(name)
    }

    fn write(&mut self, numbers: std::ops::Range<u16>) {
        numbers.for_each(|number| self.file.write(&numbered(number)).unwrap());
    }

    /// The numbers in a file; `None` if there is no such file.
    fn numbers(&self, name: &str) -> Option<Vec<u16>> {
        let text = fs::read_to_string(self.path(name)).ok()?;
        assert!(text.is_empty() || text.ends_with('\n'), "{text}");
        Some(text.lines().map(|line| serde_json::from_str::<Record>(line).unwrap().sport).collect())
    }
}

/// A record of the same length for every number of two digits.
fn numbered(number: u16) -> Record {
    Record { sport: number, ..record() }
}

#[test]
fn events_are_lines_of_json_as_they_are_shown_to_programs() {
    let mut site = Site::new(10, 1);
    site.file.open().unwrap();
    site.file.write(&record()).unwrap();
    let expected = serde_json::to_string(&record()).unwrap() + "\n";
    assert_eq!(fs::read_to_string(site.path("events.jsonl")).unwrap(), expected);
    let mode = fs::metadata(site.path("events.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777 & !MODE, 0, "{mode:o}");
}

#[test]
fn a_full_file_gets_a_number_and_the_last_one_goes() {
    let mut site = Site::new(3, 2);
    site.write(10..22);
    assert_eq!(site.numbers("events.jsonl"), Some(vec![19, 20, 21]));
    assert_eq!(site.numbers("events.jsonl.1"), Some(vec![16, 17, 18]));
    assert_eq!(site.numbers("events.jsonl.2"), Some(vec![13, 14, 15]));
    assert_eq!(site.numbers("events.jsonl.3"), None);
}

#[test]
fn no_file_is_larger_than_it_may_be_unless_one_event_is() {
    let mut site = Site::new(1, 1);
    site.file.settings.rotate_at = 10;
    site.write(10..13);
    assert_eq!(site.numbers("events.jsonl"), Some(vec![12]));
    assert_eq!(site.numbers("events.jsonl.1"), Some(vec![11]));
}

#[test]
fn without_files_to_keep_a_full_one_begins_anew() {
    let mut site = Site::new(3, 0);
    site.write(10..15);
    assert_eq!(site.numbers("events.jsonl"), Some(vec![13, 14]));
    assert_eq!(fs::read_dir(site.path("")).unwrap().count(), 1);
}

#[test]
fn what_a_larger_number_of_files_to_keep_has_left_goes_with_the_next_full_one() {
    let mut site = Site::new(2, 4);
    site.write(10..20);
    assert!(site.numbers("events.jsonl.4").is_some());
    site.file.settings.keep = 1;
    site.write(20..22);
    assert_eq!(site.numbers("events.jsonl.1"), Some(vec![18, 19]));
    assert_eq!(fs::read_dir(site.path("")).unwrap().count(), 2);
}

#[test]
fn a_file_that_somebody_moved_or_removed_is_made_anew() {
    let mut site = Site::new(10, 5);
    site.write(10..12);
    fs::rename(site.path("events.jsonl"), site.path("moved")).unwrap();
    site.write(12..13);
    assert_eq!(site.numbers("moved"), Some(vec![10, 11]));
    assert_eq!(site.numbers("events.jsonl"), Some(vec![12]));
    fs::remove_dir_all(site.path("")).unwrap();
    site.write(13..14);
    assert_eq!(site.numbers("events.jsonl"), Some(vec![13]));
}

#[test]
fn one_that_is_there_already_is_continued() {
    let mut site = Site::new(3, 5);
    site.write(10..12);
    site.file = RotatingFile::new(site.file.settings.clone());
    site.write(12..14);
    assert_eq!(site.numbers("events.jsonl.1"), Some(vec![10, 11, 12]));
    assert_eq!(site.numbers("events.jsonl"), Some(vec![13]));
}

#[test]
fn a_disk_that_is_full_is_an_error_and_so_is_a_folder_that_cannot_be_made() {
    let full = EventsFile { path: "/dev/full".into(), rotate_at: 1000, keep: 1 };
    let error = RotatingFile::new(full).write(&record()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    let below_a_file = EventsFile { path: "/dev/null/events.jsonl".into(), rotate_at: 1000, keep: 1 };
    assert!(RotatingFile::new(below_a_file).open().is_err());
}

#[test]
fn a_name_that_means_harm_is_harmless_and_readable_in_the_file() {
    let mut site = Site::new(10, 1);
    site.file.write(&hostile()).unwrap();
    let text = fs::read_to_string(site.path("events.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 1);
    assert!(text.trim_end().bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text}");
    let record: Record = serde_json::from_str(&text).unwrap();
    assert_eq!(record.name.as_deref(), Some(HARMLESS));
}

#[test]
fn the_mode_of_a_file_that_is_there_already_is_left_as_it_is() {
    let mut site = Site::new(10, 1);
    site.write(10..11);
    fs::set_permissions(site.path("events.jsonl"), Permissions::from_mode(0o600)).unwrap();
    site.write(11..12);
    let mode = fs::metadata(site.path("events.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
