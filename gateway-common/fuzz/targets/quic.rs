//! Datagrams of a flow as QUIC.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gateway_common::checks::quic::check(bytes));
