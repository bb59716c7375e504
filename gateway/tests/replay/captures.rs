//! Frames, and captures of them.

use std::borrow::Cow;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use etherparse::{IpFragOffset, IpNumber, Ipv4Header, PacketBuilder, TcpHeader};
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::InterfaceDescriptionBlock;
use pcap_file::pcapng::{PcapNgBlock as _, PcapNgWriter};
use pcap_file::{DataLink, Endianness};
use rustls::client::ClientConnection;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};

const PHONE: [u8; 6] = [0x8c, 0xbe, 0xbe, 0x12, 0x34, 0x56];
const ROUTER: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];
const PHONE_V4: [u8; 4] = [192, 168, 1, 5];
const SERVER_V4: [u8; 4] = [198, 51, 100, 7];

/// The phone's half of a connection to port 443 of a server.
pub struct Tcp {
    port: u16,
    next: u32,
}

impl Tcp {
    pub fn from_port(port: u16) -> Self {
        Self { port, next: 1000 }
    }

    /// The next segment, with data.
    pub fn send(&mut self, payload: &[u8]) -> Vec<u8> {
        self.segment(payload, |header| (header.ack, header.psh) = (true, true))
    }

    fn segment(&mut self, payload: &[u8], flags: impl FnOnce(&mut TcpHeader)) -> Vec<u8> {
        let mut header = TcpHeader::new(self.port, 443, self.next, 64_240);
        flags(&mut header);
        self.next = self.next.wrapping_add(u32::try_from(payload.len()).unwrap() + u32::from(header.syn));
        let builder = PacketBuilder::ethernet2(PHONE, ROUTER).ipv4(PHONE_V4, SERVER_V4, 64);
        written(|out| builder.tcp_header(header).write(out, payload).unwrap())
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

/// The segment that opens a connection.
pub fn syn(tcp: &mut Tcp) -> Vec<u8> {
    tcp.segment(&[], |header| header.syn = true)
}

/// A segment in the middle of a connection.
pub fn ack(tcp: &mut Tcp, payload: &[u8]) -> Vec<u8> {
    tcp.segment(payload, |header| header.ack = true)
}

/// What a server says: of another sender, and no client's hello.
pub fn server_hello() -> Vec<u8> {
    let builder = PacketBuilder::ethernet2(ROUTER, PHONE).ipv4(SERVER_V4, PHONE_V4, 64);
    written(|out| {
        builder.tcp(443, 50_000, 1, 64_240).ack(1001).write(out, &[22, 3, 3, 0, 4, 2, 0, 0, 0]).unwrap()
    })
}

/// A datagram of the phone.
pub fn udp(destination: &str, source_port: u16, port: u16) -> Vec<u8> {
    datagram(destination, source_port, port, b"hello")
}

/// A question of the phone for the address of `name`.
pub fn question(source_port: u16, name: &str) -> Vec<u8> {
    let mut message = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        message.push(u8::try_from(label.len()).unwrap());
        message.extend(label.as_bytes());
    }
    message.extend([0, 0, 1, 0, 1]);
    datagram("192.168.1.1", source_port, 53, &message)
}

/// What the router answers to the phone: `name` has the address of the server.
pub fn answer(port: u16, name: &str) -> Vec<u8> {
    let mut message = vec![0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    for label in name.split('.') {
        message.push(u8::try_from(label.len()).unwrap());
        message.extend(label.as_bytes());
    }
    message.extend([0, 0, 1, 0, 1]);
    message.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4]);
    message.extend(SERVER_V4);
    let builder = PacketBuilder::ethernet2(ROUTER, PHONE).ipv4([192, 168, 1, 1], PHONE_V4, 64);
    written(|out| builder.udp(53, port).write(out, &message).unwrap())
}

/// A datagram of the phone with this payload.
pub fn datagram(destination: &str, source_port: u16, port: u16, payload: &[u8]) -> Vec<u8> {
    let destination: Ipv4Addr = destination.parse().unwrap();
    let builder = PacketBuilder::ethernet2(PHONE, ROUTER).ipv4(PHONE_V4, destination.octets(), 64);
    written(|out| builder.udp(source_port, port).write(out, payload).unwrap())
}

/// A later fragment of TCP.
pub fn fragment(destination: &str) -> Vec<u8> {
    let destination: Ipv4Addr = destination.parse().unwrap();
    let mut header = Ipv4Header::new(40, 64, IpNumber::TCP, PHONE_V4, destination.octets()).unwrap();
    header.dont_fragment = false;
    header.fragment_offset = IpFragOffset::try_new(8).unwrap();
    header.header_checksum = header.calc_header_checksum();
    [&ROUTER[..], &PHONE, &[8, 0], &header.to_bytes(), &[0x42; 40]].concat()
}

/// The frame with tags behind its addresses: EtherType of the tag, number.
pub fn tagged(frame: &[u8], tags: &[(u16, u16)]) -> Vec<u8> {
    let (addresses, rest) = frame.split_at(12);
    let tags: Vec<u8> =
        tags.iter().flat_map(|(kind, number)| [kind.to_be_bytes(), number.to_be_bytes()].concat()).collect();
    [addresses, &tags, rest].concat()
}

/// The frame with Linux's cooked header in place of Ethernet's.
pub fn cooked(frame: &[u8]) -> Vec<u8> {
    [&[0, 0, 0, 1, 0, 6], &frame[6..12], &[0, 0], &frame[12..]].concat()
}

/// The first bytes that a rustls client sends to a server of this name.
pub fn hello(name: &str) -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from(String::from(name)).unwrap();
    let mut stream = Vec::new();
    ClientConnection::new(Arc::new(config), name).unwrap().write_tls(&mut stream).unwrap();
    stream
}

/// The hello with an encrypted one inside, in its last extension (RFC 9849).
pub fn with_ech(mut hello: Vec<u8>) -> Vec<u8> {
    let extension = [&[0xfe, 0x0d, 0, 186][..], &[0x5e; 186]].concat();
    // Behind record and handshake headers, version and random: session ID, cipher suites, compression methods.
    let mut at = 5 + 4 + 2 + 32;
    at += 1 + usize::from(hello[at]);
    at += 2 + usize::from(u16::from_be_bytes([hello[at], hello[at + 1]]));
    at += 1 + usize::from(hello[at]);
    hello.extend(&extension);
    for at in [3, 7, at] {
        let len = u16::from_be_bytes([hello[at], hello[at + 1]]) + u16::try_from(extension.len()).unwrap();
        hello[at..at + 2].copy_from_slice(&len.to_be_bytes());
    }
    hello
}

/// A pcap file.
pub fn pcap(datalink: DataLink, frames: &[Vec<u8>]) -> Vec<u8> {
    let header =
        PcapHeader { snaplen: 262_144, datalink, endianness: Endianness::Little, ..PcapHeader::default() };
    let mut writer = PcapWriter::with_header(Vec::new(), header).unwrap();
    for frame in frames {
        let len = u32::try_from(frame.len()).unwrap();
        writer.write_packet(&PcapPacket::new(Duration::ZERO, len, frame).unwrap()).unwrap();
    }
    writer.into_inner()
}

/// A pcapng file with these interfaces; each frame comes with the number of its own.
pub fn pcapng(interfaces: &[DataLink], frames: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut writer = PcapNgWriter::with_endianness(Vec::new(), Endianness::Big).unwrap();
    for link in interfaces {
        writer.write_pcapng_block(InterfaceDescriptionBlock::new(*link, 0)).unwrap();
    }
    for (interface, frame) in frames {
        let block = EnhancedPacketBlock {
            interface_id: *interface,
            timestamp: Duration::ZERO,
            original_len: u32::try_from(frame.len()).unwrap(),
            data: Cow::Borrowed(frame),
            options: Vec::new(),
        };
        writer.write_block(&block.into_block()).unwrap();
    }
    writer.into_inner()
}
