//! What large policies cost: to read, to make, to put in force, to search, and what dnsmasq and unbound take for the same.
//!
//! `cargo xtask bench tables` builds and calls this as root: `tables OBJECT GATEWAY [--json] [--strict] [FILTER]`, where OBJECT
//! is `gateway-ebpf/bench/tables.rs` and GATEWAY the daemon. Each case is measured several times; what is told is the median,
//! and the quarters of the measurements that were lowest and highest beside it.
#![expect(clippy::unwrap_used, reason = "as in a test, what fails here ends the bench")]
#![expect(clippy::cast_precision_loss, reason = "what is counted here is far below 2⁵²")]

mod tables {
    pub mod clock;
    pub mod dns;
    pub mod lab;
    pub mod made;
    pub mod making;
    pub mod others;
    pub mod reading;
    pub mod reload;
    pub mod report;
    pub mod scrape;
    pub mod search;
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

use tables::report::Report;
use tables::{making, others, reading, reload, scrape, search};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [object, gateway, rest @ ..] = words.as_slice() else {
        eprintln!(
            "usage: tables OBJECT GATEWAY [--json] [--strict] [FILTER]; `cargo xtask bench tables` calls it"
        );
        return ExitCode::from(2);
    };
    let given = |flag: &str| rest.iter().any(|word| word == flag);
    let filter = rest.iter().find(|word| !word.starts_with('-'));
    let mut report = Report::new(filter.cloned(), given("--json"));
    let object = std::fs::read(object).unwrap();
    reading::measure(&mut report);
    making::measure(&mut report);
    search::measure(&mut report, &object);
    reload::measure(&mut report, &object, gateway.as_ref());
    scrape::measure(&mut report);
    others::measure(&mut report);
    report.end();
    if given("--strict") && report.missed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
