//! Lists of addresses, nets and ranges: `203.0.113.0/24`, `203.0.113.0-203.0.113.63`.

use std::net::IpAddr;

use super::Kind;
use super::name::{Host, Writer};
use super::net::{address, net, range};
use super::rules::{Rules, first_error, is_space, trim};

/// Reads a line.
///
/// # Errors
/// Why it is skipped.
pub(super) fn line(rules: &mut Rules<'_>, line: &[u8]) -> Result<(), Kind> {
    let text = trim(line);
    if matches!(text, [] | [b'#' | b';' | b'!', ..] | [b'/', b'/', ..]) {
        return Ok(());
    }
    let (first, rest) = next_word(text);
    if let Some(last) = end_of_range(first, rest) {
        let (first, last) = last?;
        return first_error(range(first, last).ok_or(Kind::Address)?.map(|net| rules.net(net, false)));
    }
    // What follows is a comment: how often the address was seen, a date, a country.
    match net(first) {
        Some(net) => rules.net(net, false),
        None => Err(kind_of(first)),
    }
}

/// Both ends, if this is a range: `a-b`, `a - b`, or two addresses beside each other.
fn end_of_range(first: &[u8], rest: &[u8]) -> Option<Result<(IpAddr, IpAddr), Kind>> {
    let (first, last) = if let Some(dash) = memchr::memchr(b'-', first) {
        let (first, last) = first.split_at(dash);
        let last = last.get(1..).filter(|last| !last.is_empty()).unwrap_or_else(|| next_word(rest).0);
        (first, last)
    } else if let Some(behind) = rest.strip_prefix(b"-") {
        (first, next_word(trim(behind)).0)
    } else {
        let last = next_word(rest).0;
        (first, address(last).map(|_| last)?)
    };
    let first = address(first)?;
    Some(address(last).map(|last| (first, last)).ok_or(Kind::Address))
}

/// What a word is that is neither address nor net.
fn kind_of(word: &[u8]) -> Kind {
    match Writer::new().read(word) {
        Ok(Host::Name(_)) => Kind::Name,
        Err(kind @ (Kind::Encoding | Kind::Port)) => kind,
        _ => Kind::Address,
    }
}

/// The first word and what follows it, without the white space between.
fn next_word(text: &[u8]) -> (&[u8], &[u8]) {
    let ends = |byte: &u8| is_space(*byte) || matches!(byte, b'#' | b';' | b',');
    let (word, rest) = text.split_at(text.iter().position(ends).unwrap_or(text.len()));
    (word, trim(rest))
}

#[cfg(test)]
#[path = "addresses_tests.rs"]
mod tests;
