//! A way out for events that has a thread of its own: whatever it waits for, nobody waits for it.

pub mod file;
pub mod journal;
mod trouble;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::thread;
use std::time::Duration;

use super::event::Record;
use super::unwritten::{Unwritten, Way};
use trouble::Trouble;

/// How many events may wait for a way out.
const ROOM: usize = 4096;

/// Writes events somewhere. It may take its time.
pub trait Writer: Send + 'static {
    /// Finds out whether events can be written.
    ///
    /// # Errors
    /// If they cannot. They are tried all the same when they come.
    fn open(&mut self) -> io::Result<()>;

    /// Writes one event, as a whole or not at all.
    ///
    /// # Errors
    /// If it is not written.
    fn write(&mut self, record: &Record) -> io::Result<()>;
}

/// A queue of events and the thread that writes them. Dropping it lets the thread write what is in the queue, and end.
pub struct Outlet {
    sender: SyncSender<Arc<Record>>,
    trouble: Arc<Trouble>,
    end: End,
}

/// Tells when the thread has ended.
pub struct End(Receiver<()>);

impl Outlet {
    /// Starts the thread. It begins when `earlier` has ended, which writes to the same place. `place` says where that is.
    ///
    /// # Errors
    /// If no thread can be had.
    pub fn start(
        way: Way,
        place: String,
        writer: impl Writer,
        unwritten: Arc<Unwritten>,
        earlier: Option<End>,
    ) -> io::Result<Self> {
        let trouble = Arc::new(Trouble::new(way, place, unwritten));
        let (sender, events) = sync_channel(ROOM);
        let (lives, end) = channel();
        let troubled = Arc::clone(&trouble);
        let write = move || write_all(writer, &events, &troubled, earlier, lives);
        thread::Builder::new().name(format!("events-{}", way.label())).spawn(write)?;
        Ok(Self { sender, trouble, end: End(end) })
    }

    /// Hands an event to the thread if there is room for it. Never waits.
    pub fn offer(&self, record: &Arc<Record>) {
        match self.sender.try_send(Arc::clone(record)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.trouble.lost("they come faster than they are written"),
            Err(TrySendError::Disconnected(_)) => self.trouble.lost("the thread that writes them has ended"),
        }
    }

    /// Lets the thread write what is in the queue, and returns what tells of its end.
    pub fn close(self) -> End {
        self.end
    }
}

impl End {
    /// Waits for the end, but no longer than that; returns whether it has come.
    pub fn wait(&self, longest: Duration) -> bool {
        self.0.recv_timeout(longest) == Err(RecvTimeoutError::Disconnected)
    }
}

/// Writes what comes until the queue is closed and empty.
fn write_all(
    mut writer: impl Writer,
    events: &Receiver<Arc<Record>>,
    trouble: &Trouble,
    earlier: Option<End>,
    lives: Sender<()>,
) {
    if let Some(End(earlier)) = earlier {
        // It never sends; this ends when it does.
        let _ = earlier.recv();
    }
    if let Err(why) = writer.open() {
        trouble.begin(&why);
    }
    for record in events {
        match writer.write(&record) {
            Ok(()) => trouble.wrote(),
            Err(why) => trouble.lost(&why),
        }
    }
    // That this goes is what tells of the end.
    drop(lives);
}

#[cfg(test)]
#[path = "outlet_tests.rs"]
mod tests;
