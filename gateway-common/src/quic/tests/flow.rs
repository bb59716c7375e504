//! Datagrams of one flow, read as the kernel does.

use super::*;

/// What came of reading: the progress, and the name if there is one.
pub(super) type Outcome = (Progress, String);

pub(super) fn named(name: &str) -> Outcome {
    (Progress::Named, name.to_string())
}

pub(super) fn nameless(progress: Progress) -> Outcome {
    (progress, String::new())
}

/// Reads datagrams of one flow as the kernel does.
pub(super) struct Flow(Box<Reader>);

impl Flow {
    pub(super) fn new() -> Self {
        Self(Box::new(Reader::new(false)))
    }

    pub(super) fn seeking_ech() -> Self {
        Self(Box::new(Reader::new(true)))
    }

    pub(super) fn read(&mut self, datagram: &[u8]) -> Outcome {
        let reading = self.0.read(datagram);
        let name = if reading.progress == Progress::Named { self.0.flight().name.as_bytes() } else { b"" };
        (reading.progress, String::from_utf8_lossy(name).into_owned())
    }

    pub(super) fn has_ech(&self) -> bool {
        self.0.flight().has_ech()
    }
}

/// Reads datagrams of a new flow up to the first that does not leave it hungry.
pub(super) fn read_all<'a>(datagrams: impl IntoIterator<Item = &'a Vec<u8>>) -> Outcome {
    let mut flow = Flow::new();
    for datagram in datagrams {
        let outcome = flow.read(datagram);
        if outcome.0 != Progress::Hungry {
            return outcome;
        }
    }
    nameless(Progress::Hungry)
}
