//! What the kernel says of the programs themselves.

use crate::harness::*;

/// Half of what a kernel verifies before it gives up.
const MOST_INSTRUCTIONS: u32 = 500_000;

#[test]
fn every_program_is_verified_well_below_the_limit_of_instructions() {
    let filter = Filter::phone("[block]\nhosts = [\"x.example\"]");
    let mut seen = Vec::new();
    for (name, program) in filter.loaded.ebpf.programs() {
        let info = explained(program.info());
        let verified = info.verified_instruction_count().unwrap();
        println!("{name}: {verified} instructions verified");
        assert!(verified < MOST_INSTRUCTIONS, "{name}: {verified}");
        seen.push(name);
    }
    assert!(seen.contains(&"ingress") && seen.contains(&"inspect_tls"), "{seen:?}");
}

#[test]
fn with_logging_the_programs_are_accepted_too() {
    let loaded = explained(gateway::datapath::load::Loaded::new(gateway::datapath::load::Options {
        pins: None,
        log: true,
    }));
    assert!(loaded.refused.is_empty(), "the kernel refused: {:?}", loaded.refused);
}
