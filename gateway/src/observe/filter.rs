//! Which events somebody wants to see.

use gateway_common::abi::{Action, Kind};
use serde::{Deserialize, Serialize};

use super::event::Record;
use crate::policy::{DeviceAddress, Shown, did_you_mean};

/// What `GET /v1/events` is asked. What is left out wants all.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// Whether to go on with new events when the old ones are sent.
    #[serde(default)]
    pub follow: bool,
    /// Name of the device, or its address, or the beginning of addresses: `8c:be:be:*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// A part of the name, in letters of any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// One of [`verdicts`], or several with commas between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// Name of the policy that made the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// One of [`kinds`], or several with commas between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// How many old ones at most: the newest of those that are wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// The verdicts that an event can have.
pub fn verdicts() -> Vec<&'static str> {
    Action::ALL.iter().map(|action| action.label()).collect()
}

/// What the name or the verdict of an event can have been learned from.
pub fn kinds() -> Vec<&'static str> {
    Kind::ALL.iter().filter_map(|kind| kind.label()).collect()
}

/// A word that no event has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} {}: {}", Shown(word), did_you_mean(word, &format!("{what}s"), known.iter().copied()))]
pub struct BadWord {
    what: &'static str,
    word: String,
    known: Vec<&'static str>,
}

/// The part of an [`EventsQuery`] that an event must meet.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    device: Option<String>,
    address: Option<DeviceAddress>,
    name: Option<String>,
    verdicts: Option<Vec<String>>,
    policy: Option<String>,
    kinds: Option<Vec<String>>,
}

impl Filter {
    /// Reads what is wanted.
    ///
    /// # Errors
    /// If no event can have such a verdict or kind.
    pub fn new(query: &EventsQuery) -> Result<Self, BadWord> {
        let words = |text: &Option<String>, what, known: Vec<&'static str>| {
            text.as_deref().map(|text| words(text, what, &known)).transpose()
        };
        Ok(Self {
            device: query.device.clone(),
            address: query.device.as_deref().and_then(|device| device.parse().ok()),
            name: query.name.as_deref().map(str::to_lowercase),
            verdicts: words(&query.verdict, "verdict", verdicts())?,
            policy: query.policy.clone(),
            kinds: words(&query.kind, "kind", kinds())?,
        })
    }

    /// Whether the event is wanted.
    pub fn matches(&self, record: &Record) -> bool {
        let is = |wanted: &Option<String>, there: Option<&String>| {
            wanted.as_ref().is_none_or(|wanted| there == Some(wanted))
        };
        let is_among = |wanted: &Option<Vec<String>>, there: Option<&String>| {
            wanted.as_ref().is_none_or(|wanted| there.is_some_and(|there| wanted.contains(there)))
        };
        let has_name = |part: &String| record.name.as_ref().is_some_and(|name| name.contains(part.as_str()));
        (is(&self.device, Some(&record.device)) || self.has_address(record))
            && self.name.as_ref().is_none_or(has_name)
            && is_among(&self.verdicts, Some(&record.verdict))
            && is(&self.policy, record.policy.as_ref())
            && is_among(&self.kinds, record.kind.as_ref())
    }

    fn has_address(&self, record: &Record) -> bool {
        let mac = || record.mac.parse::<DeviceAddress>();
        self.address.is_some_and(|wanted| mac().is_ok_and(|mac| wanted.contains(mac)))
    }
}

/// The words of a list with commas.
fn words(text: &str, what: &'static str, known: &[&'static str]) -> Result<Vec<String>, BadWord> {
    let word = |word: &str| match known.contains(&word) {
        true => Ok(word.to_owned()),
        false => Err(BadWord { what, word: word.to_owned(), known: known.to_vec() }),
    };
    text.split(',').map(word).collect()
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
