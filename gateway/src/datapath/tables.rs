//! A compiled policy into the slot that is not in force, then the swap.
//!
//! The order is what makes it whole: new inner maps are made and filled while no packet can see them; then they enter the
//! idle slot; then `ACTIVE` names that slot. A packet reads `ACTIVE` once, so it sees one policy throughout. Only when no
//! packet can be using the old slot any more are its maps given back.

use aya::maps::of_maps::ArrayOfMaps;
use aya::maps::{HashMap, MapData, MapError};
use gateway_common::abi::{Generation, Masks};

use super::Error;
use super::mapped;
use super::maps::{Devices, Maps, Ports, Table, map};
use super::plain::Plain;
use crate::policy::{Compiled, NameView, PrefixTable, Who};

/// Inner maps of one slot.
struct Slot {
    devices: Devices,
    names: Table,
    prefixes: Table,
    ports: Ports,
}

impl Maps {
    /// The number of the generation in force; 0 before the first.
    ///
    /// # Errors
    /// [`Error::Map`] if the map cannot be read.
    pub fn generation(&self) -> Result<u64, Error> {
        Ok(self.in_force()?.number)
    }

    /// The key of the names' hashes: the one in use, since the flow table holds hashes too, or a new one before the first
    /// generation.
    ///
    /// # Errors
    /// [`Error::Map`] if the map cannot be read, [`Error::System`] without random numbers.
    pub fn seed(&self) -> Result<u64, Error> {
        let generation = self.in_force()?;
        if generation.number > 0 {
            return Ok(generation.hash_seed);
        }
        getrandom::u64().map_err(|error| Error::System { call: "getrandom", source: error.into() })
    }

    /// Puts `compiled` in force as a whole and returns the number of the new generation.
    ///
    /// # Errors
    /// [`Error::Map`] and [`Error::System`] if a map cannot be made or filled. The policy that was in force then still is.
    pub fn put_in_force(&mut self, compiled: &Compiled) -> Result<u64, Error> {
        let ports = compiled.ports.iter().map(|(port, masks)| (Plain(*port), Plain(*masks)));
        let slot = Slot {
            devices: devices(&compiled.who)?,
            names: mapped::table("NAMES", &compiled.names.cells)?,
            prefixes: mapped::table("PREFIXES", &compiled.prefixes.cells)?,
            ports: hash_map("PORTS", ports)?,
        };
        let generation = Generation {
            hash_seed: compiled.names.seed,
            observe: compiled.observe,
            reject: compiled.reject,
            nameless: compiled.nameless,
            malformed: compiled.malformed,
            fragments: compiled.fragments,
            ip_literal: compiled.ip_literal,
            ech: compiled.ech,
            ech_judge: compiled.ech_judge,
            quic_block: compiled.quic_block,
            quic_pass: compiled.quic_pass,
            names: compiled.names.shape,
            prefixes_v4: compiled.prefixes.v4,
            prefixes_v6: compiled.prefixes.v6,
            ..self.in_force()?
        };
        self.swap(&slot, with_who(generation, &compiled.who))
    }

    /// Puts in force that these policies apply to these devices, while the tables stay what they are; returns the number of
    /// the new generation.
    ///
    /// # Errors
    /// As [`Maps::put_in_force`].
    pub fn put_who_in_force(&mut self, who: &Who) -> Result<u64, Error> {
        let slot = Slot { devices: devices(who)?, ..self.slot_in_force()? };
        self.swap(&slot, with_who(self.in_force()?, who))
    }

    /// Puts in force that these nets are blocked or allowed, while all else stays what it is; returns the number of the new
    /// generation.
    ///
    /// # Errors
    /// As [`Maps::put_in_force`].
    pub fn put_prefixes_in_force(&mut self, prefixes: &PrefixTable) -> Result<u64, Error> {
        let slot = Slot { prefixes: mapped::table("PREFIXES", &prefixes.cells)?, ..self.slot_in_force()? };
        let generation =
            Generation { prefixes_v4: prefixes.v4, prefixes_v6: prefixes.v6, ..self.in_force()? };
        self.swap(&slot, generation)
    }

    /// What is listed of each of the names, which are lower-case and without a trailing dot.
    ///
    /// # Errors
    /// [`Error::Map`] or [`Error::System`] if the table in force cannot be read.
    pub fn look_up_names(&self, names: &[&str]) -> Result<Vec<Masks>, Error> {
        let Generation { names: shape, hash_seed: seed, .. } = self.in_force()?;
        let table = self.slot_in_force()?.names;
        mapped::read("NAMES", &table, |cells| {
            let view = NameView { cells, shape, seed };
            names.iter().map(|name| view.look_up(name.as_bytes())).collect()
        })
    }

    /// The inner maps of the slot in force.
    fn slot_in_force(&self) -> Result<Slot, Error> {
        let active = self.active_slot()?;
        Ok(Slot {
            devices: self.devices.get(&active, 0).map_err(|source| map("read", "DEVICES", source))?,
            names: self.names.get(&active, 0).map_err(|source| map("read", "NAMES", source))?,
            prefixes: self.prefixes.get(&active, 0).map_err(|source| map("read", "PREFIXES", source))?,
            ports: self.ports.get(&active, 0).map_err(|source| map("read", "PORTS", source))?,
        })
    }

    /// Makes of the idle slot the one in force.
    fn swap(&mut self, slot: &Slot, generation: Generation) -> Result<u64, Error> {
        let number = self.generation()? + 1;
        let old = self.active_slot()?;
        let idle = 1 - old;
        self.enter(idle, slot)?;
        let generation = Generation { number, ..generation };
        self.generations
            .set(idle, Plain(generation), 0)
            .map_err(|source| map("fill", "GENERATIONS", source))?;
        self.active.set(0, idle, 0).map_err(|source| map("switch", "ACTIVE", source))?;
        // A packet that began before the switch may go on to read the old slot. Writing to an array of maps waits at its end
        // until no program runs that ran when it began (kernel/bpf/syscall.c, maybe_wait_bpf_programs); so the new slot is
        // given what it has once more, and only then is the old one emptied.
        set(&mut self.ports, "PORTS", idle, &slot.ports)?;
        self.enter(old, &Slot::empty()?)?;
        Ok(number)
    }

    fn in_force(&self) -> Result<Generation, Error> {
        let slot = self.active_slot()?;
        let generation = self.generations.get(&slot, 0);
        Ok(generation.map_err(|source| map("read", "GENERATIONS", source))?.0)
    }

    fn active_slot(&self) -> Result<u32, Error> {
        let slot = self.active.get(&0, 0).map_err(|source| map("read", "ACTIVE", source))?;
        Ok(slot & 1)
    }

    fn enter(&mut self, slot: u32, inner: &Slot) -> Result<(), Error> {
        set(&mut self.devices, "DEVICES", slot, &inner.devices)?;
        set(&mut self.names, "NAMES", slot, &inner.names)?;
        set(&mut self.prefixes, "PREFIXES", slot, &inner.prefixes)?;
        set(&mut self.ports, "PORTS", slot, &inner.ports)
    }
}

/// The generation with what it says of devices.
fn with_who(generation: Generation, who: &Who) -> Generation {
    let prefixes = who.devices.keys().map(|key| key.bytes).filter(|bytes| *bytes < 6);
    Generation {
        default_policies: who.default_policies,
        mac_prefixes: prefixes.fold(0, |mask, bytes| mask | 1 << bytes),
        ..generation
    }
}

fn set<V: aya::maps::InnerMap>(
    outer: &mut ArrayOfMaps<MapData, V>,
    name: &'static str,
    slot: u32,
    inner: &V,
) -> Result<(), Error> {
    outer.set(slot, inner, 0).map_err(|source| map("fill", name, source))
}

impl Slot {
    fn empty() -> Result<Self, Error> {
        Ok(Self {
            devices: hash_map("DEVICES", std::iter::empty())?,
            names: mapped::table("NAMES", &[])?,
            prefixes: mapped::table("PREFIXES", &[])?,
            ports: hash_map("PORTS", std::iter::empty())?,
        })
    }
}

fn devices(who: &Who) -> Result<Devices, Error> {
    hash_map("DEVICES", who.devices.iter().map(|(key, device)| (Plain(*key), Plain(*device))))
}

fn hash_map<K: aya::Pod, V: aya::Pod>(
    name: &'static str,
    entries: impl ExactSizeIterator<Item = (K, V)>,
) -> Result<HashMap<MapData, K, V>, Error> {
    let mut inner =
        HashMap::create(capacity(entries.len()), 0).map_err(|source| map("make", name, source))?;
    fill(name, entries, |key, value| inner.insert(key, value, 0))?;
    Ok(inner)
}

fn fill<K, V>(
    name: &'static str,
    entries: impl Iterator<Item = (K, V)>,
    mut insert: impl FnMut(K, V) -> Result<(), MapError>,
) -> Result<(), Error> {
    for (key, value) in entries {
        insert(key, value).map_err(|source| map("fill", name, source))?;
    }
    Ok(())
}

/// The kernel makes no map without room.
fn capacity(entries: usize) -> u32 {
    u32::try_from(entries.max(1)).unwrap_or(u32::MAX)
}
