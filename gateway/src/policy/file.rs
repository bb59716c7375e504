//! A policy and its file.

use std::ops::Range;

use gateway_common::abi::PortKey;
use ipnet::IpNet;
use toml::Spanned;

use super::escape::Shown;
use super::host::HostName;
use super::list::{List, check_lists};
use super::mistake::{Mistake, Refusal, SourceFile};
use super::prefix;
use super::raw::{RawAllow, RawBlock, RawInspect, RawPolicy, Text};
use super::reading::{Checker, Reading, read, text_of};
use super::schedule::{Schedule, check_schedule};

/// Longest name of a policy or of a device in bytes.
pub(super) const MAX_LABEL: usize = 64;

/// A checked policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What devices call it by; 1 to 64 bytes of letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// What it is for, in the words of whoever wrote it.
    pub about: String,
    /// What happens to what it blocks.
    pub action: PolicyAction,
    /// What it blocks.
    pub block: Entries,
    /// Whether the hosts that it blocks are blocked by their addresses too.
    pub resolve: bool,
    /// What it allows, whatever blocks it.
    pub allow: Entries,
    /// The lists it subscribes to.
    pub lists: Vec<List>,
    /// What happens to a ClientHello without a server name.
    pub nameless: Treatment,
    /// What happens to what cannot be parsed.
    pub malformed: Treatment,
    /// What happens to IP fragments of TCP and of UDP ports 443 and 53.
    pub fragments: Treatment,
    /// What happens to a message with an address in the place of the name.
    pub ip_literal: Treatment,
    /// What happens to a ClientHello with an encrypted one inside, or what looks like one.
    pub ech: Ech,
    /// What happens to QUIC.
    pub quic: Quic,
    /// When it applies. Outside of that it neither blocks nor allows.
    pub schedule: Schedule,
    /// The file it was read from.
    pub source: SourceFile,
}

/// What a policy does to what it blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PolicyAction {
    /// Drop what is blocked and tell its sender: a TCP reset, or ICMP "port unreachable".
    Reject,
    /// It is dropped.
    #[default]
    Drop,
    /// It goes on, and is counted as one that would have been blocked.
    Observe,
}

/// What a policy does to packets that show no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Treatment {
    /// They go on.
    Pass,
    /// They are blocked.
    Block,
}

/// What a policy does to a ClientHello with an encrypted one inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ech {
    /// It goes on.
    Pass,
    /// It is blocked.
    Block,
    /// It is judged by the name for which the device was given the address by DNS, if that is known.
    Judge,
}

/// What a policy does with QUIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quic {
    /// The server name in its Initials is read and judged.
    Inspect,
    /// It is blocked as such, so that clients fall back to TLS over TCP.
    Block,
    /// It is not looked at; addresses and ports count.
    Pass,
}

/// What a policy names, to block or to allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// Names that stand for themselves and everything below them.
    pub domains: Vec<Entry<HostName>>,
    /// Names that stand for themselves only.
    pub hosts: Vec<Entry<HostName>>,
    /// Destination addresses and nets.
    pub addresses: Vec<Entry<IpNet>>,
    /// Destination ports, whatever the address.
    pub ports: Vec<Entry<PortKey>>,
}

/// A value and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<T> {
    /// The value.
    pub value: T,
    /// The line of the policy's file, from 1.
    pub line: usize,
    /// The bytes of the policy's file.
    pub span: Range<usize>,
}

/// A policy file, as far as it could be read.
pub(super) struct PolicyFile {
    /// The name, even if other things in the file are wrong, and where it is written.
    pub name: Option<Spanned<String>>,
    /// The policy, if nothing is wrong.
    pub policy: Option<Policy>,
}

impl PolicyFile {
    /// Reads and checks the file; what is wrong goes to `mistakes`.
    pub(super) fn check(source: &SourceFile, mistakes: &mut Vec<Mistake>) -> Self {
        let before = mistakes.len();
        let Some(reading) = read::<RawPolicy>(source, mistakes) else {
            return Self { name: text_of(source, "name"), policy: None };
        };
        let mut checker = Checker { source, mistakes };
        let name = check_name(&mut checker, &reading);
        let lists = check_lists(&mut checker, &reading);
        let schedule = check_schedule(&mut checker, &reading);
        let name_text = name.as_ref().map(Spanned::get_ref);
        let policy = check_policy(&mut checker, reading.raw, name_text, lists, schedule);
        let policy = if mistakes.len() == before { policy } else { None };
        Self { name, policy }
    }
}

fn check_policy(
    checker: &mut Checker<'_>,
    raw: RawPolicy,
    name: Option<&String>,
    lists: Vec<List>,
    schedule: Schedule,
) -> Option<Policy> {
    let action = raw.action.map_or(Some(PolicyAction::Drop), |text| check_action(checker, &text));
    let raw_block = raw.block.map(|table| table.0).unwrap_or_default();
    let resolve = raw_block.resolve.unwrap_or(false);
    let block = check_block(checker, raw_block);
    let allow = check_allow(checker, raw.allow.map(|table| table.0).unwrap_or_default());
    let inspect = raw.inspect.map(|table| table.0).unwrap_or_default();
    let [nameless, malformed, fragments, ip_literal] = check_treatments(checker, &inspect);
    let ech = check_ech(checker, inspect.ech.as_ref());
    let quic = check_quic(checker, inspect.quic.as_ref());
    Some(Policy {
        name: name?.clone(),
        about: raw.about.unwrap_or_default(),
        action: action?,
        block,
        resolve,
        allow,
        lists,
        nameless: nameless?,
        malformed: malformed?,
        fragments: fragments?,
        ip_literal: ip_literal?,
        ech: ech?,
        quic: quic?,
        schedule,
        source: checker.source.clone(),
    })
}

/// The name, even when it is refused: devices that use it are told of the one mistake only.
fn check_name(checker: &mut Checker<'_>, reading: &Reading<RawPolicy>) -> Option<Text> {
    let Some(name) = &reading.raw.name else {
        if !reading.was_struck(None, "name") {
            checker.refuse(0..0, "the policy has no name", "write name = \"…\" at the top of the file");
        }
        return None;
    };
    let text = name.get_ref();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if text.is_empty() || text.len() > MAX_LABEL || !text.chars().all(allowed) {
        let title = format!("{} cannot be the name of a policy", Shown(text));
        checker.refuse(name.span(), title, "write 1 to 64 letters (a-z, A-Z), digits, `.`, `_` or `-`");
    }
    Some(name.clone())
}

fn check_action(checker: &mut Checker<'_>, text: &Text) -> Option<PolicyAction> {
    checker.choice(
        text,
        "action",
        &[("reject", PolicyAction::Reject), ("drop", PolicyAction::Drop), ("observe", PolicyAction::Observe)],
    )
}

fn check_block(checker: &mut Checker<'_>, raw: RawBlock) -> Entries {
    let RawBlock { domains, hosts, addresses, ports, resolve: _ } = raw;
    check_allow(checker, RawAllow { domains, hosts, addresses, ports })
}

fn check_allow(checker: &mut Checker<'_>, raw: RawAllow) -> Entries {
    Entries {
        domains: each(checker, &raw.domains, str::parse),
        hosts: each(checker, &raw.hosts, str::parse),
        addresses: each(checker, &raw.addresses, prefix::prefix),
        ports: each(checker, &raw.ports, prefix::port),
    }
}

fn each<T, E: Refusal>(
    checker: &mut Checker<'_>,
    texts: &[Text],
    parse: impl Fn(&str) -> Result<T, E>,
) -> Vec<Entry<T>> {
    texts
        .iter()
        .filter_map(|text| {
            let value = checker.parse(text, &parse)?;
            Some(Entry { value, line: checker.source.line(text.span().start), span: text.span() })
        })
        .collect()
}

/// `nameless`, `malformed`, `fragments` and `ip_literal`.
fn check_treatments(checker: &mut Checker<'_>, raw: &RawInspect) -> [Option<Treatment>; 4] {
    let mut treatment = |text: &Option<Text>, key: &str, default: Treatment| match text {
        None => Some(default),
        Some(text) => checker.choice(text, key, &[("pass", Treatment::Pass), ("block", Treatment::Block)]),
    };
    [
        treatment(&raw.nameless, "nameless", Treatment::Pass),
        treatment(&raw.malformed, "malformed", Treatment::Block),
        treatment(&raw.fragments, "fragments", Treatment::Block),
        treatment(&raw.ip_literal, "ip_literal", Treatment::Pass),
    ]
}

fn check_ech(checker: &mut Checker<'_>, text: Option<&Text>) -> Option<Ech> {
    let words = [("pass", Ech::Pass), ("block", Ech::Block), ("judge", Ech::Judge)];
    text.map_or(Some(Ech::Pass), |text| checker.choice(text, "ech", &words))
}

fn check_quic(checker: &mut Checker<'_>, text: Option<&Text>) -> Option<Quic> {
    let words = [("inspect", Quic::Inspect), ("block", Quic::Block), ("pass", Quic::Pass)];
    text.map_or(Some(Quic::Inspect), |text| checker.choice(text, "quic", &words))
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
