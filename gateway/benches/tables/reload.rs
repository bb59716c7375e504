//! The daemon itself: from SIGHUP to the moment from which the attached program judges by the new policy, and its memory.
//!
//! Each reload blocks one more name, and questions for it are given to the program that is attached, by test run, until one is
//! blocked. The daemon reads every list anew each time.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use aya::Ebpf;
use aya::maps::{MapData, ProgramArray};
use aya::programs::links::{FdLink, PinnedLink};
use aya::programs::{TestRun as _, TestRunOptions, Xdp, loaded_programs};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::dns::query;
use super::lab::{Lab, Server};
use super::made::{NAMES, NETS, listed, net_v4};
use super::report::{Report, Target};
use crate::frame;

const RELOADS: usize = 9;

/// Of linux/bpf.h.
const XDP_ABORTED: u32 = 0;
const XDP_PASS: u32 = 2;

const ONE: &str = "one list of a million names";
const MANY: &str = "64 policies, 1,000 devices, a million names, 100,000 nets";

/// Policies of the larger case, and devices.
const POLICIES: u64 = 64;
const DEVICES: u64 = 1000;

/// Milliseconds and megabytes.
pub fn measure(report: &mut Report, object: &[u8], gateway: &Path) {
    for (what, write) in [(ONE, write_one as fn(&Lab)), (MANY, write_many)] {
        let cases = ["reload", "resident at rest", "resident at the peak of a reload"]
            .map(|case| format!("{case}: {what}"));
        if report.wants_any(&cases.each_ref().map(String::as_str)) {
            let [times, rest, peak] = samples(object, gateway, write);
            report.take(&cases[0], "ms", &times, Some(Target::AtMost(400.0)));
            report.take(&cases[1], "MB", &rest, Some(Target::AtMost(40.0)));
            report.take(&cases[2], "MB", &peak, Some(Target::AtMost(160.0)));
        }
    }
}

fn samples(object: &[u8], gateway: &Path, write: fn(&Lab)) -> [Vec<f64>; 3] {
    let lab = Lab::new();
    let folder = lab.folder.path();
    write(&lab);
    write_marks(&lab, 0);
    let log = folder.join("log");
    let mut daemon =
        Server::start(Command::new(gateway).args(["run", "--config"]).arg(folder.join("gateway.toml")), &log);
    let mut attached = None;
    daemon.wait_until(&log, || {
        attached = Attached::behind(&folder.join("bpf/gateway/links/generic/lo"), object);
        attached.is_some()
    });
    let mut attached = attached.unwrap();
    let mut all = [const { Vec::new() }; 3];
    for mark in 1..=RELOADS {
        daemon.wait_until(&log, || attached.blocks(mark - 1));
        assert!(!attached.blocks(mark), "it is not yet listed");
        write_marks(&lab, mark);
        daemon.forget_peak();
        let start = Instant::now();
        kill(Pid::from_raw(daemon.id().try_into().unwrap()), Signal::SIGHUP).unwrap();
        daemon.wait_until(&log, || attached.blocks(mark));
        let time = start.elapsed().as_secs_f64() * 1e3;
        let report = format!("generation {} in force", mark + 1);
        daemon.wait_until(&log, || std::fs::read_to_string(&log).unwrap().contains(&report));
        let sample = [time, daemon.megabytes("VmRSS"), daemon.megabytes("VmHWM")];
        all.iter_mut().zip(sample).for_each(|(samples, value)| samples.push(value));
    }
    all
}

/// The attached program, and one through which it is given frames.
struct Attached {
    object: Ebpf,
    _measured: ProgramArray<MapData>,
}

impl Attached {
    /// The program behind a pinned link; `None` if there is none yet.
    fn behind(link: &Path, object: &[u8]) -> Option<Self> {
        let link = FdLink::from(PinnedLink::from_pin(link).ok()?);
        let id = link.info().unwrap().program_id();
        let attached = loaded_programs().flatten().find(|program| program.id() == id)?;
        let mut object = Ebpf::load(object).unwrap();
        let mut measured: ProgramArray<_> = object.take_map("MEASURED").unwrap().try_into().unwrap();
        measured.set(0, &attached.fd().unwrap(), 0).unwrap();
        through(&mut object).load().unwrap();
        Some(Self { object, _measured: measured })
    }

    /// Whether a question of the phone for a mark is blocked now.
    fn blocks(&mut self, mark: usize) -> bool {
        let frame = frame::Path::v4().port(53).udp(&query(&mark_name(mark)));
        let options = TestRunOptions { data_in: Some(&frame.bytes), ..TestRunOptions::new() };
        let action = through(&mut self.object).test_run(options).unwrap().return_value;
        assert_ne!(action, XDP_ABORTED);
        action != XDP_PASS
    }
}

fn through(object: &mut Ebpf) -> &mut Xdp {
    object.program_mut("through").unwrap().try_into().unwrap()
}

fn mark_name(mark: usize) -> String {
    format!("mark{mark}.example.org")
}

/// The policy that all marks up to this one are in.
fn write_marks(lab: &Lab, last: usize) {
    let marks: Vec<String> = (0..=last).map(mark_name).collect();
    lab.write("policies/marks.toml", &format!("name = \"marks\"\n[block]\nhosts = {marks:?}\n"));
}

fn write_config(lab: &Lab, devices: &str) {
    let path = |name: &str| lab.folder.path().join(name);
    let text = format!(
        "interfaces = [\"lo\"]\npolicies = \"policies\"\npin = {:?}\n[metrics]\nlisten = \"127.0.0.1:9469\"\n\
         [control]\nsocket = {:?}\n{devices}",
        path("bpf/gateway"),
        path("control.sock"),
    );
    lab.write("gateway.toml", &text);
}

fn device(name: &str, mac: &str, policies: &[String]) -> String {
    format!("[[device]]\nname = {name:?}\nmac = {mac:?}\npolicies = {policies:?}\n")
}

fn phone(policies: &[String]) -> String {
    device("phone", &crate::setup::PHONE.to_string(), policies)
}

fn write_list(lab: &Lab, name: &str, lines: impl Iterator<Item = String>) -> PathBuf {
    let text = lines.fold(String::new(), |mut text, line| {
        writeln!(text, "{line}").unwrap();
        text
    });
    lab.write(name, &text)
}

fn write_one(lab: &Lab) {
    let list = write_list(lab, "names.txt", (0..NAMES).map(listed));
    lab.write(
        "policies/all.toml",
        &format!("name = \"all\"\n[[list]]\npath = {list:?}\nmatch = \"domains\"\n"),
    );
    write_config(lab, &phone(&["all".into(), "marks".into()]));
}

/// Each policy has its part of the names and of the nets; each device has three policies. One policy is that of the marks.
fn write_many(lab: &Lab) {
    let name = |policy: u64| format!("policy{policy}");
    let policies = POLICIES - 1;
    for policy in 0..policies {
        let part = |all: u64| (policy..all).step_by(usize::try_from(policies).unwrap());
        let names = write_list(lab, &format!("names{policy}.txt"), part(NAMES).map(listed));
        let nets = write_list(lab, &format!("nets{policy}.txt"), part(NETS).map(|n| net_v4(n).to_string()));
        let text = format!(
            "name = {:?}\n[[list]]\npath = {names:?}\nmatch = \"domains\"\n[[list]]\npath = {nets:?}\nformat = \"addresses\"\n",
            name(policy),
        );
        lab.write(&format!("policies/{policy}.toml"), &text);
    }
    let mut devices = phone(&["marks".into(), name(0)]);
    for n in 1..DEVICES {
        let mac = format!("02:00:00:00:{:02x}:{:02x}", n >> 8, n & 0xff);
        let policies = [n, n + 1, n + 2].map(|policy| name(policy % policies));
        devices.push_str(&device(&format!("device{n}"), &mac, &policies));
    }
    write_config(lab, &devices);
}
