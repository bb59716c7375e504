//! A value of which the compiler forgets what it knows.

/// Returns `value`.
///
/// LLVM drops a mask or a bound that it can prove to change nothing, from the range of an enum say; the verifier, which
/// knows less, then misses it. A bound put on what comes out of here stays.
#[inline(always)]
pub fn opaque<T: Copy>(value: T) -> T {
    // SAFETY: a read of a local that is initialised and aligned.
    unsafe { core::ptr::read_volatile(&raw const value) }
}
