//! Visits that the demo makes, with what is expected of each.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result};

use crate::lab::curl::Outcome;
use crate::lab::network::{Family, Host, Phone};
use crate::lab::{BRIEF, Lab, PATIENT};

/// What should come of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The host answers.
    Reached,
    /// The connection is reset.
    Refused,
}

impl Expected {
    /// Whether the visit came out like that.
    fn is(self, seen: &Outcome) -> bool {
        match self {
            Self::Reached => seen.reached(),
            Self::Refused => *seen == Outcome::Refused,
        }
    }

    fn patience(self) -> Duration {
        match self {
            Self::Reached => PATIENT,
            Self::Refused => BRIEF,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Reached => "reached",
            Self::Refused => "refused",
        })
    }
}

/// One visit.
#[derive(Debug, Clone)]
pub struct Check {
    /// Who visits.
    pub phone: &'static Phone,
    /// Whom.
    pub host: &'static Host,
    /// Over which protocol.
    pub family: Family,
    /// What should come of it.
    pub expected: Expected,
}

impl Check {
    /// Makes the visit; returns what came of it and how long it took.
    fn make(&self, lab: &Lab) -> Result<(Outcome, Duration)> {
        let start = Instant::now();
        let seen = lab.visit(self.phone, self.host, self.family, self.expected.patience())?;
        Ok((seen, start.elapsed()))
    }
}

/// Makes all visits at once, because those that are blocked take long; prints a table and returns whether each came out
/// as expected.
pub fn hold(lab: &Lab, checks: &[Check]) -> Result<bool> {
    let made = thread::scope(|scope| {
        let threads: Vec<_> = checks.iter().map(|check| scope.spawn(|| check.make(lab))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| Error::msg("a visit panicked"))?)
            .collect::<Result<Vec<_>>>()
    })
    .context("a visit could not be made")?;

    println!("   {:<10}    {:<22}  over  expected   seen", "who", "what");
    let mut held = true;
    for (check, (seen, took)) in checks.iter().zip(&made) {
        let as_expected = check.expected.is(seen);
        held &= as_expected;
        let Check { phone, host, family, expected } = check;
        println!(
            "   {:<10} -> {:<22}  {family}  {expected:<9}  {:<20} {}",
            phone.name,
            host.name,
            format!("{seen} ({:.1} s)", took.as_secs_f32()),
            if as_expected { "ok" } else { "NOT" },
        );
    }
    Ok(held)
}
