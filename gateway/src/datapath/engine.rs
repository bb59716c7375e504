//! The filter as a whole, as the daemon steers it: load or adopt, put a policy in force, attach.

use gateway_common::wire::MacAddr;

use super::Error;
use super::attach::{Attached, attach};
use super::load::{Loaded, Options};
use super::maps::Maps;
use super::mute::voice;
use super::pins::Pins;
use crate::policy::track;
use crate::policy::{
    CompileError, Compiled, Config, Numbers, PrefixTable, Prefixes, Resolved, Standing, TooMany, Who,
};

/// A policy that could not be put in force. The one before it still is.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There are not enough numbers.
    #[error(transparent)]
    Numbers(#[from] TooMany),
    /// A number is missing.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The kernel refused something.
    #[error(transparent)]
    Kernel(#[from] Error),
}

/// The filter: programs loaded, maps pinned.
pub struct Engine {
    /// The programs.
    pub loaded: Loaded,
    /// The maps.
    pub maps: Maps,
    pins: Pins,
    /// The nets of the configuration in force, if addresses of hosts may come beside them.
    nets: Prefixes,
    /// The addresses of hosts that are in force.
    resolved: Resolved,
}

impl Engine {
    /// Loads the programs on the pinned maps of this ABI version, or on new ones if there are none. What is attached
    /// goes on filtering meanwhile.
    ///
    /// # Errors
    /// [`Error::NotBpfFs`] if `pins` is not in a BPF file system, [`Error::Load`] and [`Error::Program`] if the kernel
    /// refuses.
    pub fn start(pins: Pins, log: bool) -> Result<Self, Error> {
        pins.create()?;
        let loaded = Loaded::new(Options { pins: Some(&pins), log, hurried: false })?;
        let maps = Maps::pinned(&pins)?;
        Ok(Self { loaded, maps, pins, nets: Prefixes::new(), resolved: Resolved::default() })
    }

    /// Puts the policies of `config` in force as a whole, as far as they hold, and returns what was compiled and the new
    /// generation's number. Addresses of hosts that it still blocks stay blocked.
    ///
    /// # Errors
    /// [`Refused`]; what was in force then still is.
    pub fn apply(&mut self, config: &Config, standing: &Standing) -> Result<(Compiled, u64), Refused> {
        let previous = self.maps.read_numbers()?;
        let tracked = track::kept(config, self.maps.read_tracked()?);
        let numbers = previous.assign_with(config, &tracked)?;
        let mut compiled = Compiled::new(config, numbers, self.maps.seed()?)?;
        compiled.who = Who::new(config, standing, &compiled.numbers)?;
        if config.resolves() && !self.resolved.is_empty() {
            let nets = self.resolved.beside(&compiled.nets, config, &compiled.numbers)?;
            compiled.prefixes = PrefixTable::new(&nets);
        }
        let generation = self.put_in_force(config, &previous, &compiled)?;
        self.nets = std::mem::take(&mut compiled.nets);
        if !config.resolves() {
            self.resolved = Resolved::default();
        }
        Ok((compiled, generation))
    }

    /// Puts in force what holds now of `config`, which is in force; the tables stay what they are. Returns the new
    /// generation's number.
    ///
    /// # Errors
    /// [`Refused`]; what was in force then still is.
    pub fn apply_who(&mut self, config: &Config, standing: &Standing) -> Result<u64, Refused> {
        let who = Who::new(config, standing, &self.maps.read_numbers()?)?;
        Ok(self.maps.put_who_in_force(&who)?)
    }

    /// Counts the devices on their own from now on for which `config`, which is in force, has room among those that are not
    /// listed and were seen. Returns them and the new generation's number, or `None` if there are none.
    ///
    /// # Errors
    /// [`Refused`]; what was in force then still is.
    pub fn track(
        &mut self,
        config: &Config,
        standing: &Standing,
    ) -> Result<Option<(Vec<MacAddr>, u64)>, Refused> {
        if config.track == 0 {
            return Ok(None);
        }
        let mut tracked = track::kept(config, self.maps.read_tracked()?);
        if tracked.len() == config.track {
            return Ok(None);
        }
        let seen = self.maps.read_seen()?.into_iter().map(|(mac, seen)| (mac, seen.first));
        let new = track::newcomers(config, &tracked, seen);
        if new.is_empty() {
            return Ok(None);
        }
        tracked.extend(&new);
        let previous = self.maps.read_numbers()?;
        let next = previous.assign_with(config, &tracked)?;
        let who = Who::new(config, standing, &next)?;
        self.maps.label(config, &previous, &next)?;
        match self.maps.put_who_in_force(&who) {
            Ok(generation) => Ok(Some((new, generation))),
            Err(error) => {
                self.maps.free_labels(&next, &previous)?;
                Err(error.into())
            }
        }
    }

    /// Puts these addresses of hosts in force in place of those that are; `config` is in force, and all else stays what it
    /// is. Returns the new generation's number, or `None` if those addresses are in force already.
    ///
    /// # Errors
    /// [`Refused`]; what was in force then still is.
    pub fn apply_resolved(&mut self, config: &Config, resolved: Resolved) -> Result<Option<u64>, Refused> {
        // Without a policy that resolves, the nets are not kept, and there is nothing to put beside them.
        if resolved == self.resolved || !config.resolves() {
            return Ok(None);
        }
        let nets = resolved.beside(&self.nets, config, &self.maps.read_numbers()?)?;
        let generation = self.maps.put_prefixes_in_force(&PrefixTable::new(&nets))?;
        self.resolved = resolved;
        Ok(Some(generation))
    }

    fn put_in_force(
        &mut self,
        config: &Config,
        previous: &Numbers,
        compiled: &Compiled,
    ) -> Result<u64, Error> {
        self.maps.label(config, previous, &compiled.numbers)?;
        let generation = self.maps.put_in_force(compiled)?;
        self.maps.free_labels(previous, &compiled.numbers)?;
        Ok(generation)
    }

    /// Puts the program on `interfaces` and takes it off all others.
    ///
    /// # Errors
    /// [`Error::Attach`] if an interface does not take it, [`Error::Map`] if it cannot be kept which of them cannot answer.
    pub fn attach(&mut self, interfaces: &[String]) -> Result<Vec<Attached>, Error> {
        let attached = attach(&mut self.loaded, &self.pins, interfaces)?;
        self.maps.set_mute(&attached)?;
        Ok(attached)
    }

    /// Looks again whether `attached` can send answers; returns those of which that has changed.
    ///
    /// # Errors
    /// [`Error::Map`] if it cannot be kept in the kernel.
    pub fn check_answers(&mut self, attached: &mut [Attached]) -> Result<Vec<Attached>, Error> {
        let mut changed = Vec::new();
        for this in attached.iter_mut().filter(|this| this.is_there()) {
            let now = voice(&this.interface, this.mode);
            if now != this.voice {
                this.voice = now;
                changed.push(this.clone());
            }
        }
        if !changed.is_empty() {
            self.maps.set_mute(attached)?;
        }
        Ok(changed)
    }
}
