//! The engine of the host: a datagram in memory, the steps as they are.

use zerocopy::IntoBytes as _;

use super::flight::{Engine, Flight, Progress, Slot, read};
use super::header::HEAD_BYTES;

/// A datagram in memory.
struct Datagram<'a>(&'a [u8]);

impl Datagram<'_> {
    fn copy(&self, at: u32, len: u32, to: &mut [u8]) -> bool {
        let (at, len) = (at as usize, len as usize);
        let Some(from) = self.0.get(at..).and_then(|rest| rest.get(..len)) else { return false };
        to.get_mut(..len).is_some_and(|to| {
            to.copy_from_slice(from);
            true
        })
    }
}

impl Engine for Datagram<'_> {
    fn load_head(&self, at: u32, len: u32, head: &mut [u8; HEAD_BYTES]) -> bool {
        self.copy(at, len, head)
    }

    fn load_payload(&self, at: u32, len: u32, slot: &mut Slot) -> bool {
        self.copy(at, len, slot.as_mut_bytes())
    }
}

/// Reads a datagram of the flow whose flight this is: what the kernel does, for the host.
pub fn read_datagram(flight: &mut Flight, datagram: &[u8]) -> Progress {
    match u32::try_from(datagram.len()) {
        Ok(len) => read(&Datagram(datagram), flight, len),
        Err(_) => Progress::TooLong,
    }
}
