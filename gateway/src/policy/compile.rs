//! From checked policies to the tables that the kernel is given.

use std::collections::BTreeMap;

use gateway_common::abi::{self, DeviceKey, Masks, NameMasks, PortKey};
use gateway_common::wire::MacAddr;

use super::config::Config;
use super::escape::Shown;
use super::file::{Ech, Entries, Policy, PolicyAction, Quic, Treatment};
use super::numbers::Numbers;
use super::standing::Standing;
use super::subscribe::{Counts, subscribe};
use super::tables::{NameTable, Names, PrefixTable, Prefixes};

/// The tables of one generation. In every mask, bit `n` stands for the policy with the number `n`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compiled {
    /// Who has which number.
    pub numbers: Numbers,
    /// The devices and their policies; of [`Compiled::new`] all that the configuration gives them.
    pub who: Who,
    /// What the lists of each policy hold, by its name.
    pub subscribed: BTreeMap<String, Counts>,
    /// The names that a policy blocks or allows.
    pub names: NameTable,
    /// The nets that a policy blocks or allows.
    pub prefixes: PrefixTable,
    /// The same one by one, if addresses of hosts are to be put beside them; else none.
    pub nets: Prefixes,
    /// The ports that a policy blocks or allows.
    pub ports: BTreeMap<PortKey, Masks>,
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
    /// Policies that judge such a hello by the name that its device asked for.
    pub ech_judge: u64,
    /// Policies that block QUIC as such.
    pub quic_block: u64,
    /// Policies that do not look at QUIC.
    pub quic_pass: u64,
}

/// Which policies apply to whom: what changes with the time of day, while the tables stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The devices by address.
    pub devices: BTreeMap<DeviceKey, abi::Device>,
    /// Policies of a device that is not listed.
    pub default_policies: u64,
}

/// Why there are no tables.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// A policy has no number, or a device names a policy that is not there.
    #[error("the policy `{0}` has no number; assign the numbers from this configuration")]
    Policy(String),
    /// A device has none.
    #[error("the device `{0}` has no number; assign the numbers from this configuration")]
    Device(String),
    /// A list cannot be read. Without it, less would be blocked than was.
    #[error("the list {} of the policy `{policy}` cannot be read: {why}", Shown(.list))]
    List {
        /// The policy that subscribes to it.
        policy: String,
        /// What it is called there.
        list: String,
        /// What the system says.
        why: String,
    },
}

impl Compiled {
    /// The tables for `config`, with `numbers` assigned for it; `seed` is the key of the names' hashes.
    ///
    /// # Errors
    /// If a policy or a device has no number: without one it would not be filtered. If a list cannot be read.
    pub fn new(config: &Config, numbers: Numbers, seed: u64) -> Result<Self, CompileError> {
        let mut tables = Tables::new(seed);
        let mut this = Self::default();
        for policy in &config.policies {
            let bit = bit(&numbers, &policy.name)?;
            this.add_switches(policy, bit);
            tables.add(&policy.block, Masks { block: bit, allow: 0 });
            tables.add(&policy.allow, Masks { block: 0, allow: bit });
        }
        let subscribed = subscribe(config, &numbers, &mut tables)?;
        let who = Who::new(config, &Standing::default(), &numbers)?;
        let Tables { names, prefixes, ports } = tables;
        let (names, table) = (names.build(), PrefixTable::new(&prefixes));
        let nets = if config.resolves() { prefixes } else { Prefixes::new() };
        Ok(Self { numbers, who, names, prefixes: table, nets, ports, subscribed, ..this })
    }

    fn add_switches(&mut self, policy: &Policy, bit: u64) {
        let blocks = |treatment: Treatment| if treatment == Treatment::Block { bit } else { 0 };
        self.nameless |= blocks(policy.nameless);
        self.malformed |= blocks(policy.malformed);
        self.fragments |= blocks(policy.fragments);
        self.ip_literal |= blocks(policy.ip_literal);
        self.ech |= if policy.ech == Ech::Block { bit } else { 0 };
        self.ech_judge |= if policy.ech == Ech::Judge { bit } else { 0 };
        self.quic_block |= if policy.quic == Quic::Block { bit } else { 0 };
        self.quic_pass |= if policy.quic == Quic::Pass { bit } else { 0 };
        self.reject |= if policy.action == PolicyAction::Reject { bit } else { 0 };
        self.observe |= if policy.action == PolicyAction::Observe { bit } else { 0 };
    }
}

pub(super) fn bit(numbers: &Numbers, policy: &str) -> Result<u64, CompileError> {
    let number = numbers.policies.get(policy).copied();
    number
        .and_then(|number| 1_u64.checked_shl(number.into()))
        .ok_or_else(|| CompileError::Policy(String::from(policy)))
}

fn mask<'a>(numbers: &Numbers, mut policies: impl Iterator<Item = &'a str>) -> Result<u64, CompileError> {
    policies.try_fold(0, |mask, policy| Ok(mask | bit(numbers, policy)?))
}

impl Who {
    /// Whoever `config` names, with those of the policies that it gives them which hold as things stand; and whoever else has
    /// a number, with those of `[defaults]`.
    ///
    /// # Errors
    /// If a policy or a device has no number.
    pub fn new(config: &Config, standing: &Standing, numbers: &Numbers) -> Result<Self, CompileError> {
        let devices = config.devices.iter().map(|device| {
            let number = *numbers
                .devices
                .get(&device.key())
                .ok_or_else(|| CompileError::Device(device.name.clone()))?;
            let policies = mask(numbers, standing.policies_of(device))?;
            Ok((device.key(), abi::Device { policies, number, reserved: 0 }))
        });
        let mut devices: BTreeMap<_, _> = devices.collect::<Result<_, _>>()?;
        let default_policies = mask(numbers, standing.default_policies(config))?;
        for (key, number) in &numbers.devices {
            let tracked = abi::Device { policies: default_policies, number: *number, reserved: 0 };
            devices.entry(*key).or_insert(tracked);
        }
        Ok(Self { devices, default_policies })
    }

    /// The device with this address, or that of the longest listed beginning of it.
    pub fn find(&self, mac: MacAddr) -> Option<abi::Device> {
        (1..=6).rev().find_map(|bytes| self.devices.get(&DeviceKey::prefix(mac, bytes)).copied())
    }
}

/// The tables while policies are added.
pub(super) struct Tables {
    pub names: Names,
    pub prefixes: Prefixes,
    ports: BTreeMap<PortKey, Masks>,
}

impl Tables {
    fn new(seed: u64) -> Self {
        Self { names: Names::new(seed), prefixes: Prefixes::new(), ports: BTreeMap::new() }
    }

    /// Says `masks` of all entries.
    fn add(&mut self, entries: &Entries, masks: Masks) {
        let domain = self.names.number(NameMasks { below: masks, exact: masks });
        for name in &entries.domains {
            self.names.add(name.value.as_str().as_bytes(), domain);
        }
        let host = self.names.number(NameMasks { below: Masks::default(), exact: masks });
        for name in &entries.hosts {
            self.names.add(name.value.as_str().as_bytes(), host);
        }
        for net in &entries.addresses {
            add(self.prefixes.entry(net.value).or_default(), masks);
        }
        for port in &entries.ports {
            add(self.ports.entry(port.value).or_default(), masks);
        }
    }
}

pub(super) const fn add(all: &mut Masks, masks: Masks) {
    all.block |= masks.block;
    all.allow |= masks.allow;
}

#[cfg(test)]
#[path = "compile_tests.rs"]
mod tests;
