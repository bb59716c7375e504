//! The programs as the kernel runs them: whole frames through `BPF_PROG_TEST_RUN`.
//!
//! Every test has the programs of the real object for itself, so tests run side by side. After each frame the verdict, the bytes of
//! the frame, every counter that moved (all others must stand still) and every event are compared; see
//! [`harness::Filter::give`]. The tests need root and BPF, and fail without.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests may fail by a panic as the tests do")]

mod addresses;
mod batch;
mod defaults;
mod dns;
mod downlink;
mod engine;
mod flows;
mod follow;
mod fragments;
mod harness;
mod hellos;
mod hidden;
mod http;
mod inspect;
mod ipv4;
mod ipv6;
mod link;
mod names;
mod observe;
mod ports;
mod programs;
mod quic;
mod reject;
mod reload;
mod resolved;
mod ring;
mod scrape;
mod sizes;
mod split;
mod track;
mod truncated;
mod twins;
