//! What the compiled tables say, in plain words: the reference for the kernel's own judging, and what is explained to
//! people.

use std::net::IpAddr;

use gateway_common::abi::{Action, Masks, PortKey};

use super::compile::Compiled;

/// What is decided, and by which policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// Number of the policy.
    pub policy: u8,
    /// [`Action::Pass`] if the policy allows; otherwise what happens to what it blocks.
    pub action: Action,
}

impl Ruling {
    /// Whether a policy blocks; one that observes does, though the packet goes on.
    pub const fn blocks(self) -> bool {
        !matches!(self.action, Action::Pass)
    }
}

impl Compiled {
    /// What is decided about a host name for a device with these policies; `None` if none of them says anything.
    pub fn judge_name(&self, device_policies: u64, name: &str) -> Option<Ruling> {
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        self.rule(device_policies, self.names.look_up(name.as_bytes()))
    }

    /// What is decided about a destination address for a device with these policies; `None` if none says anything.
    pub fn judge_address(&self, device_policies: u64, address: IpAddr) -> Option<Ruling> {
        self.rule(device_policies, self.prefixes.look_up(address, device_policies))
    }

    /// What is decided about a destination port for a device with these policies; `None` if none says anything.
    pub fn judge_port(&self, device_policies: u64, port: PortKey) -> Option<Ruling> {
        self.rule(device_policies, *self.ports.get(&port)?)
    }

    /// Allow wins; among the policies that block, those that enforce come before those that observe; then the lowest
    /// number.
    fn rule(&self, policies: u64, masks: Masks) -> Option<Ruling> {
        let block = masks.block & policies;
        if let Some(policy) = lowest(masks.allow & policies) {
            return Some(Ruling { policy, action: Action::Pass });
        }
        if let Some(policy) = lowest(block & !self.observe) {
            let action = if self.reject >> policy & 1 == 1 { Action::Reject } else { Action::Drop };
            return Some(Ruling { policy, action });
        }
        Some(Ruling { policy: lowest(block)?, action: Action::Observe })
    }
}

/// The number of the lowest bit that is set.
fn lowest(mask: u64) -> Option<u8> {
    if mask == 0 { None } else { u8::try_from(mask.trailing_zeros()).ok() }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
