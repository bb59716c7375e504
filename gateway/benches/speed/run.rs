//! The runs: batches of turns through the filter, each with its like through the empty program.

use aya::Ebpf;
use aya::maps::{Array, MapData, PerCpuArray, PerCpuValues, ProgramArray};
use aya::programs::{SchedClassifier, TestRun as _, TestRunOptions, Xdp};
use aya::util::nr_cpus;
use gateway::datapath::load::{Loaded, Options};
use gateway::datapath::maps::Maps;
use gateway::policy::{Compiled, Numbers};
use gateway_common::abi::{EVENTS_A_SECOND, INITIALS_A_SECOND, MAX_FLOWS, MAX_PARTIAL};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use super::cases::Case;
use crate::frame::{Frame, Path};
use crate::setup::Setup;
use crate::tcp::Tcp;

/// Turns of a batch: so few that each is told of, and what is half read is not forgotten.
const TURNS: u32 = 250;
const _: () = assert!(TURNS < MAX_PARTIAL / 4 && TURNS < INITIALS_A_SECOND && TURNS < EVENTS_A_SECOND);

/// Number of the only device that is listed.
const PHONE: u32 = 1;

/// Batches of a case.
const BATCHES: usize = 41;

/// Where the programs stand in the array of those that can be measured.
const FILTER: u32 = 0;
const EMPTY: u32 = 1;

/// `XDP_PASS` of linux/bpf.h.
const XDP_PASS: u32 = 2;

/// `TC_ACT_UNSPEC` of linux/pkt_cls.h.
const UNSPEC: u32 = u32::MAX;

/// The filter and what it is measured with.
pub struct Bench {
    maps: Maps,
    object: Ebpf,
    turn: Array<MapData, [u32; 3]>,
    /// How many Initials of each device were read in the second that is counted, and how many events told.
    budgets: [PerCpuArray<MapData, [u32; 2]>; 2],
    /// The programs of the filter, and what keeps those behind its tail calls.
    loaded: Loaded,
    /// Holds the filter and the empty program.
    _measured: ProgramArray<MapData>,
    /// The number of the next flow.
    next: u32,
}

impl Bench {
    /// Loads the filter with these policies, and `object`. The flow table is full afterwards, as it is in the long run.
    pub fn new(object: &[u8], policies: &Setup) -> Self {
        stay_on_this_cpu();
        let config = policies.config();
        let compiled = Compiled::new(&config, Numbers::default().assign(&config).unwrap(), 0).unwrap();
        let mut loaded = Loaded::new(Options::default()).unwrap();
        assert!(loaded.refused.is_empty(), "the kernel refused: {:?}", loaded.refused);
        let mut maps = Maps::take(&mut loaded.ebpf).unwrap();
        maps.put_in_force(&compiled).unwrap();
        let mut object = Ebpf::load(object).unwrap();
        let turn = object.take_map("TURN").unwrap().try_into().unwrap();
        let budgets =
            ["INITIALS", "TOLD"].map(|name| loaded.ebpf.take_map(name).unwrap().try_into().unwrap());
        let mut measured: ProgramArray<_> = object.take_map("MEASURED").unwrap().try_into().unwrap();
        let empty = program(&mut object, "empty");
        empty.load().unwrap();
        measured.set(EMPTY, empty.fd().unwrap(), 0).unwrap();
        measured.set(FILTER, loaded.ingress().unwrap().fd().unwrap(), 0).unwrap();
        program(&mut object, "turn").load().unwrap();
        classifier(&mut object).load().unwrap();
        let mut this = Self { maps, object, turn, budgets, loaded, _measured: measured, next: 0 };
        let syn = Tcp::new(Path::v4()).syn();
        this.run_often(&syn, [0, 1, FILTER], MAX_FLOWS + TURNS);
        this.next = MAX_FLOWS + TURNS;
        this
    }

    /// The nanoseconds above empty of each batch of a case, sorted.
    pub fn measure(&mut self, case: &Case) -> Vec<f64> {
        let mut samples: Vec<f64> = (0..BATCHES).map(|_| self.batch(case)).collect();
        samples.sort_by(f64::total_cmp);
        samples
    }

    fn batch(&mut self, case: &Case) -> f64 {
        if case.down {
            return case.measured.iter().map(|frame| self.down(frame)).sum();
        }
        let (number, step) = (self.next, u32::from(case.fresh));
        self.next = number.wrapping_add(TURNS);
        for frame in &case.before {
            self.run(frame, [number, step, FILTER]);
        }
        self.drain();
        let mut sum = |measured| -> f64 {
            case.measured.iter().map(|frame| self.run(frame, [number, step, measured])).sum()
        };
        let above = sum(FILTER) - sum(EMPTY);
        self.drain();
        above
    }

    /// Runs a frame [`TURNS`] times; nanoseconds of a turn.
    fn run(&mut self, frame: &Frame, turn: [u32; 3]) -> f64 {
        self.run_often(frame, turn, TURNS)
    }

    /// The nanoseconds above empty of a packet towards a device.
    fn down(&mut self, frame: &Frame) -> f64 {
        let time = |program: &mut SchedClassifier| {
            let options =
                TestRunOptions { data_in: Some(&frame.bytes), repeat: TURNS, ..TestRunOptions::new() };
            let result = program.test_run(options).unwrap();
            assert_eq!(result.return_value, UNSPEC);
            result.duration.as_secs_f64() * 1e9
        };
        time(self.loaded.egress().unwrap().unwrap()) - time(classifier(&mut self.object))
    }

    fn run_often(&mut self, frame: &Frame, turn: [u32; 3], repeat: u32) -> f64 {
        self.turn.set(0, turn, 0).unwrap();
        // A batch is below what a device may send in a second, but many of them are not.
        let cpus = nr_cpus().unwrap();
        for budget in &mut self.budgets {
            budget.set(PHONE, PerCpuValues::try_from(vec![[0; 2]; cpus]).unwrap(), 0).unwrap();
        }
        let options = TestRunOptions { data_in: Some(&frame.bytes), repeat, ..TestRunOptions::new() };
        let result = program(&mut self.object, "turn").test_run(options).unwrap();
        assert_eq!(result.return_value, XDP_PASS);
        result.duration.as_secs_f64() * 1e9
    }

    /// Makes room for events, and asserts that there was some.
    fn drain(&mut self) {
        while self.maps.events.next().is_some() {}
        let lost = self.maps.events_lost.get(&0, 0).unwrap();
        assert_eq!(lost.iter().sum::<u64>(), 0, "events were lost");
    }
}

fn classifier(object: &mut Ebpf) -> &mut SchedClassifier {
    object.program_mut("empty_down").unwrap().try_into().unwrap()
}

fn program<'a>(object: &'a mut Ebpf, name: &str) -> &'a mut Xdp {
    object.program_mut(name).unwrap().try_into().unwrap()
}

/// Maps have parts of each CPU's own; moving between them would be measured too.
fn stay_on_this_cpu() {
    let this = Pid::from_raw(0);
    let allowed = sched_getaffinity(this).unwrap();
    let last = (0..CpuSet::count()).rfind(|cpu| allowed.is_set(*cpu).unwrap()).unwrap();
    let mut only = CpuSet::new();
    only.set(last).unwrap();
    sched_setaffinity(this, &only).unwrap();
}
