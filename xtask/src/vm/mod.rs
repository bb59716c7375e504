//! Virtual machines that run the kernel tests on other kernels than the host's.
//!
//! Nothing is installed: kernels, and QEMU if the host has none, are fetched as Debian packages and unpacked below
//! `target/vm`. A machine has no disk; its initramfs holds the tests and what they read, and xtask itself as `init`.

pub mod cpio;
pub mod guest;
pub mod initramfs;
pub mod kernel;
pub mod qemu;
pub mod report;
pub mod watch;

/// A run of the tests that came to its end.
pub struct Outcome {
    /// What the tests wrote.
    pub lines: Vec<String>,
    /// Whether all passed.
    pub passed: anyhow::Result<()>,
}

/// The environment variable that makes kernel tests hand on their programs (gateway/tests/kernel/harness/lease.rs):
/// emulated, a verification takes seconds.
pub const REUSE_VARIABLE: &str = "GATEWAY_TEST_REUSE";
