//! The real programs, loaded for one test, and frames given to them.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::ops::{Deref, DerefMut, RangeInclusive};

use aya::programs::{TestRun as _, TestRunOptions};
use gateway::datapath::load::Loaded;
use gateway::datapath::maps::Maps;
use gateway::policy::{Compiled, Numbers, Standing, Who};
use gateway_common::abi::Event;
use nix::time::{ClockId, clock_gettime};
use zerocopy::FromBytes as _;

use super::expected::{Expected, Left, Outcome, Told};
use super::frame::Frame;
use super::lease::{Lease, Programs};
use super::setup::Setup;
use super::tally::{Names, Tally};

/// What a machine must have for these tests. Without it they fail; they are never skipped.
const NEEDS: &str = "this test loads eBPF programs: run it as root (CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON) on Linux \
                     6.1 or newer, as `cargo xtask test` does";

/// The value of a call to the kernel, or the end of the test with what the machine lacks.
#[track_caller]
pub fn explained<T, E: StdError>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        panic!("{NEEDS}\n{text}")
    })
}

/// Programs and maps of its own (as the fields `loaded` and `maps`), and a policy in force.
pub struct Filter {
    programs: Lease,
    numbers: Numbers,
    names: Names,
    /// Every counter after the last frame.
    tally: Tally,
}

impl Filter {
    /// Loads the programs and puts the policies in force.
    #[track_caller]
    pub fn new(setup: &Setup) -> Self {
        let mut this = Self::empty();
        this.reload(setup);
        this
    }

    /// Loads the programs; no policy was ever in force.
    #[track_caller]
    pub fn empty() -> Self {
        let (numbers, names, tally) = (Numbers::default(), Names::new(), Tally::default());
        Self { programs: Lease::new(), numbers, names, tally }
    }

    /// The device `phone` with one policy `p`; `text` is the policy's file without its name.
    #[track_caller]
    pub fn phone(text: &str) -> Self {
        Self::new(&Setup::phone(text))
    }

    /// Puts other policies in force and returns the number of the generation. Nothing is counted by that.
    #[track_caller]
    pub fn reload(&mut self, setup: &Setup) -> u64 {
        let compiled = self.compiled(setup);
        let generation = explained(self.maps.put_in_force(&compiled));
        let tally = self.tally();
        assert_eq!(tally.since(&self.tally), Tally::default(), "a reload moved counters");
        self.tally = tally;
        generation
    }

    /// The tables of `setup`, with numbers that go on from those in use.
    #[track_caller]
    pub fn compiled(&mut self, setup: &Setup) -> Compiled {
        let config = setup.config();
        self.numbers = self.numbers.assign(&config).unwrap();
        self.names.learn(&config, &self.numbers);
        Compiled::new(&config, self.numbers.clone(), explained(self.maps.seed())).unwrap()
    }

    /// Programs and maps apart, for two threads.
    pub fn both(&mut self) -> (&mut Loaded, &mut Maps) {
        let Programs { loaded, maps, .. } = &mut *self.programs;
        (loaded, maps)
    }

    /// Which policies of `setup` apply to whom, with the numbers in force.
    pub fn who(&self, setup: &Setup) -> Who {
        Who::new(&setup.config(), &Standing::default(), &self.numbers).unwrap()
    }

    /// Every counter as it is.
    pub fn tally(&self) -> Tally {
        Tally::read(&self.maps, &self.names)
    }

    /// Gives the program a frame and compares everything that it brings about: the verdict, that the frame is
    /// unchanged, each counter that moves while all others stand still, and the events.
    #[track_caller]
    pub fn give(&mut self, frame: &Frame, expected: &Expected) {
        let outcome = self.outcome(frame);
        assert_eq!(
            outcome,
            expected.outcome(frame),
            "(left: what happened, right: what should) of {frame:?}"
        );
    }

    /// Gives the program a frame and says everything that it brings about.
    #[track_caller]
    pub fn outcome(&mut self, frame: &Frame) -> Outcome {
        let begin = now();
        let (verdict, left) = run(&mut self.loaded, frame);
        let events = self.events(&(begin..=now()));
        let tally = self.tally();
        let moved = tally.since(&self.tally).0;
        self.tally = tally;
        Outcome { verdict, left: Left::of(frame, left), moved, events }
    }

    /// Counters that have moved since they were read, and by how much.
    pub fn moved_since(&mut self, before: &Tally) -> BTreeMap<String, i128> {
        self.tally = self.tally();
        self.tally.since(before).0
    }

    /// Gives the program a frame and returns the verdict, without a look at counters and events.
    #[track_caller]
    pub fn run(&mut self, frame: &Frame) -> &'static str {
        let (verdict, left) = run(&mut self.loaded, frame);
        assert_eq!(left, frame.bytes, "the program changed the frame");
        verdict
    }

    /// The events that wait to be read; all of them must have happened within this time.
    #[track_caller]
    pub fn events(&mut self, time: &RangeInclusive<u64>) -> Vec<Told> {
        let mut events = Vec::new();
        while let Some(item) = self.programs.maps.events.next() {
            let event = Event::read_from_bytes(&item).unwrap();
            assert!(time.contains(&event.time), "{} is not in {time:?}", event.time);
            events.push(Told::new(&event, &self.names));
        }
        events
    }
}

impl Deref for Filter {
    type Target = Programs;

    fn deref(&self) -> &Programs {
        &self.programs
    }
}

impl DerefMut for Filter {
    fn deref_mut(&mut self) -> &mut Programs {
        &mut self.programs
    }
}

impl Drop for Filter {
    /// At the end, nothing was counted for a device that there is not: of so many numbers too much to look at after each frame.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(Tally::of_nobody(&self.maps, &self.names, self.counted()), Tally::default());
        }
    }
}

/// Runs the program on a frame; returns the action's name and the frame as the program left it.
#[track_caller]
pub fn run(loaded: &mut Loaded, frame: &Frame) -> (&'static str, Vec<u8>) {
    let mut out = vec![0x55; frame.bytes.len() + 1024];
    let options =
        TestRunOptions { data_in: Some(&frame.bytes), data_out: Some(&mut out), ..TestRunOptions::new() };
    let result = explained(explained(loaded.ingress()).test_run(options));
    out.truncate(result.data_size_out.try_into().unwrap());
    let action = match result.return_value {
        0 => "XDP_ABORTED",
        1 => "XDP_DROP",
        2 => "XDP_PASS",
        3 => "XDP_TX",
        _ => "another action",
    };
    (action, out)
}

/// The clock of events and of budgets, in nanoseconds.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap();
    u64::try_from(time.tv_sec()).unwrap() * 1_000_000_000 + u64::try_from(time.tv_nsec()).unwrap()
}
