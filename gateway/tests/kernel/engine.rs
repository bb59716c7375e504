//! The engine as the daemon uses it: pinned maps outlive it, and the next one takes up where it ended.

use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use gateway::datapath::Error;
use gateway::datapath::engine::Engine;
use gateway::datapath::maps::Maps;
use gateway::datapath::pins::Pins;
use gateway::policy::Standing;
use gateway_common::abi::{Action, BlockedCounters, BlockedKey, DeviceKey};
use gateway_common::reason::Reason;
use gateway_common::wire::MacAddr;

use crate::harness::*;

const BLOCKED: &str = "[block]\ndomains = [\"example.org\"]";

/// A folder for pins of one test, removed with all in it at the test's end, however it ends.
pub struct Site {
    path: PathBuf,
}

impl Site {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("gateway-test-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { path: PathBuf::from("/sys/fs/bpf").join(name) }
    }

    fn pins(&self) -> Pins {
        Pins::new(&self.path)
    }

    /// Handles on the maps of the engine that was started.
    pub fn maps(&self) -> Maps {
        Maps::pinned(&self.pins()).unwrap()
    }

    /// The engine on these pins.
    #[track_caller]
    pub fn start(&self) -> Engine {
        let engine = explained(Engine::start(self.pins(), false));
        assert!(engine.loaded.refused.is_empty(), "the kernel refused: {:?}", engine.loaded.refused);
        engine
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Err(error) = self.pins().remove() {
            eprintln!("{} is left: {error}", self.path.display());
        }
    }
}

/// Gives the programs of this engine a frame; the verdict.
#[track_caller]
fn key(mac: MacAddr) -> DeviceKey {
    DeviceKey::prefix(mac, 6)
}

pub fn give(engine: &mut Engine, frame: &Frame) -> &'static str {
    run(&mut engine.loaded, frame).0
}

/// Frames and bytes of the device with this number, and its label.
#[track_caller]
fn device(engine: &Engine, number: u32) -> (String, u64, u64) {
    let devices = engine.maps.read_devices().unwrap();
    let reading = devices.into_iter().find(|reading| reading.number == number).unwrap();
    (reading.label.unwrap().0, reading.counters.packets, reading.counters.bytes)
}

#[test]
fn the_next_engine_adopts_policy_flows_and_counters() {
    let site = Site::new();
    let mut tcp = Tcp::new(Path::v4());
    let (syn, data, ack) = (tcp.syn(), tcp.send(&hello("www.example.org")), tcp.ack());
    let bytes = |frames: &[&Frame]| frames.iter().map(|frame| frame.bytes.len() as u64).sum::<u64>();
    let key = BlockedKey {
        device: 1,
        policy: 0,
        reason: Reason::TlsSni as u8,
        action: Action::Drop as u8,
        reserved: 0,
    };
    {
        let mut first = site.start();
        let (_, generation) = first.apply(&Setup::phone(BLOCKED).config(), &Standing::default()).unwrap();
        assert_eq!(generation, 1);
        assert_eq!(give(&mut first, &syn), "XDP_PASS");
        assert_eq!(give(&mut first, &data), "XDP_DROP");
        assert_eq!(device(&first, 1), ("phone".into(), 2, bytes(&[&syn, &data])));
    }
    let mut second = site.start();
    assert_eq!(second.maps.generation().unwrap(), 1);
    assert_eq!(second.maps.read_policies().unwrap(), [(0, "p".into())].into());
    assert_eq!(device(&second, 1), ("phone".into(), 2, bytes(&[&syn, &data])));
    assert_eq!(second.maps.read_blocked().unwrap(), [(key, BlockedCounters { packets: 1, flows: 1 })].into());
    // The flow of before, and a new one under the policy of before.
    assert_eq!(give(&mut second, &ack), "XDP_DROP");
    let mut other = Tcp::new(Path::v6());
    let (syn6, data6) = (other.syn(), other.send(&hello("b.example.org")));
    assert_eq!(give(&mut second, &syn6), "XDP_PASS");
    assert_eq!(give(&mut second, &data6), "XDP_DROP");
    assert_eq!(device(&second, 1), ("phone".into(), 5, bytes(&[&syn, &data, &ack, &syn6, &data6])));
    assert_eq!(second.maps.read_blocked().unwrap(), [(key, BlockedCounters { packets: 3, flows: 2 })].into());
}

#[test]
fn applying_the_same_configuration_again_keeps_numbers_counters_and_flows() {
    let site = Site::new();
    let mut engine = site.start();
    let config = Setup::phone(BLOCKED).config();
    let (first, _) = engine.apply(&config, &Standing::default()).unwrap();
    let mut tcp = Tcp::new(Path::v4());
    assert_eq!(give(&mut engine, &tcp.send(&hello("www.example.org"))), "XDP_DROP");
    let before = (device(&engine, 1), engine.maps.read_blocked().unwrap());
    drop(engine);
    let mut engine = site.start();
    let (second, generation) = engine.apply(&config, &Standing::default()).unwrap();
    assert_eq!((second, generation), (first, 2));
    assert_eq!((device(&engine, 1), engine.maps.read_blocked().unwrap()), before);
    assert_eq!(give(&mut engine, &tcp.ack()), "XDP_DROP");
}

#[test]
fn devices_and_policies_that_stay_keep_their_numbers_and_newcomers_begin_at_zero() {
    let site = Site::new();
    let mut engine = site.start();
    let first = Setup::new().policy("p", BLOCKED).policy("q", "").device("phone", PHONE, &["p"]).device(
        "tv",
        TV,
        &["q"],
    );
    engine.apply(&first.config(), &Standing::default()).unwrap();
    let mut tcp = Tcp::new(Path::v4());
    assert_eq!(give(&mut engine, &tcp.send(&hello("www.example.org"))), "XDP_DROP");
    assert_eq!(give(&mut engine, &Path::v4().from(TV).udp(b"hi")), "XDP_PASS");
    let phone = device(&engine, 1);
    assert_eq!(device(&engine, 2).0, "tv");
    drop(engine);
    // The TV goes, a laptop comes; `q` goes, `n` comes and stands first.
    let second = Setup::new().policy("n", "").policy("p", BLOCKED).device("laptop", LAPTOP, &["n"]).device(
        "phone",
        PHONE,
        &["p"],
    );
    let mut engine = site.start();
    engine.apply(&second.config(), &Standing::default()).unwrap();
    assert_eq!(device(&engine, 1), phone);
    assert_eq!(engine.maps.read_policies().unwrap(), [(0, "p".into()), (2, "n".into())].into());
    let numbers = engine.maps.read_numbers().unwrap();
    assert_eq!(numbers.devices, [(key(PHONE), 1), (key(LAPTOP), 3)].into());
    assert_eq!(device(&engine, 3), ("laptop".into(), 0, 0));
    assert_eq!(give(&mut engine, &tcp.ack()), "XDP_DROP");
    // A number that was free begins at zero when it is given away.
    drop(engine);
    let third = Setup::phone(BLOCKED).device("tv", TV, &[]);
    let mut engine = site.start();
    engine.apply(&third.config(), &Standing::default()).unwrap();
    let number = engine.maps.read_numbers().unwrap().devices[&key(TV)];
    assert_eq!(device(&engine, number), ("tv".into(), 0, 0));
}

#[test]
fn two_engines_at_a_time_share_the_policy_and_the_counters() {
    let site = Site::new();
    let mut old = site.start();
    old.apply(&Setup::phone(BLOCKED).config(), &Standing::default()).unwrap();
    let mut new = site.start();
    let (_, generation) = new
        .apply(&Setup::phone("[block]\ndomains = [\"example.net\"]").config(), &Standing::default())
        .unwrap();
    assert_eq!(generation, 2);
    for engine in [&mut old, &mut new] {
        let mut tcp = Tcp::new(Path::v4());
        assert_eq!(give(engine, &tcp.syn()), "XDP_PASS");
        assert_eq!(give(engine, &tcp.send(&hello("www.example.net"))), "XDP_DROP");
    }
    assert_eq!(device(&old, 1), device(&new, 1));
    assert_eq!(device(&new, 1).1, 4);
}

#[test]
fn without_pins_there_is_no_filter_and_removing_them_leaves_nothing() {
    let site = Site::new();
    assert!(matches!(Maps::pinned(&site.pins()), Err(Error::NothingPinned { .. })));
    assert!(!explained(site.pins().remove()));
    drop(site.start());
    assert!(site.pins().exist());
    explained(Maps::pinned(&site.pins()));
    assert!(explained(site.pins().remove()));
    assert!(!site.path.exists());
    // A filter that begins anew counts anew.
    let engine = site.start();
    assert_eq!(engine.maps.generation().unwrap(), 0);
}

#[test]
fn a_folder_that_is_not_in_a_bpf_file_system_is_refused() {
    let folder = tempfile::TempDir::new().unwrap();
    let refused = Engine::start(Pins::new(folder.path().join("pins")), false).err().unwrap();
    assert!(matches!(refused, Error::NotBpfFs { .. }), "{refused}");
}
