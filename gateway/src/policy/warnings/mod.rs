//! What is written in order and probably not meant: told by `gateway check`, in the way of nothing.

mod across;
mod lists;
mod names;
mod within;

use super::config::Config;
use super::file::Policy;
use super::mistake::Mistake;
pub use lists::{Open, warnings_of_lists};

/// What is doubtful in the policies, each by itself: where configuration and other policies have mistakes, too.
pub fn warnings_of_policies(policies: &[Policy]) -> Vec<Mistake> {
    let nets = within::Nets::of(policies);
    let all = policies.iter().enumerate().flat_map(|(number, policy)| {
        let mut warnings = within::public_suffixes(policy);
        warnings.extend(across::contradictions(policy, policy, None));
        warnings.extend(within::redundant_names(policy));
        warnings.extend(within::redundant_nets(policy, number, &nets));
        warnings.extend(within::redundant_ports(policy));
        warnings.extend(within::nothing_to_resolve(policy));
        warnings
    });
    sorted(all.collect())
}

/// What is doubtful in the way the configuration uses its policies.
pub fn warnings_of_config(config: &Config) -> Vec<Mistake> {
    let mut all = across::unused(config);
    all.extend(across::of_devices(config));
    sorted(all)
}

/// By file, and there as one reads.
fn sorted(mut warnings: Vec<Mistake>) -> Vec<Mistake> {
    let start = |warning: &Mistake| warning.at.span.as_ref().map(|span| span.start);
    warnings.sort_by(|a, b| (a.at.file.path(), start(a)).cmp(&(b.at.file.path(), start(b))));
    warnings
}

#[cfg(test)]
#[path = "../warnings_tests.rs"]
mod tests;
