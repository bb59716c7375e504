//! Waiting for a condition instead of for a time.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::interrupt;

/// How long the processor is left alone between two looks at a condition.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Returns as soon as `condition` holds; fails when it fails, when `limit` is over, or on Ctrl-C.
pub fn wait_until(what: &str, limit: Duration, mut condition: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + limit;
    while !condition()? {
        interrupt::check()?;
        ensure!(Instant::now() < deadline, "waited {} s in vain until {what}", limit.as_secs());
        thread::sleep(BETWEEN_LOOKS);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_until_the_condition_holds() {
        let mut looks = 0;
        wait_until("three looks were taken", Duration::from_secs(5), || {
            looks += 1;
            Ok(looks == 3)
        })
        .expect("the third look is well before the deadline");
        assert_eq!(looks, 3);
    }

    #[test]
    fn says_what_it_waited_for_when_the_time_is_over() {
        let error = wait_until("pigs fly", Duration::ZERO, || Ok(false)).expect_err("pigs do not fly");
        assert_eq!(error.to_string(), "waited 0 s in vain until pigs fly");
    }
}
