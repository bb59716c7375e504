//! The daemon and the clock: what the schedules and the pauses say is put in force when it begins to hold.
//!
//! What holds when is for [`crate::present`] to say; here is only the waiting. The clock is looked at when the next
//! change is due and at least once a minute, because it may be set, and the time zone too.

use std::sync::Arc;

use anyhow::Context as _;
use jiff::tz::TimeZone;
use jiff::{RoundMode, SignedDuration, TimestampRound, Unit, Zoned};
use tracing::{error, info, warn};

use super::{Daemon, Running};
use crate::policy::{Config, Device, Schedule, Standing};
use crate::present::length::within;
use crate::present::moment::{Scheduled, scheduled, standing, until_next_look};
use crate::present::pauses::{Pauses, shown};

/// What a look at the clock is told, and finds.
pub(super) struct Clock {
    /// Who is paused.
    pub pauses: Pauses,
    /// What is in force.
    pub standing: Standing,
}

impl Clock {
    /// As the configuration and the pauses of the daemon before this one want it at this moment.
    pub(super) fn start(config: &Config) -> Self {
        let now = now();
        let mut pauses = Pauses::read(&config.state).unwrap_or_else(|error| {
            warn!("the pauses in {} cannot be read, so no device is paused: {error}", config.state.display());
            Pauses::default()
        });
        pauses.tidy(&config.devices, now.timestamp());
        let standing = standing(config, &pauses, &now);
        warn_without_zone(config);
        Self { pauses, standing }
    }
}

/// The time of day of this machine, its time zone read anew.
fn now() -> Zoned {
    jiff::tz::reset_system_time_zone_cache();
    Zoned::now()
}

fn warn_without_zone(config: &Config) {
    if let Some(policy) = config.policies.iter().find(|policy| policy.schedule != Schedule::default())
        && let Err(error) = TimeZone::try_system()
    {
        warn!(
            "the time zone of this machine is not known, so the schedule of {} follows UTC: {error}",
            policy.name
        );
    }
}

impl Daemon {
    /// Pauses a device, given by name or address, for so long; returns what to tell.
    ///
    /// # Errors
    /// If there is no such device, the pause is too long, or the kernel refuses. Then nothing has changed.
    pub fn pause(&self, device: &str, length: SignedDuration) -> anyhow::Result<String> {
        let length = within(length)?;
        let mut running = self.lock();
        let Device { name, address, .. } = running.config.find_device(device)?.clone();
        let now = now();
        let whole_seconds = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil);
        let until = now.timestamp().checked_add(length)?.round(whole_seconds)?;
        self.change_pauses(&mut running, &now, |pauses| pauses.pause(address, until))?;
        let kept = self.keep_pauses(&running);
        Ok(format!("{name} is paused until {}: no policy applies to it{kept}", shown(until, &now)))
    }

    /// Ends the pause of a device; returns what to tell.
    ///
    /// # Errors
    /// If there is no such device, or the kernel refuses. Then nothing has changed.
    pub fn resume(&self, device: &str) -> anyhow::Result<String> {
        let mut running = self.lock();
        let Device { name, address, .. } = running.config.find_device(device)?.clone();
        let mut was_paused = false;
        self.change_pauses(&mut running, &now(), |pauses| was_paused = pauses.resume(address))?;
        if !was_paused {
            return Ok(format!("{name} was not paused"));
        }
        let kept = self.keep_pauses(&running);
        Ok(format!("{name} is filtered again{kept}"))
    }

    /// The policies with a schedule, as they are now.
    pub fn scheduled(&self) -> Vec<Scheduled> {
        scheduled(&self.lock().config, &now())
    }

    fn change_pauses(
        &self,
        running: &mut Running,
        now: &Zoned,
        change: impl FnOnce(&mut Pauses),
    ) -> anyhow::Result<()> {
        let before = running.clock.pauses.clone();
        change(&mut running.clock.pauses);
        if let Err(error) = self.follow(running, now) {
            running.clock.pauses = before;
            return Err(error.context("nothing has changed"));
        }
        self.clock_has_changed.notify_one();
        Ok(())
    }

    /// Writes the pauses where the next daemon looks for them; returns what to tell if that fails.
    fn keep_pauses(&self, running: &Running) -> String {
        let folder = &running.config.state;
        match running.clock.pauses.write(folder) {
            Ok(()) => String::new(),
            Err(error) => {
                let told = format!("cannot write to {}: {error}", folder.display());
                warn!("{told}; a restart of the daemon will not know of pauses as they are now");
                format!(" (the next start of the daemon will not know of it: {told})")
            }
        }
    }

    /// Makes the pauses fit what has just been reloaded.
    pub(super) fn keep_pauses_of(&self, running: &mut Running, old: &Config) {
        let before = running.clock.pauses.clone();
        running.clock.pauses.tidy(&running.config.devices, now().timestamp());
        if running.clock.pauses != before || running.config.state != old.state {
            self.keep_pauses(running);
        }
        self.clock_has_changed.notify_one();
    }

    /// What the new configuration wants at this moment.
    pub(super) fn wanted(running: &Running, config: &Config) -> Standing {
        let now = now();
        warn_without_zone(config);
        standing(config, &running.clock.pauses, &now)
    }

    /// Puts in force what has begun to hold.
    fn follow(&self, running: &mut Running, now: &Zoned) -> anyhow::Result<()> {
        let standing = standing(&running.config, &running.clock.pauses, now);
        if standing == running.clock.standing {
            return Ok(());
        }
        let Running { engine, config, clock, .. } = running;
        let generation = engine.apply_who(config, &standing)?;
        tell(config, &clock.standing, &standing, generation);
        clock.standing = standing;
        self.note_standing(running);
        Ok(())
    }

    /// Looks at the clock; returns how long until the next look.
    fn look_at_clock(&self) -> std::time::Duration {
        let mut running = self.lock();
        let now = now();
        match self.follow(&mut running, &now) {
            Ok(()) => {
                let before = running.clock.pauses.clone();
                let Running { config, clock, .. } = &mut *running;
                clock.pauses.tidy(&config.devices, now.timestamp());
                if clock.pauses != before {
                    self.keep_pauses(&running);
                }
            }
            Err(error) => error!("what the clock asks for is not in force, and is tried again: {error:#}"),
        }
        until_next_look(&running.config, &running.clock.pauses, &now)
    }
}

fn tell(config: &Config, before: &Standing, after: &Standing, generation: u64) {
    for policy in &config.policies {
        match (before.is_on(&policy.name), after.is_on(&policy.name)) {
            (false, true) => info!("{} applies from now on", policy.name),
            (true, false) => info!("{} does not apply any more, by its schedule", policy.name),
            _ => {}
        }
    }
    for Device { name, address, .. } in &config.devices {
        match (before.paused.contains(address), after.paused.contains(address)) {
            (false, true) => info!("{name} is paused"),
            (true, false) => info!("{name} is not paused any more"),
            _ => {}
        }
    }
    info!("generation {generation} in force");
}

/// Looks at the clock when something is due, until the process ends.
pub(super) async fn watch(daemon: &Arc<Daemon>) -> anyhow::Result<()> {
    loop {
        let looking = Arc::clone(daemon);
        let wait = tokio::task::spawn_blocking(move || looking.look_at_clock()).await;
        let wait = wait.context("looking at the clock failed")?;
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = daemon.clock_has_changed.notified() => {}
        }
    }
}
