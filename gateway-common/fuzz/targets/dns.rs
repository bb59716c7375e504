//! Datagrams and streams as DNS messages.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gateway_common::checks::dns::check(bytes));
