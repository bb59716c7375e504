//! How much of something costly a device may cause in a second, on each CPU.

use aya_ebpf::btf_maps::PerCpuArray;
use gateway_common::abi::{Device, MAX_DEVICES, SecondBudget};

use crate::clock;

/// A budget for each device.
pub type Budgets = PerCpuArray<SecondBudget, { MAX_DEVICES as usize }>;

/// Not 0 where frames come faster than they once came (replay): then there is no limit. The daemon's half sets it before the
/// programs are loaded.
#[unsafe(no_mangle)]
static HURRIED: u8 = 0;

/// Takes one from the device's budget of `most` a second; false if none is left.
#[inline(always)]
pub fn take(budgets: &Budgets, device: Device, most: u32) -> bool {
    // SAFETY: a static that nobody writes while the program is loaded. Volatile, since its value is set after compilation.
    if unsafe { core::ptr::read_volatile(&raw const HURRIED) } != 0 {
        return true;
    }
    let Some(budget) = budgets.get_ptr_mut(device.number) else { return false };
    // SAFETY: an element of this CPU, checked; packets of one CPU follow each other.
    let budget = unsafe { &mut *budget };
    #[expect(clippy::cast_possible_truncation, reason = "fits for 136 years")]
    let second = clock::second() as u32;
    if budget.second != second {
        budget.second = second;
        budget.used = 0;
    }
    budget.used += 1;
    budget.used <= most
}
