//! Host names in the form in which the filter compares them.

use std::borrow::Borrow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use gateway_common::abi::MAX_NAME;

use super::escape::Shown;
use super::mistake::Refusal;

/// Longest label of a name in bytes (RFC 1035, 2.3.4).
const MAX_LABEL: usize = 63;

/// Longest text that can be a name: each character in four bytes, and the trailing dot.
const LONGEST_WRITING: usize = 4 * (MAX_NAME + 1);

/// A host name: lower-case ASCII (other letters as punycode), no trailing dot, at most 253 bytes in labels of 1 to 63
/// bytes of letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(Box<str>);

impl HostName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Ordered and compared as its text is, so that a table keyed by names can be asked with a `str`.
impl Borrow<str> for HostName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Why a text is no host name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHost {
    /// There is nothing, or nothing but a dot.
    #[error("a host name cannot be empty")]
    Empty,
    /// A URL, or a host with a path or a port.
    #[error("{} is more than a host name", Shown(.text))]
    Url {
        /// The whole.
        text: String,
        /// What stands where the host stands in a URL.
        host: String,
    },
    /// `*.example.org`, `.example.org` or `||example.org^`.
    #[error("{} is a pattern, not a host name", Shown(.text))]
    Pattern {
        /// The whole.
        text: String,
        /// Without the signs of the pattern.
        host: String,
    },
    /// An address or a net.
    #[error("{} is an address, not a host name", Shown(.0))]
    Address(String),
    /// A character that no host name has.
    #[error("{} holds {}, which no host name does", Shown(.text), Shown(.character.encode_utf8(&mut [0; 4])))]
    Character {
        /// The whole.
        text: String,
        /// The first such character.
        character: char,
    },
    /// Letters that have no form in punycode.
    #[error("{} cannot be written as punycode", Shown(.0))]
    NoPunycode(String),
    /// Two dots in a row.
    #[error("{} has an empty part between two dots", Shown(.0))]
    EmptyLabel(String),
    /// A part of more than 63 bytes.
    #[error("{} has a part of {len} bytes; names have parts of at most {MAX_LABEL}", Shown(.text))]
    LongLabel {
        /// The whole.
        text: String,
        /// Length of the part.
        len: usize,
    },
    /// More than 253 bytes.
    #[error("{} has {len} bytes; names have at most {MAX_NAME}", Shown(.text))]
    TooLong {
        /// The whole.
        text: String,
        /// Its length.
        len: usize,
    },
}

impl Refusal for BadHost {
    fn cure(&self) -> String {
        match self {
            Self::Empty => {
                String::from("write a name such as \"tracking.example.org\", or take the entry out")
            }
            Self::Url { host, .. } => format!("write only the host: \"{host}\""),
            Self::Pattern { host, .. } => {
                format!("put \"{host}\" under `domains`, which means the name and everything below it")
            }
            Self::Address(text) => format!("put \"{text}\" under `addresses`"),
            Self::Character { .. } | Self::NoPunycode(_) => {
                String::from("write the name as it is asked for in DNS: letters, digits, `-`, `_` and dots")
            }
            Self::EmptyLabel(_) => String::from("write one dot between two parts"),
            Self::LongLabel { .. } | Self::TooLong { .. } => {
                String::from("no such name can be asked for in DNS; take the entry out")
            }
        }
    }
}

impl FromStr for HostName {
    type Err = BadHost;

    fn from_str(text: &str) -> Result<Self, BadHost> {
        refuse_what_is_written_like_something_else(text)?;
        normal(text)
    }
}

/// Sorts out what people write where only a host belongs, so that the message can say what to write.
fn refuse_what_is_written_like_something_else(text: &str) -> Result<(), BadHost> {
    let owned = || String::from(text);
    if text.is_empty() || text == "." {
        return Err(BadHost::Empty);
    }
    if let Some(character) = text.chars().find(|c| c.is_whitespace() || c.is_control()) {
        return Err(BadHost::Character { text: owned(), character });
    }
    let address = text.split_once('/').map_or(text, |(address, _)| address);
    if address.parse::<IpAddr>().is_ok() {
        return Err(BadHost::Address(owned()));
    }
    let bare = text.trim_start_matches("||").trim_end_matches('^').trim_start_matches("*.");
    let bare = bare.strip_prefix('.').unwrap_or(bare);
    if bare != text && normal(bare).is_ok() {
        return Err(BadHost::Pattern { text: owned(), host: String::from(bare) });
    }
    let host = host_of_url(text);
    if host != text && normal(host).is_ok() {
        return Err(BadHost::Url { text: owned(), host: String::from(host) });
    }
    Ok(())
}

fn normal(text: &str) -> Result<HostName, BadHost> {
    // No name is that long in any writing, and punycode of a long text takes long.
    if text.len() > LONGEST_WRITING {
        return Err(BadHost::TooLong { text: String::from(text), len: text.len() });
    }
    let ascii = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii(text).map_err(|_| BadHost::NoPunycode(String::from(text)))?
    };
    let name = ascii.strip_suffix('.').unwrap_or(&ascii);
    // Digits and dots beyond ASCII have become plain ones by now.
    if name.parse::<IpAddr>().is_ok() {
        return Err(BadHost::Address(String::from(name)));
    }
    check_labels(name)?;
    Ok(HostName(name.into()))
}

/// What stands between scheme, user and port, path of a URL (RFC 3986, 3).
fn host_of_url(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host_port.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host_port,
    }
}

fn check_labels(name: &str) -> Result<(), BadHost> {
    let text = || String::from(name);
    if name.is_empty() {
        return Err(BadHost::Empty);
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if let Some(character) = name.chars().find(|c| !allowed(*c)) {
        return Err(BadHost::Character { text: text(), character });
    }
    for label in name.split('.') {
        match label.len() {
            0 => return Err(BadHost::EmptyLabel(text())),
            1..=MAX_LABEL => {}
            len => return Err(BadHost::LongLabel { text: text(), len }),
        }
    }
    if name.len() > MAX_NAME {
        return Err(BadHost::TooLong { text: text(), len: name.len() });
    }
    Ok(())
}

#[cfg(test)]
#[path = "host_tests.rs"]
mod tests;
