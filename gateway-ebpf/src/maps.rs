//! The maps, and the tables of the generation that is in force.
//!
//! What a policy consists of (devices, names, prefixes, ports) lies in inner maps, one set for each of two slots. The
//! daemon fills the slot that is not in force, then changes `ACTIVE`: a packet, which reads `ACTIVE` once, sees the old
//! policy or the new one and never a mixture.

use aya_ebpf::bindings::{BPF_F_INNER_MAP, BPF_F_MMAPABLE};
use aya_ebpf::btf_maps::{
    Array, ArrayOfMaps, HashMap, LruHashMap, PerCpuArray, PerCpuHashMap, ProgramArray, RingBuf,
};
use aya_ebpf::macros::btf_map;
use gateway_common::abi::{
    Answer, Asked, AskedKey, BlockedCounters, BlockedKey, Device, DeviceCounters, DeviceKey, EVENTS_BYTES,
    Event, Flow, FlowKey, Generation, Label, MAX_ASKED, MAX_BLOCKED, MAX_DEVICES, MAX_FLIGHTS, MAX_FLOWS,
    MAX_INTERFACES, MAX_KEYS, MAX_PARTIAL, MAX_POLICIES, MAX_SEEN, Masks, OTHER_DEVICE, PortKey, Seen,
    SeenKey, Verdict,
};
use gateway_common::dns::Questions;
use gateway_common::dns::answer::Answers;
use gateway_common::http::Request;
use gateway_common::name::WireName;
use gateway_common::quic::{ConnectionId, Flight, Keys};
use gateway_common::reply::{
    AnswerV4, AnswerV6, QuoteV4, QuoteV6, ResetV4, ResetV6, Segment, UnreachableV4, UnreachableV6,
};
use gateway_common::table::{Cell, Cells};
use gateway_common::tls::{Hello, Piece};
use gateway_common::wire::{Extensions, MacAddr};

use crate::budget::Budgets;
use crate::settle::Finding;

/// Which of the two slots is in force.
#[btf_map]
pub static ACTIVE: Array<u32, 1> = Array::new();

/// What each slot says apart from its tables.
#[btf_map]
pub static GENERATIONS: Array<Generation, 2> = Array::new();

/// The value of an inner map: an array of one, and not the structure itself.
///
/// The daemon's inner maps carry no BTF. Before Linux 6.2 (kernel/bpf/map_in_map.c, `bpf_map_meta_equal`) such a map is
/// refused in place of one whose value is a structure by its BTF, even one without timers: what is compared is where
/// the timer lies, and "in no structure" is not the same as "not in this structure".
pub type Inner<T> = [T; 1];

/// A table that the daemon fills through its own mapping: with as many cells as it needs, of which each begins a cache line.
/// It may differ in size from the one that it replaces (`BPF_F_INNER_MAP`, Linux 5.10).
pub type Table = Array<Cell, 1, { (BPF_F_MMAPABLE | BPF_F_INNER_MAP) as usize }>;

/// Configured devices by MAC address or its beginning.
#[btf_map]
pub static DEVICES: ArrayOfMaps<HashMap<DeviceKey, Inner<Device>, 1>, 2> = ArrayOfMaps::new();

/// Host names by hash (see [`gateway_common::table::names`]).
#[btf_map]
pub static NAMES: ArrayOfMaps<Table, 2> = ArrayOfMaps::new();

/// Nets of both families (see [`gateway_common::table::ranges`]).
#[btf_map]
pub static PREFIXES: ArrayOfMaps<Table, 2> = ArrayOfMaps::new();

/// A table as the shared code reads it.
#[derive(Clone, Copy)]
pub struct InMap(pub &'static Table);

impl Cells for InMap {
    #[inline(always)]
    fn cell(&self, index: u32) -> Option<&Cell> {
        self.0.get(index)
    }
}

/// Destination ports.
#[btf_map]
pub static PORTS: ArrayOfMaps<HashMap<PortKey, Inner<Masks>, 1>, 2> = ArrayOfMaps::new();

/// Flows and their verdicts; the least recently used make room.
#[btf_map]
pub static FLOWS: LruHashMap<FlowKey, Flow, { MAX_FLOWS as usize }> = LruHashMap::new();

/// Messages of which a part was read, by flow; the least recently used make room.
#[btf_map]
pub static PARTIAL: LruHashMap<FlowKey, Partial, { MAX_PARTIAL as usize }> = LruHashMap::new();

/// Counters of each device.
#[btf_map]
pub static COUNTERS: PerCpuArray<DeviceCounters, { MAX_DEVICES as usize }> = PerCpuArray::new();

/// Counters of what was blocked.
#[btf_map]
pub static BLOCKED: PerCpuHashMap<BlockedKey, BlockedCounters, { MAX_BLOCKED as usize }> =
    PerCpuHashMap::new();

/// Names learned and verdicts other than a plain pass, for the daemon.
#[btf_map]
pub static EVENTS: RingBuf<Event, { EVENTS_BYTES as usize }> = RingBuf::new();

/// Events that found no room.
#[btf_map]
pub static EVENTS_LOST: PerCpuArray<u64, 1> = PerCpuArray::new();

/// Events of a device that were not told, since it had its share of this second.
#[btf_map]
pub static EVENTS_LIMITED: PerCpuArray<u64, 1> = PerCpuArray::new();

/// Events told of each device.
#[btf_map]
pub static TOLD: Budgets = Budgets::new();

/// Devices that are not listed and sent something; the least recently seen make room.
#[btf_map]
pub static SEEN: LruHashMap<SeenKey, Seen, { MAX_SEEN as usize }> = LruHashMap::new();

/// The names that devices asked DNS for, by the addresses they got; the least recently used make room.
#[btf_map]
pub static ASKED: LruHashMap<AskedKey, Asked, { MAX_ASKED as usize }> = LruHashMap::new();

/// Names of devices by number, kept here by the daemon so that they live as long as the counters.
#[btf_map]
pub static DEVICE_LABELS: Array<Label, { MAX_DEVICES as usize }> = Array::new();

/// Names of policies by number, kept here by the daemon so that they live as long as the counters.
#[btf_map]
pub static POLICY_LABELS: Array<Label, MAX_POLICIES> = Array::new();

/// Answers sent to each device.
#[btf_map]
pub static REPLIES: Budgets = Budgets::new();

/// QUIC Initials read of each device.
#[btf_map]
pub static INITIALS: Budgets = Budgets::new();

/// Keys of QUIC flows; the least recently used make room.
#[btf_map]
pub static KEYS: LruHashMap<FlowKey, Keys, { MAX_KEYS as usize }> = LruHashMap::new();

/// QUIC flights whose hello was not complete; the least recently used make room.
#[btf_map]
pub static FLIGHTS: LruHashMap<FlightKey, Flight, { MAX_FLIGHTS as usize }> = LruHashMap::new();

#[btf_map]
static FLIGHT: PerCpuArray<Flight, 1> = PerCpuArray::new();

/// What became of rejected packets, by [`gateway_common::abi::Answer`].
#[btf_map]
pub static ANSWERS: PerCpuArray<u64, { Answer::ALL.len() }> = PerCpuArray::new();

/// Interfaces that cannot send what is turned around, by index, with the [`gateway_common::abi::Mute`] that says why.
#[btf_map]
pub static MUTE: HashMap<u32, u32, { MAX_INTERFACES as usize }> = HashMap::new();

/// The programs behind tail calls, by [`gateway_common::abi::Stage`].
#[btf_map]
pub static STAGES: ProgramArray<8> = ProgramArray::new();

/// The program behind the one on the way to the devices: index 0 is the reader of what DNS answers.
#[btf_map]
pub static EGRESS_STAGES: ProgramArray<1> = ProgramArray::new();

#[btf_map]
static SCRATCH: PerCpuArray<Scratch, 1> = PerCpuArray::new();

#[btf_map]
static DOWNWARD: PerCpuArray<Downward, 1> = PerCpuArray::new();

/// Working memory of one packet on one CPU: what the fast path hands to an inspector, and what is too big for the stack.
///
/// Packets of one CPU follow each other, and a tail call continues the same packet, so nothing else writes to it
/// meanwhile. It is never cleared: whoever reads a part has written it for this packet.
#[repr(C)]
pub struct Scratch {
    /// The packet under inspection.
    pub packet: Packet,
    /// For the walk over IPv6 extension headers.
    pub extensions: Extensions,
    /// Payload bytes.
    pub piece: Piece,
    /// How far the message has been read, and the name in it.
    pub partial: Partial,
    /// What the questions of a DNS message came to so far.
    pub finding: Finding,
    /// Policies that block and allow the name.
    pub masks: Masks,
    /// The event that is being written.
    pub event: Event,
    /// The answer that is being written.
    pub reply: Reply,
    /// The QUIC flight that is looked for.
    pub flight_key: FlightKey,
}

/// Working memory for what DNS answers to a device, like [`Scratch`].
#[repr(C)]
pub struct Downward {
    pub extensions: Extensions,
    /// Payload bytes.
    pub piece: Piece,
    /// How far the message has been read.
    pub answers: Answers,
    /// The name that was asked for.
    pub name: WireName,
    /// The device and the address that it is given.
    pub key: AskedKey,
    /// What is remembered of that.
    pub asked: Asked,
}

/// Key of the map `FLIGHTS`: one attempt to connect.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct FlightKey {
    pub flow: FlowKey,
    /// The first destination connection ID.
    pub id: ConnectionId,
    /// The salt of the keys, as a number.
    pub secret: u32,
}

/// Room for an answer: whichever is made.
#[repr(C)]
pub struct Reply {
    pub reset_v4: ResetV4,
    pub reset_v6: ResetV6,
    pub quote_v4: QuoteV4,
    pub quote_v6: QuoteV6,
    pub unreachable_v4: UnreachableV4,
    pub unreachable_v6: UnreachableV6,
    pub answer_v4: AnswerV4,
    pub answer_v6: AnswerV6,
    pub macs: [MacAddr; 2],
}

/// How far a message has been read.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Partial {
    pub hello: Hello,
    pub request: Request,
    pub questions: Questions,
    /// The name that is being read.
    pub name: WireName,
}

/// What the fast path found out about a packet of a device that has policies.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Packet {
    pub device: Device,
    pub flow: FlowKey,
    /// The slot that was in force when the packet came.
    pub slot: u32,
    /// Length in bytes of the whole frame.
    pub frame_len: u64,
    /// Where the IP header begins, and where what it carries.
    pub network_offset: u32,
    pub transport_offset: u32,
    pub payload_offset: u32,
    pub payload_len: u32,
    /// Of a TCP segment, what its reset needs to know.
    pub segment: Segment,
    /// TCP sequence number of the byte behind the payload; of UDP the flags of the flow.
    pub next_sequence: u32,
    /// VLAN tags, outermost first, of which `vlan_count` count.
    pub vlans: [[u8; 2]; 2],
    pub vlan_count: u8,
    pub is_v4: bool,
    /// A [`gateway_common::abi::FlowState`]: how far the filter was with the flow before this packet.
    pub state: u8,
    /// Whether it is whole, with ports, so that its sender can be answered.
    pub answerable: bool,
    /// Whether this is the first packet that is seen of its flow.
    pub begins: bool,
    /// Length of a DNS message up to the end of its question, if that is what is answered; else 0.
    pub question_end: u32,
    /// The verdict that the destination brought: a pass, or that of a policy which only observes.
    pub so_far: Verdict,
    /// What is remembered of the flow, once it is. What was learned of it is written here as it is learned.
    pub record: Flow,
}

/// The working memory of this packet; `None` never happens, but the verifier wants it asked.
#[inline(always)]
pub fn scratch() -> Option<*mut Scratch> {
    SCRATCH.get_ptr_mut(0)
}

/// The working memory for an answer of DNS; like [`scratch`].
#[inline(always)]
pub fn downward() -> Option<*mut Downward> {
    DOWNWARD.get_ptr_mut(0)
}

/// The memory of this CPU for a QUIC flight that is not kept; like [`scratch`].
#[inline(always)]
pub fn flight() -> Option<*mut Flight> {
    FLIGHT.get_ptr_mut(0)
}

/// The generation in force, read once for a packet.
#[derive(Clone, Copy)]
pub struct Tables {
    pub slot: u32,
    pub generation: &'static Generation,
}

impl Tables {
    /// The slot that is in force now.
    #[inline(always)]
    pub fn active() -> Option<Self> {
        Self::of_slot(*ACTIVE.get(0)?)
    }

    /// The slot that a packet has been using.
    #[inline(always)]
    pub fn of_slot(slot: u32) -> Option<Self> {
        Some(Self { slot, generation: GENERATIONS.get(slot)? })
    }

    /// The device with this MAC address, or the one that is listed by the longest beginning of it, or what holds for one that
    /// is not listed.
    #[inline(always)]
    pub fn device(self, mac: MacAddr) -> Device {
        let Some(devices) = DEVICES.get(self.slot) else { return self.other() };
        // SAFETY: the value is copied at once; an inner map is filled before it is put in force and never written again.
        if let Some([device]) = unsafe { devices.get(DeviceKey::prefix(mac, 6)) } {
            return *device;
        }
        let prefixes = self.generation.mac_prefixes;
        if prefixes != 0 {
            for bytes in [5, 4, 3, 2, 1] {
                if prefixes & 1 << bytes == 0 {
                    continue;
                }
                // SAFETY: as above.
                if let Some([device]) = unsafe { devices.get(DeviceKey::prefix(mac, bytes)) } {
                    return *device;
                }
            }
        }
        self.other()
    }

    /// What holds for a device that is not listed.
    #[inline(always)]
    pub fn other(self) -> Device {
        Device { policies: self.generation.default_policies, number: OTHER_DEVICE, reserved: 0 }
    }

    /// The masks of a port.
    #[inline(always)]
    pub fn port(self, key: PortKey) -> Option<Masks> {
        // SAFETY: as in `device`.
        unsafe { PORTS.get(self.slot)?.get(key) }.map(|[masks]| *masks)
    }
}
