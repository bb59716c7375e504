//! Which addresses are to be blocked because hosts resolve to them, and why others are not.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Instant;

use gateway_common::abi::Masks;
use ipnet::IpNet;

use super::plan::{Answer, Plan, Question};
use super::sights::Sights;
use super::special::is_special;
use crate::policy::{Config, HostName, Resolved};

/// Everything that is known of the addresses of hosts.
#[derive(Default)]
pub struct Book {
    policies: Vec<Wanted>,
    /// Hosts whose addresses are to be spared, since a policy allows them.
    allowed_hosts: BTreeSet<HostName>,
    allowed_nets: Vec<IpNet>,
    plan: Plan,
    sights: Sights,
    /// Addresses that a policy spares, and for which name. They stay spared as long as a host resolves to them: once they were
    /// blocked, the name could not be seen there any more.
    spared: BTreeMap<(String, IpAddr), HostName>,
}

/// A policy and the hosts that it blocks by their addresses.
struct Wanted {
    policy: String,
    hosts: Vec<HostName>,
}

/// An address of a host of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Name of the policy.
    pub policy: String,
    /// The host.
    pub host: HostName,
    /// The address.
    pub address: IpAddr,
    /// When the answer's TTL ends, and it is asked again.
    pub until: Instant,
    /// What comes of it.
    pub state: State,
}

/// Whether an address is blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is.
    Blocked,
    /// It is not: this name, which the policy does not block, was seen there.
    Shared(HostName),
    /// It is not: a policy allows this net.
    Allowed(IpNet),
    /// It is not: it is no place of the public internet.
    Special,
    /// It is not: it is this machine's own, or that of a server it asks.
    Own,
}

impl Book {
    /// From now on the policies of `config` count. What is known of hosts that stay is kept.
    pub fn follow(&mut self, config: &Config, now: Instant) {
        let resolving = config.policies.iter().filter(|policy| policy.resolve);
        self.policies = resolving
            .map(|policy| Wanted {
                policy: policy.name.clone(),
                hosts: policy.block.hosts.iter().map(|entry| entry.value.clone()).collect(),
            })
            .collect();
        self.policies.retain(|wanted| !wanted.hosts.is_empty());
        (self.allowed_hosts, self.allowed_nets) = Default::default();
        if self.is_idle() {
            *self = Self::default();
            return;
        }
        for policy in &config.policies {
            self.allowed_hosts.extend(policy.allow.hosts.iter().map(|entry| entry.value.clone()));
            self.allowed_nets.extend(policy.allow.addresses.iter().map(|entry| entry.value));
        }
        let blocked = self.policies.iter().flat_map(|wanted| &wanted.hosts);
        let hosts = blocked.chain(&self.allowed_hosts).cloned().collect();
        self.plan.want(&hosts, now);
    }

    /// Whether no policy wants the addresses of a host.
    pub fn is_idle(&self) -> bool {
        self.policies.is_empty()
    }

    /// As [`Plan::due`].
    pub fn due(&mut self, now: Instant) -> Vec<Question> {
        self.plan.due(now)
    }

    /// As [`Plan::next`].
    pub fn next(&self, now: Instant) -> Option<Instant> {
        self.plan.next(now)
    }

    /// As [`Plan::failing`].
    pub fn failing(&self) -> usize {
        self.plan.failing()
    }

    /// Takes an answer; returns whether [`Book::weigh`] may come to another result.
    pub fn answered(&mut self, question: &Question, answer: Answer, now: Instant) -> bool {
        let is_blocked = self.policies.iter().any(|wanted| wanted.hosts.contains(&question.host));
        let mut is_news = false;
        if let Answer::Addresses(addresses, _) = &answer
            && (!is_blocked || self.allowed_hosts.contains(&question.host))
        {
            for address in addresses {
                is_news |= self.sights.see(*address, &question.host, now);
            }
        }
        self.plan.answered(question, answer, now) | is_news
    }

    /// Takes down that a device got to this name at this address; returns whether [`Book::weigh`] may come to another result.
    pub fn saw(&mut self, name: &str, address: IpAddr, now: Instant) -> bool {
        let Ok(name) = name.parse() else { return false };
        !self.is_idle() && self.sights.see(address, &name, now)
    }

    /// Takes down that a device asked for the addresses of a name that nothing blocks. They are looked up as well: where such
    /// an address is blocked, the device cannot get so far that its name is seen.
    pub fn saw_question(&mut self, name: &str, now: Instant) {
        if let Ok(name) = name.parse()
            && !self.is_idle()
        {
            self.plan.look_aside(name, now);
        }
    }

    /// Weighs each address of each host. `numbers` has those of the policies, `own` the addresses of this machine and of the
    /// servers it asks, `judge` says what is listed of each of these names.
    ///
    /// # Errors
    /// That of `judge`.
    pub fn weigh<E>(
        &mut self,
        now: Instant,
        numbers: &BTreeMap<String, u8>,
        own: &BTreeSet<IpAddr>,
        judge: impl FnOnce(&[&str]) -> Result<Vec<Masks>, E>,
    ) -> Result<Vec<Finding>, E> {
        self.plan.expire(now);
        let mut findings = Vec::new();
        for Wanted { policy, hosts } in &self.policies {
            for host in hosts {
                findings.extend(self.plan.addresses(host).map(|(address, until)| Finding {
                    policy: policy.clone(),
                    host: host.clone(),
                    address,
                    until,
                    state: State::Blocked,
                }));
            }
        }
        let names: BTreeSet<&HostName> =
            findings.iter().flat_map(|finding| self.sights.at(finding.address, now)).collect();
        let names: Vec<&HostName> = names.into_iter().chain(self.spared.values()).collect();
        let texts: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        let masks = judge(&texts)?;
        let listed: BTreeMap<HostName, Masks> = names.into_iter().cloned().zip(masks).collect();
        for finding in &mut findings {
            let number = numbers.get(&finding.policy).copied();
            let bit = number.and_then(|number| 1_u64.checked_shl(number.into())).unwrap_or(0);
            finding.state = self.state(finding, own, now, |name| {
                let masks = listed.get(name).copied().unwrap_or_default();
                masks.block & bit != 0 && masks.allow == 0
            });
        }
        self.spared = findings
            .iter()
            .filter_map(|Finding { policy, address, state, .. }| match state {
                State::Shared(name) => Some(((policy.clone(), *address), name.clone())),
                _ => None,
            })
            .collect();
        Ok(findings)
    }

    /// `blocks` says whether the policy blocks a name, and none allows it.
    fn state(
        &self,
        Finding { policy, address, .. }: &Finding,
        own: &BTreeSet<IpAddr>,
        now: Instant,
        blocks: impl Fn(&HostName) -> bool,
    ) -> State {
        if is_special(*address) {
            return State::Special;
        }
        if own.contains(address) {
            return State::Own;
        }
        if let Some(net) = self.allowed_nets.iter().find(|net| net.contains(address)) {
            return State::Allowed(*net);
        }
        let spared = self.spared.get(&(policy.clone(), *address)).into_iter();
        let mut names = spared.chain(self.sights.at(*address, now));
        names.find(|name| !blocks(name)).map_or(State::Blocked, |name| State::Shared(name.clone()))
    }
}

/// The addresses that are blocked.
pub fn blocked(findings: &[Finding]) -> Resolved {
    let mut all: BTreeMap<(String, HostName), BTreeSet<IpAddr>> = BTreeMap::new();
    for Finding { policy, host, address, state, .. } in findings {
        if *state == State::Blocked {
            all.entry((policy.clone(), host.clone())).or_default().insert(*address);
        }
    }
    Resolved(all)
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
