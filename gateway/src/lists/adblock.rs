//! Filters of ad blockers, as far as a network filter can do what they say: `||ads.example.org^`.

use super::rules::{Form, Rules, is_space, trim};
use super::{Kind, Scope, plain};

/// Options with which a filter still means every connection to the host, or nearly: `third-party` spares only pages of
/// the host itself.
const BLOCKING: &[&[u8]] = &[b"important", b"third-party", b"3p", b"all", b"document", b"doc", b"match-case"];

/// Options with which an exception still means every connection to the host.
const ALLOWING: &[&[u8]] = &[b"important", b"all", b"match-case"];

/// Reads a line.
///
/// # Errors
/// Why it is skipped.
pub(super) fn line(rules: &mut Rules<'_>, line: &[u8]) -> Result<(), Kind> {
    let text = without_comment(trim(line));
    if matches!(text, [] | [b'!' | b'[', ..]) {
        return Ok(());
    }
    if is_cosmetic(text) {
        return Err(Kind::Cosmetic);
    }
    if text.starts_with(b"#") {
        return Ok(());
    }
    let (text, allow) = text.strip_prefix(b"@@").map_or((text, false), |rest| (rest, true));
    if text.starts_with(b"/") {
        return Err(if is_regex(text) { Kind::Regex } else { Kind::Url });
    }
    let (pattern, options) = match memchr::memchr(b'$', text) {
        Some(at) => (text.get(..at).unwrap_or(text), text.get(at + 1..)),
        None => (text, None),
    };
    let known = if allow { ALLOWING } else { BLOCKING };
    if options.is_some_and(|all| !all.split(|byte| *byte == b',').all(|option| known.contains(&trim(option))))
    {
        return Err(Kind::Option);
    }
    filter(rules, pattern, allow)
}

/// The pattern of a filter.
fn filter(rules: &mut Rules<'_>, pattern: &[u8], allow: bool) -> Result<(), Kind> {
    let (body, ends) = end(pattern);
    // Without an end it is also the beginning of longer names: `||ads.` of hosts everywhere, and not of a top-level domain.
    if !ends && body.ends_with(b".") {
        return Err(Kind::Pattern);
    }
    let form = |with_end: Form| if ends { with_end } else { Form::Bare };
    if let Some(name) = body.strip_prefix(b"||") {
        return match name.strip_prefix(b"*.") {
            Some(name) => rules.host(name, form(Form::Above), Scope::Under, allow),
            None => rules.host(name, form(Form::Anchored), Scope::Below, allow),
        };
    }
    if let Some(name) = body.strip_prefix(b"://").or_else(|| body.strip_prefix(b"|")) {
        return if ends { rules.host(name, Form::Anchored, Scope::Exact, allow) } else { Err(Kind::Pattern) };
    }
    if let Some(name) = body.strip_prefix(b"*.").or_else(|| body.strip_prefix(b".")) {
        return rules.host(name, form(Form::Above), Scope::Under, allow);
    }
    match body {
        // The end of a name in the midst of a label.
        [b'-' | b'_', ..] => Err(Kind::Pattern),
        _ if ends => rules.host(body, Form::Bare, Scope::Below, allow),
        _ if allow => plain::bare(rules, body, allow),
        _ => plain::line(rules, body),
    }
}

/// What stands before the sign that the name ends, and whether there is one.
fn end(pattern: &[u8]) -> (&[u8], bool) {
    let body = pattern.strip_suffix(b"|").unwrap_or(pattern);
    let body = body.strip_suffix(b"^").unwrap_or(body);
    (body, body.len() < pattern.len())
}

/// Cuts off what follows white space and `#` or `!`.
fn without_comment(text: &[u8]) -> &[u8] {
    let Some(at) = text.iter().position(|byte| is_space(*byte)) else { return text };
    match trim(text.get(at..).unwrap_or_default()) {
        [b'#' | b'!', ..] if at > 1 => text.get(..at).unwrap_or(text),
        _ => text,
    }
}

/// Whether it says what a page shows: `example.org##.ad`, `##.ad`, `#@#`, `#?#`, `#$#`, `#%#` and combinations. A row of
/// `#` and text behind `# ` are comments.
fn is_cosmetic(text: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'#', text) else { return false };
    let rest = text.get(at + 1..).unwrap_or_default();
    let signs = rest.iter().take_while(|byte| matches!(byte, b'@' | b'?' | b'$' | b'%')).count();
    match rest.get(signs..) {
        // `###ad` hides an element by its name.
        Some([b'#', b'#', next, ..] | [b'#', next, ..]) => signs > 0 || !is_space(*next) && *next != b'#',
        _ => false,
    }
}

/// Whether it is `/…/`, perhaps with options.
fn is_regex(text: &[u8]) -> bool {
    let pattern = text.split(|byte| *byte == b'$').next().unwrap_or(text);
    text.len() > 1 && text.ends_with(b"/")
        || pattern.len() > 1 && pattern.ends_with(b"/")
        || memchr::memmem::rfind(text, b"/$").is_some_and(|at| at > 0)
}

#[cfg(test)]
#[path = "adblock_tests.rs"]
mod tests;
