//! What is shown of a list: to people, to programs, in metrics. Whatever came from a list or a server is escaped.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::keeper::{Counted, Followed};
use crate::lists::state::{Note, Unix, unix};
use crate::lists::{Example, Source};
use crate::policy::Escaped;

/// A list of a policy, as `gateway lists --json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Name of the policy.
    pub policy: String,
    /// URL or path, as written in the policy.
    pub list: String,
    /// How it is written, once that is known.
    pub format: Option<String>,
    /// Rules in it; 0 while there is no copy.
    pub entries: u64,
    /// Lines that were skipped.
    pub skipped_lines: u64,
    /// How many of them for which reason.
    pub skipped: BTreeMap<String, u64>,
    /// The first ten of them.
    pub examples: Vec<Skip>,
    /// Seconds since its server last said that the copy is the newest, or since the file was written; absent while
    /// there is no copy.
    pub age_seconds: Option<u64>,
    /// Seconds between two looks at it, as the policy wants it; the shortest where several policies have it.
    pub refresh_seconds: u64,
    /// Seconds until the server is asked again; absent for a file of this machine.
    pub next_seconds: Option<u64>,
    /// How often it could not be fetched.
    pub errors: u64,
    /// Why not, the last time, if it was so the last time.
    pub last_error: Option<String>,
}

/// A line that was skipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// Its number.
    pub line: u64,
    /// A word for why.
    pub kind: String,
    /// Why, for people.
    pub why: String,
    /// Its beginning.
    pub text: String,
}

/// What came of looking after a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// URL or path.
    pub list: String,
    /// Whether there is another copy than before.
    pub changed: bool,
    /// Rules in the copy, if it could be had.
    pub entries: Option<u64>,
    /// Why not.
    pub error: Option<String>,
}

impl Outcome {
    pub(super) fn new(label: &str, changed: bool, result: Result<Option<u64>, String>) -> Self {
        let (entries, error) = match result {
            Ok(entries) => (entries, None),
            Err(error) => (None, Some(error)),
        };
        Self { list: Escaped(label).to_string(), changed, entries, error }
    }
}

impl Row {
    pub(super) fn new(
        followed: &Followed,
        counted: Option<&Counted>,
        note: Option<&Note>,
        refresh: Duration,
        late: f64,
        now: Unix,
    ) -> Self {
        let report = counted.and_then(|counted| counted.report.as_ref().ok()?.as_ref());
        let unreadable = counted.and_then(|counted| counted.report.as_ref().err());
        let age_seconds = match &followed.list.source {
            Source::Path(path) => {
                let modified = fs::metadata(path).and_then(|data| data.modified()).ok();
                modified.map(|modified| now.saturating_sub(unix(modified)))
            }
            Source::Url(_) => note.and_then(|note| note.age(now)),
        };
        let by_kind = report.iter().flat_map(|report| report.skipped.by_kind());
        Self {
            policy: followed.policy.clone(),
            list: Escaped(followed.list.label()).to_string(),
            format: report.map(|report| report.format.as_str().to_owned()),
            entries: report.map_or(0, |report| report.rules),
            skipped_lines: report.map_or(0, |report| report.skipped.total()),
            skipped: by_kind.map(|(kind, count)| (kind.as_str().to_owned(), count)).collect(),
            examples: report.iter().flat_map(|report| report.skipped.first()).map(Skip::new).collect(),
            age_seconds,
            refresh_seconds: refresh.as_secs(),
            next_seconds: note.map(|note| note.due(refresh, late).saturating_sub(now)),
            errors: note.map_or(0, |note| note.errors),
            last_error: note.and_then(|note| note.error.clone()).or_else(|| unreadable.cloned()),
        }
    }
}

impl Skip {
    fn new(example: &Example) -> Self {
        Self {
            line: example.line,
            kind: example.kind.as_str().to_owned(),
            why: example.kind.why().to_owned(),
            text: Escaped(&example.excerpt).to_string(),
        }
    }
}
