//! The ways out follow the configuration.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use super::*;
use crate::observe::testing::record;

const PATIENT: Duration = Duration::from_secs(30);

fn to_file(path: &Path, rotate_at: u64) -> Events {
    let file = EventsFile { path: path.to_owned(), rotate_at, keep: 9 };
    Events { journald: false, file: Some(file) }
}

fn offer(outlets: &Outlets, count: u16) {
    (0..count).for_each(|number| outlets.offer(&Arc::new(Record { sport: number, ..record() })));
}

/// How many events are in a file and those that came before it.
fn count(path: &Path) -> usize {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let files = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap());
    let of_this = files.filter(|entry| entry.file_name().to_string_lossy().starts_with(&name));
    of_this.map(|entry| fs::read_to_string(entry.path()).unwrap().lines().count()).sum()
}

#[test]
fn events_go_to_where_the_configuration_says_and_not_to_where_it_said_before() {
    let (folder, unwritten) = (tempfile::tempdir().unwrap(), Arc::default());
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let outlets = Outlets::default();
    offer(&outlets, 1);
    outlets.follow(&to_file(&first, 1_000_000), &unwritten);
    offer(&outlets, 2);
    outlets.follow(&to_file(&second, 1_000_000), &unwritten);
    offer(&outlets, 3);
    outlets.close(PATIENT);
    assert_eq!(count(&second), 3);
    // The first one's thread was let go and not waited for.
    let end = Instant::now() + PATIENT;
    while count(&first) < 2 && Instant::now() < end {
        std::thread::yield_now();
    }
    assert_eq!(count(&first), 2);
    assert_eq!(unwritten.count(Way::File), 0);
}

#[test]
fn a_reload_that_changes_nothing_or_only_the_size_loses_no_event() {
    let (folder, unwritten) = (tempfile::tempdir().unwrap(), Arc::default());
    let path = folder.path().join("events");
    let outlets = Outlets::default();
    for rotate_at in [1_000_000, 1_000_000, 100_000, 200_000] {
        outlets.follow(&to_file(&path, rotate_at), &unwritten);
        offer(&outlets, 500);
    }
    outlets.close(PATIENT);
    assert_eq!(count(&path), 2000);
    assert_eq!(unwritten.count(Way::File), 0);
}

#[test]
fn nothing_is_written_any_more_when_the_section_has_gone() {
    let (folder, unwritten) = (tempfile::tempdir().unwrap(), Arc::default());
    let path = folder.path().join("events");
    let outlets = Outlets::default();
    outlets.follow(&to_file(&path, 1_000_000), &unwritten);
    outlets.follow(&Events::default(), &unwritten);
    offer(&outlets, 1);
    outlets.close(PATIENT);
    assert!(!path.exists() || count(&path) == 0);
}

#[test]
fn the_journal_gets_events_as_long_as_the_configuration_wants_it() {
    let (folder, unwritten) = (tempfile::tempdir().unwrap(), Arc::default());
    let path = folder.path().join("socket");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    let outlets = Outlets { journal: path, open: Mutex::default() };
    let wanted = Events { journald: true, file: None };
    outlets.follow(&wanted, &unwritten);
    outlets.follow(&wanted, &unwritten);
    offer(&outlets, 1);
    outlets.close(PATIENT);
    outlets.follow(&Events::default(), &unwritten);
    offer(&outlets, 1);
    outlets.close(PATIENT);
    let mut entry = [0; 8192];
    assert!(socket.recv(&mut entry).unwrap() > 0);
    assert_eq!(socket.recv(&mut entry).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert_eq!(unwritten.count(Way::Journald), 0);
}
