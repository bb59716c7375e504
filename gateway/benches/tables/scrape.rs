//! A scrape of ten thousand devices, through the server of the daemon, and what it does to packets meanwhile.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use aya::maps::PerCpuValues;
use aya::programs::{TestRun as _, TestRunOptions};
use aya::util::nr_cpus;
use gateway::daemon::Health;
use gateway::datapath::engine::Engine;
use gateway::datapath::maps::Maps;
use gateway::datapath::pins::Pins;
use gateway::datapath::plain::Plain;
use gateway::lists::fetch::{Limits as FetchLimits, Trust};
use gateway::policy::{Checks, Config, Standing};
use gateway::serve::listen;
use gateway::serve::metrics::{Metrics, answer};
use gateway::subscriptions::keeper::Keeper;
use gateway_common::abi::{
    Action, BlockedCounters, BlockedKey, DeviceCounters, Flow, FlowKey, MAX_FLOWS, REASON_SLOTS,
};
use gateway_common::reason::Reason;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use zerocopy::FromZeros as _;

use super::lab::Lab;
use super::report::{Report, Target};
use crate::frame::{Frame, Path};
use crate::setup::PHONE;
use crate::tcp::Tcp;

const DEVICES: u32 = 10_000;

/// What was blocked of each device: so many combinations of policy, reason and action.
const COMBINATIONS: u8 = 2;

const SCRAPES: usize = 15;

/// Runs of the decided flow, and frames of each.
const RUNS: usize = 200;
const FRAMES: u32 = 2000;

const TEXT: &str = "scrape: 10,000 devices, text";
const PACKED: &str = "scrape: 10,000 devices, OpenMetrics, packed";
const QUIET: &str = "scrape: a frame of a decided flow, nobody scrapes";
const SCRAPED: &str = "scrape: a frame of a decided flow, scrape after scrape";

/// Time between two scrapes.
const BETWEEN: Duration = Duration::from_millis(300);

/// Milliseconds of scrapes, and nanoseconds of frames.
pub fn measure(report: &mut Report) {
    if !report.wants_any(&[TEXT, PACKED, QUIET, SCRAPED]) {
        return;
    }
    let lab = Lab::new();
    let pins = Pins::new(lab.folder.path().join("bpf/gateway"));
    let mut engine = Engine::start(pins.clone(), false).unwrap();
    engine.apply(&config(&lab), &Standing::default()).unwrap();
    fill(&mut engine.maps);
    let ack = decided(&mut engine);
    let server = Server::start(Maps::pinned(&pins).unwrap());
    for (case, headers) in [
        (TEXT, ""),
        (PACKED, "Accept: application/openmetrics-text; version=1.0.0\r\nAccept-Encoding: gzip\r\n"),
    ] {
        let scrape = |_| {
            // As a scraper would, which comes every some seconds: the server tidies up behind an answer.
            std::thread::sleep(BETWEEN);
            let (time, bytes) = server.scrape(headers);
            (time * 1e3, bytes)
        };
        let (times, bytes): (Vec<f64>, Vec<usize>) = (0..SCRAPES).map(scrape).unzip();
        report.take(case, "ms", &times, Some(Target::AtMost(100.0)));
        report.note(format!("{case}: {} kB", bytes[0] / 1000));
    }
    stay_on(0);
    let quiet = frames(&mut engine, &ack);
    let scraper = Scraper::start(&server);
    let scraped = frames(&mut engine, &ack);
    let scrapes = scraper.end();
    report.take(QUIET, "ns", &quiet, None);
    report.take(SCRAPED, "ns", &scraped, None);
    report.note(format!("{SCRAPED}: {scrapes} scrapes meanwhile"));
}

/// The phone, and as many more devices as it takes.
fn config(lab: &Lab) -> Config {
    let mut text = String::from("interfaces = [\"lo\"]\npolicies = \"policies\"\n");
    for number in 1..=DEVICES {
        let mac = match number {
            1 => PHONE.to_string(),
            _ => format!("02:00:00:00:{:02x}:{:02x}", number >> 8, number & 0xff),
        };
        writeln!(text, "[[device]]\nname = \"device {number}\"\nmac = \"{mac}\"\npolicies = [\"a\", \"b\"]")
            .unwrap();
    }
    lab.write("policies/a.toml", "name = \"a\"\n[block]\nhosts = [\"a.example\"]\n");
    lab.write("policies/b.toml", "name = \"b\"\n[block]\nhosts = [\"b.example\"]\n");
    let file = lab.write("gateway.toml", &text);
    Config::load(&file, &Checks::without_interfaces()).unwrap()
}

/// Counters of each device, and a flow table that is full.
fn fill(maps: &mut Maps) {
    let cpus = nr_cpus().unwrap();
    for device in 1..=DEVICES {
        let count = u64::from(device) * 1_000_003;
        let counters = DeviceCounters {
            packets: count,
            bytes: count * 700,
            flows: count / 50,
            down_packets: count * 2,
            down_bytes: count * 2800,
            reasons: [count / 20; REASON_SLOTS],
        };
        let values = PerCpuValues::try_from(vec![Plain(counters); cpus]).unwrap();
        maps.counters.set(device, values, 0).unwrap();
        for policy in 0..COMBINATIONS {
            let (reason, action) = (Reason::TlsSni as u8, Action::Reject as u8);
            let key = BlockedKey { device, policy, reason, action, reserved: 0 };
            let counters = BlockedCounters { packets: count, flows: count / 7 };
            let values = PerCpuValues::try_from(vec![Plain(counters); cpus]).unwrap();
            maps.blocked.insert(Plain(key), values, 0).unwrap();
        }
    }
    for number in 0..MAX_FLOWS {
        let mut key = FlowKey::new_zeroed();
        key.source[..4].copy_from_slice(&number.to_be_bytes());
        maps.flows.insert(Plain(key), Plain(Flow::new_zeroed()), 0).unwrap();
    }
}

/// Brings a flow of the phone to its verdict; returns the frame that follows.
fn decided(engine: &mut Engine) -> Frame {
    let mut tcp = Tcp::new(Path::v4());
    let mut out = [0; 2048];
    for frame in [tcp.syn(), tcp.send(b"SSH-2.0-OpenSSH_9.2\r\n")] {
        engine.loaded.test_run(&frame.bytes, &mut out).unwrap();
    }
    tcp.ack()
}

/// Nanoseconds of a frame, in each of the runs.
fn frames(engine: &mut Engine, frame: &Frame) -> Vec<f64> {
    let program = engine.loaded.ingress().unwrap();
    let run = || {
        let options = TestRunOptions { data_in: Some(&frame.bytes), repeat: FRAMES, ..TestRunOptions::new() };
        // What the kernel tells is the time of one.
        program.test_run(options).unwrap().duration.as_secs_f64() * 1e9
    };
    (0..RUNS).map(|_| run()).collect()
}

/// Keeps this thread on one CPU.
fn stay_on(cpu: usize) {
    let mut cpus = CpuSet::new();
    cpus.set(cpu).unwrap();
    sched_setaffinity(Pid::from_raw(0), &cpus).unwrap();
}

/// The daemon's server of metrics, on threads of its own.
struct Server {
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    fn start(maps: Maps) -> Self {
        let lists = Arc::new(Keeper::new(FetchLimits::default(), Trust::System));
        let metrics = Metrics::new(maps, Arc::new(Health::default()), lists, Arc::default()).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let entered = runtime.enter();
        let listener = listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(answer::serve(listener, metrics));
        drop(entered);
        Self { address, _runtime: runtime }
    }

    fn scrape(&self, headers: &str) -> (f64, usize) {
        scrape(self.address, headers)
    }
}

/// Seconds from the connection to the end of the answer, and its bytes.
fn scrape(address: SocketAddr, headers: &str) -> (f64, usize) {
    let start = Instant::now();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    (start.elapsed().as_secs_f64(), answer.len())
}

/// A thread that scrapes until it is ended.
struct Scraper {
    ends: Arc<AtomicBool>,
    thread: JoinHandle<usize>,
}

impl Scraper {
    fn start(server: &Server) -> Self {
        let (address, ends) = (server.address, Arc::new(AtomicBool::new(false)));
        let ended = Arc::clone(&ends);
        let thread = std::thread::spawn(move || {
            let mut scrapes = 0;
            while !ended.load(Ordering::Relaxed) {
                scrape(address, "");
                scrapes += 1;
            }
            scrapes
        });
        Self { ends, thread }
    }

    fn end(self) -> usize {
        self.ends.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}
