//! What is doubtful in one policy.

use std::collections::{HashMap, HashSet};

use ipnet::IpNet;

use super::super::escape::Shown;
use super::super::file::{Entries, Entry, Policy};
use super::super::mistake::Mistake;
use super::names::Names;

/// Which policy and side of it (true: allow) name a net.
pub(super) struct Nets(HashMap<IpNet, Vec<(usize, bool)>>);

impl Nets {
    pub(super) fn of(policies: &[Policy]) -> Self {
        let mut nets: HashMap<IpNet, Vec<(usize, bool)>> = HashMap::new();
        for (number, policy) in policies.iter().enumerate() {
            for (entries, allow) in [(&policy.block, false), (&policy.allow, true)] {
                for entry in &entries.addresses {
                    nets.entry(entry.value).or_default().push((number, allow));
                }
            }
        }
        Self(nets)
    }

    /// The net around `net` that makes naming it needless: the same policy names it on the same side, and nobody else
    /// names one of the two or a net between them. Longer nets decide, so whoever stood between would lose its say.
    fn cover(&self, net: IpNet, owner: (usize, bool)) -> Option<IpNet> {
        let only_by_owner =
            |net: &IpNet| self.0.get(net).is_none_or(|owners| owners.iter().all(|o| *o == owner));
        let around = std::iter::successors(Some(net), IpNet::supernet);
        around.take_while(only_by_owner).skip(1).find(|net| self.0.contains_key(net))
    }
}

/// Names that are blocked with all below them although others own what is below.
pub(super) fn public_suffixes(policy: &Policy) -> Vec<Mistake> {
    let suffixes =
        policy.block.domains.iter().filter(|entry| is_public_suffix(entry.value.as_str().as_bytes()));
    let warning = |entry: &Entry<_>| {
        let title =
            format!("{} is a public suffix: all that anyone registers below it is blocked", shown(entry));
        let cure = "name the hosts that are meant, or put it under `hosts` to block the name alone";
        policy.source.mistake(entry.span.clone(), title, cure).warning()
    };
    suffixes.map(warning).collect()
}

/// Whether names below this one are registered by anyone: `co.uk`, `github.io`. In lower case, punycode.
pub(super) fn is_public_suffix(name: &[u8]) -> bool {
    psl::suffix(name).is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == name)
}

/// `resolve = true` without a host.
pub(super) fn nothing_to_resolve(policy: &Policy) -> Option<Mistake> {
    let cure = "name the hosts under `hosts` of [block]: neither `domains` nor lists are looked up";
    let title = "`resolve` finds out nothing, since the policy blocks no `hosts`";
    (policy.resolve && policy.block.hosts.is_empty())
        .then(|| policy.source.mistake(0..0, title, cure).warning())
}

/// Names that another entry on the same side covers.
pub(super) fn redundant_names(policy: &Policy) -> Vec<Mistake> {
    let of_side = |entries: &'_ Entries| -> Vec<Mistake> {
        let names = Names::of(entries);
        let domains = entries.domains.iter().map(|entry| (entry, names.cover(entry, true)));
        let hosts = entries.hosts.iter().map(|entry| (entry, names.cover(entry, false)));
        domains.chain(hosts).filter_map(|(entry, cover)| Some(redundant(policy, entry, cover?))).collect()
    };
    [of_side(&policy.block), of_side(&policy.allow)].concat()
}

/// Nets that another entry on the same side covers.
pub(super) fn redundant_nets(policy: &Policy, number: usize, nets: &Nets) -> Vec<Mistake> {
    let of_side = |entries: &Entries, allow: bool| -> Vec<Mistake> {
        let mut first: HashMap<IpNet, &Entry<IpNet>> = HashMap::new();
        for entry in &entries.addresses {
            first.entry(entry.value).or_insert(entry);
        }
        let cover = |entry: &Entry<IpNet>| {
            let same = first.get(&entry.value).copied().filter(|same| !std::ptr::eq(*same, entry));
            same.or_else(|| first.get(&nets.cover(entry.value, (number, allow))?).copied())
        };
        let all = entries.addresses.iter();
        all.filter_map(|entry| Some(redundant(policy, entry, cover(entry)?))).collect()
    };
    [of_side(&policy.block, false), of_side(&policy.allow, true)].concat()
}

/// Ports that are named twice.
pub(super) fn redundant_ports(policy: &Policy) -> Vec<Mistake> {
    let of_side = |entries: &Entries| -> Vec<Mistake> {
        let mut seen = HashSet::new();
        let again = entries.ports.iter().filter(|entry| !seen.insert(entry.value));
        let first = |entry: &&Entry<_>| entries.ports.iter().find(|other| other.value == entry.value);
        again.filter_map(|entry| Some(redundant(policy, entry, first(&entry)?))).collect()
    };
    [of_side(&policy.block), of_side(&policy.allow)].concat()
}

fn redundant<T>(policy: &Policy, entry: &Entry<T>, cover: &Entry<T>) -> Mistake {
    let written = policy.source.written(&entry.span);
    let title = format!("{} is covered by another entry of this policy", Shown(written));
    let warning = policy.source.mistake(entry.span.clone(), title, "take it out: it changes nothing");
    warning.warning().label("needless").other(&policy.source, cover.span.clone(), "covers it")
}

fn shown(entry: &Entry<impl std::fmt::Display>) -> String {
    Shown(&entry.value.to_string()).to_string()
}
