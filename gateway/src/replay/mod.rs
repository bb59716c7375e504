//! "What would my policy have done?": the frames of a capture through the real program, attached to nothing.
//!
//! * [`capture`]: the frames of a pcap or pcapng file, as they lie there.
//! * [`link`]: from the link layers of captures to Ethernet.
//! * [`sight`]: addresses of a frame about which the kernel half says nothing more.
//! * [`meter`]: what counters say of a frame.
//! * [`record`]: what is told about a frame.
//! * [`summary`]: what is told at the end.
//!
//! What a replay cannot show: the times in the capture are not used, so limits per second count real time (an answer that
//! only its limit withheld is still told as `reject`, which is the verdict); and the capture does not react, so a segment
//! that is dropped for being out of order does not come again unless it did then.

pub mod capture;
pub mod link;
mod meter;
pub mod record;
mod sight;
pub mod summary;

use std::error::Error as _;
use std::io;
use std::mem;

use gateway_common::abi::{Action, Device, Event, Kind, NO_POLICY, OTHER_DEVICE};
use gateway_common::reason::Reason;
use gateway_common::wire::MacAddr;
use nix::libc;
use zerocopy::FromBytes as _;

use self::capture::Packet;
use self::meter::{Frame, Meter, key_of};
use self::record::Record;
use self::sight::Sight;
use crate::datapath::Error;
use crate::datapath::engine::Refused;
use crate::datapath::load::{Loaded, Options};
use crate::datapath::maps::Maps;
use crate::observe::event::BootClock;
use crate::observe::snapshot::{Labels, Snapshot};
use crate::policy::{Compiled, Config, Numbers, Who};

/// XDP actions of linux/bpf.h.
const XDP_PASS: u32 = 2;
const XDP_TX: u32 = 3;

/// Port of DNS, network order.
const DNS_PORT: [u8; 2] = 53_u16.to_be_bytes();

/// Room for a frame as the program left it: more than the kernel takes in a test run (3,520 bytes and 17 pages).
const ROOM: usize = 128 * 1024;

/// Why a frame of the capture was not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Skip {
    /// There is not even a link-layer header.
    #[error("shorter than a link-layer header")]
    Short,
    /// Its link layer is none that is read here.
    #[error("link type {0} is not read")]
    LinkType(u32),
    /// Its block names an interface that no block describes.
    #[error("no description of its interface")]
    NoInterface,
    /// Its block is shorter than the frame in it.
    #[error("its block ends before it")]
    BadBlock,
    /// Counted as a frame by Wireshark, but none.
    #[error("an entry of the system's journal")]
    Journal,
    /// The kernel does not run a program on it.
    #[error("longer than the kernel takes in a test run")]
    Refused,
}

/// The real programs with a policy in force, and the frames that went through them so far.
pub struct Replay {
    loaded: Loaded,
    maps: Maps,
    labels: Labels,
    clock: BootClock,
    who: Who,
    /// Policies that observe and do not block.
    observe: u64,
    /// Whether a policy judges by what devices asked DNS for.
    asks: bool,
    meter: Meter,
    /// Events of the frame that just ran.
    told: Vec<Event>,
    /// Room for a frame that gets an Ethernet header.
    room: Vec<u8>,
    /// Room for a frame as the program left it.
    out: Vec<u8>,
}

impl Replay {
    /// Loads the programs, pinned nowhere and attached to nothing, and puts the policies of `config` in force.
    ///
    /// # Errors
    /// If the kernel refuses the programs or the policies.
    pub fn new(config: &Config) -> Result<Self, Refused> {
        let mut loaded = Loaded::new(Options { hurried: true, ..Options::default() })?;
        let mut maps = Maps::take(&mut loaded.ebpf)?;
        let compiled = Compiled::new(config, Numbers::default().assign(config)?, maps.seed()?)?;
        maps.label(config, &Numbers::default(), &compiled.numbers)?;
        maps.put_in_force(&compiled)?;
        let mut labels = Labels::default();
        labels.refresh(&maps)?;
        Ok(Self {
            loaded,
            maps,
            labels,
            clock: BootClock::read(),
            who: compiled.who,
            observe: compiled.observe,
            asks: compiled.ech_judge != 0,
            meter: Meter::default(),
            told: Vec::new(),
            room: Vec::new(),
            out: vec![0; ROOM],
        })
    }

    /// What is lost because this kernel refused a program, and why.
    pub fn lost(&self) -> impl Iterator<Item = String> {
        let refused = self.loaded.refused.iter();
        refused.map(|refusal| format!("{} ({}: {})", refusal.without, refusal.program, refusal.why))
    }

    /// Everything that was counted.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        Snapshot::read(&self.maps)
    }

    /// Runs a frame and adds to `records` what is to be told about it. Says why if the frame could not be run.
    ///
    /// # Errors
    /// If the program cannot be run at all or a map not be read.
    pub fn run(&mut self, packet: &Packet, records: &mut Vec<Record>) -> Result<Option<Skip>, Error> {
        let mut room = mem::take(&mut self.room);
        let frame = packet.link.and_then(|link| link::ethernet(link, &packet.data, &mut room));
        let result = match frame {
            Ok(frame) => self.run_frame(packet.number, frame, records),
            Err(skip) => Ok(Some(skip)),
        };
        self.room = room;
        result
    }

    fn run_frame(
        &mut self,
        number: u64,
        frame: &[u8],
        records: &mut Vec<Record>,
    ) -> Result<Option<Skip>, Error> {
        let action = match self.loaded.test_run(frame, &mut self.out) {
            Ok(action) => action,
            Err(error) if is_about_the_frame(&error) => return Ok(Some(Skip::Refused)),
            Err(error) => return Err(error),
        };
        self.told.clear();
        while let Some(item) = self.maps.events.next() {
            self.told.extend(Event::read_from_bytes(&item).ok());
        }
        records.extend(
            self.told.iter().filter_map(|event| Record::told(number, event, &self.labels, self.clock)),
        );
        let mac = gateway_common::wire::link(frame).map_or(MacAddr::default(), |link| link.source);
        let device = self.device(mac);
        // A device without policies passes, and nothing else is counted for it.
        if device.policies != 0
            && let Some((sight, event)) = self.untold(frame, device, action)?
        {
            records.extend(Record::seen(number, &sight, event, &self.labels, self.clock));
        }
        self.run_down(frame)?;
        Ok(None)
    }

    /// Has a frame to a device read as the program on its way would, if it is what DNS answers.
    fn run_down(&mut self, frame: &[u8]) -> Result<(), Error> {
        if !self.asks || Sight::of(frame).flow.is_none_or(|flow| flow.source_port != DNS_PORT) {
            return Ok(());
        }
        match self.loaded.test_run_down(frame) {
            // What is too long for a test run of this kind is not read.
            Err(error) if is_about_the_frame(&error) => Ok(()),
            done => done,
        }
    }

    /// As the kernel half finds it.
    fn device(&self, mac: MacAddr) -> Device {
        self.who.find(mac).unwrap_or(Device {
            policies: self.who.default_policies,
            number: OTHER_DEVICE,
            reserved: 0,
        })
    }

    /// The verdict on the frame that just ran, if it did not simply pass and the kernel half told nothing: of a flow that
    /// was decided before, of a fragment, of what cannot be read.
    fn untold(&mut self, frame: &[u8], device: Device, action: u32) -> Result<Option<(Sight, Event)>, Error> {
        // Read after each frame, or the next difference would be that of several.
        let reason = self.meter.reason(&self.maps, device.number)?;
        let passed = action == XDP_PASS;
        if passed && device.policies & self.observe == 0 {
            return Ok(None);
        }
        let told_policy = self.told.iter().any(|event| event.policy != NO_POLICY);
        if told_policy {
            self.meter.moved(&self.maps, self.told.iter().map(key_of))?;
            return Ok(None);
        }
        if passed && !self.told.is_empty() {
            return Ok(None);
        }
        let sight = Sight::of(frame);
        let ran = Frame { device, reason, flow: sight.flow, passed };
        let blocked = self.meter.blocked(&self.maps, &ran)?;
        if passed && blocked.is_none() {
            return Ok(None);
        }
        let without_policy = if action == XDP_TX { Action::Reject } else { Action::Drop };
        let reason = reason.unwrap_or(Reason::Internal);
        let event = Event {
            device: device.number,
            kind: if reason == Reason::Address { Kind::Address } else { Kind::None } as u8,
            action: blocked.map_or(without_policy as u8, |key| key.action),
            policy: blocked.map_or(NO_POLICY, |key| key.policy),
            reason: reason as u8,
            ..sight.event()
        };
        Ok(Some((sight, event)))
    }
}

/// Whether the kernel refused this frame, not the program: too short or too long (net/bpf/test_run.c).
fn is_about_the_frame(error: &Error) -> bool {
    const ERRORS: [i32; 4] = [libc::EINVAL, libc::ENOMEM, libc::E2BIG, libc::EMSGSIZE];
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(number) = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error) {
            return ERRORS.contains(&number);
        }
        source = error.source();
    }
    false
}
