//! QUIC datagrams of one flow: as a plain reader that decrypts with rustls reads them.
//!
//! An input is datagrams as they are, or says how to make them ([`made`]). Both readers must agree after every datagram: in the
//! result, the name, whether a hello is hidden inside, and what is only a repetition. What this reader may refuse
//! although the plain one reads it is a datagram that costs more than its budget.

pub mod made;
mod plain;
pub mod shapes;

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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use Progress::{EarlyData, Hungry, Malformed, Named, Nameless, NotInitial, TooLong};

    use super::*;

    /// What each datagram of a kept flow comes to.
    const MEANT: &[(&str, &[Progress])] = &[
        ("chaos_of_ten", &[Named]),
        ("chaos_over_two", &[Named, Named, Hungry]),
        ("coalesced", &[Named]),
        ("coalesced_four", &[Named]),
        ("coalesced_five", &[TooLong]),
        ("two_datagrams", &[Hungry, Named]),
        ("two_in_reverse", &[Hungry, Named]),
        ("five_datagrams", &[Hungry, Hungry, Hungry, Hungry, TooLong, TooLong, TooLong]),
        ("rfc_9001", &[Named]),
        ("rfc_9369", &[Named]),
        ("draft_29", &[Named]),
        ("reserved_version", &[Named]),
        ("reserved_version_of_draft_29", &[Named]),
        ("unknown_version", &[NotInitial]),
        ("retry", &[NotInitial]),
        ("early_data_alone", &[EarlyData]),
        ("early_data_then_initial", &[Named]),
        ("handshake_then_initial", &[Named]),
        ("no_name", &[Nameless]),
        ("longest_name", &[Named]),
        ("name_over_its_most", &[TooLong]),
        ("name_is_a_dot", &[Malformed]),
        ("conflict", &[Malformed]),
        ("conflict_over_two", &[Hungry, Malformed]),
        ("conflict_behind_the_name", &[Named]),
        ("conflict_in_what_is_passed_over", &[Named]),
        ("decoy_before", &[Named, Named]),
        ("decoy_between", &[Hungry, Hungry, Named]),
        ("decoy_under_another_id", &[Hungry, Named, Named]),
        ("same_twice", &[Hungry, Hungry, Named]),
        ("same_twice_in_one", &[Named]),
        ("five_copies", &[TooLong]),
        ("overlap", &[Named]),
        ("overlap_over_two", &[Hungry, Named]),
        ("complete_then_again_and_again", &[Hungry, Named, Named, Named, Named, Named, Named]),
        ("new_id_same_keys", &[Hungry, Named, Hungry]),
        ("another_id_own_keys", &[Hungry, Hungry, Named, Named]),
        ("another_version", &[Hungry, Hungry, Named]),
        ("version_negotiated", &[Hungry, Hungry, Named]),
        ("two_ids_in_one_datagram", &[Malformed]),
        ("every_frame", &[Named]),
        ("frame_that_does_not_belong", &[Malformed]),
        ("frame_cut_short", &[Malformed]),
        ("ack_with_too_many_ranges", &[Malformed]),
        ("beyond_the_stream", &[TooLong]),
        ("at_the_end_of_the_stream", &[Named]),
        ("pings_without_end", &[TooLong]),
        ("sixty_four_pieces", &[TooLong]),
        ("ech_behind_in_the_next", &[Hungry, Named]),
        ("session_id_too_long", &[Malformed]),
        ("length_one_more", &[Malformed]),
        ("reserved_bits", &[Malformed]),
    ];

    #[test]
    fn the_named_flows_come_to_what_their_names_say() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/quic");
        for (name, meant) in MEANT {
            let (seeks_ech, datagrams) = made::datagrams(&fs::read(folder.join(name)).unwrap());
            let mut reader = Box::new(Reader::new(seeks_ech));
            let read: Vec<Progress> =
                datagrams.iter().map(|datagram| reader.read(datagram).progress).collect();
            assert_eq!(read, *meant, "{name}");
        }
    }
}
