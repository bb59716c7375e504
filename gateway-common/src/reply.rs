//! The packets that refuse: a TCP reset, "port unreachable" for UDP, and "no such name" for a DNS question, as the
//! destination itself would send them.
//!
//! Each is made of the flow that it answers and goes back the way the packet came: what was the destination is the
//! source. Sources: RFC 9293, 3.10.7.1 (reset), RFC 792 and RFC 4443 (unreachable), RFC 1035, 4.1.1 (answer),
//! RFC 1071 (checksum).

use zerocopy::network_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::abi::FlowKey;
use crate::tls::{PIECE_BYTES, Piece};
use crate::wire::{Ipv4Header, Ipv6Header, TCP, TcpHeader, UDP, UdpHeader};

/// Hop limit of what we send.
const HOPS: u8 = 64;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;
const DONT_FRAGMENT: u16 = 0x4000;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
/// RFC 792: destination unreachable, port unreachable.
const PORT_UNREACHABLE_V4: (u8, u8) = (3, 3);
/// RFC 4443, 3.1: destination unreachable, port unreachable.
const PORT_UNREACHABLE_V6: (u8, u8) = (1, 4);

/// What a reset needs to know of the segment that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Segment {
    /// Its sequence number.
    pub sequence: u32,
    /// Its acknowledgement number, which counts with the ACK flag only.
    pub acknowledgement: u32,
    /// How many sequence numbers it takes: payload bytes, one for SYN, one for FIN.
    pub len: u32,
    /// Its flags.
    pub flags: u8,
    /// Always 0.
    pub reserved: [u8; 3],
}

/// IPv4 packet with a reset.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct ResetV4 {
    ip: Ipv4Header,
    tcp: TcpHeader,
}

/// IPv6 packet with a reset.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct ResetV6 {
    ip: Ipv6Header,
    tcp: TcpHeader,
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
struct IcmpHeader {
    kind: u8,
    code: u8,
    checksum: U16,
    unused: U32,
}

/// The IPv4 header and the first eight bytes behind it, which an ICMP error quotes (RFC 792).
pub type QuoteV4 = [u8; 28];
/// The IPv6 header and the first eight bytes behind it.
pub type QuoteV6 = [u8; 48];

/// IPv4 packet that says "port unreachable".
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct UnreachableV4 {
    ip: Ipv4Header,
    icmp: IcmpHeader,
    quote: QuoteV4,
}

/// IPv6 packet that says "port unreachable".
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct UnreachableV6 {
    ip: Ipv6Header,
    icmp: IcmpHeader,
    quote: QuoteV6,
}

/// Headers in front of an answer over IPv4.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct AnswerV4 {
    ip: Ipv4Header,
    udp: UdpHeader,
}

/// Headers in front of an answer over IPv6.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct AnswerV6 {
    ip: Ipv6Header,
    udp: UdpHeader,
}

/// Bytes of a DNS header (RFC 1035, 4.1.1).
pub const DNS_HEADER: u32 = 12;

/// The longest answer: a header and four questions of names as long as names may be.
const MAX_ANSWER: u32 = DNS_HEADER + 4 * (255 + 4);

/// Makes the query in `piece` the answer that there is no such name, and returns the sum of its 16-bit words. The answer
/// ends at `end`, behind the question that is refused; `left` more questions stood behind that and are not repeated. What follows the question (EDNS) is not answered, as by a server that does not know it.
#[inline(always)]
pub fn deny(piece: &mut Piece, end: u32, left: u16) -> u32 {
    const RESPONSE: u8 = 0x80;
    const OPCODE_RECURSION_DESIRED: u8 = 0x79;
    const RECURSION_AVAILABLE: u8 = 0x80;
    const CHECKING_DISABLED: u8 = 0x10;
    const NO_SUCH_NAME: u8 = 3;
    piece.bytes[2] = RESPONSE | piece.bytes[2] & OPCODE_RECURSION_DESIRED;
    piece.bytes[3] = RECURSION_AVAILABLE | piece.bytes[3] & CHECKING_DISABLED | NO_SUCH_NAME;
    let repeated = u16::from_be_bytes([piece.bytes[4], piece.bytes[5]]).wrapping_sub(left).to_be_bytes();
    piece.bytes[4] = repeated[0];
    piece.bytes[5] = repeated[1];
    // No answer, authority or additional records.
    piece.bytes[6..DNS_HEADER as usize].fill(0);
    let mut sum = 0;
    for word in 0..MAX_ANSWER / 2 {
        let at = word * 2;
        if at >= end {
            break;
        }
        let high = piece.bytes[at as usize & (PIECE_BYTES - 1)];
        let low = if at + 1 < end { piece.bytes[(at + 1) as usize & (PIECE_BYTES - 1)] } else { 0 };
        sum += u32::from(u16::from_be_bytes([high, low]));
    }
    sum
}

impl AnswerV4 {
    /// The headers of an answer of `len` bytes whose words sum up to `sum`, to a query of `flow`, which must be IPv4.
    #[inline(always)]
    pub fn new(flow: &FlowKey, len: u32, sum: u32) -> Self {
        let udp_len = size_of::<UdpHeader>() + len as usize;
        Self { ip: ipv4(flow, UDP, size_of::<Ipv4Header>() + udp_len), udp: udp(flow, udp_len, sum) }
    }
}

impl AnswerV6 {
    /// The headers of an answer of `len` bytes whose words sum up to `sum`, to a query of `flow`, which must be IPv6.
    #[inline(always)]
    pub fn new(flow: &FlowKey, len: u32, sum: u32) -> Self {
        let udp_len = size_of::<UdpHeader>() + len as usize;
        Self { ip: ipv6(flow, UDP, udp_len), udp: udp(flow, udp_len, sum) }
    }
}

#[inline(always)]
fn udp(flow: &FlowKey, len: usize, payload: u32) -> UdpHeader {
    #[expect(clippy::cast_possible_truncation, reason = "at most a header and MAX_ANSWER")]
    let mut header = UdpHeader {
        source: flow.destination_port,
        destination: flow.source_port,
        len: U16::new(len as u16),
        checksum: U16::ZERO,
    };
    let sum = checksum(pseudo_header(flow, UDP, len) + sum(header.as_bytes()) + payload);
    // RFC 768: a sum of zero is sent as all ones; zero would say that there is none.
    header.checksum = if sum == U16::ZERO { U16::MAX_VALUE } else { sum };
    header
}

impl ResetV4 {
    /// The reset that answers `segment` of `flow`, which must be IPv4.
    #[inline(always)]
    pub fn new(flow: &FlowKey, segment: &Segment) -> Self {
        let mut tcp = reset(flow, segment);
        tcp.checksum = checksum(pseudo_header(flow, TCP, size_of::<TcpHeader>()) + sum(tcp.as_bytes()));
        Self { ip: ipv4(flow, TCP, size_of::<Self>()), tcp }
    }
}

impl ResetV6 {
    /// The reset that answers `segment` of `flow`, which must be IPv6.
    #[inline(always)]
    pub fn new(flow: &FlowKey, segment: &Segment) -> Self {
        let mut tcp = reset(flow, segment);
        tcp.checksum = checksum(pseudo_header(flow, TCP, size_of::<TcpHeader>()) + sum(tcp.as_bytes()));
        Self { ip: ipv6(flow, TCP, size_of::<TcpHeader>()), tcp }
    }
}

impl UnreachableV4 {
    /// The answer to a packet of `flow`, which must be IPv4, that begins with `quote`.
    #[inline(always)]
    pub fn new(flow: &FlowKey, quote: &QuoteV4) -> Self {
        let (kind, code) = PORT_UNREACHABLE_V4;
        let mut icmp = IcmpHeader { kind, code, checksum: U16::ZERO, unused: U32::ZERO };
        icmp.checksum = checksum(sum(icmp.as_bytes()) + sum(quote));
        Self { ip: ipv4(flow, ICMP, size_of::<Self>()), icmp, quote: *quote }
    }
}

impl UnreachableV6 {
    /// The answer to a packet of `flow`, which must be IPv6, that begins with `quote`.
    #[inline(always)]
    pub fn new(flow: &FlowKey, quote: &QuoteV6) -> Self {
        let len = size_of::<IcmpHeader>() + size_of::<QuoteV6>();
        let (kind, code) = PORT_UNREACHABLE_V6;
        let mut icmp = IcmpHeader { kind, code, checksum: U16::ZERO, unused: U32::ZERO };
        icmp.checksum = checksum(pseudo_header(flow, ICMPV6, len) + sum(icmp.as_bytes()) + sum(quote));
        Self { ip: ipv6(flow, ICMPV6, len), icmp, quote: *quote }
    }
}

/// RFC 9293, 3.10.7.1: a segment that acknowledges is answered with the number that it acknowledges; one that does not
/// (a SYN), with an acknowledgement of what it took.
#[inline(always)]
fn reset(flow: &FlowKey, segment: &Segment) -> TcpHeader {
    let acknowledges = segment.flags & ACK != 0;
    let (sequence, acknowledgement, flags) = if acknowledges {
        (segment.acknowledgement, 0, RST)
    } else {
        (0, segment.sequence.wrapping_add(segment.len), RST | ACK)
    };
    TcpHeader {
        source: flow.destination_port,
        destination: flow.source_port,
        sequence: U32::new(sequence),
        acknowledgement: U32::new(acknowledgement),
        offset: 5 << 4,
        flags,
        window: U16::ZERO,
        checksum: U16::ZERO,
        urgent: U16::ZERO,
    }
}

#[inline(always)]
fn ipv4(flow: &FlowKey, protocol: u8, total_len: usize) -> Ipv4Header {
    #[expect(clippy::cast_possible_truncation, reason = "tens of bytes")]
    let total_len = total_len as u16;
    let mut header = Ipv4Header {
        version_ihl: 0x45,
        tos: 0,
        total_len: U16::new(total_len),
        id: U16::ZERO,
        fragment: U16::new(DONT_FRAGMENT),
        ttl: HOPS,
        protocol,
        checksum: U16::ZERO,
        source: unmapped(&flow.destination),
        destination: unmapped(&flow.source),
    };
    header.checksum = checksum(sum(header.as_bytes()));
    header
}

#[inline(always)]
fn ipv6(flow: &FlowKey, next_header: u8, payload_len: usize) -> Ipv6Header {
    #[expect(clippy::cast_possible_truncation, reason = "tens of bytes")]
    let payload_len = payload_len as u16;
    Ipv6Header {
        version_class_flow: U32::new(6 << 28),
        payload_len: U16::new(payload_len),
        next_header,
        hop_limit: HOPS,
        source: flow.destination,
        destination: flow.source,
    }
}

#[inline(always)]
const fn unmapped(address: &[u8; 16]) -> [u8; 4] {
    let [.., a, b, c, d] = *address;
    [a, b, c, d]
}

/// Sum of the pseudo-header (RFC 9293, 3.1; RFC 8200, 8.1). The ten zero bytes and the ones of a mapped address would
/// count, so IPv4 takes its four bytes only; the order of source and destination does not matter to a sum.
#[inline(always)]
fn pseudo_header(flow: &FlowKey, protocol: u8, len: usize) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "tens of bytes")]
    let len = len as u32;
    let addresses = if is_mapped(&flow.source) {
        sum(&unmapped(&flow.source)) + sum(&unmapped(&flow.destination))
    } else {
        sum(&flow.source) + sum(&flow.destination)
    };
    addresses + u32::from(protocol) + len
}

#[inline(always)]
const fn is_mapped(address: &[u8; 16]) -> bool {
    matches!(address, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ..])
}

/// Sum of 16-bit words, not folded: of less than 2^16 words it fits into 32 bits.
#[inline(always)]
fn sum(bytes: &[u8]) -> u32 {
    bytes.chunks(2).fold(0, |sum, word| {
        let low = if word.len() > 1 { word[1] } else { 0 };
        sum + u32::from(u16::from_be_bytes([word[0], low]))
    })
}

/// Folds a sum to the Internet checksum (RFC 1071).
#[inline(always)]
fn checksum(sum: u32) -> U16 {
    let once = (sum & 0xffff) + (sum >> 16);
    let twice = (once & 0xffff) + (once >> 16);
    #[expect(clippy::cast_possible_truncation, reason = "folded to 16 bits")]
    U16::new(!(twice as u16))
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
