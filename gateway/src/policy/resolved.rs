//! Addresses of hosts, as nets beside those of the configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use gateway_common::abi::Masks;
use ipnet::IpNet;

use super::compile::{CompileError, add, bit};
use super::config::Config;
use super::host::HostName;
use super::numbers::Numbers;
use super::tables::Prefixes;

/// Addresses by the policy and by the host of it for which they are blocked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved(pub BTreeMap<(String, HostName), BTreeSet<IpAddr>>);

impl Resolved {
    /// Whether there is no address.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `nets`, and as nets of one address those that are to be blocked by `config`: not those of a policy or a host that it
    /// does not know any more.
    ///
    /// # Errors
    /// If a policy has no number.
    pub fn beside(
        &self,
        nets: &Prefixes,
        config: &Config,
        numbers: &Numbers,
    ) -> Result<Prefixes, CompileError> {
        let mut all = nets.clone();
        for policy in config.policies.iter().filter(|policy| policy.resolve) {
            let masks = Masks { block: bit(numbers, &policy.name)?, allow: 0 };
            for host in &policy.block.hosts {
                let key = (policy.name.clone(), host.value.clone());
                for address in self.0.get(&key).into_iter().flatten() {
                    add(all.entry(IpNet::from(*address)).or_default(), masks);
                }
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
#[path = "resolved_tests.rs"]
mod tests;
