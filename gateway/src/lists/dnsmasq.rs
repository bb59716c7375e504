//! Lines of a configuration of dnsmasq that block: `address=/ads.example.org/`, `server=/…/`, `local=/…/`.

use super::net::{address, is_sinkhole};
use super::rules::{Form, Rules, first_error, is_space, trim};
use super::{Kind, Scope};

/// Reads a line.
///
/// # Errors
/// Why it is skipped, or the first name in it that is; the other names of the line are taken.
pub(super) fn line(rules: &mut Rules<'_>, line: &[u8]) -> Result<(), Kind> {
    let text = trim(without_comment(line));
    if text.is_empty() {
        return Ok(());
    }
    let equals = memchr::memchr(b'=', text).ok_or(Kind::Directive)?;
    let (key, value) = text.split_at(equals);
    let value = trim(value.get(1..).unwrap_or_default());
    let key = trim(key);
    let answers = match key.strip_prefix(b"--").unwrap_or(key) {
        b"address" => true,
        b"server" | b"local" => false,
        _ => return Err(Kind::Directive),
    };
    let (names, target) = names_and_target(value, answers)?;
    let (allow, is_redirect) = if answers { answer(target)? } else { forward(target)? };
    let before = rules.rules;
    let result = first_error(names.split(|byte| *byte == b'/').map(|word| name(rules, word, allow)));
    if is_redirect {
        rules.redirects += rules.rules - before;
    }
    result
}

/// What stands between the first and the last slash, and what behind it.
fn names_and_target(value: &[u8], answers: bool) -> Result<(&[u8], &[u8]), Kind> {
    let none = if answers { Kind::Directive } else { Kind::Forward };
    let inside = value.strip_prefix(b"/").ok_or(none)?;
    let last = memchr::memrchr(b'/', inside).ok_or(Kind::Directive)?;
    Ok((inside.get(..last).unwrap_or_default(), inside.get(last + 1..).unwrap_or_default()))
}

/// Whether an `address` line with this target allows, and whether it leads elsewhere. Nothing is "no such name", `#` is
/// "no address".
fn answer(target: &[u8]) -> Result<(bool, bool), Kind> {
    match target {
        b"" | b"#" => Ok((false, false)),
        _ => Ok((false, !is_sinkhole(address(target).ok_or(Kind::Address)?))),
    }
}

/// Whether a `server` or `local` line with this target allows, and that it does not lead elsewhere. Nothing is "do not
/// ask", `#` is "ask as for every other name".
fn forward(target: &[u8]) -> Result<(bool, bool), Kind> {
    match target {
        b"" => Ok((false, false)),
        b"#" => Ok((true, false)),
        _ => Err(Kind::Forward),
    }
}

fn name(rules: &mut Rules<'_>, word: &[u8], allow: bool) -> Result<(), Kind> {
    match word {
        b"#" => Err(Kind::Everything),
        // Names of one label, whichever.
        b"" => Err(Kind::Pattern),
        [b'*', b'.', name @ ..] => rules.host(name, Form::Above, Scope::Under, allow),
        // For historical reasons, as the manual says, the same as without the dot.
        [b'.', name @ ..] | name => rules.host(name, Form::Above, Scope::Below, allow),
    }
}

/// Cuts off a comment: `#` at the beginning or behind white space.
fn without_comment(line: &[u8]) -> &[u8] {
    let begins = |at: &usize| match at.checked_sub(1) {
        None => true,
        Some(before) => line.get(before).is_some_and(|byte| is_space(*byte)),
    };
    let comment = memchr::memchr_iter(b'#', line).find(begins);
    line.get(..comment.unwrap_or(line.len())).unwrap_or(line)
}

#[cfg(test)]
#[path = "dnsmasq_tests.rs"]
mod tests;
