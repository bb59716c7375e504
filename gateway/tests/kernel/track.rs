//! Devices that no `[[device]]` names, counted on their own as far as `[defaults] track` goes.

use gateway::datapath::engine::Engine;
use gateway::policy::Standing;
use gateway_common::wire::MacAddr;

use crate::engine::{Site, give};
use crate::harness::*;

const BLOCKED: &str = "action = \"drop\"\n[block]\naddresses = [\"203.0.113.0/24\"]";

const fn mac(last: u8) -> MacAddr {
    MacAddr([0x8c, 0xbe, 0xbe, 0, 0, last])
}

/// That tracks so many, with a policy for all that are not listed.
fn tracking(track: usize) -> Setup {
    Setup::new().policy("a", BLOCKED).defaults(&["a"]).track(track)
}

fn apply(engine: &mut Engine, setup: &Setup) {
    engine.apply(&setup.config(), &Standing::default()).unwrap();
}

/// The addresses that are tracked from now on.
fn track(engine: &mut Engine, setup: &Setup) -> Vec<MacAddr> {
    let new = engine.track(&setup.config(), &Standing::default()).unwrap();
    new.map(|(new, _)| new).unwrap_or_default()
}

/// A frame of this device to what is blocked; the verdict.
fn send(engine: &mut Engine, last: u8) -> &'static str {
    give(engine, &Path::to("203.0.113.7").from(mac(last)).udp(b"x"))
}

/// Names and frames of all that have a number.
fn counted(engine: &Engine) -> Vec<(String, u64)> {
    let devices = engine.maps.read_devices().unwrap().into_iter();
    devices.filter_map(|device| Some((device.label?.0, device.counters.packets))).collect()
}

fn row(last: u8, packets: u64) -> (String, u64) {
    (mac(last).to_string(), packets)
}

#[test]
fn an_unlisted_device_gets_a_number_and_keeps_it_over_reloads_and_restarts() {
    let site = Site::new();
    let setup = tracking(2);
    let mut engine = site.start();
    apply(&mut engine, &setup);
    assert_eq!(track(&mut engine, &setup), []);
    assert_eq!(send(&mut engine, 1), "XDP_DROP");
    assert_eq!(counted(&engine), []);
    assert_eq!(track(&mut engine, &setup), [mac(1)]);
    assert_eq!(track(&mut engine, &setup), []);
    // The policies of all unlisted ones hold for it as before.
    assert_eq!(send(&mut engine, 1), "XDP_DROP");
    assert_eq!(counted(&engine), [row(1, 1)]);
    apply(&mut engine, &setup);
    drop(engine);
    let mut engine = site.start();
    apply(&mut engine, &setup);
    assert_eq!(send(&mut engine, 1), "XDP_DROP");
    assert_eq!(counted(&engine), [row(1, 2)]);
}

#[test]
fn there_are_never_more_than_the_number_says_and_a_lower_one_frees_the_rest() {
    let site = Site::new();
    let mut engine = site.start();
    apply(&mut engine, &tracking(3));
    (0..20).for_each(|last| assert_eq!(send(&mut engine, last), "XDP_DROP"));
    assert_eq!(track(&mut engine, &tracking(3)).len(), 3);
    (0..40).for_each(|last| assert_eq!(send(&mut engine, last), "XDP_DROP"));
    assert_eq!(track(&mut engine, &tracking(3)), []);
    assert_eq!(counted(&engine).len(), 3);
    let first = counted(&engine).swap_remove(0);
    apply(&mut engine, &tracking(1));
    assert_eq!(counted(&engine), [first]);
    apply(&mut engine, &tracking(0));
    assert_eq!(track(&mut engine, &tracking(0)), []);
    assert_eq!(counted(&engine), []);
    assert_eq!(send(&mut engine, 1), "XDP_DROP");
}

#[test]
fn one_that_becomes_listed_goes_on_counting_under_its_name() {
    let site = Site::new();
    let mut engine = site.start();
    apply(&mut engine, &tracking(2));
    send(&mut engine, 1);
    track(&mut engine, &tracking(2));
    send(&mut engine, 1);
    let listed = tracking(2).device("phone", mac(1), &[]);
    apply(&mut engine, &listed);
    assert_eq!(send(&mut engine, 1), "XDP_PASS");
    assert_eq!(counted(&engine), [("phone".to_owned(), 2)]);
    assert_eq!(track(&mut engine, &listed), []);
}

#[test]
fn one_of_a_listed_prefix_is_not_tracked_any_more() {
    let site = Site::new();
    let mut engine = site.start();
    apply(&mut engine, &tracking(2));
    send(&mut engine, 1);
    track(&mut engine, &tracking(2));
    let listed = tracking(2).devices("all", "8c:be:be:*", &[]);
    apply(&mut engine, &listed);
    assert_eq!(send(&mut engine, 1), "XDP_PASS");
    assert_eq!(counted(&engine), [("all".to_owned(), 1)]);
    assert_eq!(track(&mut engine, &listed), []);
}
