//! Waiting for a kernel object to become readable.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use tokio::io::unix::AsyncFd;

/// Registers `object` with the runtime.
///
/// # Errors
/// If the kernel cannot wait for it.
pub fn wait_on<T: AsFd + AsRawFd>(object: T) -> io::Result<AsyncFd<T>> {
    // SAFETY: `AsFd` promises a descriptor that is open as long as `object` lives, and `AsyncFd` owns `object` until it is
    // dropped. The types that come here (aya's ring buffer and logger) return the descriptor of one field, which never
    // changes.
    unsafe { AsyncFd::register(object) }.map_err(Into::into)
}
