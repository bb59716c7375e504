//! What a packet costs in the kernel: the real programs by test run, above a program that does nothing.
//!
//! `cargo xtask bench` builds and calls this as root: `speed OBJECT [--json] [--strict] [FILTER]`, where OBJECT is that
//! of `gateway-ebpf/bench`, which says how every turn of a run is made one of a new flow. Each case is run many times in
//! batches, each followed at once by the same frames through the empty program; what is told is the median of the
//! differences, with the quarter of the batches that was quickest and the one that was slowest left out beside it.
#![expect(clippy::unwrap_used, reason = "as in a test, what fails here ends the bench")]

mod speed {
    pub mod cases;
    pub mod hello;
    pub mod quic;
    pub mod report;
    pub mod run;
}

#[expect(dead_code, reason = "the tests of the kernel half need more of it")]
#[path = "../tests/kernel/harness/frame.rs"]
mod frame;
#[expect(dead_code, reason = "likewise")]
#[path = "../tests/kernel/harness/setup.rs"]
mod setup;
#[expect(dead_code, reason = "likewise")]
#[path = "../tests/kernel/harness/tcp.rs"]
mod tcp;

use std::process::ExitCode;

use speed::report::{self, Measured};
use speed::{cases, run::Bench};

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let object = words.next().filter(|word| !word.starts_with('-'));
    let words: Vec<String> = words.collect();
    let Some(object) = object else {
        eprintln!("usage: speed OBJECT [--json] [--strict] [FILTER]; `cargo xtask bench` calls it");
        return ExitCode::from(2);
    };
    let given = |flag: &str| words.iter().any(|word| word == flag);
    let filter = words.iter().find(|word| !word.starts_with('-'));
    let mut bench = Bench::new(&std::fs::read(&object).unwrap(), &cases::policies());
    let mut all = Vec::new();
    for case in cases::all() {
        if filter.is_some_and(|part| !case.name.contains(part.as_str())) {
            continue;
        }
        let measured = Measured::new(&case, bench.measure(&case));
        if given("--json") {
            println!("{}", measured.json());
        }
        all.push(measured);
    }
    if !given("--json") {
        println!("{}", report::table(&all));
    }
    if given("--strict") && all.iter().any(Measured::is_over) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
