//! QUIC datagrams of one flow: as a plain reader that decrypts with rustls reads them.
//!
//! An input is datagrams as they are, or says how to make them ([`made`]). Both readers must agree after every datagram: in the
//! result, the name, whether a hello is hidden inside, and what is only a repetition. What this reader may refuse
//! although the plain one reads it is a datagram that costs more than its budget.

pub mod made;
mod plain;

use std::boxed::Box;
use std::string::String;
use std::vec::Vec;

use crate::quic::{BUDGET, KEPT, NAMED, Progress, Reader, Reading};
use plain::Flow;

/// The costliest step, in units of the budget: the budget is looked at before a step, and a step may search all pieces twice
/// and decrypt twice for each copy.
const STEP: u32 = 256;

/// What reading a datagram came to, with the name if there is one.
pub type Outcome = (Progress, Vec<u8>);

/// Checks everything of an input.
pub fn check(input: &[u8]) {
    let (seeks_ech, datagrams) = made::datagrams(input);
    let mut reader = Box::new(Reader::new(seeks_ech));
    let mut plain = Some(Flow::new(seeks_ech));
    for datagram in &datagrams {
        let flags = if plain.as_ref().is_some_and(|plain| plain.named) { KEPT | NAMED } else { KEPT };
        let reading = reader.read(datagram);
        let ours = outcome(&reader, &reading);
        let (spent, has_ech) = (reader.flight().spent(), reader.flight().has_ech());
        assert!(spent <= BUDGET + STEP, "{spent} units were spent");
        let Some(theirs) = &mut plain else { continue };
        let expected = theirs.read(datagram);
        let costly = ours.0 == Progress::TooLong && spent > BUDGET;
        if theirs.lost || costly {
            // No two readers have the same state now; what follows is still read to its end.
            plain = None;
            continue;
        }
        let shown = String::from_utf8_lossy(&ours.1);
        if theirs.unsure && ours.0 == Progress::Malformed {
            plain = None;
            continue;
        }
        assert_eq!(ours, (expected.progress, expected.name), "{shown} (right: as the plain reader reads it)");
        assert_eq!(
            reading.is_idle(flags),
            expected.idle,
            "a repetition (right: as the plain reader sees it)"
        );
        assert!(!reading.evicted, "nothing is evicted here");
        if seeks_ech && reading.is_complete() {
            assert_eq!(has_ech, expected.ech, "ECH (right: as the plain reader sees it)");
        }
    }
}

/// What a reading came to; asserts of every name what all of them promise.
pub fn outcome(reader: &Reader, reading: &Reading) -> Outcome {
    assert_ne!(reading.progress, Progress::Going);
    if reading.progress != Progress::Named {
        return (reading.progress, Vec::new());
    }
    let name = reader.flight().name.as_bytes().to_vec();
    assert!((1..=crate::abi::MAX_NAME).contains(&name.len()), "a name of {} bytes", name.len());
    assert!(!name.iter().any(u8::is_ascii_uppercase), "{name:?}");
    (reading.progress, name)
}
