//! From bytes to rules.

use std::io::{self, Read};

use super::detect::detect;
use super::lines::{Lines, MAX_LINE};
use super::rpz::Zone;
use super::rules::{Rules, trim};
use super::{Format, Kind, Report, Scope, Sink, adblock, addresses, dnsmasq, plain};

/// What editors of Windows put in front of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a list and gives its rules to the sink, in the order of the lines. `format` is how it is written, `None` to
/// find out; `bare` is what a name stands for where the format does not say it.
///
/// Takes about 150 KiB, however long the list and its lines are.
///
/// # Errors
/// Those of the input. What is wrong in the list is none: see [`Report::skipped`].
pub fn read(
    input: &mut dyn Read,
    format: Option<Format>,
    bare: Scope,
    sink: &mut dyn Sink,
) -> io::Result<Report> {
    let mut lines = Lines::new(input);
    let format = match format {
        Some(format) => format,
        None => detect(lines.head()?),
    };
    let mut rules = Rules::new(bare, sink);
    let mut zone = Zone::default();
    while let Some(line) = lines.next()? {
        rules.next_line();
        // Lists that were put together from several have it in their midst.
        let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        let result = match format {
            _ if line.len() > MAX_LINE => long_line(line),
            Format::Hosts | Format::Domains => plain::line(&mut rules, line),
            Format::Adblock => adblock::line(&mut rules, line),
            Format::Dnsmasq => dnsmasq::line(&mut rules, line),
            Format::Rpz => zone.line(&mut rules, line),
            Format::Addresses => addresses::line(&mut rules, line),
        };
        if let Err(kind) = result {
            rules.skip(kind, trim(line));
        }
    }
    let lines = rules.lines();
    Ok(Report { format, lines, rules: rules.rules, redirects: rules.redirects, skipped: rules.skipped })
}

/// A comment may be as long as it likes.
fn long_line(line: &[u8]) -> Result<(), Kind> {
    match trim(line) {
        [b'#' | b'!' | b';', ..] => Ok(()),
        _ => Err(Kind::LongLine),
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
