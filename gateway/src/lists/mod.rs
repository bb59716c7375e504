//! Block lists as the world publishes them: how they are written, and what each line means.
//!
//! [`read`] goes through a list once, in bounded memory, and gives every rule to a [`Sink`]. A line that says nothing a
//! network filter can do is counted by [`Kind`] and never stops the rest. What the formats are and what each line means
//! stands in `docs/lists.md`.

mod adblock;
mod addresses;
mod detect;
mod dnsmasq;
pub mod fetch;
pub(crate) mod lines;
mod name;
mod net;
mod plain;
mod read;
mod rpz;
mod rules;
pub mod sanity;
#[cfg(test)]
pub(crate) mod server;
mod skip;
pub mod state;
pub mod store;
#[cfg(test)]
mod testing;

use std::path::PathBuf;
use std::str::FromStr;

use ipnet::IpNet;

pub use read::read;
pub use skip::{Example, Kind, Skipped};

/// Where a list comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A file of this machine.
    Path(PathBuf),
    /// `http://…` or `https://…`, with a host.
    Url(String),
}

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// `0.0.0.0 ads.example.org`
    Hosts,
    /// `ads.example.org`, `*.ads.example.org`
    Domains,
    /// `||ads.example.org^`
    Adblock,
    /// `address=/ads.example.org/`
    Dnsmasq,
    /// `ads.example.org CNAME .`, a zone of response policies.
    Rpz,
    /// `203.0.113.0/24`
    Addresses,
}

impl Format {
    /// All of them, with the words by which the configuration calls them.
    pub const ALL: [(&str, Self); 6] = [
        ("hosts", Self::Hosts),
        ("domains", Self::Domains),
        ("adblock", Self::Adblock),
        ("dnsmasq", Self::Dnsmasq),
        ("rpz", Self::Rpz),
        ("addresses", Self::Addresses),
    ];

    /// The word for it in the configuration.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, format)| *format == self).map_or("", |(word, _)| word)
    }
}

/// No format is called so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no list is written so")]
pub struct NoFormat;

impl FromStr for Format {
    type Err = NoFormat;

    fn from_str(word: &str) -> Result<Self, NoFormat> {
        Self::ALL.iter().find(|(known, _)| *known == word).map(|(_, format)| *format).ok_or(NoFormat)
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Exactly the name.
    Exact,
    /// The name and everything below it.
    Below,
    /// Everything below the name, and not the name.
    Under,
}

/// What a line of a list says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule<'a> {
    /// Of a name.
    Name {
        /// Lower-case, punycode, without a trailing dot, 1 to 253 bytes in labels of 1 to 63 bytes of letters, digits,
        /// `-` and `_`.
        name: &'a [u8],
        /// What it stands for.
        scope: Scope,
        /// Whether it is allowed; otherwise it is blocked.
        allow: bool,
    },
    /// Of destination addresses.
    Net {
        /// The net, without bits behind its prefix; never all addresses.
        net: IpNet,
        /// Whether it is allowed; otherwise it is blocked.
        allow: bool,
    },
}

/// What takes the rules of a list.
pub trait Sink {
    /// A rule, and the number of its line, from 1.
    fn rule(&mut self, line: u64, rule: Rule<'_>);
}

/// What was in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How it is written: as was said, or as was found.
    pub format: Format,
    /// How many lines it has.
    pub lines: u64,
    /// How many rules the sink was given.
    pub rules: u64,
    /// How many of them stand in the list with an address that leads elsewhere, rather than nowhere.
    pub redirects: u64,
    /// What says nothing that a network filter can do.
    pub skipped: Skipped,
}
