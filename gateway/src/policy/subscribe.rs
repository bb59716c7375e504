//! The lists of all policies into the tables: each is read once, for all policies that subscribe to it.

use std::collections::BTreeMap;
use std::io;

use gateway_common::abi::{Masks, NameMasks};

use super::compile::{CompileError, Tables, add, bit};
use super::config::Config;
use super::numbers::Numbers;
use crate::lists::store::Store;
use crate::lists::{self, Format, Rule, Scope, Sink, Source};

/// How many rules the lists of a policy hold, those that allow included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Names that stand for themselves.
    pub hosts: usize,
    /// Names that stand for what is below them, with or without themselves.
    pub domains: usize,
    /// Nets.
    pub addresses: usize,
}

/// What makes a list another one to read.
type Reading<'a> = (&'a Source, Option<Format>, Scope);

/// Who reads it: policies by name and bit, and what the first of them calls it.
#[derive(Default)]
struct Readers<'a> {
    policies: Vec<&'a str>,
    bits: u64,
    label: &'a str,
}

/// Adds what the lists say to `tables`; returns how much each policy has of them.
///
/// # Errors
/// If a list cannot be read, or a policy has no number.
pub(super) fn subscribe(
    config: &Config,
    numbers: &Numbers,
    tables: &mut Tables,
) -> Result<BTreeMap<String, Counts>, CompileError> {
    let mut readings: BTreeMap<Reading<'_>, Readers<'_>> = BTreeMap::new();
    for policy in &config.policies {
        let bit = bit(numbers, &policy.name)?;
        for list in &policy.lists {
            let readers = readings.entry((&list.source, list.format, list.bare)).or_default();
            readers.policies.push(&policy.name);
            readers.bits |= bit;
            readers.label = list.label();
        }
    }
    let mut subscribed: BTreeMap<String, Counts> = BTreeMap::new();
    let store = Store::new(&config.cache);
    for ((source, format, bare), readers) in readings {
        let counts = add_list(&store, (source, format, bare), readers.bits, tables).map_err(|error| {
            let policy = readers.policies.first().copied().unwrap_or_default();
            CompileError::List { policy: policy.into(), list: readers.label.into(), why: error.to_string() }
        })?;
        for policy in readers.policies {
            let all = subscribed.entry(policy.into()).or_default();
            all.hosts += counts.hosts;
            all.domains += counts.domains;
            all.addresses += counts.addresses;
        }
    }
    Ok(subscribed)
}

fn add_list(
    store: &Store,
    (source, format, bare): Reading<'_>,
    bits: u64,
    tables: &mut Tables,
) -> io::Result<Counts> {
    // A list that was never fetched is empty until it comes.
    let Some(mut list) = store.open(source)? else { return Ok(Counts::default()) };
    let mut adding = Adding::new(tables, bits);
    lists::read(&mut list, format, bare, &mut adding)?;
    Ok(adding.counts)
}

/// Adds each rule for some policies.
struct Adding<'a> {
    tables: &'a mut Tables,
    blocks: Says,
    allows: Says,
    counts: Counts,
}

/// What rules of one kind say.
struct Says {
    masks: Masks,
    /// The numbers of the masks of names, by scope.
    exact: u32,
    below: u32,
    under: u32,
}

impl Says {
    fn new(tables: &mut Tables, masks: Masks) -> Self {
        let nothing = Masks::default();
        let mut number = |below, exact| tables.names.number(NameMasks { below, exact });
        Self {
            masks,
            exact: number(nothing, masks),
            below: number(masks, masks),
            under: number(masks, nothing),
        }
    }
}

impl<'a> Adding<'a> {
    fn new(tables: &'a mut Tables, bits: u64) -> Self {
        let blocks = Says::new(tables, Masks { block: bits, allow: 0 });
        let allows = Says::new(tables, Masks { block: 0, allow: bits });
        Self { tables, blocks, allows, counts: Counts::default() }
    }
}

impl Sink for Adding<'_> {
    fn rule(&mut self, _: u64, rule: Rule<'_>) {
        match rule {
            Rule::Name { name, scope, allow } => {
                let says = if allow { &self.allows } else { &self.blocks };
                let (number, count) = match scope {
                    Scope::Exact => (says.exact, &mut self.counts.hosts),
                    Scope::Below => (says.below, &mut self.counts.domains),
                    Scope::Under => (says.under, &mut self.counts.domains),
                };
                *count += 1;
                self.tables.names.add(name, number);
            }
            Rule::Net { net, allow } => {
                let says = if allow { &self.allows } else { &self.blocks };
                self.counts.addresses += 1;
                add(self.tables.prefixes.entry(net).or_default(), says.masks);
            }
        }
    }
}

#[cfg(test)]
#[path = "subscribe_tests.rs"]
mod tests;
