//! Differences of totals, in steps that become coarser.

use gateway_common::wire::MacAddr;

use super::*;

const ANNA: DeviceKey = DeviceKey { mac: MacAddr([2, 0, 0, 0, 0, 1]), bytes: 6, reserved: 0 };
const BOB: DeviceKey = DeviceKey { mac: MacAddr([2, 0, 0, 0, 0, 2]), ..ANNA };

fn counters(packets: u64) -> DeviceCounters {
    let (down_packets, down_bytes) = (packets * 2, packets * 3000);
    DeviceCounters {
        packets,
        bytes: packets * 100,
        flows: packets / 10,
        down_packets,
        down_bytes,
        ..DeviceCounters::ZERO
    }
}

/// The totals of all others and of a device with number 1.
fn totals(other: u64, owner: DeviceKey, packets: u64) -> Sample {
    let devices = [((0, None), counters(other)), ((1, Some(owner)), counters(packets))];
    Sample { devices: devices.into(), blocked: BTreeMap::new() }
}

fn blocked(action: Action, packets: u64) -> Sample {
    let key = BlockedKey { device: 1, policy: 0, reason: 7, action: action as u8, reserved: 0 };
    let counted = BlockedCounters { packets, flows: packets / 2 };
    Sample { devices: BTreeMap::new(), blocked: [(key, counted)].into() }
}

/// Steps out of samples at these seconds.
fn steps(samples: impl IntoIterator<Item = (u64, Sample)>) -> Steps {
    let (mut steps, start) = (Steps::default(), Instant::now());
    for (second, sample) in samples {
        steps.add(sample, start + Duration::from_secs(second), 1_000_000 + second);
    }
    steps
}

#[test]
fn a_step_has_what_was_counted_in_it_and_the_first_sample_is_none() {
    let steps =
        steps([(0, totals(1000, ANNA, 500)), (10, totals(1010, ANNA, 540)), (25, totals(1010, ANNA, 540))]);
    let up = Point { packets: 50, bytes: 5000, flows: 5, ..Point::default() };
    let first = Point { time: 1_000_010, seconds: 10, packets_down: 100, bytes_down: 150_000, ..up };
    let second = Point { time: 1_000_025, seconds: 15, ..Point::default() };
    assert_eq!(steps.fine, [first, second]);
}

#[test]
fn a_number_with_a_new_owner_counts_from_zero_whether_its_counter_fell_or_rose() {
    for packets in [30, 70] {
        let steps = steps([(0, totals(0, ANNA, 50)), (10, totals(0, BOB, packets))]);
        assert_eq!(steps.fine[0].packets, packets);
    }
}

#[test]
fn a_counter_that_fell_counts_from_zero() {
    let devices = steps([(0, totals(500, ANNA, 0)), (10, totals(20, ANNA, 0))]);
    assert_eq!(devices.fine[0].packets, 20);
    let blocks = steps([(0, blocked(Action::Drop, 80)), (10, blocked(Action::Drop, 6))]);
    assert_eq!((blocks.fine[0].blocked_packets, blocks.fine[0].blocked_flows), (6, 3));
}

#[test]
fn what_is_only_observed_is_not_blocked() {
    for (action, expected) in [(Action::Drop, 8), (Action::Reject, 8), (Action::Observe, 0)] {
        let steps = steps([(0, Sample::default()), (10, blocked(action, 8))]);
        assert_eq!(steps.fine[0].blocked_packets, expected, "{action:?}");
    }
}

#[test]
fn a_day_is_kept_its_last_hour_in_steps_as_they_came_and_nothing_is_lost_in_between() {
    let samples = (0..=8640).map(|step| (step * 10, totals(0, ANNA, step * 3)));
    let mut steps = steps(samples);
    let all = |steps: &Steps| steps.coarse.iter().chain(&steps.fine).copied().collect::<Vec<Point>>();
    let points = all(&steps);
    assert_eq!(steps.fine.len(), 360);
    assert_eq!(points.len(), 360 + (86_400 - 3600) / 300);
    assert_eq!(points.iter().map(|point| point.packets).sum::<u64>(), 8640 * 3);
    assert_eq!(points.iter().map(|point| point.seconds).sum::<u64>(), MOST);
    assert!(points.is_sorted_by_key(|point| point.time));
    let first = points[0];
    assert_eq!((first.time, first.seconds), (1_000_300, 300));
    assert_eq!((first.packets, first.bytes, first.packets_down, first.bytes_down), (90, 9000, 180, 270_000));

    let later = Instant::now() + Duration::from_secs(86_410);
    steps.add(totals(0, ANNA, 8641 * 3), later, 1_086_410);
    assert!(all(&steps).iter().map(|point| point.seconds).sum::<u64>() <= MOST);
}

#[test]
fn a_clock_that_was_set_back_neither_loses_steps_nor_keeps_them_for_ever() {
    let (mut steps, start) = (Steps::default(), Instant::now());
    for step in 0..20_000_u64 {
        let time = if step < 100 { 2_000_000_000 } else { 1_000_000_000 } + step * 10;
        steps.add(totals(0, ANNA, step), start + Duration::from_secs(step * 10), time);
    }
    let seconds: u64 = steps.coarse.iter().chain(&steps.fine).map(|point| point.seconds).sum();
    assert!((MOST - COARSE..=MOST).contains(&seconds), "{seconds}");
    assert!(steps.coarse.iter().all(|point| point.time < 2_000_000_000));
}
