//! Addresses of hosts beside the nets of a configuration.

use super::super::testing::{compiled, config};
use super::*;

const POLICY: &str =
    "name = \"p\"\n[block]\nhosts = [\"a.example\"]\naddresses = [\"198.51.100.0/24\"]\nresolve = true";

fn resolved(policy: &str, host: &str, addresses: &[&str]) -> Resolved {
    let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
    Resolved([((String::from(policy), host.parse().unwrap()), addresses)].into())
}

#[track_caller]
fn beside(resolved: &Resolved, policy: &str) -> Vec<String> {
    let policies = [policy, "name = \"other\"\n[block]\nhosts = [\"b.example\"]\nresolve = true"];
    let (config, compiled) = (config("", &policies), compiled("", &policies));
    let all = resolved.beside(&compiled.nets, &config, &compiled.numbers).unwrap();
    all.iter().map(|(net, masks)| format!("{net} {} {}", masks.block, masks.allow)).collect()
}

#[test]
fn an_address_of_a_host_is_blocked_as_a_net_of_one_beside_the_nets_of_the_policy() {
    let resolved = resolved("p", "a.example", &["203.0.113.7", "2001:db8::7"]);
    assert_eq!(
        beside(&resolved, POLICY),
        ["198.51.100.0/24 1 0", "203.0.113.7/32 1 0", "2001:db8::7/128 1 0"]
    );
}

#[test]
fn an_address_of_a_host_or_policy_that_is_gone_is_not_blocked() {
    for gone in [("p", "b.example"), ("q", "a.example")] {
        let resolved = resolved(gone.0, gone.1, &["203.0.113.7"]);
        assert_eq!(beside(&resolved, POLICY), ["198.51.100.0/24 1 0"]);
    }
}

#[test]
fn a_policy_that_does_not_resolve_any_more_blocks_no_address_of_its_hosts() {
    let resolved = resolved("p", "a.example", &["203.0.113.7"]);
    assert_eq!(beside(&resolved, &POLICY.replace("true", "false")), ["198.51.100.0/24 1 0"]);
}
