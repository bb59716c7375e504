//! The rules of the policies' lists that speak of what was asked.
//!
//! Each list is read once, as a stream, for all policies that subscribe to it. What is kept of one is bounded by the
//! labels of a name, or by the lengths of a net.

use std::cmp::Reverse;

use super::Held;
use super::matches::{Asked, Match, Origin, Subject};
use crate::lists::{Rule, Scope, Sink, read};
use crate::policy::{List, Open};

/// A list of which nothing is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread<'a> {
    /// The policy that subscribes to it.
    pub policy: &'a str,
    /// Its URL or path.
    pub list: &'a str,
    /// Why, in a few words.
    pub why: String,
}

/// The rules that speak of it, and the lists that cannot be asked.
pub fn of_lists<'a>(
    policies: &[Held<'a>],
    asked: &Asked,
    open: Open<'_>,
) -> (Vec<Match<'a>>, Vec<Unread<'a>>) {
    let mut found = Vec::new();
    let mut unread = Vec::new();
    for subscribers in by_content(policies) {
        let Some((_, list)) = subscribers.first() else { continue };
        match rules_of(list, asked, open) {
            Ok(rules) => {
                let each = subscribers.iter().flat_map(|(held, list)| {
                    let origin = |line| Origin::List { label: list.label(), line };
                    rules.iter().map(move |(subject, allows, line)| Match {
                        policy: held.policy,
                        number: held.number,
                        is_active: held.is_active,
                        allows: *allows,
                        subject: subject.clone(),
                        origin: origin(*line),
                    })
                });
                found.extend(each);
            }
            Err(why) => unread.extend(subscribers.iter().map(|(held, list)| Unread {
                policy: &held.policy.name,
                list: list.label(),
                why: why.clone(),
            })),
        }
    }
    (found, unread)
}

/// The lists with their policies; those that say the same together.
fn by_content<'h, 'a>(policies: &'h [Held<'a>]) -> Vec<Vec<(&'h Held<'a>, &'a List)>> {
    let mut groups: Vec<Vec<(&Held<'a>, &'a List)>> = Vec::new();
    let lists = policies.iter().flat_map(|held| held.policy.lists.iter().map(move |list| (held, list)));
    for (held, list) in lists {
        let same =
            groups.iter_mut().find(|group| group.first().is_some_and(|(_, first)| first.says_the_same(list)));
        match same {
            Some(group) => group.push((held, list)),
            None => groups.push(vec![(held, list)]),
        }
    }
    groups
}

/// What the list says of it, the most special first: subject, whether it allows, line.
fn rules_of(list: &List, asked: &Asked, open: Open<'_>) -> Result<Vec<(Subject, bool, u64)>, String> {
    let file = open(&list.source).map_err(|error| error.to_string())?;
    let mut file = file.ok_or("it was never fetched")?;
    let mut finder = Finder { asked, found: Vec::new() };
    read(&mut file, list.format, list.bare, &mut finder).map_err(|error| error.to_string())?;
    finder.found.sort_by_key(|(subject, _, _)| Reverse(subject.specialty()));
    Ok(finder.found)
}

/// Keeps the rules that speak of what was asked, each once.
struct Finder<'a> {
    asked: &'a Asked,
    found: Vec<(Subject, bool, u64)>,
}

impl Sink for Finder<'_> {
    fn rule(&mut self, line: u64, rule: Rule<'_>) {
        let (subject, allow) = match (self.asked, rule) {
            (Asked::Name(asked), Rule::Name { name, scope, allow })
                if speaks_of(asked.as_str(), name, scope) =>
            {
                (subject(name, scope), allow)
            }
            (Asked::Address(asked), Rule::Net { net, allow }) if net.contains(asked) => {
                (Subject::Net(net), allow)
            }
            _ => return,
        };
        if !self.found.iter().any(|(other, allows, _)| *other == subject && *allows == allow) {
            self.found.push((subject, allow, line));
        }
    }
}

fn subject(name: &[u8], scope: Scope) -> Subject {
    let name = String::from_utf8_lossy(name).into_owned();
    match scope {
        Scope::Exact => Subject::Host(name),
        Scope::Below => Subject::Domain(name),
        Scope::Under => Subject::Below(name),
    }
}

/// Whether a rule with this name and scope stands for `asked`.
fn speaks_of(asked: &str, name: &[u8], scope: Scope) -> bool {
    let Some(rest) = asked.as_bytes().strip_suffix(name) else { return false };
    match scope {
        Scope::Exact => rest.is_empty(),
        Scope::Below => rest.is_empty() || rest.ends_with(b"."),
        Scope::Under => rest.ends_with(b"."),
    }
}

#[cfg(test)]
#[path = "lists_tests.rs"]
mod tests;
