//! Pauses begin, end, and outlive the daemon.

use super::*;

fn address(text: &str) -> DeviceAddress {
    text.parse().unwrap()
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn device(mac: &str) -> Device {
    Device { name: String::from(mac), address: address(mac), policies: Vec::new() }
}

const PHONE: &str = "8c:be:be:12:34:56";

#[test]
fn a_pause_holds_until_it_is_over_and_a_second_one_takes_its_place() {
    let mut pauses = Pauses::default();
    pauses.pause(address(PHONE), moment("2026-11-25T18:40:00Z"));
    assert!(pauses.holds(address(PHONE), moment("2026-11-25T18:39:59.999Z")));
    assert!(!pauses.holds(address(PHONE), moment("2026-11-25T18:40:00Z")));
    assert!(!pauses.holds(address("8c:be:be:*"), moment("2026-11-25T18:00:00Z")));
    pauses.pause(address(PHONE), moment("2026-11-25T18:10:00Z"));
    assert!(!pauses.holds(address(PHONE), moment("2026-11-25T18:39:00Z")));
    assert!(pauses.resume(address(PHONE)) && !pauses.resume(address(PHONE)));
    assert!(!pauses.holds(address(PHONE), moment("2026-11-25T18:00:00Z")));
}

#[test]
fn a_clock_that_was_set_back_makes_no_pause_longer_than_any_may_be() {
    let mut pauses = Pauses::default();
    let until = moment("2026-11-25T18:40:00Z");
    pauses.pause(address(PHONE), until);
    assert!(!pauses.holds(address(PHONE), moment("1970-01-01T00:01:00Z")));
    assert!(pauses.holds(address(PHONE), until - LONGEST));
    assert!(pauses.holds(address(PHONE), until - LONGEST - SignedDuration::from_secs(1)));
    assert!(!pauses.holds(address(PHONE), until - FURTHEST - SignedDuration::from_secs(1)));
}

#[test]
fn what_is_over_and_what_is_not_listed_is_forgotten() {
    let mut pauses = Pauses::default();
    for (mac, until) in [
        (PHONE, "2026-11-25T18:40:00Z"),
        ("8c:be:be:*", "2026-11-25T18:30:00Z"),
        ("02:*", "2026-11-26T00:00:00Z"),
    ] {
        pauses.pause(address(mac), moment(until));
    }
    assert_eq!(pauses.next_end(moment("2026-11-25T18:00:00Z")), Some(moment("2026-11-25T18:30:00Z")));
    assert_eq!(pauses.next_end(moment("2026-11-25T18:30:00Z")), Some(moment("2026-11-25T18:40:00Z")));
    pauses.tidy(&[device(PHONE), device("8c:be:be:*")], moment("2026-11-25T18:30:00Z"));
    let kept = ["8c:be:be:*", "02:*", PHONE].map(|mac| pauses.until(address(mac)).is_some());
    assert_eq!(kept, [false, false, true]);
}

#[test]
fn what_is_written_is_read_again_and_a_broken_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("not/yet/there");
    assert_eq!(Pauses::read(&state).unwrap(), Pauses::default());
    let mut pauses = Pauses::default();
    pauses.pause(address(PHONE), moment("2026-11-25T18:40:00.123456789Z"));
    pauses.pause(address("8c:be:be:*"), moment("2026-12-01T00:00:00Z"));
    pauses.write(&state).unwrap();
    assert_eq!(Pauses::read(&state).unwrap(), pauses);
    for broken in
        ["", "{\"pauses\":[", "{\"pauses\":[{\"mac\":\"01:*\",\"until\":\"2026-12-01T00:00:00Z\"}]}"]
    {
        fs::write(state.join(FILE), broken).unwrap();
        assert_ne!(Pauses::read(&state).unwrap_err().kind(), io::ErrorKind::NotFound, "{broken}");
    }
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(pauses.write(&folder.path().join("file")).is_err());
}

#[test]
fn the_end_is_shown_in_local_time_with_its_date_if_that_is_another() {
    let zone = jiff::tz::TimeZoneDatabase::bundled().get("Europe/Berlin").unwrap();
    let now = moment("2026-11-25T17:30:00Z").to_zoned(zone);
    assert_eq!(shown(moment("2026-11-25T17:40:59Z"), &now), "18:40");
    assert_eq!(shown(moment("2026-11-25T23:00:00Z"), &now), "2026-11-26 00:00");
}
