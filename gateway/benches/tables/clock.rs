//! Time that only this thread has taken.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Runs `work`; returns how long this thread has computed. What is needed lies in memory, so that this is all the time it takes,
/// whatever else the machine does.
pub fn time(work: impl FnOnce()) -> Duration {
    let spent = || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap());
    let start = spent();
    work();
    spent() - start
}
