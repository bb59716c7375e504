//! Frames from their layers.

use std::net::IpAddr;

use etherparse::{
    EtherType, Ethernet2Header, IpFragOffset, IpNumber, Ipv4Header, Ipv4Options, Ipv6Header,
    SingleVlanHeader, TcpHeader, UdpHeader, VlanId,
};
use gateway_common::wire::MacAddr;

use super::setup::PHONE;

/// IP protocol number of TCP.
pub const TCP: u8 = 6;
/// IP protocol number of UDP.
pub const UDP: u8 = 17;

/// EtherType of a customer tag (802.1Q).
pub const C_TAG: u16 = 0x8100;
/// EtherType of a service tag (802.1ad).
pub const S_TAG: u16 = 0x88a8;

/// Where a packet comes from and goes to, and all that lies around its payload.
#[derive(Clone, Debug)]
pub struct Path {
    /// Source address of the frame.
    pub mac: MacAddr,
    /// Its destination address: the gateway's.
    pub next_hop: MacAddr,
    /// VLAN tags, outermost first: EtherType of the tag, number.
    pub tags: Vec<(u16, u16)>,
    pub source: IpAddr,
    pub destination: IpAddr,
    pub source_port: u16,
    pub destination_port: u16,
    /// IPv4 options, in fours.
    pub options: Vec<u8>,
    /// IPv6 extension headers.
    pub extensions: Vec<Extension>,
    /// Offset in units of eight bytes, and whether more fragments follow.
    pub fragment: Option<(u16, bool)>,
}

/// An IPv6 extension header without its first byte, which is the number of the next one.
#[derive(Clone, Debug)]
pub struct Extension {
    pub protocol: u8,
    pub body: Vec<u8>,
}

impl Extension {
    /// A header of `len` bytes, a multiple of eight, of which `protocol` counts the length in units of eight, less one.
    pub fn of_len(protocol: u8, len: usize) -> Self {
        let mut body = vec![0; len - 1];
        body[0] = u8::try_from(len / 8 - 1).unwrap();
        Self { protocol, body }
    }

    /// An authentication header of `len` bytes, which counts its length in units of four, less two.
    pub fn authentication(len: usize) -> Self {
        let mut body = vec![0; len - 1];
        body[0] = u8::try_from(len / 4 - 2).unwrap();
        Self { protocol: 51, body }
    }

    fn fragment((offset, more): (u16, bool)) -> Self {
        let [high, low] = (offset << 3 | u16::from(more)).to_be_bytes();
        Self { protocol: 44, body: vec![0, high, low, 0, 0, 0, 7] }
    }
}

/// A frame, and what was put into it.
#[derive(Clone, Debug)]
pub struct Frame {
    pub bytes: Vec<u8>,
    pub path: Path,
    pub protocol: u8,
}

impl Path {
    /// From the phone to port 443 of a server, over IPv4.
    pub fn v4() -> Self {
        Self {
            mac: PHONE,
            next_hop: MacAddr([0x02, 0, 0, 0, 0, 0x01]),
            tags: Vec::new(),
            source: [192, 168, 1, 5].into(),
            destination: [198, 51, 100, 7].into(),
            source_port: 50322,
            destination_port: 443,
            options: Vec::new(),
            extensions: Vec::new(),
            fragment: None,
        }
    }

    /// From the phone to port 443 of a server, over IPv6.
    pub fn v6() -> Self {
        let source = [0x2001, 0xdb8, 1, 0, 0, 0, 0, 5].into();
        Self { source, destination: [0x2001, 0xdb8, 2, 0, 0, 0, 0, 7].into(), ..Self::v4() }
    }

    /// The same from the phone to this address; the version of IP follows it.
    pub fn to(destination: &str) -> Self {
        let destination: IpAddr = destination.parse().unwrap();
        let path = if destination.is_ipv4() { Self::v4() } else { Self::v6() };
        Self { destination, ..path }
    }

    pub fn port(self, destination_port: u16) -> Self {
        Self { destination_port, ..self }
    }

    pub fn source_port(self, source_port: u16) -> Self {
        Self { source_port, ..self }
    }

    pub fn from(self, mac: MacAddr) -> Self {
        Self { mac, ..self }
    }

    pub fn towards(self, next_hop: MacAddr) -> Self {
        Self { next_hop, ..self }
    }

    pub fn tagged(self, tags: &[(u16, u16)]) -> Self {
        Self { tags: tags.to_vec(), ..self }
    }

    pub fn options(self, options: &[u8]) -> Self {
        Self { options: options.to_vec(), ..self }
    }

    pub fn extensions(self, extensions: impl IntoIterator<Item = Extension>) -> Self {
        Self { extensions: extensions.into_iter().collect(), ..self }
    }

    pub fn fragment(self, offset: u16, more: bool) -> Self {
        Self { fragment: Some((offset, more)), ..self }
    }

    /// Where the IP header begins.
    pub fn ip_at(&self) -> usize {
        Ethernet2Header::LEN + SingleVlanHeader::LEN * self.tags.len()
    }

    /// Where the TCP or UDP header begins.
    pub fn transport_at(&self) -> usize {
        match self.source {
            IpAddr::V4(_) => self.ip_at() + Ipv4Header::MIN_LEN + self.options.len(),
            IpAddr::V6(_) => {
                let chain: usize = self.chain().iter().map(|extension| 1 + extension.body.len()).sum();
                self.ip_at() + Ipv6Header::LEN + chain
            }
        }
    }

    /// A UDP datagram.
    pub fn udp(&self, payload: &[u8]) -> Frame {
        let len = u16::try_from(UdpHeader::LEN + payload.len()).unwrap();
        let (source_port, destination_port) = (self.source_port, self.destination_port);
        let mut header = UdpHeader { source_port, destination_port, length: len, checksum: 0 };
        header.checksum = match (self.source, self.destination) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                header.calc_checksum_ipv4_raw(from.octets(), to.octets(), payload)
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                header.calc_checksum_ipv6_raw(from.octets(), to.octets(), payload)
            }
            mixed => panic!("{mixed:?}"),
        }
        .unwrap();
        self.packet(UDP, &[&header.to_bytes(), payload].concat())
    }

    /// A TCP segment with this header, whose checksum is filled in.
    pub fn tcp(&self, mut header: TcpHeader, payload: &[u8]) -> Frame {
        header.checksum = match (self.source, self.destination) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                header.calc_checksum_ipv4_raw(from.octets(), to.octets(), payload)
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                header.calc_checksum_ipv6_raw(from.octets(), to.octets(), payload)
            }
            mixed => panic!("{mixed:?}"),
        }
        .unwrap();
        self.packet(TCP, &[&header.to_bytes(), payload].concat())
    }

    /// An IP packet with this payload.
    pub fn packet(&self, protocol: u8, payload: &[u8]) -> Frame {
        let (ether_type, packet) = match (self.source, self.destination) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                (EtherType::IPV4, self.v4_packet(protocol, from.octets(), to.octets(), payload))
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                (EtherType::IPV6, self.v6_packet(protocol, from.octets(), to.octets(), payload))
            }
            mixed => panic!("{mixed:?}"),
        };
        Frame { protocol, ..self.frame(ether_type.0, &packet) }
    }

    /// A frame of any EtherType.
    pub fn frame(&self, ether_type: u16, payload: &[u8]) -> Frame {
        let mut bytes = Vec::new();
        let mut types = self.tags.iter().map(|(tag, _)| *tag).chain([ether_type]).map(EtherType);
        let mut next = || types.next().unwrap();
        let link = Ethernet2Header { source: self.mac.0, destination: self.next_hop.0, ether_type: next() };
        bytes.extend(link.to_bytes());
        for (_, number) in &self.tags {
            let vlan_id = VlanId::try_new(*number).unwrap();
            let tag = SingleVlanHeader { vlan_id, ether_type: next(), ..SingleVlanHeader::default() };
            bytes.extend(tag.to_bytes());
        }
        bytes.extend(payload);
        Frame { bytes, path: self.clone(), protocol: 0 }
    }

    fn v4_packet(&self, protocol: u8, from: [u8; 4], to: [u8; 4], payload: &[u8]) -> Vec<u8> {
        let len = u16::try_from(payload.len()).unwrap();
        let mut header = Ipv4Header::new(len, 64, IpNumber(protocol), from, to).unwrap();
        header.options = Ipv4Options::try_from(self.options.as_slice()).unwrap();
        header.set_payload_len(payload.len()).unwrap();
        if let Some((offset, more)) = self.fragment {
            header.dont_fragment = false;
            header.fragment_offset = IpFragOffset::try_new(offset).unwrap();
            header.more_fragments = more;
        }
        header.header_checksum = header.calc_header_checksum();
        [&header.to_bytes(), payload].concat()
    }

    fn v6_packet(&self, protocol: u8, from: [u8; 16], to: [u8; 16], payload: &[u8]) -> Vec<u8> {
        let chain = self.chain();
        let mut numbers = chain.iter().map(|extension| extension.protocol).chain([protocol]);
        let mut next = || numbers.next().unwrap();
        let first = next();
        let mut behind: Vec<u8> = Vec::new();
        for extension in &chain {
            behind.push(next());
            behind.extend(&extension.body);
        }
        behind.extend(payload);
        let header = Ipv6Header {
            traffic_class: 0,
            flow_label: 0x4_2042.try_into().unwrap(),
            payload_length: u16::try_from(behind.len()).unwrap(),
            next_header: IpNumber(first),
            hop_limit: 64,
            source: from,
            destination: to,
        };
        [header.to_bytes().as_slice(), &behind].concat()
    }

    /// The IPv6 extension headers, that of a fragment last.
    fn chain(&self) -> Vec<Extension> {
        self.extensions.iter().cloned().chain(self.fragment.map(Extension::fragment)).collect()
    }
}

impl Frame {
    /// The frame with these bytes written over its own.
    pub fn patched(mut self, at: usize, bytes: &[u8]) -> Self {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// The first `len` bytes.
    pub fn cut(mut self, len: usize) -> Self {
        self.bytes.truncate(len);
        self
    }

    /// With zeros behind it, up to `len` bytes, as Ethernet pads short frames.
    pub fn padded(mut self, len: usize) -> Self {
        assert!(self.bytes.len() <= len, "the frame has {} bytes already", self.bytes.len());
        self.bytes.resize(len, 0);
        self
    }
}
