//! Rates from totals.

use super::*;
use crate::top::testing::device;

fn after(before: [u64; 6], now: [u64; 6], elapsed: Duration) -> Rates {
    Rates::between(&device("phone", before), &device("phone", now), elapsed)
}

#[test]
fn a_rate_is_the_difference_by_the_time_that_really_passed() {
    let rates = after([10, 1000, 20, 5000, 3, 7], [40, 4000, 50, 20_000, 6, 10], Duration::from_millis(1500));
    let [up, down, packets, flows, blocked] = [2000.0, 10_000.0, 40.0, 2.0, 2.0].map(Some);
    assert_eq!(rates, Rates { up, down, packets, flows, blocked });
}

#[test]
fn a_total_that_fell_has_no_rate_and_the_others_have() {
    let rates = after([10, 1000, 20, 5000, 3, 7], [40, 999, 5, 6000, 3, 0], Duration::from_secs(1));
    let expected = Rates { up: None, down: Some(1000.0), packets: None, flows: Some(0.0), blocked: None };
    assert_eq!(rates, expected);
}

#[test]
fn without_time_between_two_polls_there_is_no_rate() {
    assert_eq!(after([0; 6], [u64::MAX; 6], Duration::ZERO), Rates::default());
}

#[test]
fn the_largest_totals_make_a_rate() {
    let rates = after([0; 6], [u64::MAX; 6], Duration::from_secs(1));
    assert!(rates.up.is_some_and(|up| up > 1e19) && rates.packets.is_some_and(f64::is_finite));
}

#[test]
fn of_two_devices_of_which_one_has_no_rate_the_other_counts() {
    let known = Rates { up: Some(5.0), flows: Some(1.0), ..Rates::default() };
    let sum = known.plus(Rates { up: Some(2.0), ..Rates::default() });
    assert_eq!((sum.up, sum.flows, sum.down), (Some(7.0), Some(1.0), None));
}
