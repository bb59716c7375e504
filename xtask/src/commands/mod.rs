//! One file for each command of `cargo xtask`.

pub mod bench;
pub mod build;
pub mod demo;
pub mod fuzz;
pub mod lab_server;
pub mod setup;
pub mod test;
pub mod vm;
