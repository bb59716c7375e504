//! A compiled policy into the slot that is not in force, then the swap.
//!
//! The order is what makes it whole: new inner maps are made and filled while no packet can see them; then they enter the
//! idle slot; then `ACTIVE` names that slot. A packet reads `ACTIVE` once, so it sees one policy throughout. Only when no
//! packet can be using the old slot any more are its maps given back.

use aya::maps::lpm_trie::Key;
use aya::maps::of_maps::ArrayOfMaps;
use aya::maps::{HashMap, LpmTrie, MapData, MapError};
use gateway_common::abi::{Generation, PrefixMasks};
use gateway_common::name;
use ipnet::{Ipv4Net, Ipv6Net};

use super::Error;
use super::maps::{Devices, Maps, Names, Ports, PrefixesV4, PrefixesV6, map};
use super::plain::Plain;
use crate::policy::Compiled;

/// `BPF_F_NO_PREALLOC` of linux/bpf.h, which the kernel demands of LPM tries.
const NO_PREALLOC: u32 = 1;

/// Inner maps of one slot.
struct Slot {
    devices: Devices,
    names: Names,
    prefixes_v4: PrefixesV4,
    prefixes_v6: PrefixesV6,
    ports: Ports,
}

impl Maps {
    /// The number of the generation in force; 0 before the first.
    ///
    /// # Errors
    /// [`Error::Map`] if the map cannot be read.
    pub fn generation(&self) -> Result<u64, Error> {
        let slot = self.active_slot()?;
        let generation =
            self.generations.get(&slot, 0).map_err(|source| map("read", "GENERATIONS", source))?;
        Ok(generation.0.number)
    }

    /// Puts `compiled` in force as a whole and returns the number of the new generation.
    ///
    /// # Errors
    /// [`Error::Map`] if a map cannot be made or filled. The policy that was in force then still is.
    pub fn put_in_force(&mut self, compiled: &Compiled) -> Result<u64, Error> {
        let seed =
            getrandom::u64().map_err(|error| Error::System { call: "getrandom", source: error.into() })?;
        let number = self.generation()? + 1;
        let old = self.active_slot()?;
        let idle = 1 - old;
        let slot = Slot::filled(compiled, seed)?;
        self.enter(idle, &slot)?;
        let generation = Generation {
            number,
            hash_seed: seed,
            default_policies: compiled.default_policies,
            observe: compiled.observe,
            reject: compiled.reject,
            nameless: compiled.nameless,
            malformed: compiled.malformed,
            fragments: compiled.fragments,
            ip_literal: compiled.ip_literal,
            ech: compiled.ech,
            quic_block: compiled.quic_block,
            quic_pass: compiled.quic_pass,
        };
        self.generations
            .set(idle, Plain(generation), 0)
            .map_err(|source| map("fill", "GENERATIONS", source))?;
        self.active.set(0, idle, 0).map_err(|source| map("switch", "ACTIVE", source))?;
        // Giving an element of an array of maps another map waits until no program uses the old one (kernel/bpf/syscall.c,
        // maybe_wait_bpf_programs). After this the old slot is idle and empty.
        self.enter(old, &Slot::empty()?)?;
        Ok(number)
    }

    fn active_slot(&self) -> Result<u32, Error> {
        let slot = self.active.get(&0, 0).map_err(|source| map("read", "ACTIVE", source))?;
        Ok(slot & 1)
    }

    fn enter(&mut self, slot: u32, inner: &Slot) -> Result<(), Error> {
        set(&mut self.devices, "DEVICES", slot, &inner.devices)?;
        set(&mut self.names, "NAMES", slot, &inner.names)?;
        set(&mut self.prefixes_v4, "PREFIXES_V4", slot, &inner.prefixes_v4)?;
        set(&mut self.prefixes_v6, "PREFIXES_V6", slot, &inner.prefixes_v6)?;
        set(&mut self.ports, "PORTS", slot, &inner.ports)
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
        Self::filled(&Compiled::default(), 0)
    }

    fn filled(compiled: &Compiled, seed: u64) -> Result<Self, Error> {
        let devices = compiled.devices.iter().map(|(mac, device)| (Plain(*mac), Plain(*device)));
        let names = compiled
            .names
            .iter()
            .map(|(host, masks)| (name::hash(seed, host.as_str().as_bytes()), Plain(*masks)));
        let ports = compiled.ports.iter().map(|(port, masks)| (Plain(*port), Plain(*masks)));
        Ok(Self {
            devices: hash_map("DEVICES", devices)?,
            names: hash_map("NAMES", names)?,
            prefixes_v4: trie("PREFIXES_V4", compiled.prefixes_v4.iter().map(key_v4))?,
            prefixes_v6: trie("PREFIXES_V6", compiled.prefixes_v6.iter().map(key_v6))?,
            ports: hash_map("PORTS", ports)?,
        })
    }
}

fn key_v4((net, masks): &(Ipv4Net, PrefixMasks)) -> (Key<[u8; 8]>, Plain<PrefixMasks>) {
    let [a, b, c, d] = net.network().octets();
    (Key::new(u32::from(net.prefix_len()), [a, b, c, d, 0, 0, 0, 0]), Plain(*masks))
}

fn key_v6((net, masks): &(Ipv6Net, PrefixMasks)) -> (Key<[u8; 16]>, Plain<PrefixMasks>) {
    (Key::new(u32::from(net.prefix_len()), net.network().octets()), Plain(*masks))
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

fn trie<K: aya::Pod, V: aya::Pod>(
    name: &'static str,
    entries: impl ExactSizeIterator<Item = (Key<K>, V)>,
) -> Result<LpmTrie<MapData, K, V>, Error> {
    let mut inner =
        LpmTrie::create(capacity(entries.len()), NO_PREALLOC).map_err(|source| map("make", name, source))?;
    fill(name, entries, |key, value| inner.insert(&key, value, 0))?;
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
