//! The answers to frames that are rejected, made apart from the code that makes them in the kernel.

use std::net::IpAddr;

use etherparse::icmpv4::DestUnreachableHeader;
use etherparse::icmpv6::DestUnreachableCode;
use etherparse::{
    Icmpv4Header, Icmpv4Type, Icmpv6Header, Icmpv6Type, SlicedPacket, TcpHeader, TransportSlice,
};

use super::frame::{Frame, Path};

/// The TCP reset that answers this segment (RFC 9293, 3.10.7.1).
pub fn reset(frame: &Frame) -> Vec<u8> {
    let packet = SlicedPacket::from_ethernet(&frame.bytes).unwrap();
    let Some(TransportSlice::Tcp(tcp)) = packet.transport else { panic!("no TCP in {frame:?}") };
    let taken = tcp.payload().len() + usize::from(tcp.syn()) + usize::from(tcp.fin());
    let back = back(&frame.path);
    let mut header = TcpHeader::new(back.source_port, back.destination_port, 0, 0);
    header.rst = true;
    if tcp.ack() {
        header.sequence_number = tcp.acknowledgment_number();
    } else {
        header.ack = true;
        header.acknowledgment_number = tcp.sequence_number().wrapping_add(u32::try_from(taken).unwrap());
    }
    plain(back.tcp(header, &[]))
}

/// The ICMP "port unreachable" that answers this datagram: it quotes the IP header and eight bytes behind it.
pub fn unreachable(frame: &Frame) -> Vec<u8> {
    let back = back(&frame.path);
    let quote = &frame.bytes[back.ip_at()..];
    match (back.source, back.destination) {
        (IpAddr::V4(_), _) => {
            let quote = &quote[..28];
            let kind = Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::Port);
            plain(back.packet(1, &[&Icmpv4Header::with_checksum(kind, quote).to_bytes(), quote].concat()))
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let quote = &quote[..48];
            let kind = Icmpv6Type::DestinationUnreachable(DestUnreachableCode::Port);
            let header = Icmpv6Header::with_checksum(kind, from.octets(), to.octets(), quote).unwrap();
            plain(back.packet(58, &[&header.to_bytes(), quote].concat()))
        }
        mixed => panic!("{mixed:?}"),
    }
}

/// The way back, without the options and extension headers of the way there.
fn back(path: &Path) -> Path {
    Path {
        mac: path.next_hop,
        next_hop: path.mac,
        source: path.destination,
        destination: path.source,
        source_port: path.destination_port,
        destination_port: path.source_port,
        options: Vec::new(),
        extensions: Vec::new(),
        fragment: None,
        tags: path.tags.clone(),
    }
}

/// An answer has no flow label.
fn plain(answer: Frame) -> Vec<u8> {
    let at = answer.path.ip_at();
    if answer.path.source.is_ipv6() { answer.patched(at, &[0x60, 0, 0, 0]).bytes } else { answer.bytes }
}
