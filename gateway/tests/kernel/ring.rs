//! A ring buffer that nobody reads.

use gateway_common::abi::{EVENTS_BYTES, Event};

use crate::harness::*;

#[test]
fn a_full_ring_buffer_changes_no_verdict_and_each_lost_event_is_counted() {
    let mut filter = Filter::phone("[block]\ndomains = [\"example.org\"]");
    // What the ring buffer puts in front of a record has eight bytes.
    let room = EVENTS_BYTES as usize / (size_of::<Event>() + 8);
    let flows = room + 200;
    let (bad, good) = (hello("www.example.org"), hello("www.example.net"));
    for n in 0..flows {
        let port = 10_000 + u16::try_from(n).unwrap();
        assert_eq!(filter.run(&Tcp::new(Path::v4().source_port(port)).send(&bad)), "XDP_DROP", "flow {n}");
        if n >= room {
            assert_eq!(
                filter.run(&Tcp::new(Path::v6().source_port(port)).send(&good)),
                "XDP_PASS",
                "flow {n}"
            );
            assert_eq!(filter.run(&Tcp::new(Path::v4().source_port(port)).ack()), "XDP_DROP", "flow {n}");
        }
    }
    let told = filter.events(&(0..=u64::MAX)).len();
    assert_eq!(told, room);
    let tally = filter.tally();
    let (bad, late) = (i128::try_from(flows).unwrap(), 200);
    assert_eq!(tally.get("events lost"), 2 * late);
    assert_eq!(tally.get("phone: drop by p for tls_sni: flows"), bad);
    assert_eq!(tally.get("phone: drop by p for tls_sni: packets"), bad + late);
    assert_eq!(tally.get("phone: tls_sni"), bad + late);
    assert_eq!(tally.get("phone: known_flow"), late);
    assert_eq!(tally.get("phone: packets"), bad + 2 * late);
}
