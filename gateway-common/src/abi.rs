//! The keys, values and records that kernel and user space exchange through maps.
//!
//! Everything is `repr(C)` without padding (zerocopy refuses padding), so that the bytes are the same on both sides.
//! Values from the wire keep network order in byte arrays; numbers of our own are in the machine's order.

mod answer;
mod asked;
mod device;
mod flow;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::reason::Reason;
use crate::table::{names, ranges};

pub use answer::{Answer, Mute, REPLIES_A_SECOND};
pub use asked::{ALSO_ASKED, Asked, AskedKey, MAX_ASKED, MAX_LIFE, MIN_LIFE};
pub use device::{Device, DeviceKey, Label, MAX_SEEN, Seen, SeenKey};
pub use flow::{Flow, FlowKey, FlowState, Learned, SUFFIXES};

/// Changes whenever a map, a type below or the meaning of a field changes. A daemon adopts the pinned maps of its own
/// version only.
pub const ABI_VERSION: u32 = 4;

/// How many policies there can be: a device's policies are the bits of one word.
pub const MAX_POLICIES: usize = 64;

/// How many devices are counted on their own, the place for all others (number 0) included.
pub const MAX_DEVICES: u32 = 16_384;

/// How many flows are remembered; the least recently used make room.
pub const MAX_FLOWS: u32 = 65_536;

/// How many names can be half read at a time; the least recently used make room.
pub const MAX_PARTIAL: u32 = 4096;

/// How many QUIC flows have their keys remembered; the least recently used make room.
pub const MAX_KEYS: u32 = 8192;

/// How many QUIC flights can be half read at a time, of some ten kilobytes each; the least recently used make room.
pub const MAX_FLIGHTS: u32 = 1024;

/// How many combinations of device, policy, reason and action are counted.
pub const MAX_BLOCKED: u32 = 65_536;

/// How many interfaces can be known not to send.
pub const MAX_INTERFACES: u32 = 256;

/// Size of the ring buffer of events in bytes.
pub const EVENTS_BYTES: u32 = 512 * 1024;

/// Number of the device under which all devices without a number of their own are counted.
pub const OTHER_DEVICE: u32 = 0;

/// What happens to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Action {
    /// It goes on.
    Pass,
    /// It is dropped without a word.
    Drop,
    /// It is dropped, and its sender told so: a TCP reset, or ICMP "port unreachable".
    Reject,
    /// It goes on, and is counted as one that would have been blocked.
    Observe,
}

impl Action {
    /// Whether the packet goes on.
    pub const fn lets_through(self) -> bool {
        matches!(self, Self::Pass | Self::Observe)
    }

    /// Every action, in the order of its number.
    pub const ALL: &[Self] = &[Self::Pass, Self::Drop, Self::Reject, Self::Observe];

    /// The word that stands for this action in metrics, events and JSON.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Drop => "drop",
            Self::Reject => "reject",
            Self::Observe => "observe",
        }
    }

    /// The action with this number, if there is one. By comparison, as [`Reason::from_index`].
    #[inline(always)]
    pub const fn from_index(index: u8) -> Option<Self> {
        match index {
            0 => Some(Self::Pass),
            1 => Some(Self::Drop),
            2 => Some(Self::Reject),
            3 => Some(Self::Observe),
            _ => None,
        }
    }
}

/// No policy: of a verdict that no policy made.
pub const NO_POLICY: u8 = u8::MAX;

/// What is decided about one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Verdict {
    /// What happens.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// Number (bit) of the policy that made the verdict, or [`NO_POLICY`].
    pub policy: u8,
}

impl Verdict {
    /// A packet that goes on for `reason`, without a policy having a say.
    pub const fn pass(reason: Reason) -> Self {
        Self { action: Action::Pass, reason, policy: NO_POLICY }
    }

    /// The verdict in one number, as functions of the kernel half hand it on: action, reason, policy, from the lowest byte.
    pub const fn to_bits(self) -> u32 {
        u32::from_le_bytes([self.action as u8, self.reason as u8, self.policy, 0])
    }

    /// The verdict that [`Verdict::to_bits`] wrote.
    pub fn from_bits(bits: u32) -> Option<Self> {
        let [action, reason, policy, _] = bits.to_le_bytes();
        Some(Self { action: Action::from_index(action)?, reason: Reason::from_index(reason)?, policy })
    }

    /// This verdict, unless it is a pass and `earlier` is more than that.
    pub const fn or(self, earlier: Self) -> Self {
        if matches!(self.action, Action::Pass) && !matches!(earlier.action, Action::Pass) {
            earlier
        } else {
            self
        }
    }
}

/// What one generation of the policy says apart from its tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Generation {
    /// Counts reloads, from 1; 0 is a generation that was never filled.
    pub number: u64,
    /// Key of the name hash (see [`crate::name`]). It stays as long as the flow table does, which holds hashes.
    pub hash_seed: u64,
    /// Policies of a device that is not listed.
    pub default_policies: u64,
    /// Policies that observe and do not block.
    pub observe: u64,
    /// Policies that tell the sender when they block.
    pub reject: u64,
    /// Policies that block a ClientHello without a server name.
    pub nameless: u64,
    /// Policies that block what cannot be parsed.
    pub malformed: u64,
    /// Policies that block IP fragments of TCP and of UDP ports 443 and 53.
    pub fragments: u64,
    /// Policies that block an address in the place of a server name.
    pub ip_literal: u64,
    /// Policies that block a ClientHello with an encrypted one inside.
    pub ech: u64,
    /// Policies that judge such a hello by the name that its device asked for (map `ASKED`).
    pub ech_judge: u64,
    /// Policies that block QUIC as such.
    pub quic_block: u64,
    /// Policies that do not look at QUIC.
    pub quic_pass: u64,
    /// The table of names in the map `NAMES`.
    pub names: names::Shape,
    /// The tree of IPv4 nets in the map `PREFIXES`.
    pub prefixes_v4: ranges::Shape,
    /// The tree of IPv6 nets in the map `PREFIXES`.
    pub prefixes_v6: ranges::Shape,
    /// Bit `n` is set if a device is listed by the first `n` bytes of its address, 1 to 5.
    pub mac_prefixes: u32,
    /// Always 0.
    pub reserved: u32,
}

/// Policies that block and policies that allow one port (map `PORTS`, key: [`PortKey`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Masks {
    /// Policies that block.
    pub block: u64,
    /// Policies that allow.
    pub allow: u64,
}

/// Policies that name one host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct NameMasks {
    /// Policies that block or allow everything below the name.
    pub below: Masks,
    /// Policies that block or allow the name itself.
    pub exact: Masks,
}

/// Key of the map `PORTS`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct PortKey {
    /// Destination port, network order.
    pub port: [u8; 2],
    /// IP protocol: 6 (TCP) or 17 (UDP).
    pub protocol: u8,
    /// Always 0.
    pub reserved: u8,
}

/// Counters of one device on one CPU (map `COUNTERS`, index: [`Device::number`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct DeviceCounters {
    /// Frames from the device.
    pub packets: u64,
    /// Their length in bytes, Ethernet header included.
    pub bytes: u64,
    /// Flows seen to begin, of a device that has policies.
    pub flows: u64,
    /// Packets towards the device; those of a segment that is cut up behind the filter (GSO) are counted one by one.
    pub down_packets: u64,
    /// Their length in bytes as they leave, Ethernet header included.
    pub down_bytes: u64,
    /// Frames by [`Reason`]; their sum is `packets`. What lies behind the last reason is 0.
    pub reasons: [u64; REASON_SLOTS],
}

impl DeviceCounters {
    /// Nothing was counted.
    pub const ZERO: Self =
        Self { packets: 0, bytes: 0, flows: 0, down_packets: 0, down_bytes: 0, reasons: [0; REASON_SLOTS] };
}

/// Room for reasons: the next power of two, so that kernel code can index with a mask.
pub const REASON_SLOTS: usize = 32;

/// Key of the map `BLOCKED`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct BlockedKey {
    /// [`Device::number`].
    pub device: u32,
    /// Number of the policy.
    pub policy: u8,
    /// The [`Reason`] of the verdict on the flow.
    pub reason: u8,
    /// The [`Action`]: drop, reject or observe.
    pub action: u8,
    /// Always 0.
    pub reserved: u8,
}

/// Counters of what was blocked, on one CPU (map `BLOCKED`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct BlockedCounters {
    /// Frames.
    pub packets: u64,
    /// Flows, counted when their verdict fell.
    pub flows: u64,
}

/// What the name or the verdict in an [`Event`] was learned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Nothing with a name of its own.
    None,
    /// The server name of a TLS ClientHello.
    TlsSni,
    /// The server name in QUIC Initials.
    QuicSni,
    /// The host of an HTTP/1 request.
    HttpHost,
    /// The name in a DNS question.
    DnsQname,
    /// The destination address.
    Address,
}

impl Kind {
    /// Every kind, in the order of its number.
    pub const ALL: &[Self] =
        &[Self::None, Self::TlsSni, Self::QuicSni, Self::HttpHost, Self::DnsQname, Self::Address];

    /// The word that stands for this kind in metrics, events and JSON; none for [`Kind::None`].
    pub const fn label(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::TlsSni => Some("tls_sni"),
            Self::QuicSni => Some("quic_sni"),
            Self::HttpHost => Some("http_host"),
            Self::DnsQname => Some("dns_qname"),
            Self::Address => Some("address"),
        }
    }

    /// The kind with this number, if there is one.
    pub fn from_index(index: u8) -> Option<Self> {
        Self::ALL.get(usize::from(index)).copied()
    }
}

/// Longest host name in presentation form, without the trailing dot (RFC 1035, 2.3.4).
pub const MAX_NAME: usize = 253;

/// Bytes kept for a name: the next power of two, so that an index can be masked.
pub const NAME_BYTES: usize = 256;

/// Record in the ring buffer `EVENTS`: a verdict that is worth a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Event {
    /// Nanoseconds since boot, suspended time left out (`bpf_ktime_get_ns`).
    pub time: u64,
    /// The flow.
    pub flow: FlowKey,
    /// Number of the device.
    pub device: u32,
    /// VLAN tags as on the wire (priority bits included), outermost first.
    pub vlans: [[u8; 2]; 2],
    /// How many of `vlans` were there.
    pub vlan_count: u8,
    /// A [`Kind`].
    pub kind: u8,
    /// An [`Action`].
    pub action: u8,
    /// A [`Reason`].
    pub reason: u8,
    /// Number of the policy, or [`NO_POLICY`].
    pub policy: u8,
    /// Length of the name in bytes, at most [`MAX_NAME`].
    pub name_len: u8,
    /// Always 0.
    pub reserved: [u8; 6],
    /// The name, lower-case, unescaped wire bytes. What stands behind `name_len` means nothing.
    pub name: [u8; NAME_BYTES],
}

/// Programs behind a tail call, by their index in the map `STAGES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stage {
    /// Reads the server name of a TLS ClientHello.
    Tls,
    /// Reads the host of an HTTP/1 request.
    Http,
    /// Reads the names in DNS questions.
    Dns,
    /// Turns a packet that is rejected into the answer to its sender.
    Reject,
    /// Reads the server name in QUIC Initials.
    Quic,
}

impl Stage {
    /// Every stage, in the order of its index.
    pub const ALL: &[Self] = &[Self::Tls, Self::Http, Self::Dns, Self::Reject, Self::Quic];

    /// Name of its program in the object.
    pub const fn program(self) -> &'static str {
        match self {
            Self::Tls => "inspect_tls",
            Self::Http => "inspect_http",
            Self::Dns => "inspect_dns",
            Self::Reject => "reject",
            Self::Quic => "inspect_quic",
        }
    }

    /// What is lost on a kernel that refuses it.
    pub const fn without(self) -> &'static str {
        match self {
            Self::Tls => "TLS server names are not read, their connections pass",
            Self::Http => "HTTP hosts are not read, their connections pass",
            Self::Dns => "DNS questions are not read, they pass",
            Self::Reject => "what would be rejected is dropped without an answer",
            Self::Quic => {
                "QUIC is blocked for policies that would inspect it, so that clients fall back to TCP"
            }
        }
    }
}

/// How many datagrams with QUIC Initials one CPU reads of one device in a second.
pub const INITIALS_A_SECOND: u32 = 1024;

/// How many events one CPU tells of one device in a second.
pub const EVENTS_A_SECOND: u32 = 256;

/// What a device has used of a budget on one CPU (maps `REPLIES`, `INITIALS` and `TOLD`, index: [`Device::number`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SecondBudget {
    /// The second that is counted, in seconds since boot.
    pub second: u32,
    /// How much was used in it.
    pub used: u32,
}

// A change of layout that slips in unseen would be read wrongly by a daemon that adopts the maps of another build.
const _: () = {
    assert!(Reason::COUNT <= REASON_SLOTS);
    assert!(size_of::<Device>() == 16);
    assert!(size_of::<DeviceKey>() == 8);
    assert!(size_of::<Generation>() == 104 + 8 + 2 * 104 + 8);
    assert!(size_of::<NameMasks>() == 32);
    assert!(size_of::<PortKey>() == 4);
    assert!(size_of::<FlowKey>() == 44);
    assert!(size_of::<Flow>() == 88);
    assert!(size_of::<DeviceCounters>() == 40 + 8 * REASON_SLOTS);
    assert!(size_of::<Seen>() == 16);
    assert!(size_of::<AskedKey>() == 24);
    assert!(size_of::<Asked>() == 104);
    assert!(size_of::<BlockedKey>() == 8);
    assert!(size_of::<Event>() == 8 + 44 + 4 + 4 + 6 + 6 + 256);
    assert!(size_of::<Label>() == 72);
};
