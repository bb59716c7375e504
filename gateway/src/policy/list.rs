//! The lists that a policy subscribes to: `[[list]]` in its file.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use hyper::Uri;
use toml::Spanned;

use super::escape::Shown;
use super::mistake::Refusal;
use super::raw::{RawList, RawPolicy, Text};
use super::reading::{Checker, Reading, Table};
use crate::lists::{Format, Scope, Source};

/// How often a list is fetched if `refresh` does not say otherwise.
const DEFAULT_REFRESH: Duration = Duration::from_secs(24 * 60 * 60);

/// Seconds between two fetches, at least and at most: whoever gives lists away pays for each.
const REFRESH_SECONDS: std::ops::RangeInclusive<u64> = 10 * 60..=52 * 7 * 24 * 60 * 60;

/// A list to which a policy subscribes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Where it comes from; a path counts from the folder of the policy's file.
    pub source: Source,
    /// How it is written; `None` if that is to be found out.
    pub format: Option<Format>,
    /// What a name stands for where the format does not say it: [`Scope::Exact`] or [`Scope::Below`].
    pub bare: Scope,
    /// How often it is fetched.
    pub refresh: Duration,
    /// The line of the policy's file where it begins, from 1.
    pub line: usize,
    /// The URL or the path, as written.
    written: String,
}

impl List {
    /// What people call it: its URL or its path, as written in the policy.
    pub fn label(&self) -> &str {
        &self.written
    }

    /// Whether the other list has the same rules, whoever subscribes to it and how often it is fetched.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        (&self.source, self.format, self.bare) == (&other.source, other.format, other.bare)
    }
}

/// Checks the lists of a policy; each has its own place to come from.
pub(super) fn check_lists(checker: &mut Checker<'_>, reading: &Reading<RawPolicy>) -> Vec<List> {
    let mut lists: Vec<(List, Range<usize>)> = Vec::new();
    for raw in &reading.raw.list {
        let Some((list, span)) = check_list(checker, reading, raw) else { continue };
        if let Some((_, first)) = lists.iter().find(|(other, _)| other.source == list.source) {
            let title = format!("the list {} is named twice", Shown(list.label()));
            let mistake = checker.source.mistake(span, title, "take one of the two [[list]] out");
            let mistake = mistake.label("again here").other(checker.source, first.clone(), "first here");
            checker.mistakes.push(mistake);
        } else {
            lists.push((list, span));
        }
    }
    lists.into_iter().map(|(list, _)| list).collect()
}

/// The list, and where its URL or path is written.
fn check_list(
    checker: &mut Checker<'_>,
    reading: &Reading<RawPolicy>,
    raw: &Spanned<Table<RawList>>,
) -> Option<(List, Range<usize>)> {
    let struck = |key: &str| reading.was_struck(Some(raw.span().start), key);
    let line = checker.source.line(raw.span().start);
    let Table(keys) = raw.get_ref();
    let source = match (&keys.url, &keys.path) {
        (Some(url), None) => check_url(checker, url).map(|source| (source, url)),
        (None, Some(path)) => check_path(checker, path).map(|source| (source, path)),
        (Some(_), Some(path)) => {
            checker.refuse(path.span(), "a list comes from a URL or from a path", "take one of the two out");
            None
        }
        (None, None) => {
            if !struck("url") && !struck("path") {
                let cure = "write url = \"https://…\", or path = \"…\" of a file of this machine";
                checker.refuse(raw.span(), "the list does not say where it comes from", cure);
            }
            None
        }
    };
    let format = keys.format.as_ref().map_or(Some(None), |text| check_format(checker, text));
    let bare = match &keys.matches {
        Some(text) => check_match(checker, text),
        None if struck("match") => None,
        None => bare_without_match(checker, raw, format?),
    };
    let refresh = keys.refresh.as_ref().map_or(Some(DEFAULT_REFRESH), |text| checker.parse(text, refresh));
    let (source, written) = source?;
    let (span, written) = (written.span(), written.get_ref().clone());
    Some((List { source, format: format?, bare: bare?, refresh: refresh?, line, written }, span))
}

fn check_url(checker: &mut Checker<'_>, text: &Text) -> Option<Source> {
    let url = text.get_ref();
    let fault = match url.parse::<Uri>() {
        Err(_) if !url.is_ascii() => "holds letters beyond ASCII, which no URL on the wire has",
        Err(_) => "is not a URL",
        Ok(uri) if !matches!(uri.scheme_str(), Some("http" | "https")) => {
            "is not a URL that begins with `http://` or `https://`"
        }
        Ok(uri) if uri.host().unwrap_or_default().is_empty() => "is a URL without a host",
        Ok(uri) if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) => {
            "has a user in it, which metrics and logs would show"
        }
        Ok(_) => return Some(Source::Url(url.clone())),
    };
    let cure = "write it as browsers copy it, such as \"https://example.org/list.txt\"; a file is a `path`";
    checker.refuse(text.span(), format!("{} {fault}", Shown(url)), cure);
    None
}

fn check_path(checker: &mut Checker<'_>, text: &Text) -> Option<Source> {
    let folder = checker.source.path().parent().unwrap_or(Path::new(""));
    let path = folder.join(text.get_ref());
    let shown = path.to_string_lossy();
    let cure = "create the file, or name another; the path counts from the folder of this policy";
    let title = match std::fs::metadata(&path) {
        Ok(found) if found.is_file() => return Some(Source::Path(path)),
        Ok(_) => format!("{} is not a file", Shown(&shown)),
        Err(error) => format!("{} cannot be read: {error}", Shown(&shown)),
    };
    checker.refuse(text.span(), title, cure);
    None
}

/// `auto` and the formats by name.
fn check_format(checker: &mut Checker<'_>, text: &Text) -> Option<Option<Format>> {
    let formats = Format::ALL.map(|(word, format)| (word, Some(format)));
    let words: Vec<(&str, Option<Format>)> = std::iter::once(("auto", None)).chain(formats).collect();
    checker.choice(text, "format", &words)
}

fn check_match(checker: &mut Checker<'_>, text: &Text) -> Option<Scope> {
    checker.choice(text, "match", &[("hosts", Scope::Exact), ("domains", Scope::Below)])
}

/// What a bare name means in a list that does not say it: only formats that have a sign of their own for it need not.
fn bare_without_match(
    checker: &mut Checker<'_>,
    raw: &Spanned<Table<RawList>>,
    format: Option<Format>,
) -> Option<Scope> {
    match format {
        Some(Format::Adblock | Format::Dnsmasq | Format::Rpz | Format::Addresses) => Some(Scope::Exact),
        None | Some(Format::Hosts | Format::Domains) => {
            let cure = "write match = \"hosts\" if a name stands for itself only, or match = \"domains\" if also \
                        for everything below it";
            checker.refuse(raw.span(), "the list does not say what a name in it means", cure);
            None
        }
    }
}

/// Why a text is not how often a list can be fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum BadRefresh {
    #[error("{} is not a time", Shown(.0))]
    Unreadable(String),
    #[error("{} is too often for a list, of which each fetch costs its publisher", Shown(.0))]
    Often(String),
    #[error("{} is more than 52 weeks", Shown(.0))]
    Seldom(String),
}

impl Refusal for BadRefresh {
    fn cure(&self) -> String {
        String::from(match self {
            Self::Unreadable(_) => {
                "write a number with its unit: m for minutes, h for hours, d for days or w for weeks, such as \"6h\""
            }
            Self::Often(_) => "write \"10m\" or more; most lists change once a day",
            Self::Seldom(_) => "write \"52w\" or less",
        })
    }
}

/// Reads `30m`, `6h`, `1d` or `2w`.
fn refresh(text: &str) -> Result<Duration, BadRefresh> {
    let owned = || String::from(text);
    let (number, unit) = text.split_at(text.trim_end_matches(|c: char| !c.is_ascii_digit()).len());
    let unit: u64 = match unit {
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        "w" => 7 * 24 * 60 * 60,
        _ => return Err(BadRefresh::Unreadable(owned())),
    };
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadRefresh::Unreadable(owned()));
    }
    // What does not fit 64 bits is also too long.
    let seconds = number.parse().unwrap_or(u64::MAX).saturating_mul(unit);
    if seconds < *REFRESH_SECONDS.start() {
        Err(BadRefresh::Often(owned()))
    } else if seconds > *REFRESH_SECONDS.end() {
        Err(BadRefresh::Seldom(owned()))
    } else {
        Ok(Duration::from_secs(seconds))
    }
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
