//! Loaded programs for one test, which the next test may take over.
//!
//! A load is verified anew, and where a machine is emulated (`cargo xtask vm`) that takes seconds. There, the programs of
//! a test that passed are handed on, after each of their maps was made as it is after a load. Elsewhere, every test
//! loads its own.

use std::io::{Error, ErrorKind, Result};
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::sync::{Mutex, PoisonError};
use std::{env, ptr, thread};

use aya::Ebpf;
use aya::maps::{Map, MapData};
use gateway::datapath::load::{Loaded, Options};
use gateway::datapath::maps::Maps;
use nix::libc;

use super::filter::explained;

/// With this variable in the environment, programs are handed on.
const REUSE: &str = "GATEWAY_TEST_REUSE";

/// Programs that no test has at present; nothing is left in their maps.
static FREE: Mutex<Vec<Programs>> = Mutex::new(Vec::new());

/// The programs as they are after a load, and their maps.
pub struct Programs {
    pub loaded: Loaded,
    pub maps: Maps,
    /// All maps that a test can leave something in, apart from the ring buffer.
    tables: Vec<Table>,
}

/// Programs that belong to one test.
pub struct Lease(Option<Programs>);

impl Lease {
    /// Programs without a policy and without a trace of other tests.
    #[track_caller]
    pub fn new() -> Self {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self(Some(free.unwrap_or_else(Programs::load)))
    }
}

impl Deref for Lease {
    type Target = Programs;

    fn deref(&self) -> &Programs {
        self.0.as_ref().expect("only `drop` takes it out")
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Programs {
        self.0.as_mut().expect("only `drop` takes it out")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut programs) = self.0.take() else { return };
        if env::var_os(REUSE).is_some() && !thread::panicking() {
            programs.clear();
            FREE.lock().unwrap_or_else(PoisonError::into_inner).push(programs);
        }
    }
}

impl Programs {
    #[track_caller]
    fn load() -> Self {
        let mut loaded = explained(Loaded::new(Options::default()));
        assert!(loaded.refused.is_empty(), "the kernel refused: {:?}", loaded.refused);
        let tables = tables(&loaded.ebpf);
        let maps = explained(Maps::take(&mut loaded.ebpf));
        Self { loaded, maps, tables }
    }

    /// The numbers of devices for which something is counted.
    pub fn counted(&self) -> Vec<u32> {
        let counters = self.tables.iter().find(|table| table.name == "COUNTERS").expect("every load has it");
        let mut values = vec![0; counters.value_size * usize::try_from(counters.entries).unwrap()];
        let read = counters.batch(LOOKUP_BATCH, &mut values);
        read.unwrap_or_else(|error| panic!("the counters cannot be read: {error}"));
        // As slices: of thousands of numbers, byte by byte takes its time where a machine is emulated.
        let zero = vec![0; counters.value_size];
        let values = (0..).zip(values.chunks_exact(counters.value_size));
        values.filter(|(_, value)| **value != *zero).map(|(number, _)| number).collect()
    }

    /// Makes every map as it is after a load.
    fn clear(&mut self) {
        while self.maps.events.next().is_some() {}
        for table in &self.tables {
            table.clear().unwrap_or_else(|error| panic!("{} cannot be cleared: {error}", table.name));
        }
    }
}

/// Commands of bpf(2).
const LOOKUP: libc::c_long = 1;
const DELETE: libc::c_long = 3;
const NEXT_KEY: libc::c_long = 4;
const LOOKUP_BATCH: libc::c_long = 24;
const UPDATE_BATCH: libc::c_long = 26;

/// What bpf(2) is told about an element of a map (`union bpf_attr` in linux/bpf.h).
#[repr(C)]
struct Element {
    map: u32,
    reserved: u32,
    /// The addresses of a key, and of a value or the next key.
    key: usize,
    other: usize,
    flags: u64,
}
const _: () = assert!(size_of::<Element>() == 32);

/// What bpf(2) is told about many elements.
#[repr(C)]
struct Batch {
    /// Where to begin, nowhere for the beginning; and where a command that reads says where it ended.
    begin: usize,
    end: usize,
    keys: usize,
    values: usize,
    count: u32,
    map: u32,
    flags: [u64; 2],
}
const _: () = assert!(size_of::<Batch>() == 56);

/// A map without its types.
struct Table {
    name: String,
    map: OwnedFd,
    kind: Kind,
    key_size: usize,
    /// Bytes of a value as user space hands it over, for all processors together.
    value_size: usize,
    entries: u32,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Empty after a load.
    Hash,
    /// Zero after a load.
    Array,
    /// Every element is empty after a load.
    Maps,
}

/// The maps of a load.
fn tables(ebpf: &Ebpf) -> Vec<Table> {
    // Constants cannot be changed.
    let maps = ebpf.maps().filter(|(name, _)| !name.starts_with(".rodata"));
    let table = |(name, map): (&str, &Map)| match map {
        Map::HashMap(map) | Map::LruHashMap(map) => Some(Table::new(name, map, Kind::Hash, false)),
        Map::PerCpuHashMap(map) => Some(Table::new(name, map, Kind::Hash, true)),
        Map::Array(map) => Some(Table::new(name, map, Kind::Array, false)),
        Map::PerCpuArray(map) => Some(Table::new(name, map, Kind::Array, true)),
        Map::ArrayOfMaps(map) => Some(Table::new(name, map, Kind::Maps, false)),
        Map::RingBuf(_) => None,
        _ => panic!("it is not known here how to clear the map {name}"),
    };
    maps.filter_map(table).collect()
}

fn processors() -> usize {
    aya::util::nr_cpus().map_err(|(_, error)| error).unwrap()
}

impl Table {
    fn new(name: &str, map: &MapData, kind: Kind, per_cpu: bool) -> Self {
        let info = map.info().unwrap();
        let value_size = usize::try_from(info.value_size()).unwrap();
        Self {
            name: name.to_owned(),
            map: map.fd().as_fd().try_clone_to_owned().unwrap(),
            kind,
            key_size: usize::try_from(info.key_size()).unwrap(),
            value_size: if per_cpu { value_size.next_multiple_of(8) * processors() } else { value_size },
            entries: info.max_entries(),
        }
    }

    fn clear(&self) -> Result<()> {
        match self.kind {
            Kind::Hash => self.keys()?.iter().try_for_each(|key| self.delete(key)),
            Kind::Array => self.zero(),
            Kind::Maps => (0..self.entries).try_for_each(|index| self.delete(&index.to_ne_bytes())),
        }
    }

    /// Whether the map is as it is after a load.
    fn is_clear(&self) -> Result<bool> {
        match self.kind {
            Kind::Hash => Ok(self.keys()?.is_empty()),
            Kind::Array | Kind::Maps => {
                for index in 0..self.entries {
                    let mut value = vec![0; self.value_size];
                    match self.call(LOOKUP, &index.to_ne_bytes(), value.as_mut_ptr()) {
                        Err(error) if error.kind() == ErrorKind::NotFound => {}
                        done => done?,
                    }
                    if value.iter().any(|byte| *byte != 0) {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }

    /// Makes every element of an array zero.
    fn zero(&self) -> Result<()> {
        self.batch(UPDATE_BATCH, &mut vec![0; self.value_size * usize::try_from(self.entries).unwrap()])
    }

    /// Reads or writes every element of an array by one call: of some arrays there are thousands.
    fn batch(&self, command: libc::c_long, values: &mut [u8]) -> Result<()> {
        let mut keys: Vec<u32> = (0..self.entries).collect();
        let mut end = 0_u32;
        assert_eq!(values.len(), self.value_size * keys.len());
        let mut batch = Batch {
            begin: 0,
            end: (&raw mut end).expose_provenance(),
            keys: keys.as_mut_ptr().expose_provenance(),
            values: values.as_mut_ptr().expose_provenance(),
            count: self.entries,
            map: self.map.as_raw_fd().try_into().unwrap(),
            flags: [0; 2],
        };
        // SAFETY: the kernel reads or writes of keys and values as many as `count` says, where it ended, and `count`: all
        // live, are that long, and nothing else refers to them.
        let done = unsafe { libc::syscall(libc::SYS_bpf, command, &raw mut batch, size_of::<Batch>()) };
        if done < 0 { Err(Error::last_os_error()) } else { Ok(()) }
    }

    /// Deletes an element; one that is not there is as good as deleted.
    fn delete(&self, key: &[u8]) -> Result<()> {
        match self.call(DELETE, key, ptr::null_mut()) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    fn keys(&self) -> Result<Vec<Vec<u8>>> {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        loop {
            let mut next = vec![0; self.key_size];
            let before: &[u8] = keys.last().map_or(&[], Vec::as_slice);
            match self.call(NEXT_KEY, before, next.as_mut_ptr()) {
                Ok(()) => keys.push(next),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(keys),
                Err(error) => return Err(error),
            }
        }
    }

    /// Calls the kernel about an element. `key` has the map's size of keys or, for the first key, none; `other` has
    /// the size of a value or a key, as the command asks for.
    fn call(&self, command: libc::c_long, key: &[u8], other: *mut u8) -> Result<()> {
        assert!(key.len() == self.key_size || (command == NEXT_KEY && key.is_empty()));
        let key = if key.is_empty() { ptr::null() } else { key.as_ptr() };
        let element = Element {
            map: self.map.as_raw_fd().try_into().unwrap(),
            reserved: 0,
            key: key.expose_provenance(),
            other: other.expose_provenance(),
            flags: 0,
        };
        // SAFETY: the kernel reads `element` and a key and, by the command, reads or writes a value or a key: all live,
        // and as long as the map's sizes say. The next key, which it writes, is in memory that nothing else refers to.
        let done = unsafe { libc::syscall(libc::SYS_bpf, command, &raw const element, size_of::<Element>()) };
        if done < 0 { Err(Error::last_os_error()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::Programs;
    use crate::harness::*;

    /// Maps in which something lies.
    fn filled(programs: &Programs) -> Vec<&str> {
        let tables = programs.tables.iter().filter(|table| !table.is_clear().unwrap());
        tables.map(|table| table.name.as_str()).collect()
    }

    #[test]
    fn nothing_of_what_a_test_leaves_in_the_maps_is_there_for_the_next_one() {
        let mut filter = Filter::phone("action = \"reject\"\n[block]\nports = [\"udp/853\"]");
        let mut tcp = Tcp::new(Path::v4());
        filter.run(&tcp.syn());
        filter.run(&tcp.send(&hello("x.example")[..40]));
        assert_eq!(filter.outcome(&Path::v4().port(853).udp(b"hi")).verdict, "XDP_TX");
        let programs: &mut Programs = &mut filter;
        let seen = filled(programs);
        for name in ["ACTIVE", "BLOCKED", "COUNTERS", "DEVICES", "FLOWS", "PARTIAL", "REPLIES", "SCRATCH"] {
            assert!(seen.contains(&name), "{name} is not among {seen:?}");
        }
        programs.clear();
        assert_eq!(filled(programs), [""; 0]);
    }
}
