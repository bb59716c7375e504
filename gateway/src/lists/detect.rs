//! Which format a list is written in, by its beginning.
//!
//! A header that only one format has decides. Otherwise each line that is no comment is one for the format that it can
//! only be written in, and the most lines win; hosts files and lists of names are read alike and count together against
//! the others.

use super::Format;
use super::net::{address, net};
use super::plain::leads_elsewhere;
use super::rules::{is_space, split_word, trim};

/// How many lines that are no comment are heard; of many lists, hearing more would take as long as to read them.
const VOTERS: usize = 1000;

/// The format of a list that begins so; names where nothing speaks for another one.
pub(super) fn detect(head: &[u8]) -> Format {
    let mut votes = [0_usize; Format::ALL.len()];
    for line in head.split(|byte| matches!(byte, b'\n' | b'\r')) {
        let text = trim(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line));
        if let Some(format) = of_header(text) {
            return format;
        }
        if let Some(format) = of_line(text)
            && let Some(count) = votes.get_mut(format as usize)
        {
            *count += 1;
            if votes.iter().sum::<usize>() == VOTERS {
                break;
            }
        }
    }
    let count = |format: Format| votes.get(format as usize).copied().unwrap_or_default();
    let plain = if count(Format::Hosts) > count(Format::Domains) { Format::Hosts } else { Format::Domains };
    let mut best = (plain, count(Format::Hosts) + count(Format::Domains));
    for format in [Format::Adblock, Format::Dnsmasq, Format::Rpz, Format::Addresses] {
        if count(format) > best.1 {
            best = (format, count(format));
        }
    }
    best.0
}

/// The format that alone has this header.
fn of_header(text: &[u8]) -> Option<Format> {
    match text {
        [b'[', inside @ .., b']'] => {
            let name = inside.split(|byte| is_space(*byte)).next().unwrap_or_default();
            let names: [&[u8]; 4] = [b"adblock", b"adblockplus", b"adguard", b"ublock"];
            names.iter().any(|known| name.eq_ignore_ascii_case(known)).then_some(Format::Adblock)
        }
        [b'$', rest @ ..] => {
            let (word, _) = split_word(rest);
            let known = word.eq_ignore_ascii_case(b"TTL") || word.eq_ignore_ascii_case(b"ORIGIN");
            known.then_some(Format::Rpz)
        }
        _ => None,
    }
}

/// The format of a line, if it is no comment.
fn of_line(text: &[u8]) -> Option<Format> {
    if is_filter(text) {
        return Some(Format::Adblock);
    }
    if matches!(text, [] | [b'#' | b';' | b'!', ..] | [b'/', b'/', ..]) {
        return None;
    }
    let (first, rest) = split_word(text);
    let rest = trim(rest);
    if is_setting(text) {
        Some(Format::Dnsmasq)
    } else if is_record(rest) {
        Some(Format::Rpz)
    } else if is_address(first) {
        let names = leads_elsewhere(first).is_some() && holds_a_name(rest);
        Some(if names { Format::Hosts } else { Format::Addresses })
    } else {
        Some(Format::Domains)
    }
}

fn is_filter(text: &[u8]) -> bool {
    let cosmetic: [&[u8]; 4] = [b"##", b"#@#", b"#?#", b"#$#"];
    match text {
        [b'#' | b';' | b'!', ..] => false,
        [b'|', b'|', ..] | [b'@', b'@', ..] | [.., b'^'] => true,
        _ => cosmetic.iter().any(|sign| memchr::memmem::find(text, sign).is_some()),
    }
}

fn is_setting(text: &[u8]) -> bool {
    let keys: [&[u8]; 3] = [b"address", b"server", b"local"];
    let text = text.strip_prefix(b"--").unwrap_or(text);
    keys.iter().any(|key| {
        let value = text.strip_prefix(*key).map(trim).and_then(|rest| rest.strip_prefix(b"="));
        value.is_some_and(|value| trim(value).starts_with(b"/"))
    })
}

/// Whether a type of records in a zone is among the words.
fn is_record(rest: &[u8]) -> bool {
    let types: [&[u8]; 2] = [b"CNAME", b"SOA"];
    rest.split(|byte| is_space(*byte)).any(|word| types.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// Whether it is an address, a net or a range, or what stands for one in a hosts file.
fn is_address(word: &[u8]) -> bool {
    let word = word.split(|byte| matches!(byte, b'#' | b';' | b',')).next().unwrap_or(word);
    let first = word.split(|byte| *byte == b'-').next().unwrap_or(word);
    net(word).is_some() || address(first).is_some() || leads_elsewhere(word).is_some()
}

/// Whether text begins with a name rather than with a number, an address or a comment.
fn holds_a_name(rest: &[u8]) -> bool {
    let (word, _) = split_word(rest);
    let comment = matches!(word, [] | [b'#' | b';' | b'!' | b'-', ..] | [b'/', b'/', ..]);
    !comment && !is_address(word) && !word.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
#[path = "detect_tests.rs"]
mod tests;
