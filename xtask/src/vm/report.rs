//! The verifier's count of instructions: every program on every kernel.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Counts and budgets of programs on one kernel, by the name of the program.
pub type Counts = BTreeMap<String, Count>;

/// What the verifier had to look at, in instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// As the kernel tells it.
    pub verified: u32,
    /// The most that `gateway/tests/kernel/budget.toml` grants.
    pub budget: u32,
}

/// Reads the lines `ingress: 37977 instructions verified of at most 48000` among what the tests wrote
/// (gateway/tests/kernel/programs.rs).
pub fn counts(lines: &[String]) -> Counts {
    let count = |line: &String| {
        let (name, rest) = line.split_once(": ")?;
        let (verified, budget) = rest.split_once(" instructions verified of at most ")?;
        Some((name.to_owned(), Count { verified: verified.parse().ok()?, budget: budget.parse().ok()? }))
    };
    lines.iter().filter_map(count).collect()
}

/// A table of programs and kernels; a dash where a kernel told nothing. Empty if none told anything.
pub fn table(kernels: &[(String, Counts)]) -> String {
    let programs: BTreeSet<&String> = kernels.iter().flat_map(|(_, counts)| counts.keys()).collect();
    let mut text = String::new();
    if programs.is_empty() {
        return text;
    }
    let mut line = |first: &str, numbers: Vec<String>| {
        let numbers: String = numbers.iter().map(|number| format!("{number:>10}")).collect();
        writeln!(text, "{first:<20}{numbers}").expect("text takes any text");
    };
    let titles = kernels.iter().map(|(title, _)| title.clone()).chain(["budget".to_owned()]);
    line("verified", titles.collect());
    for program in programs {
        let seen = kernels.iter().map(|(_, counts)| counts.get(program));
        let budget = seen.clone().flatten().next().map(|count| count.budget);
        let numbers = seen.map(|count| count.map(|count| count.verified)).chain([budget]);
        line(
            program,
            numbers.map(|number| number.map_or("-".to_owned(), |number| number.to_string())).collect(),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| String::from(*line)).collect()
    }

    #[test]
    fn counts_are_read_among_other_output() {
        let counts = counts(&lines(&[
            "---- programs::every_program stdout ----",
            "ingress: 37977 instructions verified of at most 48000",
            "odd: many instructions verified of at most 48000",
            "test result: ok. 158 passed; 0 failed",
        ]));
        let expected = ("ingress".to_owned(), Count { verified: 37_977, budget: 48_000 });
        assert_eq!(counts.into_iter().collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn the_table_has_a_line_for_each_program_and_a_column_for_each_kernel() {
        let old = counts(&lines(&[
            "ingress: 37977 instructions verified of at most 48000",
            "reject: 19398 instructions verified of at most 25000",
        ]));
        let new = counts(&lines(&["ingress: 36152 instructions verified of at most 48000"]));
        let expected = "verified                   6.1      6.12    budget\n\
                        ingress                  37977     36152     48000\n\
                        reject                   19398         -     25000\n";
        assert_eq!(table(&[("6.1".to_owned(), old), ("6.12".to_owned(), new)]), expected);
    }

    #[test]
    fn there_is_no_table_of_nothing() {
        assert_eq!(table(&[("6.1".to_owned(), Counts::new())]), "");
    }
}
