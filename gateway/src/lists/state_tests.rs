//! When a list is due.

use super::*;

const DAY: Duration = Duration::from_secs(86_400);

fn checked(at: Unix) -> Note {
    let mut note = Note::new("http://x/");
    note.confirm(at);
    note
}

#[test]
fn what_was_never_fetched_is_due_at_once() {
    assert!(Note::new("http://x/").is_due(DAY, 1.0, 0));
}

#[test]
fn a_list_is_due_after_its_time_and_at_most_a_tenth_later() {
    let note = checked(1_000_000);
    assert_eq!(note.due(DAY, 0.0), 1_086_400);
    assert_eq!(note.due(DAY, 1.0), 1_086_400 + 8_640);
    assert!(!note.is_due(DAY, 0.0, 1_086_399) && note.is_due(DAY, 0.0, 1_086_400));
    assert_eq!(note.age(1_000_100), Some(100));
}

#[test]
fn what_failed_is_tried_again_ever_more_seldom_but_as_often_as_it_is_fetched() {
    let mut note = checked(0);
    let mut waits = Vec::new();
    for _ in 0..14 {
        note.fail(1_000_000, "broken".to_owned());
        waits.push(note.due(DAY, 0.0) - 1_000_000);
    }
    assert_eq!(&waits[..4], [60, 120, 240, 480]);
    assert_eq!(waits[13], 86_400);
    note.failures = u32::MAX;
    assert_eq!(note.due(DAY * 300, 0.0), 1_086_400, "once a day at least");
    assert_eq!(note.due(Duration::from_secs(600), 0.0), 1_000_600);
    note.confirm(1_000_001);
    assert_eq!((note.failures, note.errors, note.error), (0, 14, None));
}

#[test]
fn a_note_from_the_future_is_not_believed() {
    assert!(checked(5_000_000_000).is_due(DAY, 0.0, 1_700_000_000));
    assert_eq!(checked(5_000_000_000).age(1_700_000_000), Some(0));
}

#[test]
fn a_first_fetch_that_failed_waits_too() {
    let mut note = Note::new("http://x/");
    note.fail(1000, "broken".to_owned());
    assert!(!note.is_due(DAY, 0.0, 1059) && note.is_due(DAY, 0.0, 1060));
    assert_eq!(note.age(1060), None);
}
