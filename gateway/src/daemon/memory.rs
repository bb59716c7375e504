//! Memory goes back to the system once it is no longer needed: a reload takes a hundred megabytes for a moment.

use nix::libc;

/// Blocks of this many bytes and more get a mapping of their own, which ends with them.
const LARGE: libc::c_int = 256 * 1024;

/// Makes the C library give large blocks back when they are freed. By itself it learns from the first that it had better keep
/// them (`M_MMAP_THRESHOLD` in mallopt(3)).
pub fn give_large_blocks_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: a call that only sets a number of the allocator.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}

/// Gives back what many small blocks have left between those that are still in use.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the allocator gives back what nobody uses; it locks what it touches.
    unsafe {
        libc::malloc_trim(0);
    }
}
