//! The program on the way to the devices, on the loopback interface of a network of its own: there each packet that is sent goes to
//! the address zero, a device that is not listed.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests may fail by a panic as the tests do")]

use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{self, Command};
use std::thread;

use gateway::datapath::downlink::{self, How};
use gateway::datapath::engine::Engine;
use gateway::datapath::pins::Pins;
use nix::sched::{CloneFlags, unshare};

const LO: &str = "lo";

/// Pins of one test, removed with all that was attached.
struct Site(PathBuf);

impl Site {
    fn new(name: &str) -> Self {
        Self(PathBuf::from("/sys/fs/bpf").join(format!("gateway-attach-{name}-{}", process::id())))
    }

    fn pins(&self) -> Pins {
        Pins::new(&self.0)
    }

    fn start(&self) -> Engine {
        let why = "this test loads eBPF programs: run it as root, as `cargo xtask test` does";
        Engine::start(self.pins(), false).unwrap_or_else(|error| panic!("{why}: {error:?}"))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Err(error) = self.pins().remove() {
            eprintln!("{} is left: {error}", self.0.display());
        }
    }
}

/// Runs a test in a network of its own, with nothing but the loopback interface.
fn alone(test: impl FnOnce() + Send + 'static) {
    let alone = thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        ip(&["link", "set", LO, "up"]);
        test();
    });
    if let Err(panic) = alone.join() {
        std::panic::resume_unwind(panic);
    }
}

fn ip(arguments: &[&str]) {
    assert!(Command::new("ip").args(arguments).status().unwrap().success(), "ip {arguments:?}");
}

/// How many packets of 100 bytes are counted, of three that are sent.
fn counted(engine: &Engine) -> u64 {
    let before = engine.maps.read_devices().unwrap()[0].counters;
    let (from, to) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    for _ in 0..3 {
        from.send_to(&[7; 100], to.local_addr().unwrap()).unwrap();
        to.recv(&mut [0; 100]).unwrap();
    }
    let after = engine.maps.read_devices().unwrap()[0].counters;
    let packets = after.down_packets - before.down_packets;
    assert_eq!(after.down_bytes - before.down_bytes, packets * (14 + 20 + 8 + 100));
    packets
}

/// What holds of either way: what is attached goes on counting when nobody runs, is replaced in place and not put there twice, and is
/// gone when it is taken off.
fn holds(how: How) {
    let site = Site::new(how.label());
    let pins = site.pins();
    let mut engine = site.start();
    assert_eq!(counted(&engine), 0);
    assert_eq!(downlink::attach_one(&mut engine.loaded, &pins, LO, &[how]), Ok(how));
    assert_eq!(counted(&engine), 3);
    assert_eq!(pins.downlinks(), [(LO.to_owned(), how)]);
    drop(engine);
    let mut engine = site.start();
    assert_eq!(counted(&engine), 3);
    assert_eq!(downlink::attach_one(&mut engine.loaded, &pins, LO, &[how]), Ok(how));
    assert_eq!(counted(&engine), 3);
    downlink::detach_others(&pins, &[LO.to_owned()]).unwrap();
    assert_eq!(counted(&engine), 3);
    downlink::detach_others(&pins, &[]).unwrap();
    assert_eq!(counted(&engine), 0);
    assert_eq!(pins.downlinks(), []);
    // What was taken off can be put there again.
    assert_eq!(downlink::attach_one(&mut engine.loaded, &pins, LO, &[how]), Ok(how));
    assert_eq!(counted(&engine), 3);
    pins.remove().unwrap();
    assert_eq!(counted(&engine), 0);
}

#[test]
fn a_link_counts_until_it_is_taken_off() {
    alone(|| holds(How::Tcx));
}

#[test]
fn a_filter_of_traffic_control_counts_until_it_is_taken_off() {
    alone(|| holds(How::Clsact));
}

#[test]
fn an_interface_that_is_not_there_is_told_and_changes_nothing() {
    alone(|| {
        let site = Site::new("none");
        let mut engine = site.start();
        let pins = site.pins();
        let why = downlink::attach_one(&mut engine.loaded, &pins, "nothing0", &How::ALL).unwrap_err();
        assert!(why.contains("nothing0"), "{why}");
        assert_eq!(pins.downlinks(), []);
    });
}
