//! Frames from Ethernet to the payload.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gateway_common::checks::wire::check(bytes));
