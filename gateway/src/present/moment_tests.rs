//! A day of a household, by a clock that was made up.

use jiff::SignedDuration;
use jiff::tz::TimeZoneDatabase;

use super::*;
use crate::policy::testing::config;

const ALWAYS: &str = "name = \"always\"\n";
const BEDTIME: &str = "name = \"bedtime\"\n[[schedule]]\nfrom = \"21:00\"\nto = \"07:00\"\n";
const DEVICES: &str = "[defaults]\npolicies = [\"bedtime\", \"always\"]\n\
                       [[device]]\nname = \"phone\"\nmac = \"8c:be:be:12:34:56\"\npolicies = [\"always\", \"bedtime\"]\n\
                       [[device]]\nname = \"phones\"\nmac = \"8c:be:be:*\"\npolicies = [\"bedtime\"]\n";

fn household() -> Config {
    config(DEVICES, &[ALWAYS, BEDTIME])
}

fn at(moment: &str) -> Zoned {
    let zone = TimeZoneDatabase::bundled().get("Europe/Berlin").unwrap();
    moment.parse::<Timestamp>().unwrap().to_zoned(zone)
}

/// The policies of `phone`, of `phones` and of unlisted devices.
fn policies(config: &Config, pauses: &Pauses, now: &Zoned) -> [String; 3] {
    let held = standing(config, pauses, now);
    let of = |device| held.policies_of(device).collect::<Vec<_>>().join(" ");
    let [phone, phones] = [&config.devices[0], &config.devices[1]].map(of);
    [phone, phones, held.default_policies(config).collect::<Vec<_>>().join(" ")]
}

#[test]
fn a_policy_outside_of_its_schedule_has_no_say_about_anyone() {
    let household = household();
    let of = |moment: &str| policies(&household, &Pauses::default(), &at(moment));
    assert_eq!(of("2026-11-25T20:59:59+01:00"), ["always", "", "always"]);
    assert_eq!(of("2026-11-25T21:00:00+01:00"), ["always bedtime", "bedtime", "bedtime always"]);
    assert_eq!(of("2026-11-26T07:00:00+01:00"), ["always", "", "always"]);
}

#[test]
fn a_paused_device_has_no_policies_until_its_pause_is_over() {
    let household = household();
    let mut pauses = Pauses::default();
    pauses.pause(household.devices[0].address, at("2026-11-25T22:00:00+01:00").timestamp());
    let of = |moment: &str| policies(&household, &pauses, &at(moment));
    assert_eq!(of("2026-11-25T21:59:59+01:00"), ["", "bedtime", "bedtime always"]);
    assert_eq!(of("2026-11-25T22:00:00+01:00"), ["always bedtime", "bedtime", "bedtime always"]);
}

#[test]
fn the_next_look_is_at_the_next_change_and_within_a_minute() {
    let household = household();
    let none = Pauses::default();
    let wait = |pauses: &Pauses, moment: &str| until_next_look(&household, pauses, &at(moment));
    assert_eq!(wait(&none, "2026-11-25T12:00:00+01:00"), Duration::from_secs(60));
    assert_eq!(wait(&none, "2026-11-25T20:59:47.5+01:00"), Duration::from_millis(12_500));
    assert_eq!(wait(&none, "2026-11-25T21:00:00+01:00"), Duration::from_secs(60));
    let mut paused = Pauses::default();
    paused.pause(household.devices[1].address, at("2026-11-25T12:00:10+01:00").timestamp());
    assert_eq!(wait(&paused, "2026-11-25T12:00:00+01:00"), Duration::from_secs(10));
    assert_eq!(wait(&paused, "2026-11-25T12:00:10+01:00"), Duration::from_secs(60));
    let always = config("", &[ALWAYS]);
    assert_eq!(until_next_look(&always, &none, &at("2026-11-25T12:00:00+01:00")), Duration::from_secs(60));
}

#[test]
fn only_policies_with_a_schedule_are_told_with_their_next_change() {
    let now = at("2026-11-25T20:00:00+01:00");
    let changes_at = Some(at("2026-11-25T21:00:00+01:00").timestamp());
    let bedtime = Scheduled { policy: String::from("bedtime"), active: false, changes_at };
    assert_eq!(scheduled(&household(), &now), [bedtime]);
}

/// Follows the waits through a night in which the clock is set back, with a pause in it.
#[test]
fn whoever_looks_when_told_to_sees_every_change_at_its_moment() {
    let household = household();
    let mut pauses = Pauses::default();
    pauses.pause(household.devices[0].address, at("2026-10-24T23:17:42+02:00").timestamp());
    let mut now = at("2026-10-24T20:30:00+02:00");
    let end = at("2026-10-25T08:00:00+01:00");
    let mut held = standing(&household, &pauses, &now);
    let mut seen = Vec::new();
    while now < end {
        let wait = SignedDuration::try_from(until_next_look(&household, &pauses, &now)).unwrap();
        assert!(wait.is_positive());
        now = (now.timestamp() + wait).to_zoned(now.time_zone().clone());
        let next = standing(&household, &pauses, &now);
        if next != held {
            seen.push((now.strftime("%H:%M:%S %:z").to_string(), next.off.len(), next.paused.len()));
            held = next;
        }
    }
    let expected = [("21:00:00 +02:00", 0, 1), ("23:17:42 +02:00", 0, 0), ("07:00:00 +01:00", 1, 0)];
    assert_eq!(seen, expected.map(|(moment, off, paused)| (String::from(moment), off, paused)));
}
