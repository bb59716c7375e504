//! Why a device gets to a host, or does not: from the files alone, without the daemon and without the kernel.
//!
//! [`who`] says whose policies count, [`matches`] and [`lists`] gather the entries that speak of what was asked, [`decide`] says which
//! of them decides and why the others do not, [`show`] tells it to people and to programs. The tables that the filter is
//! given mean the same ([`crate::policy::Compiled::judge_name`] and its siblings); the tests hold the two together.

pub mod decide;
pub mod lists;
pub mod matches;
pub mod show;
pub mod who;

use gateway_common::abi::{Action, PortKey};
use jiff::Zoned;

use crate::policy::{Config, Open, Policy, Quic};
use decide::{Decision, Why, decide};
use lists::Unread;
use matches::{Asked, Match};
use who::Who;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The host, by its name or by an address.
    pub host: Asked,
    /// The port at which it is spoken to, if that is to count.
    pub port: Option<PortKey>,
    /// The moment for which it is asked.
    pub now: Zoned,
}

/// A policy of the device.
#[derive(Clone, Debug)]
pub struct Held<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// Its number: of two that say the same, the one with the lower number is named.
    pub number: u8,
    /// Whether it applies at the moment that is asked about.
    pub is_active: bool,
}

/// What would happen, and why.
#[derive(Debug)]
pub struct Explanation<'a> {
    /// Whose packets.
    pub who: Who<'a>,
    /// What was asked.
    pub question: Question,
    /// Its policies, in the order of their numbers.
    pub policies: Vec<Held<'a>>,
    /// What happens to the packets.
    pub verdict: Action,
    /// What decides that; none if no entry speaks of what was asked.
    pub decides: Option<Match<'a>>,
    /// The other entries that speak of it, and why they do not decide.
    pub also: Vec<(Match<'a>, Why<'a>)>,
    /// The lists of which nothing is known: they may say otherwise.
    pub unread: Vec<Unread<'a>>,
}

/// Answers the question from the configuration and the copies of the lists.
pub fn explain<'a>(config: &'a Config, who: Who<'a>, question: Question, open: Open<'_>) -> Explanation<'a> {
    let policies = held(config, who.policies, &question.now);
    let mut matches = matches::of_entries(&policies, &question.host);
    matches.extend(question.port.iter().flat_map(|port| matches::of_entries(&policies, &Asked::Port(*port))));
    let (of_lists, unread) = lists::of_lists(&policies, &question.host, open);
    matches.extend(of_lists);
    let Decision { verdict, decides, also } = decide(matches);
    Explanation { who, question, policies, verdict, decides, also, unread }
}

/// The policies by these names, in the order of the files' names, which is that of the numbers in a daemon that starts.
fn held<'a>(config: &'a Config, names: &[String], now: &Zoned) -> Vec<Held<'a>> {
    let all = (0..).zip(&config.policies).filter(|(_, policy)| names.contains(&policy.name));
    all.map(|(number, policy)| Held { policy, number, is_active: policy.schedule.is_active(now) }).collect()
}

impl Explanation<'_> {
    /// What the answer does not say, in whole sentences.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let unread = self.unread.iter();
        notes.extend(unread.map(|Unread { policy, list, why }| {
            format!("What the list {list} of {policy} says is not known: {why}.")
        }));
        let inactive = self.policies.iter().filter(|held| !held.is_active);
        notes.extend(
            inactive.map(|held| format!("By its schedule, {} does not apply now.", held.policy.name)),
        );
        if matches!(self.question.host, Asked::Name(_)) {
            notes.extend(self.notes_on_quic());
            let also = "The connection is also judged by its destination address: ask with that, too.";
            notes.push(String::from(also));
        }
        notes
    }

    fn notes_on_quic(&self) -> Option<String> {
        let active = || self.policies.iter().filter(|held| held.is_active).map(|held| held.policy);
        if let Some(policy) = active().find(|policy| policy.quic == Quic::Block) {
            return Some(format!("QUIC is blocked as such, by {}.", policy.name));
        }
        let decides = self.decides.as_ref().map(|found| found.policy);
        let policy = decides.filter(|policy| policy.quic == Quic::Pass && self.verdict != Action::Pass)?;
        Some(format!("Over QUIC this does not hold: {} does not look at it.", policy.name))
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
