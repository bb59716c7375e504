//! From a frame to addresses, ports and the place of the payload.
//!
//! One walk serves the kernel and the host: it asks a [`Frame`] for headers by offset and never touches bytes itself.
//! Every length from the wire is checked against what is really there before it moves the cursor, and what does not add
//! up ends in a [`Reason`]. Sources: IEEE 802.3 and 802.1Q, RFC 791 (IPv4), RFC 8200 (IPv6), RFC 9293 (TCP), RFC 768 (UDP).

mod extensions;
mod mac;

use core::hint::black_box;
use core::mem::offset_of;

use zerocopy::network_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::abi::FlowKey;
use crate::reason::Reason;
use crate::reply::Segment;

pub use extensions::Extensions;
pub use mac::{BadMac, MacAddr};

/// Bytes that can be asked for a header at an offset.
pub trait Frame {
    /// Length in bytes of the whole frame.
    fn len(&self) -> usize;

    /// Copies the `T` that begins `offset` bytes into the frame; `None` if the frame ends before it does.
    fn read<T: FromBytes + Immutable + Copy>(&self, offset: usize) -> Option<T>;

    /// Whether there is not a single byte.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Frame for [u8] {
    fn len(&self) -> usize {
        <[u8]>::len(self)
    }

    fn read<T: FromBytes + Immutable + Copy>(&self, offset: usize) -> Option<T> {
        let rest = self.get(offset..)?;
        T::read_from_prefix(rest).ok().map(|(value, _)| value)
    }
}

#[derive(Clone, Copy, FromBytes, Immutable)]
#[repr(C)]
struct EthernetHeader {
    destination: MacAddr,
    source: MacAddr,
    ethertype: U16,
}

#[derive(Clone, Copy, FromBytes, Immutable)]
#[repr(C)]
struct VlanTag {
    tag: [u8; 2],
    ethertype: U16,
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(crate) struct Ipv4Header {
    pub(crate) version_ihl: u8,
    pub(crate) tos: u8,
    pub(crate) total_len: U16,
    pub(crate) id: U16,
    pub(crate) fragment: U16,
    pub(crate) ttl: u8,
    pub(crate) protocol: u8,
    pub(crate) checksum: U16,
    pub(crate) source: [u8; 4],
    pub(crate) destination: [u8; 4],
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(crate) struct Ipv6Header {
    pub(crate) version_class_flow: U32,
    pub(crate) payload_len: U16,
    pub(crate) next_header: u8,
    pub(crate) hop_limit: u8,
    pub(crate) source: [u8; 16],
    pub(crate) destination: [u8; 16],
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(crate) struct TcpHeader {
    pub(crate) source: [u8; 2],
    pub(crate) destination: [u8; 2],
    pub(crate) sequence: U32,
    pub(crate) acknowledgement: U32,
    pub(crate) offset: u8,
    pub(crate) flags: u8,
    pub(crate) window: U16,
    pub(crate) checksum: U16,
    pub(crate) urgent: U16,
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(crate) struct UdpHeader {
    pub(crate) source: [u8; 2],
    pub(crate) destination: [u8; 2],
    pub(crate) len: U16,
    pub(crate) checksum: U16,
}

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;

/// How many VLAN tags are followed (802.1ad: one service tag, one customer tag).
pub const MAX_VLANS: usize = 2;

/// How many IPv6 extension headers are followed. RFC 8200, 4.1 recommends each at most once: no honest chain is longer.
pub const MAX_EXTENSIONS: usize = 8;

/// IP protocol number of TCP.
pub const TCP: u8 = 6;
/// IP protocol number of UDP.
pub const UDP: u8 = 17;

/// The link layer of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Destination address.
    pub destination: MacAddr,
    /// Source address.
    pub source: MacAddr,
    /// What follows the addresses: an EtherType, still of a tag where there is one.
    ethertype: u16,
}

/// VLAN tags, outermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Vlans {
    /// Tags as on the wire: priority, drop eligibility and 12 bits of VLAN number.
    pub tags: [[u8; 2]; MAX_VLANS],
    /// How many there are.
    pub count: u8,
}

/// Whether an IP packet is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fragment {
    /// Not a fragment (or an IPv6 "atomic" one, RFC 6946).
    No,
    /// The first piece, with the transport header.
    First,
    /// A later piece, without one.
    Later,
}

/// The network layer of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Where in the frame the IP header begins.
    pub header: usize,
    /// Protocol of the payload, behind all extension headers.
    pub protocol: u8,
    /// Whether the packet is a fragment.
    pub fragment: Fragment,
    /// Whether this is IPv4.
    pub is_v4: bool,
    /// Where in the frame the payload begins.
    pub offset: usize,
    /// Length of the payload in bytes; it is all there.
    pub len: usize,
}

impl Network {
    /// Writes the source and the destination address into a flow's key; IPv4 as IPv4-mapped IPv6.
    ///
    /// They are read apart from the rest and go straight to their place: kept in a value on the way, their 32 bytes would
    /// take half of the stack that a BPF program has.
    ///
    /// # Errors
    /// [`Reason::Truncated`], never of a frame that this was read from.
    #[inline(always)]
    pub fn addresses<F: Frame + ?Sized>(&self, frame: &F, key: &mut FlowKey) -> Result<(), Reason> {
        if self.is_v4 {
            let addresses = self.header + offset_of!(Ipv4Header, source);
            let [source, destination]: [[u8; 4]; 2] = frame.read(addresses).ok_or(Reason::Truncated)?;
            key.source = mapped(source);
            key.destination = mapped(destination);
        } else {
            let addresses = self.header + offset_of!(Ipv6Header, source);
            key.source = frame.read(addresses).ok_or(Reason::Truncated)?;
            key.destination = frame.read(addresses + 16).ok_or(Reason::Truncated)?;
        }
        Ok(())
    }
}

/// The transport layer of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transport {
    /// Source port, network order.
    pub source_port: [u8; 2],
    /// Destination port, network order.
    pub destination_port: [u8; 2],
    /// TCP sequence number of the segment; 0 for UDP.
    pub sequence: u32,
    /// TCP acknowledgement number; 0 for UDP.
    pub acknowledgement: u32,
    /// TCP flags (RFC 9293, 3.1); 0 for UDP.
    pub flags: u8,
    /// Where in the frame the payload begins.
    pub offset: usize,
    /// Length of the payload in bytes; it is all there.
    pub len: usize,
}

impl Transport {
    const FIN_SYN_RST_ACK: u8 = 0x17;
    const FIN: u8 = 0x01;
    const SYN: u8 = 0x02;

    /// What a reset of this segment needs to know. `sequence_len` of RFC 9293, 3.4: SYN and FIN take a number each.
    pub const fn segment(&self) -> Segment {
        #[expect(clippy::cast_possible_truncation, reason = "a frame is shorter than 2^17 bytes")]
        let payload = self.len as u32;
        let controls = (self.flags & Self::SYN != 0) as u32 + (self.flags & Self::FIN != 0) as u32;
        Segment {
            sequence: self.sequence,
            acknowledgement: self.acknowledgement,
            len: payload + controls,
            flags: self.flags,
            reserved: [0; 3],
        }
    }

    /// TCP sequence number of the first byte of the payload: a SYN takes one itself (RFC 9293, 3.4).
    pub const fn payload_sequence(&self) -> u32 {
        self.sequence.wrapping_add((self.flags & Self::SYN != 0) as u32)
    }

    /// Whether this segment opens a connection: SYN and nothing else of SYN, FIN, RST, ACK.
    pub const fn is_opening(&self) -> bool {
        self.flags & Self::FIN_SYN_RST_ACK == Self::SYN
    }
}

/// Reads the Ethernet header, to know the device before anything else is looked at.
///
/// # Errors
/// [`Reason::Truncated`] if the frame is shorter than the header.
#[inline(always)]
pub fn link<F: Frame + ?Sized>(frame: &F) -> Result<Link, Reason> {
    let header: EthernetHeader = frame.read(0).ok_or(Reason::Truncated)?;
    let EthernetHeader { destination, source, ethertype } = header;
    Ok(Link { destination, source, ethertype: ethertype.get() })
}

/// Walks from behind the Ethernet header over VLAN tags and the IP headers. `extensions` is working memory.
///
/// # Errors
/// [`Reason::NotIp`] for other EtherTypes; [`Reason::Truncated`], [`Reason::BadHeader`] and [`Reason::TooLong`] for what
/// cannot be read.
#[inline(always)]
pub fn network<F: Frame + ?Sized>(
    frame: &F,
    link: Link,
    extensions: &mut Extensions,
) -> Result<(Vlans, Network), Reason> {
    let mut offset = size_of::<EthernetHeader>();
    let mut ethertype = link.ethertype;
    let mut vlans = Vlans::default();
    for tag in &mut vlans.tags {
        if !is_vlan(ethertype) {
            break;
        }
        let header: VlanTag = frame.read(offset).ok_or(Reason::Truncated)?;
        *tag = header.tag;
        vlans.count += 1;
        ethertype = header.ethertype.get();
        offset += size_of::<VlanTag>();
    }
    match ethertype {
        ETHERTYPE_IPV4 => Ok((vlans, ipv4(frame, offset)?)),
        ETHERTYPE_IPV6 => Ok((vlans, ipv6(frame, offset, extensions)?)),
        other if is_vlan(other) => Err(Reason::TooLong),
        _ => Err(Reason::NotIp),
    }
}

/// 802.1Q, 802.1ad, and the number that QinQ had before 802.1ad.
const fn is_vlan(ethertype: u16) -> bool {
    matches!(ethertype, 0x8100 | 0x88a8 | 0x9100)
}

/// An IPv4 address as IPv4-mapped IPv6 (RFC 4291, 2.5.5.2).
#[inline(always)]
pub const fn mapped(address: [u8; 4]) -> [u8; 16] {
    let [a, b, c, d] = address;
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}

#[inline(always)]
fn ipv4<F: Frame + ?Sized>(frame: &F, offset: usize) -> Result<Network, Reason> {
    let header: Ipv4Header = frame.read(offset).ok_or(Reason::Truncated)?;
    let header_len = usize::from(header.version_ihl & 0x0f) * 4;
    let total_len = usize::from(header.total_len.get());
    if header.version_ihl >> 4 != 4 || header_len < size_of::<Ipv4Header>() || total_len < header_len {
        return Err(Reason::BadHeader);
    }
    // Ethernet pads short frames, so the frame may be longer than the packet; never shorter.
    if frame.len() < offset + total_len {
        return Err(Reason::Truncated);
    }
    let place = header.fragment.get();
    Ok(Network {
        header: offset,
        protocol: header.protocol,
        fragment: fragment(place & 0x1fff, place & 0x2000 != 0),
        is_v4: true,
        offset: offset + header_len,
        len: total_len - header_len,
    })
}

const fn fragment(offset: u16, more: bool) -> Fragment {
    match (offset, more) {
        (0, false) => Fragment::No,
        (0, true) => Fragment::First,
        _ => Fragment::Later,
    }
}

#[inline(always)]
fn ipv6<F: Frame + ?Sized>(frame: &F, offset: usize, extensions: &mut Extensions) -> Result<Network, Reason> {
    let header: Ipv6Header = frame.read(offset).ok_or(Reason::Truncated)?;
    if header.version_class_flow.get() >> 28 != 6 {
        return Err(Reason::BadHeader);
    }
    let start = offset;
    let offset = offset + size_of::<Ipv6Header>();
    let len = header.payload_len.get();
    if frame.len() < offset + usize::from(len) {
        return Err(Reason::Truncated);
    }
    #[expect(clippy::cast_possible_truncation, reason = "behind three headers of fixed length")]
    let offset = offset as u16;
    *extensions = Extensions::new(header.next_header, offset, len);
    for _ in 0..MAX_EXTENSIONS {
        // What comes out of the box is in memory and the compiler knows nothing of it. So the verifier sees the same state
        // at every turn and goes through the loop once, not once for every mixture of headers.
        if !black_box(&mut *extensions).step(frame)? {
            return Ok(extensions.network(start));
        }
    }
    // One look more: the chain may just have ended.
    if extensions.is_extension() { Err(Reason::TooLong) } else { Ok(extensions.network(start)) }
}

/// Reads the TCP or UDP header of a packet that is not a later fragment; `None` for other protocols.
///
/// # Errors
/// [`Reason::BadHeader`] if the header does not fit into the packet or its lengths lie.
#[inline(always)]
pub fn transport<F: Frame + ?Sized>(frame: &F, network: &Network) -> Result<Option<Transport>, Reason> {
    match network.protocol {
        TCP => tcp(frame, network).map(Some),
        UDP => udp(frame, network).map(Some),
        _ => Ok(None),
    }
}

#[inline(always)]
fn tcp<F: Frame + ?Sized>(frame: &F, network: &Network) -> Result<Transport, Reason> {
    let header: TcpHeader = frame.read(network.offset).ok_or(Reason::BadHeader)?;
    let header_len = usize::from(header.offset >> 4) * 4;
    if header_len < size_of::<TcpHeader>() || header_len > network.len {
        return Err(Reason::BadHeader);
    }
    Ok(Transport {
        source_port: header.source,
        destination_port: header.destination,
        sequence: header.sequence.get(),
        acknowledgement: header.acknowledgement.get(),
        flags: header.flags,
        offset: network.offset + header_len,
        len: network.len - header_len,
    })
}

#[inline(always)]
fn udp<F: Frame + ?Sized>(frame: &F, network: &Network) -> Result<Transport, Reason> {
    let header: UdpHeader = frame.read(network.offset).ok_or(Reason::BadHeader)?;
    let len = usize::from(header.len.get());
    // The first fragment of a datagram announces the length of the whole.
    let announced_later = matches!(network.fragment, Fragment::First);
    if len < size_of::<UdpHeader>()
        || network.len < size_of::<UdpHeader>()
        || (len > network.len && !announced_later)
    {
        return Err(Reason::BadHeader);
    }
    Ok(Transport {
        source_port: header.source,
        destination_port: header.destination,
        sequence: 0,
        acknowledgement: 0,
        flags: 0,
        offset: network.offset + size_of::<UdpHeader>(),
        len: if len < network.len { len } else { network.len } - size_of::<UdpHeader>(),
    })
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
