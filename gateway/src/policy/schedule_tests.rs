//! When a schedule is on, by clocks that were made up; and what is said of one that cannot be.

use std::path::Path;

use jiff::tz::TimeZoneDatabase;
use proptest::prelude::*;

use super::super::file::PolicyFile;
use super::super::mistake::{Mistake, SourceFile};
use super::*;

/// Clocks that are set forwards and back, by an hour, by half of one, at midnight and over a whole day; with a day about
/// which that happens.
const SHIFTS: [(&str, &str); 10] = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    // From 23:59 on Thursday to 00:00 on Saturday.
    ("Pacific/Apia", "2011-12-30"),
    // Back from 00:01 to 23:01 of the day before.
    ("America/St_Johns", "2010-11-07"),
    // From 23:59 to 01:00.
    ("America/Sao_Paulo", "2018-11-04"),
    ("UTC", "2026-06-01"),
];

fn read(schedules: &str) -> (Option<Schedule>, Vec<String>) {
    let mut mistakes = Vec::new();
    let source = SourceFile::new(Path::new("p.toml"), &format!("name = \"p\"\n{schedules}"));
    let file = PolicyFile::check(&source, &mut mistakes);
    (file.policy.map(|policy| policy.schedule), mistakes.iter().map(Mistake::one_line).collect())
}

/// A schedule of windows, each `days from to` with the days as `mon,tue` or `*`.
fn schedule(windows: &[&str]) -> Schedule {
    let written = windows.iter().map(|window| {
        let [days, from, to] = window.split(' ').collect::<Vec<_>>()[..] else { panic!("{window}") };
        let days = if days == "*" {
            String::new()
        } else {
            format!("days = {:?}\n", days.split(',').collect::<Vec<_>>())
        };
        format!("[[schedule]]\n{days}from = \"{from}\"\nto = \"{to}\"\n")
    });
    let (schedule, told) = read(&written.collect::<String>());
    assert_eq!(told, [""; 0]);
    schedule.unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).unwrap()
}

/// A moment, such as `2026-03-29T01:59:59+01:00`, as the clock of the zone shows it.
fn at(zone_name: &str, moment: &str) -> Zoned {
    moment.parse::<Timestamp>().unwrap().to_zoned(zone(zone_name))
}

/// The changes after a moment: at which, and whether the schedule is on from then.
fn changes(schedule: &Schedule, from: Zoned, count: usize) -> Vec<(String, bool)> {
    let next = |now: &Zoned| schedule.next_change(now);
    std::iter::successors(next(&from), next)
        .take(count)
        .map(|moment| (moment.strftime("%a %Y-%m-%d %H:%M:%S %:z").to_string(), schedule.is_active(&moment)))
        .collect()
}

fn pairs(expected: &[(&str, bool)]) -> Vec<(String, bool)> {
    expected.iter().map(|(moment, on)| (String::from(*moment), *on)).collect()
}

#[test]
fn without_a_window_a_policy_is_always_on_and_nothing_changes() {
    let now = at("Europe/Berlin", "2026-11-25T12:00:00+01:00");
    assert!(Schedule::default().is_active(&now));
    assert_eq!(Schedule::default().next_change(&now), None);
}

#[test]
fn a_window_over_midnight_belongs_to_the_day_on_which_it_begins() {
    let friday = schedule(&["fri 21:00 07:00"]);
    assert_eq!(
        changes(&friday, at("Europe/Berlin", "2026-11-25T12:00:00+01:00"), 3),
        pairs(&[
            ("Fri 2026-11-27 21:00:00 +01:00", true),
            ("Sat 2026-11-28 07:00:00 +01:00", false),
            ("Fri 2026-12-04 21:00:00 +01:00", true),
        ])
    );
    for (moment, on) in [
        ("2026-11-27T20:59:59+01:00", false),
        ("2026-11-27T21:00:00+01:00", true),
        ("2026-11-28T00:00:00+01:00", true),
        ("2026-11-28T06:59:59.999999999+01:00", true),
        ("2026-11-28T07:00:00+01:00", false),
        ("2026-11-27T06:00:00+01:00", false),
        ("2026-11-28T22:00:00+01:00", false),
    ] {
        assert_eq!(friday.is_active(&at("Europe/Berlin", moment)), on, "{moment}");
    }
}

#[test]
fn several_windows_are_their_union() {
    let both = schedule(&["mon 08:00 12:00", "mon 12:00 13:00", "mon 09:00 10:00", "mon 20:00 21:00"]);
    assert_eq!(
        changes(&both, at("UTC", "2026-11-23T00:00:00Z"), 4),
        pairs(&[
            ("Mon 2026-11-23 08:00:00 +00:00", true),
            ("Mon 2026-11-23 13:00:00 +00:00", false),
            ("Mon 2026-11-23 20:00:00 +00:00", true),
            ("Mon 2026-11-23 21:00:00 +00:00", false),
        ])
    );
}

#[test]
fn whole_days_meet_at_midnight() {
    let weekend = schedule(&["sat,sun 00:00 24:00"]);
    assert_eq!(
        changes(&weekend, at("UTC", "2026-11-25T00:00:00Z"), 2),
        pairs(&[("Sat 2026-11-28 00:00:00 +00:00", true), ("Mon 2026-11-30 00:00:00 +00:00", false)])
    );
    let (days_only, told) = read("[[schedule]]\ndays = [\"sun\", \"sat\", \"sat\"]");
    assert_eq!((days_only.unwrap(), told.len()), (weekend, 0));
}

#[test]
fn a_schedule_that_covers_the_whole_week_never_changes() {
    let always = schedule(&["mon,tue,wed,thu,fri 00:00 24:00", "sat,sun 12:00 24:00", "sat,sun 00:00 12:00"]);
    let now = at("Europe/Berlin", "2026-03-28T12:00:00+01:00");
    assert!(always.is_active(&now));
    assert_eq!(always.next_change(&now), None);
}

#[test]
fn times_that_the_clock_skips_are_not_there() {
    let now = || at("Europe/Berlin", "2026-03-28T12:00:00+01:00");
    // 02:00 to 03:00 is skipped on the 29th.
    assert_eq!(
        changes(&schedule(&["* 02:15 02:45"]), now(), 1),
        pairs(&[("Mon 2026-03-30 02:15:00 +02:00", true)])
    );
    assert_eq!(
        changes(&schedule(&["sun 02:15 02:45"]), now(), 1),
        pairs(&[("Sun 2026-04-05 02:15:00 +02:00", true)])
    );
    assert_eq!(
        changes(&schedule(&["sun 02:30 04:00"]), now(), 2),
        pairs(&[("Sun 2026-03-29 03:00:00 +02:00", true), ("Sun 2026-03-29 04:00:00 +02:00", false)])
    );
    assert_eq!(
        changes(&schedule(&["sat 22:00 02:30"]), now(), 2),
        pairs(&[("Sat 2026-03-28 22:00:00 +01:00", true), ("Sun 2026-03-29 03:00:00 +02:00", false)])
    );
}

#[test]
fn times_that_the_clock_shows_twice_count_twice() {
    let now = || at("Europe/Berlin", "2026-10-24T12:00:00+02:00");
    // At 03:00 summer time the clock is set back to 02:00.
    assert_eq!(
        changes(&schedule(&["sun 02:15 02:45"]), now(), 4),
        pairs(&[
            ("Sun 2026-10-25 02:15:00 +02:00", true),
            ("Sun 2026-10-25 02:45:00 +02:00", false),
            ("Sun 2026-10-25 02:15:00 +01:00", true),
            ("Sun 2026-10-25 02:45:00 +01:00", false),
        ])
    );
    assert_eq!(
        changes(&schedule(&["sat 21:00 07:00"]), now(), 2),
        pairs(&[("Sat 2026-10-24 21:00:00 +02:00", true), ("Sun 2026-10-25 07:00:00 +01:00", false)])
    );
    assert_eq!(
        changes(&schedule(&["sun 01:00 02:00"]), now(), 2),
        pairs(&[("Sun 2026-10-25 01:00:00 +02:00", true), ("Sun 2026-10-25 02:00:00 +02:00", false)])
    );
}

#[test]
fn half_an_hour_is_skipped_and_shown_twice_on_lord_howe() {
    // At 02:00 to 02:30 in October, and at 02:00 back to 01:30 in April.
    let early = schedule(&["sun 02:10 02:40"]);
    assert_eq!(
        changes(&early, at("Australia/Lord_Howe", "2026-10-03T12:00:00+10:30"), 2),
        pairs(&[("Sun 2026-10-04 02:30:00 +11:00", true), ("Sun 2026-10-04 02:40:00 +11:00", false)])
    );
    let late = schedule(&["sun 01:45 01:50"]);
    assert_eq!(
        changes(&late, at("Australia/Lord_Howe", "2026-04-04T12:00:00+11:00"), 4),
        pairs(&[
            ("Sun 2026-04-05 01:45:00 +11:00", true),
            ("Sun 2026-04-05 01:50:00 +11:00", false),
            ("Sun 2026-04-05 01:45:00 +10:30", true),
            ("Sun 2026-04-05 01:50:00 +10:30", false),
        ])
    );
}

#[test]
fn a_day_that_a_whole_island_skipped_is_not_there() {
    let now = || at("Pacific/Apia", "2011-12-29T12:00:00-10:00");
    assert_eq!(
        changes(&schedule(&["fri 08:00 09:00"]), now(), 1),
        pairs(&[("Fri 2012-01-06 08:00:00 +14:00", true)])
    );
    assert_eq!(
        changes(&schedule(&["thu 21:00 07:00"]), now(), 2),
        pairs(&[("Thu 2011-12-29 21:00:00 -10:00", true), ("Sat 2011-12-31 00:00:00 +14:00", false)])
    );
}

#[test]
fn a_clock_that_is_set_back_over_midnight_shows_the_day_before_again() {
    let saturday = schedule(&["sat 23:30 24:00"]);
    assert_eq!(
        changes(&saturday, at("America/St_Johns", "2010-11-06T12:00:00-02:30"), 4),
        pairs(&[
            ("Sat 2010-11-06 23:30:00 -02:30", true),
            ("Sun 2010-11-07 00:00:00 -02:30", false),
            ("Sat 2010-11-06 23:30:00 -03:30", true),
            ("Sun 2010-11-07 00:00:00 -03:30", false),
        ])
    );
}

#[test]
fn a_zone_given_as_a_rule_alone_is_known_too() {
    // As TZ holds it on routers without a time zone database.
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let now = "2026-10-24T12:00:00+02:00".parse::<Timestamp>().unwrap().to_zoned(zone);
    assert_eq!(
        changes(&schedule(&["sat 21:00 07:00"]), now, 2),
        pairs(&[("Sat 2026-10-24 21:00:00 +02:00", true), ("Sun 2026-10-25 07:00:00 +01:00", false)])
    );
}

/// The first minute after each of the moments at which the schedule is no longer as it is at the moment, found by
/// looking at every minute.
fn assert_like_watching_the_clock(schedule: &Schedule, zone_name: &str, day: &str, starts: &[i64]) {
    let day = day.parse::<Date>().unwrap().to_zoned(TimeZone::UTC).unwrap().timestamp();
    let minute = |n: i64| (day + SignedDuration::from_mins(n)).to_zoned(zone(zone_name));
    let end = 24 * 60 * 14;
    for start in starts {
        let now = minute(*start);
        let on = schedule.is_active(&now);
        let seen = (start + 1..end).map(minute).find(|moment| schedule.is_active(moment) != on);
        let told = schedule.next_change(&now).filter(|moment| *moment < minute(end));
        assert_eq!(told, seen, "{schedule:?} after {now}");
    }
}

fn window() -> impl Strategy<Value = Window> {
    // Edges about midnight and the hours at which clocks are set are the ones that matter.
    let edge = prop_oneof![0..=4_u16 * 60, 22 * 60..DAY, 0..DAY];
    (1..128_u8, edge.clone(), edge).prop_map(|(days, from, to)| Window {
        days,
        from,
        to: if from == to { DAY } else { to },
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn the_next_change_is_the_one_that_watching_the_clock_finds(
        windows in proptest::collection::vec(window(), 1..4),
        shift in 0..SHIFTS.len(),
        starts in proptest::collection::vec(-2 * 24 * 60..3 * 24 * 60_i64, 1..6),
    ) {
        let (zone, day) = SHIFTS[shift];
        assert_like_watching_the_clock(&Schedule { windows }, zone, day, &starts);
    }
}

#[test]
fn days_and_times_that_cannot_be_are_all_told_each_at_its_place() {
    let (schedule, told) = read(
        "[[schedule]]\ndays = [\"Mon\", \"tuesday\", \"fir\", \"weekend\"]\nfrom = \"25:00\"\nto = \"7:00\"\n\
         [[schedule]]\nfrom = \"24:00\"\nto = \"06:60\"\n[[schedule]]\nfrom = \"24:01\"\nto = \"+1:00\"\n",
    );
    assert_eq!(schedule, None);
    let days = "The days are `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`)";
    let shape = "(write two digits for the hour and two for the minute, such as \"07:00\" or \"21:30\")";
    assert_eq!(
        told,
        [
            format!("p.toml:3:9: there is no day `Mon` (did you mean `mon`? {days}"),
            format!("p.toml:3:16: there is no day `tuesday` (did you mean `tue`? {days}"),
            format!("p.toml:3:27: there is no day `fir` (did you mean `fri`? {days}"),
            format!("p.toml:3:34: there is no day `weekend` (t{}", &days[1..]),
            String::from("p.toml:4:8: no clock shows `25:00` (write a time from \"00:00\" to \"24:00\")"),
            String::from("p.toml:5:6: `7:00` is not a time of day (write \"07:00\")"),
            String::from(
                "p.toml:7:8: a schedule cannot begin at the end of a day (write from = \"00:00\" and the days after these)"
            ),
            String::from("p.toml:8:6: no clock shows `06:60` (write a time from \"00:00\" to \"24:00\")"),
            String::from("p.toml:10:8: no clock shows `24:01` (write a time from \"00:00\" to \"24:00\")"),
            format!("p.toml:11:6: `+1:00` is not a time of day {shape}"),
        ]
    );
}

#[test]
fn a_schedule_that_says_nothing_or_never_is_refused() {
    for (text, expected) in [
        ("[[schedule]]", "p.toml:2:1: the schedule says nothing (write days = "),
        ("[[schedule]]\ndays = []", "p.toml:3:8: the schedule has no day (name days, "),
        (
            "[[schedule]]\nfrom = \"08:00\"\nto = \"08:00\"",
            "p.toml:4:6: the schedule ends when it begins (for the whole ",
        ),
        ("[[schedule]]\nto = \"00:00\"", "p.toml:3:6: the schedule ends when it begins (for the whole "),
        ("[schedule]\nfrom = \"08:00\"", "p.toml:2:1: a table stands where a list belongs (write a list: "),
    ] {
        let (_, told) = read(text);
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told[0].starts_with(expected), "{told:#?}");
    }
}

#[test]
fn a_time_without_quotes_is_told_to_want_them() {
    for text in ["[[schedule]]\nfrom = 21:00:00", "[[schedule]]\nfrom = 21:00", "[[schedule]]\nfrom = 21"] {
        let (_, told) = read(text);
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told[0].starts_with("p.toml:3:8: ") && told[0].contains("quote"), "{told:#?}");
        assert!(!told[0].contains("table"), "{told:#?}");
    }
}
