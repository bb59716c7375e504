//! Streams as TLS ClientHellos.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gateway_common::checks::tls::check(bytes));
