//! Datagrams as DNS responses.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gateway_common::checks::answers::check(bytes));
