//! When a policy applies: days of the week and times of day, as the clock on the wall shows them.
//!
//! A window is on whenever local time lies in it, and nothing else counts. So an hour that the clock skips in spring is
//! not there, one that it shows twice in autumn counts twice, and a change of the time zone counts at once.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan as _, Zoned};
use toml::Spanned;

use super::escape::Shown;
use super::mistake::Refusal;
use super::nearest::did_you_mean;
use super::raw::{RawPolicy, RawSchedule, Text};
use super::reading::{Checker, Reading, Table};

/// Minutes of a day; as the end of a window, midnight at its end.
const DAY: u16 = 24 * 60;

/// How many days from yesterday on are looked at for a change. Windows come back each week; where the clock skips one,
/// or a whole day, a week later.
const LOOK_AHEAD: usize = 17;

/// The days by the words that stand for them.
const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// When a policy applies: in any of its windows, or always if it has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    windows: Vec<Window>,
}

/// A time of day on some days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    /// The days on which it begins; bit `n` stands for the day `n` days after Monday.
    days: u8,
    /// Its first minute, counted from midnight.
    from: u16,
    /// The minute with which it is over, up to [`DAY`]. If it is not after `from`, that is on the next day.
    to: u16,
}

impl Schedule {
    /// Whether the policy applies at this moment.
    pub fn is_active(&self, now: &Zoned) -> bool {
        self.holds(now.datetime())
    }

    /// The first moment after `now` at which that is no longer as it is now; `None` if it stays so.
    pub fn next_change(&self, now: &Zoned) -> Option<Zoned> {
        let is_active = self.is_active(now);
        let mut moments = self.moments(now);
        moments.sort_unstable();
        moments
            .into_iter()
            .filter(|moment| *moment > now.timestamp())
            .map(|moment| moment.to_zoned(now.time_zone().clone()))
            .find(|moment| self.is_active(moment) != is_active)
    }

    fn holds(&self, local: DateTime) -> bool {
        self.windows.is_empty() || self.windows.iter().any(|window| window.holds(local))
    }

    /// The moments about `now` and after it at which something may change: each edge of a window, as often as the clock
    /// shows it, and each shift of the clock.
    fn moments(&self, now: &Zoned) -> Vec<Timestamp> {
        let zone = now.time_zone();
        let ahead = SignedDuration::from_hours(24 * i64::try_from(LOOK_AHEAD).unwrap_or(i64::MAX / 24));
        let end = now.timestamp().checked_add(ahead).unwrap_or(Timestamp::MAX);
        let shifts = zone.following(now.timestamp()).map(|shift| shift.timestamp());
        let mut moments: Vec<Timestamp> = shifts.take_while(|shift| *shift < end).collect();
        // From yesterday on: a clock that is set back at midnight shows the day before once more.
        let yesterday = now.date().yesterday().unwrap_or(now.date());
        for date in yesterday.series(1.day()).take(LOOK_AHEAD) {
            for minute in self.windows.iter().flat_map(|window| [window.from, window.to]) {
                moments.extend(local_time(date, minute).into_iter().flat_map(|time| shown_at(zone, time)));
            }
        }
        moments
    }
}

impl Window {
    fn holds(&self, local: DateTime) -> bool {
        let minute = minute_of_day(local);
        let today = local.weekday();
        if self.from < self.to {
            return self.begins_on(today) && (self.from..self.to).contains(&minute);
        }
        (self.begins_on(today) && minute >= self.from)
            || (self.begins_on(today.previous()) && minute < self.to)
    }

    const fn begins_on(&self, day: Weekday) -> bool {
        self.days >> day.to_monday_zero_offset() & 1 == 1
    }
}

fn minute_of_day(local: DateTime) -> u16 {
    u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs())
}

/// The minute of that day, [`DAY`] being the first of the next; `None` at the end of the calendar.
fn local_time(date: Date, minute: u16) -> Option<DateTime> {
    let (date, minute) = if minute == DAY { (date.tomorrow().ok()?, 0) } else { (date, minute) };
    let [hour, minute] = [minute / 60, minute % 60].map(|part| i8::try_from(part).unwrap_or_default());
    Some(date.at(hour, minute, 0, 0))
}

/// When the clocks of the zone show this time: once, twice, or, where they skip it, never.
fn shown_at(zone: &TimeZone, time: DateTime) -> impl Iterator<Item = Timestamp> {
    let offsets = match zone.to_ambiguous_timestamp(time).offset() {
        AmbiguousOffset::Unambiguous { offset } => [Some(offset), None],
        AmbiguousOffset::Fold { before, after } => [Some(before), Some(after)],
        AmbiguousOffset::Gap { .. } => [None, None],
    };
    offsets.into_iter().flatten().filter_map(move |offset| offset.to_timestamp(time).ok())
}

/// Checks every `[[schedule]]`; those with mistakes are left out.
pub(super) fn check_schedule(checker: &mut Checker<'_>, reading: &Reading<RawPolicy>) -> Schedule {
    let raw = &reading.raw.schedule;
    Schedule { windows: raw.iter().filter_map(|window| check_window(checker, reading, window)).collect() }
}

fn check_window(
    checker: &mut Checker<'_>,
    reading: &Reading<RawPolicy>,
    window: &Spanned<Table<RawSchedule>>,
) -> Option<Window> {
    let raw = &window.get_ref().0;
    let was_struck = |key| reading.was_struck(Some(window.span().start), key);
    let is_empty = raw.days.is_none() && raw.from.is_none() && raw.to.is_none();
    if is_empty && !["days", "from", "to"].into_iter().any(was_struck) {
        let cure = "write days = [\"…\"], from = \"…\" or to = \"…\" below it; without a [[schedule]] a policy always applies";
        checker.refuse(window.span(), "the schedule says nothing", cure);
        return None;
    }
    let days = raw.days.as_ref().map_or(Some(0b111_1111), |days| check_days(checker, days));
    let from = raw.from.as_ref().map_or(Some(0), |text| check_from(checker, text));
    let to = raw.to.as_ref().map_or(Some(DAY), |text| checker.parse(text, time));
    let (from, to) = (from?, to?);
    if from == to {
        let at = raw.to.as_ref().or(raw.from.as_ref()).map_or(window.span(), Spanned::span);
        let cure = "for the whole day leave both out, or write from = \"00:00\" and to = \"24:00\"";
        checker.refuse(at, "the schedule ends when it begins", cure);
        return None;
    }
    Some(Window { days: days?, from, to })
}

fn check_days(checker: &mut Checker<'_>, days: &Spanned<Vec<Text>>) -> Option<u8> {
    let texts = days.get_ref();
    if texts.is_empty() {
        let cure = "name days, such as [\"sat\", \"sun\"]; for every day take the key out";
        checker.refuse(days.span(), "the schedule has no day", cure);
        return None;
    }
    let bits: Vec<Option<u8>> = texts.iter().map(|text| checker.parse(text, day)).collect();
    bits.into_iter().try_fold(0, |days, bit| Some(days | bit?))
}

fn check_from(checker: &mut Checker<'_>, text: &Text) -> Option<u16> {
    let from = checker.parse(text, time)?;
    if from == DAY {
        let cure = "write from = \"00:00\" and the days after these";
        checker.refuse(text.span(), "a schedule cannot begin at the end of a day", cure);
        return None;
    }
    Some(from)
}

/// The bit of a day.
fn day(text: &str) -> Result<u8, BadTime> {
    let found = DAYS.iter().find(|(word, _)| *word == text);
    let (_, day) = found.ok_or_else(|| BadTime::Day(String::from(text)))?;
    Ok(1 << day.to_monday_zero_offset())
}

/// A time of day, 00:00 to 24:00, in minutes.
fn time(text: &str) -> Result<u16, BadTime> {
    let two_digits = |part: &str| {
        let is_number = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u16>().ok().filter(|_| is_number)
    };
    let parts =
        text.split_once(':').and_then(|(hour, minute)| Some((two_digits(hour)?, two_digits(minute)?)));
    let (hour, minute) = parts.ok_or_else(|| BadTime::Shape(String::from(text)))?;
    let total = hour * 60 + minute;
    if minute > 59 || total > DAY { Err(BadTime::NoSuch(String::from(text))) } else { Ok(total) }
}

/// The text is no day of the week, or no time of day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum BadTime {
    #[error("there is no day {}", Shown(.0))]
    Day(String),
    #[error("{} is not a time of day", Shown(.0))]
    Shape(String),
    #[error("no clock shows {}", Shown(.0))]
    NoSuch(String),
}

impl Refusal for BadTime {
    fn cure(&self) -> String {
        match self {
            Self::Day(text) => {
                let word = text.to_lowercase();
                let words = DAYS.map(|(word, _)| word);
                let begun = words.into_iter().find(|day| word.starts_with(day));
                did_you_mean(begun.unwrap_or(&word), "days", words.into_iter())
            }
            Self::Shape(text) if time(&format!("0{text}")).is_ok() => format!("write \"0{text}\""),
            Self::Shape(_) => String::from(
                "write two digits for the hour and two for the minute, such as \"07:00\" or \"21:30\"",
            ),
            Self::NoSuch(_) => String::from("write a time from \"00:00\" to \"24:00\""),
        }
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
