//! The time, for what does not need it exactly.

use aya_ebpf::helpers::generated::bpf_ktime_get_coarse_ns;

/// Seconds since boot, suspended time left out, as of the last tick of the kernel: a fraction of the cost of the exact time.
#[inline(always)]
pub fn second() -> u64 {
    // SAFETY: the helper has no arguments and only reads the clock.
    unsafe { bpf_ktime_get_coarse_ns() / 1_000_000_000 }
}
