//! Frames: every place that is found lies in the frame, and etherparse finds the same.

use std::vec::Vec;

use etherparse::{LinkExtSlice, NetSlice, SlicedPacket, TransportSlice};
use zerocopy::FromZeros;

use crate::abi::FlowKey;
use crate::reason::Reason;
use crate::wire::{
    Extensions, Fragment, Link, MAX_VLANS, Network, Transport, Vlans, link, mapped, network, transport,
};

/// Checks everything of a frame.
pub fn check(frame: &[u8]) {
    let whole = walk(frame);
    for len in (0..frame.len()).step_by(1 + frame.len() / 128) {
        let part = walk(&frame[..len]);
        assert!(
            part == whole || matches!(part, Err(Reason::Truncated | Reason::BadHeader)),
            "first {part:?}, then {whole:?} ({len} bytes)"
        );
    }
    let Ok(theirs) = SlicedPacket::from_ethernet(frame) else { return };
    if is_read_otherwise(&theirs) {
        return;
    }
    match whole {
        Ok(ours) => assert_agrees(frame, &ours, &theirs),
        Err(reason) => assert!(is_stricter(reason, &theirs), "{reason:?} is {theirs:?}"),
    }
}

/// All that the walk finds in a frame.
#[derive(Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the layer of that name")]
pub struct Walk {
    pub link: Link,
    pub vlans: Vlans,
    pub network: Network,
    pub source: [u8; 16],
    pub destination: [u8; 16],
    pub transport: Option<Transport>,
}

/// The layers up to the network's.
///
/// # Errors
/// What the walk refuses the frame for.
pub fn layers(frame: &[u8]) -> Result<(Link, Vlans, Network), Reason> {
    let link = link(frame)?;
    let (vlans, network) = network(frame, link, &mut Extensions::default())?;
    Ok((link, vlans, network))
}

/// Walks the frame as the kernel does, and checks that every place found lies within the layer below.
///
/// # Errors
/// What the walk refuses the frame for.
pub fn walk(frame: &[u8]) -> Result<Walk, Reason> {
    let (link, vlans, network) = layers(frame)?;
    assert!(network.offset + network.len <= frame.len(), "{network:?} leaves {} bytes", frame.len());
    assert!(usize::from(vlans.count) <= MAX_VLANS);
    let transport = match network.fragment {
        Fragment::Later => None,
        Fragment::No | Fragment::First => transport(frame, &network)?,
    };
    if let Some(transport) = transport {
        assert!(transport.offset >= network.offset);
        assert!(
            transport.offset + transport.len <= network.offset + network.len,
            "{transport:?} leaves {network:?}"
        );
    }
    let mut key = FlowKey::new_zeroed();
    network.addresses(frame, &mut key)?;
    Ok(Walk { link, vlans, network, source: key.source, destination: key.destination, transport })
}

/// The payload of the innermost layer that was found.
pub fn payload<'a>(frame: &'a [u8], walk: &Walk) -> &'a [u8] {
    let (offset, len) = match walk.transport {
        Some(transport) => (transport.offset, transport.len),
        None => (walk.network.offset, walk.network.len),
    };
    &frame[offset..offset + len]
}

/// Asserts that etherparse finds in the frame what the walk found. Of fragments etherparse reads no transport header.
pub fn assert_agrees(frame: &[u8], ours: &Walk, theirs: &SlicedPacket<'_>) {
    let theirs_vlans: Vec<[u8; 2]> =
        theirs.vlan_ids().iter().map(|vlan| vlan.value().to_be_bytes()).collect();
    let ours_vlans: Vec<[u8; 2]> = ours.vlans.tags[..usize::from(ours.vlans.count)]
        .iter()
        .map(|[high, low]| [high & 0x0f, *low])
        .collect();
    assert_eq!(ours_vlans, theirs_vlans);

    let net = theirs.net.as_ref().expect("etherparse finds IP too");
    let (source, destination) = match net {
        NetSlice::Ipv4(ip) => (mapped(ip.header().source()), mapped(ip.header().destination())),
        NetSlice::Ipv6(ip) => (ip.header().source(), ip.header().destination()),
        NetSlice::Arp(_) => panic!("ARP is not IP"),
    };
    assert_eq!((ours.source, ours.destination), (source, destination));
    assert_eq!(ours.network.is_v4, net.is_ipv4());

    let net = net.ip_payload_ref().expect("IP has a payload");
    assert_eq!(ours.network.fragment != Fragment::No, net.fragmented);
    if ours.network.fragment == Fragment::Later {
        // etherparse takes the data of a later fragment for headers.
        return;
    }
    assert_eq!(ours.network.protocol, net.ip_number.0);
    assert_eq!(&frame[ours.network.offset..ours.network.offset + ours.network.len], net.payload);
    match &theirs.transport {
        Some(TransportSlice::Tcp(tcp)) => {
            let transport = ours.transport.expect("a transport header is found too");
            assert_eq!(transport.source_port, tcp.source_port().to_be_bytes());
            assert_eq!(transport.destination_port, tcp.destination_port().to_be_bytes());
            assert_eq!(transport.sequence, tcp.sequence_number());
            assert_eq!(transport.is_opening(), tcp.syn() && !(tcp.ack() || tcp.fin() || tcp.rst()));
            assert_eq!(payload(frame, ours), tcp.payload());
        }
        Some(TransportSlice::Udp(udp)) => {
            let transport = ours.transport.expect("a transport header is found too");
            assert_eq!(transport.source_port, udp.source_port().to_be_bytes());
            assert_eq!(transport.destination_port, udp.destination_port().to_be_bytes());
            assert_eq!(payload(frame, ours), udp.payload());
        }
        Some(TransportSlice::Icmpv4(_) | TransportSlice::Icmpv6(_)) => assert_eq!(ours.transport, None),
        None => assert!(net.fragmented || ours.transport.is_none()),
    }
}

/// Whether etherparse reads lengths of this frame in a way of its own: it takes an IPv6 payload length of 0 for
/// "the rest of the frame", walks over an authentication header in IPv4, and not over the IPv6 extension headers of mobility,
/// HIP and Shim6. And it looks into MACsec.
pub fn is_read_otherwise(theirs: &SlicedPacket<'_>) -> bool {
    if theirs.link_exts.iter().any(|tag| matches!(tag, LinkExtSlice::Macsec(_))) {
        return true;
    }
    match &theirs.net {
        Some(NetSlice::Ipv6(ip)) => {
            ip.header().payload_length() == 0 || matches!(ip.payload().ip_number.0, 135 | 139 | 140)
        }
        Some(NetSlice::Ipv4(ip)) => ip.extensions().auth.is_some(),
        _ => true,
    }
}

/// Whether a frame that etherparse takes may be refused for this: it follows any number of VLAN tags and extension headers,
/// does not mind ARP, takes a UDP length of 0 for "the rest of the packet", and reads no header in a first fragment.
fn is_stricter(reason: Reason, theirs: &SlicedPacket<'_>) -> bool {
    match reason {
        Reason::TooLong => {
            theirs.net.is_none()
                || theirs.vlan_ids().len() > MAX_VLANS
                || theirs.net.as_ref().is_some_and(NetSlice::is_ipv6)
        }
        Reason::NotIp => theirs.net.is_none(),
        Reason::BadHeader => match &theirs.transport {
            Some(TransportSlice::Udp(udp)) => udp.length() == 0,
            None => theirs
                .net
                .as_ref()
                .is_some_and(|net| net.ip_payload_ref().is_some_and(|payload| payload.fragmented)),
            _ => false,
        },
        _ => false,
    }
}
