//! Hosts files and lists of names, which the world mixes in one file: `0.0.0.0 ads.example.org`, `ads.example.org`,
//! `*.ads.example.org`.

use super::Kind;
use super::Scope;
use super::net::{address, is_sinkhole};
use super::rules::{Form, Rules, is_space, trim};

/// Reads a line.
///
/// # Errors
/// Why it is skipped, or the first name in it that is; the other names of the line are taken.
pub(super) fn line(rules: &mut Rules<'_>, line: &[u8]) -> Result<(), Kind> {
    // Nearly every line is a name, perhaps behind one of two addresses, and needs no taking apart.
    let behind = line.strip_prefix(b"0.0.0.0 ").or_else(|| line.strip_prefix(b"127.0.0.1 ")).unwrap_or(line);
    if let Some(result) = rules.bare_name(behind) {
        return result;
    }
    let text = trim(line);
    if is_comment(text) || text.starts_with(b"[") {
        return Ok(());
    }
    let (first, rest) = next_word(text)?;
    if is_comment(rest) {
        return bare(rules, first, false);
    }
    let Some(is_redirect) = leads_elsewhere(first) else { return Err(Kind::Words) };
    let before = rules.rules;
    let result = names(rules, rest);
    if is_redirect {
        rules.redirects += rules.rules - before;
    }
    result
}

/// A host that stands alone, or behind an address.
///
/// # Errors
/// Why it is none.
pub(super) fn bare(rules: &mut Rules<'_>, word: &[u8], allow: bool) -> Result<(), Kind> {
    // Lists of wildcards mean the name too: they are made of the same names as the list without `*.` beside them.
    match word.strip_prefix(b"*.").or_else(|| word.strip_prefix(b".")) {
        Some(name) => rules.host(name, Form::Above, Scope::Below, allow),
        None => rules.host(word, Form::Bare, rules.bare, allow),
    }
}

/// The names behind an address.
fn names(rules: &mut Rules<'_>, mut rest: &[u8]) -> Result<(), Kind> {
    let mut result = Ok(());
    while !is_comment(rest) {
        let (word, behind) = next_word(rest)?;
        result = result.and(bare(rules, word, false));
        rest = behind;
    }
    result
}

/// Whether the address in front of names leads elsewhere; `None` if it is no address. `0` is short for `0.0.0.0`, and a
/// zone (`fe80::1%lo0`) says on which link.
pub(super) fn leads_elsewhere(word: &[u8]) -> Option<bool> {
    if matches!(word, b"0.0.0.0" | b"127.0.0.1" | b"0") {
        return Some(false);
    }
    let (address_part, zone) = match memchr::memchr(b'%', word) {
        Some(at) => word.split_at(at),
        None => (word, [].as_slice()),
    };
    let address = address(address_part)?;
    Some(!is_sinkhole(address) && zone.is_empty())
}

/// Whether nothing follows but a comment.
fn is_comment(text: &[u8]) -> bool {
    matches!(text, [] | [b'#' | b';' | b'!', ..] | [b'/', b'/', ..])
}

/// The first word and what follows it, without the white space between.
fn next_word(text: &[u8]) -> Result<(&[u8], &[u8]), Kind> {
    let end =
        text.iter().position(|byte| is_space(*byte) || matches!(byte, b'#' | b';')).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    // `example.org##.ad` would hide an element of a page of a host that nobody wants to block.
    if let [b'#', b'#' | b'@' | b'?' | b'$' | b'%', ..] = rest {
        return Err(Kind::Cosmetic);
    }
    Ok((word, trim(rest)))
}

#[cfg(test)]
#[path = "plain_tests.rs"]
mod tests;
