//! From checked policies to the tables that the kernel is given.

use std::collections::BTreeMap;

use gateway_common::abi::{self, Masks, NO_PARENT, NameMasks, PortKey, PrefixMasks};
use gateway_common::wire::MacAddr;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::config::Config;
use super::file::{Entries, Policy, PolicyAction, Quic, Treatment};
use super::host::HostName;
use super::numbers::Numbers;

/// The tables of one generation. In every mask, bit `n` stands for the policy with the number `n`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compiled {
    /// Who has which number.
    pub numbers: Numbers,
    /// The devices, in the order of the configuration.
    pub devices: Vec<(MacAddr, abi::Device)>,
    /// The names that a policy blocks or allows.
    pub names: BTreeMap<HostName, NameMasks>,
    /// The nets that a policy blocks or allows, sorted.
    pub prefixes_v4: Vec<(Ipv4Net, PrefixMasks)>,
    /// The nets that a policy blocks or allows, sorted.
    pub prefixes_v6: Vec<(Ipv6Net, PrefixMasks)>,
    /// The ports that a policy blocks or allows.
    pub ports: BTreeMap<PortKey, Masks>,
    /// Policies of a device that is not listed.
    pub default_policies: u64,
    /// Policies that observe and do not block.
    pub observe: u64,
    /// Policies that tell the sender when they block.
    pub reject: u64,
    /// Policies that block a ClientHello without a server name.
    pub nameless: u64,
    /// Policies that block what cannot be parsed.
    pub malformed: u64,
    /// Policies that block IP fragments of TCP and of UDP ports 443 and 53.
    pub fragments: u64,
    /// Policies that block an address in the place of a server name.
    pub ip_literal: u64,
    /// Policies that block a ClientHello with an encrypted one inside.
    pub ech: u64,
    /// Policies that block QUIC as such.
    pub quic_block: u64,
    /// Policies that do not look at QUIC.
    pub quic_pass: u64,
}

/// The numbers were not assigned for this configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoNumber {
    /// A policy has none, or a device names a policy that is not there.
    #[error("the policy `{0}` has no number; assign the numbers from this configuration")]
    Policy(String),
    /// A device has none.
    #[error("the device {0} has no number; assign the numbers from this configuration")]
    Device(MacAddr),
}

impl Compiled {
    /// The tables for `config`, with `numbers` assigned for it.
    ///
    /// # Errors
    /// If a policy or a device has no number: without one it would not be filtered.
    pub fn new(config: &Config, numbers: Numbers) -> Result<Self, NoNumber> {
        let mut tables = Tables::default();
        let mut this =
            Self { default_policies: mask(&numbers, &config.default_policies)?, ..Self::default() };
        for policy in &config.policies {
            let bit = bit(&numbers, &policy.name)?;
            this.add_switches(policy, bit);
            tables.add(&policy.block, bit, |masks| &mut masks.block);
            tables.add(&policy.allow, bit, |masks| &mut masks.allow);
        }
        for device in &config.devices {
            let number =
                *numbers.devices.get(&device.address.mac()).ok_or(NoNumber::Device(device.address.mac()))?;
            let policies = mask(&numbers, &device.policies)?;
            this.devices.push((device.address.mac(), abi::Device { policies, number, reserved: 0 }));
        }
        for (net, masks) in with_parents(&tables.prefixes) {
            match net {
                IpNet::V4(net) => this.prefixes_v4.push((net, masks)),
                IpNet::V6(net) => this.prefixes_v6.push((net, masks)),
            }
        }
        Ok(Self { numbers, names: tables.names, ports: tables.ports, ..this })
    }

    fn add_switches(&mut self, policy: &Policy, bit: u64) {
        let blocks = |treatment: Treatment| if treatment == Treatment::Block { bit } else { 0 };
        self.nameless |= blocks(policy.nameless);
        self.malformed |= blocks(policy.malformed);
        self.fragments |= blocks(policy.fragments);
        self.ip_literal |= blocks(policy.ip_literal);
        self.ech |= blocks(policy.ech);
        self.quic_block |= if policy.quic == Quic::Block { bit } else { 0 };
        self.quic_pass |= if policy.quic == Quic::Pass { bit } else { 0 };
        self.reject |= if policy.action == PolicyAction::Reject { bit } else { 0 };
        self.observe |= if policy.action == PolicyAction::Observe { bit } else { 0 };
    }
}

fn bit(numbers: &Numbers, policy: &str) -> Result<u64, NoNumber> {
    let number = numbers.policies.get(policy).copied();
    number
        .and_then(|number| 1_u64.checked_shl(number.into()))
        .ok_or_else(|| NoNumber::Policy(String::from(policy)))
}

fn mask(numbers: &Numbers, policies: &[String]) -> Result<u64, NoNumber> {
    policies.iter().try_fold(0, |mask, policy| Ok(mask | bit(numbers, policy)?))
}

/// The tables while policies are added.
#[derive(Default)]
struct Tables {
    names: BTreeMap<HostName, NameMasks>,
    prefixes: BTreeMap<IpNet, Masks>,
    ports: BTreeMap<PortKey, Masks>,
}

impl Tables {
    /// Sets the bit in the masks of all entries, on the side (block or allow) that `side` picks.
    fn add(&mut self, entries: &Entries, bit: u64, side: fn(&mut Masks) -> &mut u64) {
        for name in &entries.domains {
            *side(&mut self.names.entry(name.value.clone()).or_default().below) |= bit;
        }
        for name in &entries.hosts {
            *side(&mut self.names.entry(name.value.clone()).or_default().exact) |= bit;
        }
        for net in &entries.addresses {
            *side(self.prefixes.entry(net.value).or_default()) |= bit;
        }
        for port in &entries.ports {
            *side(self.ports.entry(port.value).or_default()) |= bit;
        }
    }
}

/// Each net with the length of the next shorter one that contains it. Sorted by address, then by length, the nets that
/// contain one are those on a stack from which all that end before it are taken.
fn with_parents(prefixes: &BTreeMap<IpNet, Masks>) -> Vec<(IpNet, PrefixMasks)> {
    let mut around: Vec<IpNet> = Vec::new();
    let mut out = Vec::with_capacity(prefixes.len());
    for (net, masks) in prefixes {
        while around.pop_if(|outer| !outer.contains(net)).is_some() {}
        let parent = around.last().map_or(NO_PARENT, |outer| outer.prefix_len().into());
        out.push((*net, PrefixMasks { masks: *masks, parent, reserved: 0 }));
        around.push(*net);
    }
    out
}

#[cfg(test)]
#[path = "compile_tests.rs"]
mod tests;
