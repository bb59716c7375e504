//! What the kernel says of the programs themselves.

use std::collections::BTreeMap;

use crate::harness::*;

/// Half of what a kernel verifies before it gives up; no budget may be larger.
const MOST_INSTRUCTIONS: u32 = 500_000;

/// The most instructions that the verifier may look at, by program.
fn budgets() -> BTreeMap<String, u32> {
    toml::from_str(include_str!("budget.toml")).unwrap()
}

#[test]
fn every_program_is_verified_within_its_budget_of_instructions() {
    let filter = Filter::phone("[block]\nhosts = [\"x.example\"]");
    let mut budgets = budgets();
    let mut mistakes = Vec::new();
    for (name, program) in filter.loaded.ebpf.programs() {
        let verified = explained(program.info()).verified_instruction_count().unwrap();
        let Some(budget) = budgets.remove(name) else {
            mistakes.push(format!("{name} has no budget: the verifier looks at {verified} instructions"));
            continue;
        };
        // `cargo xtask vm` reads this line.
        println!("{name}: {verified} instructions verified of at most {budget}");
        if verified > budget {
            mistakes.push(format!("{name}: {verified} instructions are more than its budget of {budget}"));
        }
    }
    mistakes.extend(budgets.keys().map(|name| format!("there is no program {name} for its budget")));
    assert!(mistakes.is_empty(), "gateway/tests/kernel/budget.toml: {mistakes:#?}");
}

#[test]
fn no_budget_is_above_half_of_what_a_kernel_verifies() {
    let over: Vec<_> = budgets().into_iter().filter(|(_, budget)| *budget > MOST_INSTRUCTIONS).collect();
    assert!(over.is_empty(), "{over:?}");
}

#[test]
fn with_logging_the_programs_are_accepted_too() {
    let loaded = explained(gateway::datapath::load::Loaded::new(gateway::datapath::load::Options {
        log: true,
        ..Default::default()
    }));
    assert!(loaded.refused.is_empty(), "the kernel refused: {:?}", loaded.refused);
}
