//! `[events]`: where events are written to, apart from those who ask for them.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use toml::Spanned;

use super::config::absolute;
use super::escape::Shown;
use super::mistake::Refusal;
use super::raw::{RawConfig, RawEvents, Text};
use super::reading::{Checker, Reading};

/// The size at which the file is rotated if `rotate_at` does not say otherwise: some thirty thousand events.
const DEFAULT_ROTATE_AT: u64 = 10_000_000;

/// How many old files are kept if `keep` does not say otherwise.
const DEFAULT_KEEP: u32 = 5;

/// What `rotate_at` can be, in bytes.
const ROTATE_AT: RangeInclusive<u64> = 1_000..=1_000_000_000_000;

/// What `keep` can be.
const KEEP: RangeInclusive<i64> = 0..=1000;

/// Where events are written to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// Whether to the journal of systemd.
    pub journald: bool,
    /// To which file, if to one.
    pub file: Option<EventsFile>,
}

/// A file for events, and what becomes of it when it is full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventsFile {
    /// Where it is; absolute.
    pub path: PathBuf,
    /// How many bytes it holds at most.
    pub rotate_at: u64,
    /// How many full ones are kept beside it.
    pub keep: u32,
}

pub(super) fn check_events(checker: &mut Checker<'_>, reading: &Reading<RawConfig>) -> Option<Events> {
    let Some(section) = &reading.raw.events else { return Some(Events::default()) };
    let RawEvents { journald, file, rotate_at, keep } = &section.get_ref().0;
    if file.is_none() && !reading.was_struck(Some(section.span().start), "file") {
        let spans =
            [("rotate_at", rotate_at.as_ref().map(Text::span)), ("keep", keep.as_ref().map(Spanned::span))];
        for (key, span) in spans {
            if let Some(span) = span {
                let title = format!("`{key}` is about a `file`, and there is none");
                checker.refuse(
                    span,
                    title,
                    "write file = \"/var/log/gateway/events.jsonl\", or take the key out",
                );
            }
        }
    }
    let path = file.as_ref().map(|text| check_file(checker, text));
    let rotate_at = match rotate_at {
        Some(text) => checker.parse(text, size),
        None => Some(DEFAULT_ROTATE_AT),
    };
    let keep = keep.as_ref().map_or(Some(DEFAULT_KEEP), |number| check_keep(checker, number));
    let file = match path {
        Some(path) => Some(EventsFile { path: path?, rotate_at: rotate_at?, keep: keep? }),
        None => None,
    };
    Some(Events { journald: journald.unwrap_or_default(), file })
}

fn check_file(checker: &mut Checker<'_>, text: &Text) -> Option<PathBuf> {
    let path = absolute(checker, "file", text)?;
    if text.get_ref().ends_with('/') || path.is_dir() {
        let title = format!("{} is a folder", Shown(text.get_ref()));
        checker.refuse(text.span(), title, "name a file in it, such as \"/var/log/gateway/events.jsonl\"");
        return None;
    }
    Some(path)
}

fn check_keep(checker: &mut Checker<'_>, number: &Spanned<i64>) -> Option<u32> {
    let keep = *number.get_ref();
    if !KEEP.contains(&keep) {
        let title = format!("`keep` cannot be {keep}");
        let cure = format!("write how many old files to keep, {} to {}", KEEP.start(), KEEP.end());
        checker.refuse(number.span(), title, cure);
        return None;
    }
    u32::try_from(keep).ok()
}

/// Why a text is not the size of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum BadSize {
    #[error("{} is not a size", Shown(.0))]
    Unreadable(String),
    #[error("{} is too little for a file of events", Shown(.0))]
    Small(String),
    #[error("{} is more than a terabyte", Shown(.0))]
    Large(String),
}

impl Refusal for BadSize {
    fn cure(&self) -> String {
        String::from(match self {
            Self::Unreadable(_) => {
                "write a number with its unit: kB, MB or GB, or KiB, MiB or GiB, such as \"10MB\""
            }
            Self::Small(_) => "write \"1kB\" or more; an event takes about 300 bytes",
            Self::Large(_) => "write \"1000GB\" or less",
        })
    }
}

/// Reads `500kB`, `10MB` or `1GiB`.
fn size(text: &str) -> Result<u64, BadSize> {
    let owned = || String::from(text);
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit: u64 = match unit {
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(BadSize::Unreadable(owned())),
    };
    if number.is_empty() {
        return Err(BadSize::Unreadable(owned()));
    }
    // What does not fit 64 bits is also too large.
    let bytes = number.parse().unwrap_or(u64::MAX).saturating_mul(unit);
    if bytes < *ROTATE_AT.start() {
        Err(BadSize::Small(owned()))
    } else if bytes > *ROTATE_AT.end() {
        Err(BadSize::Large(owned()))
    } else {
        Ok(bytes)
    }
}

#[cfg(test)]
#[path = "events_section_tests.rs"]
mod tests;
