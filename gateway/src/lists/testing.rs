//! For tests: the rules of a list as text.

use std::fmt::Write as _;
use std::io::Read;

use super::{Format, Kind, Report, Rule, Scope, Sink, read};

/// Writes each rule as `line: rule`, such as `3: allow below a.example`.
#[derive(Default)]
pub(super) struct Told(pub String);

impl Sink for Told {
    fn rule(&mut self, line: u64, rule: Rule<'_>) {
        let verb = |allow: bool| if allow { "allow" } else { "block" };
        match rule {
            Rule::Name { name, scope, allow } => {
                let scope = match scope {
                    Scope::Exact => "",
                    Scope::Below => "below ",
                    Scope::Under => "under ",
                };
                let name = std::str::from_utf8(name).unwrap();
                writeln!(self.0, "{line}: {} {scope}{name}", verb(allow)).unwrap();
            }
            Rule::Net { net, allow } => writeln!(self.0, "{line}: {} {net}", verb(allow)).unwrap(),
        }
    }
}

/// Gives at most so many bytes at a time, and is interrupted in between.
pub(super) struct Chunks<'a> {
    pub bytes: &'a [u8],
    pub most: usize,
    pub interrupted: bool,
}

impl Read for Chunks<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let len = self.most.min(into.len());
        self.bytes.read(&mut into[..len])
    }
}

/// Reads a list in which a bare name stands for itself only.
pub(super) fn read_as(format: Option<Format>, text: &[u8]) -> (String, Report) {
    let mut told = Told::default();
    let report = read(&mut &*text, format, Scope::Exact, &mut told).unwrap();
    assert_eq!(report.rules, u64::try_from(told.0.lines().count()).unwrap());
    (told.0, report)
}

/// The rules of one line of a format, without the number of the line, and why it was skipped if it was.
pub(super) fn one(format: Format, line: &[u8]) -> (Vec<String>, Option<Kind>) {
    let (told, report) = read_as(Some(format), line);
    let rules = told.lines().map(|line| String::from(line.split_once(": ").unwrap().1)).collect();
    assert!(report.skipped.total() <= 1);
    (rules, report.skipped.by_kind().next().map(|(kind, _)| kind))
}

/// Checks what a line says: its rules with a comma between two, and nothing skipped.
pub(super) fn says(format: Format, line: &str, rules: &str) {
    let (told, skipped) = one(format, line.as_bytes());
    assert_eq!((told.join(", ").as_str(), skipped), (rules, None), "{line:?}");
}

/// Checks that a line is skipped, and why.
pub(super) fn skips(format: Format, line: &str, kind: Kind) {
    let (told, skipped) = one(format, line.as_bytes());
    assert_eq!((told.join(", ").as_str(), skipped), ("", Some(kind)), "{line:?}");
}
