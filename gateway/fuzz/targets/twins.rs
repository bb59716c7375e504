//! The loaded program and the parsers on the same frames. Needs root and BPF, as the tests in `tests/kernel` do.
#![no_main]
#![expect(clippy::unwrap_used, reason = "the helpers of the tests may fail by a panic as the tests do")]

use std::cell::RefCell;

#[expect(dead_code, unused_imports, reason = "the tests need all of it")]
#[path = "../../tests/kernel/harness/mod.rs"]
mod harness;
#[path = "../../tests/kernel/twins/mod.rs"]
mod twins;

thread_local! {
    static TWINS: RefCell<twins::Twins> = RefCell::new(twins::Twins::new());
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| TWINS.with_borrow_mut(|twins| twins.check(bytes)));
