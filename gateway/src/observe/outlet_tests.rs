//! Whoever hands events on is never held up, and none gets lost unseen.

use std::sync::mpsc::{self, Receiver, Sender};

use super::*;
use crate::observe::testing::record;

/// How long something may take that should happen at once: only a broken outlet takes that long.
const PATIENT: Duration = Duration::from_secs(30);

/// Says which event it has in its hands, and waits for what is to become of it.
struct Slow {
    begun: Sender<f64>,
    outcomes: Receiver<io::Result<()>>,
}

impl Writer for Slow {
    fn open(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn write(&mut self, record: &Record) -> io::Result<()> {
        self.begun.send(record.time).unwrap();
        // Whoever has gone away wants all to be written.
        self.outcomes.recv().unwrap_or(Ok(()))
    }
}

/// A slow outlet, what it has begun to write, and how to tell it what becomes of that.
fn slow(unwritten: &Arc<Unwritten>, earlier: Option<End>) -> (Outlet, Receiver<f64>, Sender<io::Result<()>>) {
    let ((begun, begins), (decide, outcomes)) = (mpsc::channel(), mpsc::channel());
    let writer = Slow { begun, outcomes };
    let outlet = Outlet::start(Way::File, "x".into(), writer, Arc::clone(unwritten), earlier).unwrap();
    (outlet, begins, decide)
}

fn numbered(number: u32) -> Arc<Record> {
    Arc::new(Record { time: number.into(), ..record() })
}

#[test]
fn a_way_out_that_hangs_holds_nobody_up_and_what_finds_no_room_is_counted() {
    let unwritten = Arc::new(Unwritten::default());
    let (outlet, begins, decide) = slow(&unwritten, None);
    outlet.offer(&numbered(0));
    assert_eq!(begins.recv_timeout(PATIENT).unwrap(), 0.0);
    // It hangs now, and all of this is done all the same.
    let room = u32::try_from(ROOM).unwrap();
    (1..=room + 7).for_each(|number| outlet.offer(&numbered(number)));
    assert_eq!(unwritten.count(Way::File), 7);
    drop(decide);
    assert!(outlet.close().wait(PATIENT));
    let written: Vec<f64> = begins.iter().collect();
    assert_eq!(written.len(), ROOM);
    assert_eq!(written.last(), Some(&f64::from(room)));
}

#[test]
fn what_cannot_be_written_is_counted_and_the_next_is_tried() {
    let unwritten = Arc::new(Unwritten::default());
    let (outlet, begins, decide) = slow(&unwritten, None);
    for outcome in [Err(io::ErrorKind::StorageFull.into()), Ok(()), Err(io::ErrorKind::TimedOut.into())] {
        decide.send(outcome).unwrap();
    }
    (0..3).for_each(|number| outlet.offer(&numbered(number)));
    assert!(outlet.close().wait(PATIENT));
    assert_eq!(begins.iter().collect::<Vec<f64>>(), [0.0, 1.0, 2.0]);
    assert_eq!((unwritten.count(Way::File), unwritten.count(Way::Journald)), (2, 0));
}

#[test]
fn what_writes_to_the_same_place_begins_when_what_wrote_there_has_ended() {
    let unwritten = Arc::new(Unwritten::default());
    let (first, first_begins, first_decides) = slow(&unwritten, None);
    first.offer(&numbered(1));
    assert_eq!(first_begins.recv_timeout(PATIENT).unwrap(), 1.0);
    let (second, second_begins, second_decides) = slow(&unwritten, Some(first.close()));
    drop(second_decides);
    second.offer(&numbered(2));
    assert!(second_begins.try_recv().is_err(), "the first still has an event in its hands");
    drop(first_decides);
    assert_eq!(second_begins.recv_timeout(PATIENT).unwrap(), 2.0);
    assert!(second.close().wait(PATIENT));
}

#[test]
fn a_way_out_that_hangs_is_not_waited_for_longer_than_is_said() {
    let (outlet, begins, decide) = slow(&Arc::default(), None);
    outlet.offer(&numbered(1));
    begins.recv_timeout(PATIENT).unwrap();
    let end = outlet.close();
    assert!(!end.wait(Duration::ZERO));
    drop(decide);
    assert!(end.wait(PATIENT));
}
