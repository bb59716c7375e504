//! Streams as HTTP requests.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gateway_common::checks::http::check(bytes));
