//! The entries that speak of what was asked.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;

use gateway_common::abi::PortKey;
use gateway_common::wire::TCP;
use ipnet::IpNet;

use super::Held;
use crate::policy::{Entries, Entry, HostName, Policy};

/// One thing that is judged by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A host name.
    Name(HostName),
    /// A destination address.
    Address(IpAddr),
    /// A destination port.
    Port(PortKey),
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Address(address) => address.fmt(f),
            Self::Port(port) => f.write_str(&shown_port(*port)),
        }
    }
}

/// `tcp/853`.
pub fn shown_port(key: PortKey) -> String {
    let protocol = if key.protocol == TCP { "tcp" } else { "udp" };
    format!("{protocol}/{}", u16::from_be_bytes(key.port))
}

/// An entry that speaks of what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match<'a> {
    /// The policy that has it.
    pub policy: &'a Policy,
    /// The number of the policy.
    pub number: u8,
    /// Whether the policy applies at the moment that is asked about.
    pub is_active: bool,
    /// Whether it allows or blocks.
    pub allows: bool,
    /// What it names.
    pub subject: Subject,
    /// Where it is written.
    pub origin: Origin<'a>,
}

/// What an entry names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A name and everything below it.
    Domain(String),
    /// A name.
    Host(String),
    /// Everything below a name, and not the name.
    Below(String),
    /// A net.
    Net(IpNet),
    /// A port.
    Port(PortKey),
}

/// Where an entry is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// In the policy's own file.
    Policy {
        /// The file.
        file: &'a Path,
        /// The line, from 1.
        line: usize,
    },
    /// In a list that the policy subscribes to.
    List {
        /// Its URL or path.
        label: &'a str,
        /// The line, from 1.
        line: u64,
    },
}

impl Subject {
    /// Under which key of a policy such an entry stands.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Domain(_) => "domains",
            Self::Host(_) => "hosts",
            Self::Below(_) => "below",
            Self::Net(_) => "addresses",
            Self::Port(_) => "ports",
        }
    }

    /// The entry as it is compared.
    pub fn text(&self) -> String {
        match self {
            Self::Domain(name) | Self::Host(name) | Self::Below(name) => name.clone(),
            Self::Net(net) => net.to_string(),
            Self::Port(port) => shown_port(*port),
        }
    }

    /// How special it is among those of its kind: the longer the name or the net, the more.
    pub fn specialty(&self) -> usize {
        match self {
            Self::Domain(name) | Self::Host(name) | Self::Below(name) => name.len(),
            Self::Net(net) => net.prefix_len().into(),
            Self::Port(_) => 0,
        }
    }

    /// The length of a net; of two nets, the longer decides.
    pub fn net_len(&self) -> Option<u8> {
        match self {
            Self::Net(net) => Some(net.prefix_len()),
            _ => None,
        }
    }
}

/// The entries of the policies' own files that speak of what was asked.
pub fn of_entries<'a>(policies: &[Held<'a>], asked: &Asked) -> Vec<Match<'a>> {
    let mut found = Vec::new();
    for held in policies {
        let policy = held.policy;
        for (entries, allows) in [(&policy.allow, true), (&policy.block, false)] {
            let found_here = spoken(entries, asked).into_iter().map(|(subject, line)| Match {
                policy,
                number: held.number,
                is_active: held.is_active,
                allows,
                subject,
                origin: Origin::Policy { file: policy.source.path(), line },
            });
            found.extend(found_here);
        }
    }
    found
}

/// What these entries say of it, with the lines; the most special first.
fn spoken(entries: &Entries, asked: &Asked) -> Vec<(Subject, usize)> {
    let mut found: Vec<(Subject, usize)> = match asked {
        Asked::Name(name) => {
            let hosts = entries.hosts.iter().filter(|entry| entry.value == *name);
            let hosts = hosts.map(|entry| (Subject::Host(entry.value.to_string()), entry.line));
            let above = |entry: &&Entry<HostName>| is_at_or_below(name.as_str(), entry.value.as_str());
            let domains = entries.domains.iter().filter(above);
            hosts.chain(domains.map(|entry| (Subject::Domain(entry.value.to_string()), entry.line))).collect()
        }
        Asked::Address(address) => {
            let nets = entries.addresses.iter().filter(|entry| entry.value.contains(address));
            nets.map(|entry| (Subject::Net(entry.value), entry.line)).collect()
        }
        Asked::Port(port) => {
            let ports = entries.ports.iter().filter(|entry| entry.value == *port);
            ports.map(|entry| (Subject::Port(entry.value), entry.line)).collect()
        }
    };
    found.sort_by_key(|(subject, _)| std::cmp::Reverse(subject.specialty()));
    found
}

/// Whether `name` is `domain` or below it.
pub fn is_at_or_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
