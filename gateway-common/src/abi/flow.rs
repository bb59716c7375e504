//! The flow table: connections, and what was learned of each.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::reason::Reason;
use crate::wire::MacAddr;

/// Key of the flow table: the 5-tuple and the device. IPv4 addresses are written as IPv4-mapped IPv6 (RFC 4291, 2.5.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct FlowKey {
    /// Source address.
    pub source: [u8; 16],
    /// Destination address.
    pub destination: [u8; 16],
    /// Source port, network order; 0 where the protocol has none.
    pub source_port: [u8; 2],
    /// Destination port, network order; 0 where the protocol has none.
    pub destination_port: [u8; 2],
    /// Source MAC address.
    pub mac: MacAddr,
    /// IP protocol.
    pub protocol: u8,
    /// Always 0.
    pub reserved: u8,
}

/// How far the filter is with a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FlowState {
    /// Its verdict stands.
    Decided,
    /// Its SYN was not seen; a later payload may still be the start of a ClientHello.
    Midway,
    /// Its SYN was seen; the first payload carries the name or there is none.
    Opening,
    /// A ClientHello has begun and goes on in the next segment.
    Tls,
    /// An HTTP request has begun and goes on in the next segment.
    Http,
    /// It carries DNS over TCP, of which every question is judged.
    Dns,
    /// UDP without a verdict: each datagram that can begin with a QUIC Initial is read.
    Datagrams,
}

/// Value of the flow table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Flow {
    /// A [`FlowState`].
    pub state: u8,
    /// The [`Action`] of a decided flow, or what the destination of an undecided one brought so far.
    pub action: u8,
    /// The [`Reason`] of that verdict.
    pub reason: u8,
    /// The policy of that verdict, or [`NO_POLICY`].
    pub policy: u8,
    /// Low 32 bits of the generation under which the flow was judged.
    pub generation: u32,
    /// TCP sequence number of the next byte to read, of a flow that is neither decided nor midway; of [`FlowState::Datagrams`]
    /// the flags of [`crate::quic`].
    pub sequence: u32,
    /// Second since boot, suspended time left out, in which this was written: when the flow began or what was last learned of it.
    pub since: u32,
    /// What was learned of the flow, to judge it again under another policy.
    pub learned: Learned,
}

/// What a flow has shown of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Learned {
    /// The [`Reason`] for which the flow would pass without any policy; [`Reason::NoPayload`] as long as nothing was read.
    pub reason: u8,
    /// 1 if its hello holds an encrypted one.
    pub has_ech: u8,
    /// How many of `suffixes` count.
    pub count: u8,
    /// Always 0.
    pub reserved: u8,
    /// Always 0.
    pub reserved2: u32,
    /// Hashes of what its name ends in, the shortest first; the last is that of the whole name. Of one with more labels than
    /// there is room for, the longest are missing in between.
    pub suffixes: [u64; SUFFIXES],
}

/// How many suffixes of its name are remembered of a flow.
pub const SUFFIXES: usize = 8;

impl Learned {
    /// Nothing.
    pub const NOTHING: Self = Self {
        reason: Reason::NoPayload as u8,
        has_ech: 0,
        count: 0,
        reserved: 0,
        reserved2: 0,
        suffixes: [0; SUFFIXES],
    };
}
