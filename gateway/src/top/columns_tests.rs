//! Which columns fit, and what they say.

use super::*;
use crate::top::testing::{household, now};

fn titles(width: u16) -> String {
    let titles: Vec<&str> = fit(width).iter().map(|column| column.look().title).collect();
    titles.join(" ")
}

#[test]
fn eighty_cells_take_what_matters_and_more_cells_take_more() {
    let core = "DEVICE UP/s DOWN/s PPS FLW/s BLK/s FLOWS BLOCKED POLICIES";
    assert_eq!(titles(80), core);
    assert_eq!(titles(94), core);
    assert_eq!(titles(95), core.replace("DEVICE", "DEVICE HOST"));
    assert_eq!(fit(u16::MAX).len(), PLACES.len());
    assert_eq!(titles(60), "DEVICE UP/s DOWN/s PPS FLW/s BLK/s BLOCKED POLICIES");
    assert_eq!(titles(20), "DEVICE DOWN/s");
    assert_eq!(titles(0), "DEVICE");
}

#[test]
fn whatever_the_width_the_columns_fill_it_and_no_more() {
    for width in 11..400 {
        let columns = fit(width);
        let taken: u16 = widths(&columns, width).iter().map(|cells| cells + 1).sum();
        assert_eq!(taken, width, "{columns:?}");
    }
    let at_80 = widths(&fit(80), 80);
    assert_eq!((at_80[0], at_80[8]), (17, 18), "a MAC address and the end of a pause are whole");
}

#[test]
fn no_column_is_forgotten() {
    for column in CORE.into_iter().chain(MORE) {
        assert!(PLACES.contains(&column), "{column:?}");
    }
    assert_eq!(CORE.len() + MORE.len(), PLACES.len());
}

#[test]
fn a_pause_is_told_with_its_end_by_the_clock_on_the_wall() {
    let model = household();
    let text = |of: &str| {
        let row = model.rows.iter().find(|row| row.key.word() == of).unwrap();
        Column::Policies.text(row, &now())
    };
    assert_eq!(text("television"), "paused until 18:40");
    assert_eq!(text("anna-phone"), "xiaomi-telemetry,doh-bypass");
    assert_eq!(text("toys"), "-");
    assert_eq!(text("other"), "");
    let mut row = model.rows[2].clone();
    row.device.paused_until = Some("2026-12-01T00:00:00Z".parse().unwrap());
    assert_eq!(Column::Policies.text(&row, &now()), "paused until 12-01");
}

#[test]
fn a_moment_of_another_day_has_its_date_and_one_of_no_calendar_a_dash() {
    let now = now();
    let seconds = now.timestamp().as_second().unsigned_abs();
    assert_eq!(clock(seconds - 3600, &now), "17:31:07");
    assert_eq!(clock(seconds - 86_400, &now), "11-24");
    assert_eq!(clock(u64::MAX, &now), "-");
}
