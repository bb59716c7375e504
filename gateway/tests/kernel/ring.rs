//! Events that find no room: since nobody reads the ring buffer, or since their device has had its share.

use std::time::Duration;

use gateway_common::abi::{EVENTS_A_SECOND, EVENTS_BYTES, Event};
use gateway_common::wire::MacAddr;

use crate::harness::*;

/// How many events the ring buffer has room for. What it puts in front of a record has eight bytes.
const ROOM: usize = EVENTS_BYTES as usize / (size_of::<Event>() + 8);

const SHARE: usize = EVENTS_A_SECOND as usize;

/// Phones with one policy, as many as can fill the buffer, each with less than its share.
fn crowd() -> (Setup, Vec<MacAddr>) {
    let macs: Vec<MacAddr> = (0..10).map(|n| MacAddr([0x8c, 0xbe, 0xbe, 0, 0, n])).collect();
    assert!(ROOM + 200 < macs.len() * SHARE);
    let setup = Setup::new().policy("p", "[block]\ndomains = [\"example.org\"]");
    let setup = macs.iter().fold(setup, |setup, mac| setup.device(&mac.to_string(), *mac, &["p"]));
    (setup, macs)
}

#[test]
fn a_full_ring_buffer_changes_no_verdict_and_each_lost_event_is_counted() {
    let (setup, macs) = crowd();
    let mut filter = Filter::new(&setup);
    let flows = ROOM + 200;
    let bad = hello("www.example.org");
    for n in 0..flows {
        let path = Path::v4().from(macs[n % macs.len()]).source_port(10_000 + u16::try_from(n).unwrap());
        assert_eq!(filter.run(&Tcp::new(path.clone()).send(&bad)), "XDP_DROP", "flow {n}");
        if n >= ROOM {
            assert_eq!(filter.run(&Tcp::new(path).ack()), "XDP_DROP", "flow {n}");
        }
    }
    let told = filter.events(&(0..=u64::MAX)).len();
    assert_eq!(told, ROOM);
    let tally = filter.tally();
    assert_eq!(tally.get("events lost"), 200);
    assert_eq!(tally.get("events limited"), 0);
    let sum = |what: &str| macs.iter().map(|mac| tally.get(&format!("{mac}: {what}"))).sum::<i128>();
    let (bad, late) = (i128::try_from(flows).unwrap(), 200);
    assert_eq!(sum("drop by p for tls_sni: flows"), bad);
    assert_eq!(sum("drop by p for tls_sni: packets"), bad + late);
    assert_eq!(sum("tls_sni"), bad);
    assert_eq!(sum("known_flow"), late);
    assert_eq!(sum("packets"), bad + late);
}

#[test]
fn a_noisy_device_is_told_of_so_often_a_second_and_drowns_no_other() {
    let (setup, macs) = crowd();
    let mut filter = Filter::new(&setup);
    let bad = hello("www.example.org");
    let noise = 3 * SHARE;
    // Within one second of the clock that the program reads, so that it cannot begin anew on the way.
    wait_for_second_to_begin();
    let begin = now();
    for n in 0..noise {
        let path = Path::v4().from(macs[0]).source_port(10_000 + u16::try_from(n).unwrap());
        assert_eq!(filter.run(&Tcp::new(path).send(&bad)), "XDP_DROP", "flow {n}");
    }
    let took = Duration::from_nanos(now() - begin);
    let quiet = Tcp::new(Path::v4().from(macs[1])).send(&bad);
    assert_eq!(filter.run(&quiet), "XDP_DROP");
    let told = filter.events(&(0..=u64::MAX));
    let of = |mac: MacAddr| told.iter().filter(|told| told.mac == mac).count();
    let seconds = usize::try_from(took.as_secs()).unwrap() + 2;
    // Each processor has a budget of its own, and so has each second; the test may have been moved, and emulated ones are slow.
    assert!(of(macs[0]) >= SHARE && of(macs[0]) < noise, "{} of {noise} in {took:?}", of(macs[0]));
    assert!(of(macs[0]) <= seconds * SHARE * 2, "{} in {took:?}", of(macs[0]));
    assert_eq!(of(macs[1]), 1);
    let tally = filter.tally();
    assert_eq!(tally.get("events lost"), 0);
    assert_eq!(tally.get("events limited"), i128::try_from(noise - of(macs[0])).unwrap());
}

/// Waits until the clock of the budgets has come to another second.
fn wait_for_second_to_begin() {
    let second = || now() / 1_000_000_000;
    let before = second();
    while second() == before {
        std::hint::spin_loop();
    }
}
