//! Which of the entries decides, and why the others do not.

use std::cmp::Reverse;

use gateway_common::abi::Action;
use ipnet::IpNet;

use super::matches::{Match, Subject};
use crate::policy::PolicyAction;

/// What is decided.
#[derive(Debug)]
pub struct Decision<'a> {
    /// What happens to the packets.
    pub verdict: Action,
    /// What decides that.
    pub decides: Option<Match<'a>>,
    /// The others, and why they do not.
    pub also: Vec<(Match<'a>, Why<'a>)>,
}

/// Why an entry does not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why<'a> {
    /// Its policy does not apply now.
    Inactive,
    /// A longer net decides.
    ShorterNet(IpNet),
    /// An entry that allows beats it.
    Allowed,
    /// Its policy only observes, the one that decides does more.
    Observes,
    /// The policy that decides says the same and comes before its own.
    Later(&'a str),
    /// The policy that decides says the same by another entry.
    Again,
    /// It is about the name, the address or the port, and what decides is about another of these.
    OtherPart,
}

/// How strong what an entry says is, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    Allows,
    Enforces,
    Observes,
}

fn strength(found: &Match<'_>) -> Strength {
    match found.policy.action {
        _ if found.allows => Strength::Allows,
        PolicyAction::Observe => Strength::Observes,
        PolicyAction::Drop | PolicyAction::Reject => Strength::Enforces,
    }
}

/// Decides between the entries that speak of an address, a port and a name.
pub fn decide(matches: Vec<Match<'_>>) -> Decision<'_> {
    let mut winners = Vec::new();
    let mut also = Vec::new();
    for part in parts(matches) {
        let (winner, others) = decide_part(part);
        winners.extend(winner);
        also.extend(others);
    }
    // Each part can stop a packet; none can let through what another one stops.
    winners.sort_by_key(|winner| match strength(winner) {
        Strength::Enforces => 0,
        Strength::Observes => 1,
        Strength::Allows => 2,
    });
    let mut winners = winners.into_iter();
    let decides = winners.next();
    let mut all: Vec<_> = winners.map(|winner| (winner, Why::OtherPart)).collect();
    all.append(&mut also);
    Decision { verdict: decides.as_ref().map_or(Action::Pass, action), decides, also: all }
}

/// In the order in which they are looked at: those on the address, on the port, on the name.
fn parts(matches: Vec<Match<'_>>) -> [Vec<Match<'_>>; 3] {
    let mut parts = [const { Vec::new() }; 3];
    let [addresses, ports, names] = &mut parts;
    for found in matches {
        match found.subject {
            Subject::Net(_) => addresses.push(found),
            Subject::Port(_) => ports.push(found),
            Subject::Domain(_) | Subject::Host(_) | Subject::Below(_) => names.push(found),
        }
    }
    parts
}

/// What decides a part by itself: of the longest net, what allows, then what enforces, then what observes; of the lowest
/// number.
fn decide_part(mut part: Vec<Match<'_>>) -> (Option<Match<'_>>, Vec<(Match<'_>, Why<'_>)>) {
    let order = |found: &Match<'_>| {
        (!found.is_active, Reverse(found.subject.net_len()), strength(found), found.number)
    };
    part.sort_by_key(order);
    let mut part = part.into_iter().peekable();
    let winner = part.next_if(|first| first.is_active);
    let others = part.map(|found| {
        let why = winner.as_ref().map_or(Why::Inactive, |winner| why(&found, winner));
        (found, why)
    });
    let others = others.collect();
    (winner, others)
}

fn why<'a>(found: &Match<'a>, winner: &Match<'a>) -> Why<'a> {
    if !found.is_active {
        return Why::Inactive;
    }
    match winner.subject {
        Subject::Net(net) if found.subject.net_len() < Some(net.prefix_len()) => return Why::ShorterNet(net),
        _ => {}
    }
    if strength(winner) == strength(found) {
        return if winner.number == found.number { Why::Again } else { Why::Later(&winner.policy.name) };
    }
    if winner.allows { Why::Allowed } else { Why::Observes }
}

fn action(found: &Match<'_>) -> Action {
    match found.policy.action {
        _ if found.allows => Action::Pass,
        PolicyAction::Reject => Action::Reject,
        PolicyAction::Drop => Action::Drop,
        PolicyAction::Observe => Action::Observe,
    }
}
