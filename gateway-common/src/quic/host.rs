//! The reader of the host: datagrams in memory, the steps as they are, and what the kernel keeps in maps.

use zerocopy::IntoBytes as _;

use super::connection::{KEPT, Memory, NAMED, Reading, Whose, read_datagram};
use super::engine::{Datagram, Engine};
use super::flight::Flight;
use super::header::HEAD_BYTES;
use super::keys::Keys;
use super::open::Slot;
use super::progress::Progress;

/// A datagram in memory.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn copy(&self, at: u32, len: u32, to: &mut [u8]) -> bool {
        let (at, len) = (at as usize, len as usize);
        let Some(from) = self.0.get(at..).and_then(|rest| rest.get(..len)) else { return false };
        to.get_mut(..len).is_some_and(|to| {
            to.copy_from_slice(from);
            true
        })
    }
}

impl Engine for Bytes<'_> {
    fn load_head(&self, at: u32, len: u32, head: &mut [u8; HEAD_BYTES]) -> bool {
        self.copy(at, len, head)
    }

    fn load_payload(&self, at: u32, len: u32, slot: &mut Slot) -> bool {
        self.copy(at, len, slot.as_mut_bytes())
    }
}

/// How many connections of a flow this reader keeps apart.
const CONNECTIONS: usize = 8;

/// Reads the datagrams of one flow as the kernel does. Large: put it on the heap.
#[derive(Debug)]
pub struct Reader {
    flags: u32,
    keys: Option<Keys>,
    fresh: Flight,
    kept: [Flight; CONNECTIONS],
    count: usize,
    /// Whether hellos are read to their end.
    seeks_ech: bool,
    /// Which flight the last datagram was read in; `None` for the fresh one.
    last: Option<usize>,
}

impl Reader {
    /// A reader of a flow of which nothing has been seen. `seeks_ech`: whether hellos are read to their end.
    pub const fn new(seeks_ech: bool) -> Self {
        Self {
            flags: 0,
            keys: None,
            fresh: Flight::EMPTY,
            kept: [Flight::EMPTY; CONNECTIONS],
            count: 0,
            seeks_ech,
            last: None,
        }
    }

    /// Reads one datagram. Beyond `CONNECTIONS` unfinished hellos, what comes further is read and not kept.
    pub fn read(&mut self, datagram: &[u8]) -> Reading {
        let Ok(len) = u32::try_from(datagram.len()) else {
            return Reading::nothing(Progress::TooLong);
        };
        let keys = self.keys;
        let mut memory = Kept {
            keys: keys.as_ref(),
            fresh: &mut self.fresh,
            kept: &mut self.kept,
            count: self.count,
            found: 0,
        };
        let reading = read_datagram(
            &Bytes(datagram),
            &mut memory,
            Datagram { offset: 0, len },
            self.flags,
            self.seeks_ech,
        );
        let found = memory.found;
        self.last = reading.kept.then_some(found);
        if reading.is_idle(self.flags) {
            self.kept[found].undo();
        }
        if reading.surplus {
            self.kept[found].discard();
        }
        if reading.keeps_flight() && self.count < CONNECTIONS {
            self.fresh.keys.kept = 1;
            self.flags |= KEPT;
            self.kept[self.count] = self.fresh;
            self.count += 1;
        }
        if reading.keeps_keys() {
            self.keys = Some(self.fresh.keys);
        }
        if reading.is_complete() {
            self.flags |= NAMED;
        }
        reading
    }

    /// The flight that the last datagram was read in.
    pub fn flight(&self) -> &Flight {
        self.last.map_or(&self.fresh, |index| &self.kept[index])
    }
}

/// What is remembered of the flow.
struct Kept<'a> {
    keys: Option<&'a Keys>,
    fresh: &'a mut Flight,
    kept: &'a mut [Flight; CONNECTIONS],
    count: usize,
    found: usize,
}

impl<'a> Memory<'a> for Kept<'a> {
    fn keys(&self) -> Option<&'a Keys> {
        self.keys
    }

    fn find(&mut self, whose: Whose) -> bool {
        let id = match (whose, self.keys) {
            (Whose::Last, Some(keys)) => keys.id,
            _ => *self.fresh.id(),
        };
        let secret = self.fresh.secret();
        let is = |flight: &Flight| flight.keys.id.is(&id) && flight.keys.secret == secret;
        let found = self.kept[..self.count].iter().position(is);
        self.found = found.unwrap_or_default();
        found.is_some()
    }

    fn kept(&mut self) -> &mut Flight {
        &mut self.kept[self.found]
    }

    fn fresh(&mut self) -> &mut Flight {
        self.fresh
    }
}
