//! What a look-up costs in the kernel with a cold cache, and beside it one in the kernel's own kinds of maps.
//!
//! A batch begins with a walk through more memory than any cache holds. Then the program runs on a few thousand names or
//! addresses, each once, and the same again with the program that finds out what is asked and asks nothing. What is told is
//! the difference, for addresses also without the walk: for a name the hashes of it and of all names above it and a search for each; for an address one search.

use std::net::IpAddr;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd};

use aya::Ebpf;
use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, HashMap, Map, MapData};
use aya::programs::{TestRun as _, TestRunOptions, Xdp};
use gateway::datapath::maps::Maps;
use gateway::policy::{Compiled, Names, PrefixTable, Prefixes};
use gateway_common::abi::{Masks, NameMasks};
use gateway_common::name;
use ipnet::IpNet;

use super::made::{NAMES, NETS, four_labels, net_v4, net_v6};
use super::report::{Report, Target};

/// Look-ups of a batch, and batches: no name is asked twice, of all that are prepared.
const TURNS: u32 = 4096;
const BATCHES: u32 = 31;
const PREPARED: u64 = (TURNS * (BATCHES + 1)) as u64;

/// Bytes that are walked through to empty the caches: several times the largest.
const WALK: usize = 128 << 20;

/// `XDP_PASS` of linux/bpf.h.
const XDP_PASS: u32 = 2;

const SEED: u64 = 0x5eed;
const BLOCK: Masks = Masks { block: 1, allow: 0 };

const NAME_HIT: &str = "look up a listed name, cold";
const NAME_MISS: &str = "look up a name that is not listed, cold";
const NAME_MEMORY: &str = "kernel memory of a million names";
const V4: &str = "look up an IPv4 address among 100,000 nets";
const V6: &str = "look up an IPv6 address among 100,000 nets";

fn beside(case: &str, map: &str) -> String {
    format!("{case}: {map}")
}

/// Nanoseconds of a look-up, and bytes.
pub fn measure(report: &mut Report, object: &[u8]) {
    if report.wants_any(&[NAME_HIT, NAME_MISS, NAME_MEMORY]) {
        measure_names(report, object);
    }
    for (case, net, programs) in [
        (V4, net_v4 as fn(u64) -> IpNet, ["v4_in_table", "v4_in_trie"]),
        (V6, net_v6, ["v6_in_table", "v6_in_trie"]),
    ] {
        if report.wants(case) {
            measure_nets(report, object, case, net, programs);
        }
    }
}

fn measure_names(report: &mut Report, object: &[u8]) {
    let mut kernel = Kernel::new(object);
    let mut names = Names::new(SEED);
    let number = names.number(NameMasks { below: BLOCK, exact: BLOCK });
    (0..NAMES).for_each(|n| names.add(four_labels(n).as_bytes(), number));
    kernel.put_in_force(&Compiled { names: names.build(), ..Compiled::default() });
    let hashes = kernel.object.take_map("HASHES").unwrap();
    let Map::HashMap(data) = &hashes else { panic!("a map of another kind") };
    let hashed = locked(data.fd().as_fd());
    let mut hashes: HashMap<MapData, u64, u32> = hashes.try_into().unwrap();
    for n in 0..NAMES {
        hashes.insert(name::hash(SEED, four_labels(n).as_bytes()), 1, 0).unwrap();
    }
    // One slot is in force, the other holds an empty table.
    let tables = (0..2).map(|slot| locked(kernel.maps.names.get(&slot, 0).unwrap().fd().as_fd()));
    report.take(
        NAME_MEMORY,
        "bytes a name",
        &[tables.sum::<f64>() / NAMES as f64],
        Some(Target::AtMost(24.0)),
    );
    report.take(&beside(NAME_MEMORY, "BPF hash map"), "bytes a name", &[hashed / NAMES as f64], None);
    // Listed names all over the list, and names that come behind it.
    for (case, first, hits) in [(NAME_HIT, 0, TURNS), (NAME_MISS, NAMES, 0)] {
        kernel.prepare((0..PREPARED).map(|n| words_of_name(&four_labels(first + n * 7919 % NAMES))));
        report.take(
            case,
            "ns",
            &kernel.samples("name_in_table", "no_name", hits),
            Some(Target::AtMost(350.0)),
        );
        let samples = kernel.samples("name_in_hashes", "no_name", hits);
        report.take(&beside(case, "BPF hash map"), "ns", &samples, None);
    }
}

fn measure_nets(report: &mut Report, object: &[u8], case: &str, net: fn(u64) -> IpNet, programs: [&str; 2]) {
    let mut kernel = Kernel::new(object);
    let nets: Prefixes = (0..NETS).map(|n| (net(n), BLOCK)).collect();
    kernel.put_in_force(&Compiled { prefixes: PrefixTable::new(&nets), ..Compiled::default() });
    kernel.fill_tries(&nets);
    // Addresses in nets all over the list.
    kernel.prepare((0..PREPARED).map(|n| words_of_address(net(n * 7919 % NETS).addr())));
    let [table, trie] = programs;
    for (state, walks) in [("", false), (", cold", true)] {
        kernel.walks = walks;
        let case = format!("{case}{state}");
        report.take(&case, "ns", &kernel.samples(table, "no_address", TURNS), Some(Target::AtMost(150.0)));
        report.take(&beside(&case, "LPM trie"), "ns", &kernel.samples(trie, "no_address", TURNS), None);
    }
}

/// As the programs read it.
fn words_of_name(name: &str) -> [u64; 8] {
    let mut words = [0; 8];
    for (word, bytes) in words.iter_mut().zip(name.as_bytes().chunks(8)) {
        let mut eight = [0; 8];
        eight.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        *word = u64::from_ne_bytes(eight);
    }
    assert!(name.len() <= 56, "{name}");
    words[7] = name.len() as u64;
    words
}

fn words_of_address(address: IpAddr) -> [u64; 8] {
    let number = match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => address.into(),
    };
    let [high, low] = [number >> 64, number & u128::from(u64::MAX)].map(|half| u64::try_from(half).unwrap());
    [high, low, 0, 0, 0, 0, 0, 0]
}

/// What the kernel says that a map takes, in bytes.
fn locked(map: BorrowedFd<'_>) -> f64 {
    let said = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", map.as_raw_fd())).unwrap();
    said.lines().find_map(|line| line.strip_prefix("memlock:")).unwrap().trim().parse().unwrap()
}

/// The programs and the filter's maps.
struct Kernel {
    object: Ebpf,
    maps: Maps,
    asked: Array<MapData, [u64; 8]>,
    counts: Array<MapData, [u32; 2]>,
    /// What is walked through, and whether it is.
    memory: Vec<u64>,
    walks: bool,
}

impl Kernel {
    fn new(object: &[u8]) -> Self {
        let mut object = Ebpf::load(object).unwrap();
        let maps = Maps::take(&mut object).unwrap();
        let asked = object.take_map("SOUGHT").unwrap().try_into().unwrap();
        let counts = object.take_map("COUNTS").unwrap().try_into().unwrap();
        for (_, program) in object.programs_mut() {
            <&mut Xdp>::try_from(program).unwrap().load().unwrap();
        }
        Self { object, maps, asked, counts, memory: vec![1; WALK / size_of::<u64>()], walks: true }
    }

    fn put_in_force(&mut self, compiled: &Compiled) {
        let mut compiled = compiled.clone();
        compiled.names.seed = SEED;
        self.maps.put_in_force(&compiled).unwrap();
    }

    fn fill_tries(&mut self, nets: &Prefixes) {
        let mut v4: LpmTrie<MapData, [u8; 4], u32> =
            self.object.take_map("TRIE_V4").unwrap().try_into().unwrap();
        let mut v6: LpmTrie<MapData, [u8; 16], u32> =
            self.object.take_map("TRIE_V6").unwrap().try_into().unwrap();
        for net in nets.keys() {
            let len = u32::from(net.prefix_len());
            match net.addr() {
                IpAddr::V4(address) => v4.insert(&Key::new(len, address.octets()), 1, 0).unwrap(),
                IpAddr::V6(address) => v6.insert(&Key::new(len, address.octets()), 1, 0).unwrap(),
            }
        }
    }

    fn prepare(&mut self, asked: impl Iterator<Item = [u64; 8]>) {
        for (at, words) in asked.enumerate() {
            self.asked.set(u32::try_from(at).unwrap(), words, 0).unwrap();
        }
    }

    /// The nanoseconds that a look-up takes in each batch; `hits` is how often something is found in each.
    fn samples(&mut self, asking: &str, nothing: &str, hits: u32) -> Vec<f64> {
        let batch = |batch: u32| {
            let (with, found) = self.run(asking, batch * TURNS);
            assert_eq!(found, hits, "{asking}");
            with - self.run(nothing, batch * TURNS).0
        };
        (0..=BATCHES).map(batch).skip(1).collect()
    }

    /// Runs a program on the prepared from `first` on; nanoseconds of a turn, and how often it found something.
    fn run(&mut self, program: &str, first: u32) -> (f64, u32) {
        self.counts.set(0, [first, 0], 0).unwrap();
        if self.walks {
            std::hint::black_box(self.memory.iter().step_by(8).fold(0_u64, |sum, word| sum ^ word));
        }
        let program: &mut Xdp = self.object.program_mut(program).unwrap().try_into().unwrap();
        let options = TestRunOptions { data_in: Some(&[0; 64]), repeat: TURNS, ..TestRunOptions::new() };
        let result = program.test_run(options).unwrap();
        assert_eq!(result.return_value, XDP_PASS);
        let [_, found] = self.counts.get(&0, 0).unwrap();
        (result.duration.as_secs_f64() * 1e9, found)
    }
}
