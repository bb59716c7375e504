//! An explanation in words, and as one JSON object.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::Explanation;
use super::decide::Why;
use super::lists::Unread;
use super::matches::{Match, Origin, shown_port};
use crate::policy::{Device, Escaped, OTHER, Shown};

/// For programs. The fields are always there.
#[derive(Serialize)]
pub struct Row<'a> {
    /// Name of the device, `other` if `[defaults]` says what applies.
    device: &'a str,
    /// The address or prefix: as asked, else as the `[[device]]` has it.
    mac: Option<String>,
    /// The name or address, normalised.
    host: String,
    /// `tcp/853`.
    port: Option<String>,
    /// `pass`, `drop`, `reject` or `observe`.
    verdict: &'static str,
    /// The policy that decides.
    policy: Option<&'a str>,
    /// The entry that decides.
    entry: Option<EntryRow<'a>>,
    /// The other entries that match.
    also: Vec<EntryRow<'a>>,
    /// The policies of the device.
    policies: Vec<PolicyRow<'a>>,
    /// Lists that could not be asked, and may say otherwise.
    unread: Vec<UnreadRow<'a>>,
    /// What else there is to know, in sentences.
    notes: Vec<String>,
}

/// An entry for programs.
#[derive(Serialize)]
struct EntryRow<'a> {
    policy: &'a str,
    /// `block` or `allow`.
    side: &'static str,
    /// The key of a policy under which such an entry stands.
    key: &'static str,
    entry: String,
    file: Option<&'a Path>,
    list: Option<&'a str>,
    line: u64,
    /// Why it does not decide.
    why: Option<String>,
}

/// A policy of the device for programs.
#[derive(Serialize)]
struct PolicyRow<'a> {
    name: &'a str,
    active: bool,
}

/// A list that could not be asked, for programs.
#[derive(Serialize)]
struct UnreadRow<'a> {
    policy: &'a str,
    list: &'a str,
    why: &'a str,
}

impl<'a> Explanation<'a> {
    /// For programs.
    pub fn row(&'a self) -> Row<'a> {
        let policies = self.policies.iter();
        Row {
            device: self.device_name(),
            mac: self.mac(),
            host: self.question.host.to_string(),
            port: self.question.port.map(shown_port),
            verdict: self.verdict.label(),
            policy: self.decides.as_ref().map(|found| found.policy.name.as_str()),
            entry: self.decides.as_ref().map(|found| entry_row(found, None)),
            also: self.also.iter().map(|(found, why)| entry_row(found, Some(why.to_string()))).collect(),
            policies: policies
                .map(|held| PolicyRow { name: &held.policy.name, active: held.is_active })
                .collect(),
            unread: self
                .unread
                .iter()
                .map(|Unread { policy, list, why }| UnreadRow { policy, list, why })
                .collect(),
            notes: self.notes(),
        }
    }

    fn device_name(&self) -> &str {
        self.who.device.map_or(OTHER, |device| device.name.as_str())
    }

    fn mac(&self) -> Option<String> {
        let of_device = |device: &Device| device.address.to_string();
        self.who.mac.map(|mac| mac.to_string()).or_else(|| self.who.device.map(of_device))
    }

    /// Who is meant, and by what.
    fn subject(&self) -> String {
        match (self.who.device, self.who.mac) {
            (Some(device), None) => format!("{} ({})", Escaped(&device.name), device.address),
            (Some(device), Some(mac)) => {
                format!("{mac}, which is {} ({}),", Escaped(&device.name), device.address)
            }
            (None, Some(mac)) => format!("{mac}, which no [[device]] names,"),
            (None, None) => String::from("a device that is not listed"),
        }
    }

    /// Why nothing decides.
    fn nothing(&self) -> String {
        let whose = if self.who.device.is_some() { "the device" } else { "[defaults]" };
        if self.policies.is_empty() {
            return format!("{whose} has no policies");
        }
        let active = self.policies.iter().filter(|held| held.is_active);
        let names: Vec<&str> = active.map(|held| held.policy.name.as_str()).collect();
        match names.len() {
            0 => format!("no policy of {whose} applies now"),
            n if n == self.policies.len() => {
                format!("no entry of the policies of {whose} matches: {}", names.join(", "))
            }
            _ => format!("no entry of the policies of {whose} that apply now matches: {}", names.join(", ")),
        }
    }
}

fn entry_row<'a>(found: &Match<'a>, why: Option<String>) -> EntryRow<'a> {
    let (file, list, line) = match found.origin {
        Origin::Policy { file, line } => (Some(file), None, u64::try_from(line).unwrap_or(u64::MAX)),
        Origin::List { label, line } => (None, Some(label), line),
    };
    EntryRow {
        policy: &found.policy.name,
        side: side(found),
        key: found.subject.key(),
        entry: found.subject.text(),
        file,
        list,
        line,
        why,
    }
}

const fn side(found: &Match<'_>) -> &'static str {
    if found.allows { "allow" } else { "block" }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.question.port.map(|port| format!(" at {}", shown_port(port))).unwrap_or_default();
        writeln!(f, "{} to {}{port}: {}", self.subject(), self.question.host, self.verdict.label())?;
        match &self.decides {
            Some(found) => writeln!(f, "  because of {}", entry(found))?,
            None => writeln!(f, "  {}", self.nothing())?,
        }
        for (found, why) in &self.also {
            writeln!(f, "  also {}\n    {why}", entry(found))?;
        }
        self.notes().iter().try_for_each(|note| writeln!(f, "  note: {}", Escaped(note)))
    }
}

/// `block domains "x" of the policy p (file:line)`.
fn entry(found: &Match<'_>) -> String {
    let mut text = format!(
        "{} {} \"{}\", policy {}",
        side(found),
        found.subject.key(),
        found.subject.text(),
        found.policy.name
    );
    match found.origin {
        Origin::Policy { file, line } => text.push_str(&format!(", {}:{line}", file.display())),
        Origin::List { label, line } => text.push_str(&format!(", list {label}, line {line}")),
    }
    Escaped(&text).to_string()
}

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inactive => f.write_str("by its schedule, the policy does not apply now"),
            Self::ShorterNet(net) => write!(f, "the longer net {net} decides"),
            Self::Allowed => f.write_str("allow beats block"),
            Self::Observes => f.write_str("the policy only observes, and the one that decides does more"),
            Self::Later(policy) => write!(f, "the policy {} says the same and comes first", Shown(policy)),
            Self::Again => f.write_str("the policy says the same twice"),
            Self::OtherPart => f.write_str("it would hold by itself, and changes nothing here"),
        }
    }
}
