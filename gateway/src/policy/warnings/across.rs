//! What is doubtful between policies, and between devices and policies.

use std::collections::BTreeMap;

use super::super::config::Config;
use super::super::escape::Shown;
use super::super::file::{Entry, Policy};
use super::super::mistake::Mistake;
use super::super::schedule::Schedule;
use super::names::Names;

/// Policies that no device has.
pub(super) fn unused(config: &Config) -> Vec<Mistake> {
    let of_devices = config.devices.iter().flat_map(|device| &device.policies);
    let used: Vec<&String> = of_devices.chain(&config.default_policies).collect();
    let unused = config.policies.iter().filter(|policy| !used.contains(&&policy.name));
    let warning = |policy: &Policy| {
        let title = format!("no device has the policy {}", Shown(&policy.name));
        let cure = "name it under `policies` of a [[device]] or of [defaults], or take the file away";
        policy.source.mistake_of_all(title, cure).warning()
    };
    unused.map(warning).collect()
}

/// Entries without effect on a device, because another of its policies allows what they block.
pub(super) fn of_devices(config: &Config) -> Vec<Mistake> {
    let number = |name: &String| config.policies.iter().position(|policy| policy.name == *name);
    let mut pairs: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    let unlisted = (String::from("unlisted devices"), &config.default_policies);
    let devices = config.devices.iter().map(|device| (Shown(&device.name).to_string(), &device.policies));
    for (device, policies) in devices.chain([unlisted]) {
        let numbers: Vec<usize> = policies.iter().filter_map(number).collect();
        for (block, allow) in
            numbers.iter().flat_map(|block| numbers.iter().map(move |allow| (*block, *allow)))
        {
            if block != allow {
                pairs.entry((block, allow)).or_default().push(device.clone());
            }
        }
    }
    let of_pair = |((block, allow), devices): ((usize, usize), Vec<String>)| {
        let (Some(block), Some(allow)) = (config.policies.get(block), config.policies.get(allow)) else {
            return Vec::new();
        };
        // Out of its hours, an exception leaves the entries their effect.
        if allow.schedule != Schedule::default() {
            return Vec::new();
        }
        contradictions(block, allow, Some(&devices))
    };
    pairs.into_iter().flat_map(of_pair).collect()
}

/// Entries of `block` that block nothing because of an entry of `allow`; for these devices, unless both are one policy.
pub(super) fn contradictions(block: &Policy, allow: &Policy, devices: Option<&[String]>) -> Vec<Mistake> {
    let names = Names::of(&allow.allow);
    let mut found = Vec::new();
    let mut tell = |span: &std::ops::Range<usize>, by: &std::ops::Range<usize>| {
        let what = Shown(block.source.written(span)).to_string();
        let title = match devices {
            None => {
                format!("{what} is blocked and allowed at once: allow wins, so blocking it has no effect")
            }
            Some(devices) => format!(
                "{what} is allowed by the policy {}: blocking it has no effect on {}",
                Shown(&allow.name),
                listed(devices)
            ),
        };
        let warning = block.source.mistake(span.clone(), title, "take out one of the two entries").warning();
        found.push(warning.label("without effect").other(&allow.source, by.clone(), "allowed here"));
    };
    for (entries, below) in [(&block.block.domains, true), (&block.block.hosts, false)] {
        for entry in entries {
            if let Some(by) = names.cover(entry, below) {
                tell(&entry.span, &by.span);
            }
        }
    }
    for (entry, by) in in_both(&block.block.addresses, &allow.allow.addresses) {
        tell(&entry.span, &by.span);
    }
    for (entry, by) in in_both(&block.block.ports, &allow.allow.ports) {
        tell(&entry.span, &by.span);
    }
    found
}

/// The entries of `a` whose value one of `b` has too, with that.
fn in_both<'a, T: Ord>(a: &'a [Entry<T>], b: &'a [Entry<T>]) -> Vec<(&'a Entry<T>, &'a Entry<T>)> {
    let there: BTreeMap<&T, &Entry<T>> = b.iter().map(|entry| (&entry.value, entry)).collect();
    a.iter().filter_map(|entry| Some((entry, *there.get(&entry.value)?))).collect()
}

/// The first few names, and how many more there are.
fn listed(devices: &[String]) -> String {
    const SHOWN: usize = 3;
    match devices.get(..SHOWN) {
        Some(first) if devices.len() > SHOWN => {
            format!("{} and {} more", first.join(", "), devices.len() - SHOWN)
        }
        _ => devices.join(", "),
    }
}
