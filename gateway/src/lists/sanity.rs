//! Whether what came from a server can be the list.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Seek as _};

use super::{Format, Report, Rule, Scope, Sink, read};

/// How far the beginning is looked at.
const HEAD: usize = 4096;

/// A list that had at least this many rules is not believed to have lost more than half of them.
const ENOUGH: u64 = 20;

/// Why what came is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Doubt {
    /// A page that says sorry, or asks to log in.
    #[error("the server sent a web page, not a list")]
    Page,
    /// Nothing to filter by.
    #[error("there is no rule in it, of {0} lines")]
    Empty(u64),
    /// Much less than there was.
    #[error(
        "it has only {now} rules, where it had {before}; `gateway lists update --force` takes it all the same"
    )]
    Tiny {
        /// Rules now.
        now: u64,
        /// Rules in the copy that stays.
        before: u64,
    },
    /// Our disk.
    #[error("cannot be read back: {0}")]
    Read(#[from] io::Error),
}

/// A sink for those who only want the [`Report`].
pub struct Count;

impl Sink for Count {
    fn rule(&mut self, _: u64, _: Rule<'_>) {}
}

/// Counts what is in a list. The file is read from its beginning.
///
/// # Errors
/// If the file cannot be read.
pub fn count(file: &mut File, format: Option<Format>, bare: Scope) -> io::Result<Report> {
    file.rewind()?;
    read(file, format, bare, &mut Count)
}

/// Looks at a list that has come. `last` is the copy that it would replace; `force` takes what is much shorter.
///
/// # Errors
/// [`Doubt`]
pub fn check(
    new: &mut File,
    last: Option<&mut File>,
    format: Option<Format>,
    bare: Scope,
    force: bool,
) -> Result<Report, Doubt> {
    new.rewind()?;
    if is_page(BufReader::with_capacity(HEAD, &mut *new).fill_buf()?) {
        return Err(Doubt::Page);
    }
    let report = count(new, format, bare)?;
    if report.rules == 0 {
        return Err(Doubt::Empty(report.lines));
    }
    if let (Some(last), false) = (last, force) {
        let before = count(last, format, bare)?.rules;
        if before >= ENOUGH && report.rules < before.div_ceil(2) {
            return Err(Doubt::Tiny { now: report.rules, before });
        }
    }
    Ok(report)
}

/// No format of lists begins with `<`.
fn is_page(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    head.trim_ascii_start().starts_with(b"<")
}

#[cfg(test)]
#[path = "sanity_tests.rs"]
mod tests;
