//! What is doubtful in the lists that policies subscribe to.

use std::fs::File;
use std::io;

use super::super::escape::Shown;
use super::super::file::Policy;
use super::super::list::List;
use super::super::mistake::Mistake;
use super::within::is_public_suffix;
use crate::lists::{Report, Rule, Scope, Sink, Source, read};

/// Opens the current copy of a list: the file itself of a path, the last good copy of a URL; `None` if there is none yet.
pub type Open<'a> = &'a dyn Fn(&Source) -> io::Result<Option<File>>;

/// How many lines of a list are shown for one warning.
const SHOWN: usize = 10;

/// What is doubtful in the lists of these policies, and those that cannot be read: these are mistakes.
pub fn warnings_of_lists(policies: &[Policy], open: Open<'_>) -> Vec<Mistake> {
    let mut seen: Vec<(&List, Outcome)> = Vec::new();
    let mut found = Vec::new();
    for (policy, list) in
        policies.iter().flat_map(|policy| policy.lists.iter().map(move |list| (policy, list)))
    {
        let known = seen.iter().position(|(other, _)| other.says_the_same(list));
        let index = known.unwrap_or_else(|| {
            seen.push((list, Outcome::of(list, open)));
            seen.len() - 1
        });
        if let Some((_, outcome)) = seen.get(index) {
            found.extend(outcome.told(policy, list));
        }
    }
    found
}

/// What came of reading a list.
enum Outcome {
    Unreadable(io::Error),
    NeverFetched,
    Read(Box<(Report, Suffixes)>),
}

/// Public suffixes that are blocked with all below them: how many, and the first.
#[derive(Default)]
struct Suffixes {
    count: u64,
    first: Vec<(u64, String)>,
}

impl Sink for Suffixes {
    fn rule(&mut self, line: u64, rule: Rule<'_>) {
        let Rule::Name { name, scope: Scope::Below | Scope::Under, allow: false } = rule else { return };
        if !is_public_suffix(name) {
            return;
        }
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push((line, String::from_utf8_lossy(name).into_owned()));
        }
    }
}

impl Outcome {
    fn of(list: &List, open: Open<'_>) -> Self {
        let mut suffixes = Suffixes::default();
        let report = open(&list.source).and_then(|file| {
            file.map(|mut file| read(&mut file, list.format, list.bare, &mut suffixes)).transpose()
        });
        match report {
            Ok(Some(report)) => Self::Read(Box::new((report, suffixes))),
            Ok(None) => Self::NeverFetched,
            Err(error) => Self::Unreadable(error),
        }
    }

    fn told(&self, policy: &Policy, list: &List) -> Vec<Mistake> {
        let label = Shown(list.label());
        let mistake = |title: String, cure: &str| {
            policy.source.mistake(policy.source.span_of_line(list.line), title, cure)
        };
        let (report, suffixes) = match self {
            Self::Unreadable(error) => {
                let cure = "let the user that runs gateway read the file";
                return vec![mistake(format!("the list {label} cannot be read: {error}"), cure)];
            }
            Self::NeverFetched => {
                let cure = "the daemon fetches it; `gateway lists` tells what keeps it from that";
                let title = format!("there is no copy of the list {label} yet: nothing in it is blocked");
                return vec![mistake(title, cure).warning()];
            }
            Self::Read(read) => (&read.0, &read.1),
        };
        let mut told = Vec::new();
        if report.rules == 0 {
            let cure = "look whether it is a list at all, and whether `format` is how it is written";
            let title =
                format!("nothing in the list {label} ({}) can be blocked or allowed", report.format.as_str());
            told.push(mistake(title, cure).warning());
        }
        told.extend(skipped(report, &mistake, list));
        if suffixes.count > 0 {
            let title = format!(
                "the list {label} blocks public suffixes, with all that anyone registers below: {}",
                suffixes.count
            );
            let cure = "if that is not meant, write match = \"hosts\", or allow what is needed";
            let lines = suffixes.first.iter().map(|(line, name)| format!("line {line}: {}", Shown(name)));
            told.push(mistake(title, cure).warning().notes(lines));
        }
        told
    }
}

/// That lines were skipped: how many of each kind, and the first.
fn skipped(report: &Report, mistake: &impl Fn(String, &str) -> Mistake, list: &List) -> Option<Mistake> {
    let total = report.skipped.total();
    if total == 0 {
        return None;
    }
    let title =
        format!("lines of the list {} that are skipped: {total} of {}", Shown(list.label()), report.lines);
    let cure = "nothing has to be done; tell the publisher, or choose another list if it is too many";
    let kinds = report.skipped.by_kind().map(|(kind, count)| format!("{count}: {kind}"));
    let lines = report.skipped.first().iter();
    let lines =
        lines.map(|example| format!("line {}: {}: {}", example.line, example.kind, Shown(&example.excerpt)));
    Some(mistake(title, cure).warning().notes(kinds.chain(lines)))
}

#[cfg(test)]
#[path = "../list_warnings_tests.rs"]
mod tests;
