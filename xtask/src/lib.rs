//! What a developer of gateway runs: `cargo xtask setup, build, test, vm, demo, fuzz`, and the network of namespaces that
//! tests and demo share.

pub mod cargo_json;
pub mod commands;
pub mod dashboard;
pub mod debian;
pub mod exec;
pub mod interrupt;
pub mod lab;
pub mod paths;
pub mod toolchain;
pub mod vm;
pub mod wait;
