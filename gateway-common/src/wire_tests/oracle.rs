//! Random frames: nothing panics or leaves the frame, and etherparse's own parser finds the same.

use etherparse::{
    DoubleVlanHeader, IpAuthHeader, IpFragOffset, IpHeaders, IpNumber, Ipv4Header, Ipv4Options,
    Ipv6Extensions, Ipv6FragmentHeader, Ipv6Header, Ipv6RawExtHeader, Ipv6RoutingExtensions,
    SingleVlanHeader, SlicedPacket, TcpHeader, VlanHeader,
};
use proptest::prelude::*;

use super::*;
use crate::checks::wire::{assert_agrees, is_read_otherwise, layers};

/// What a valid frame is made of.
#[derive(Clone, Debug)]
struct Recipe {
    macs: ([u8; 6], [u8; 6]),
    vlans: Vec<u16>,
    ip: IpHeaders,
    transport: TransportRecipe,
    payload: Vec<u8>,
    padding: Vec<u8>,
}

#[derive(Clone, Debug)]
enum TransportRecipe {
    Udp(u16, u16),
    Tcp(std::boxed::Box<TcpHeader>),
}

impl Recipe {
    fn frame(&self) -> Vec<u8> {
        let tag =
            |vlan: u16| SingleVlanHeader { vlan_id: VlanId::try_new(vlan).unwrap(), ..Default::default() };
        let builder = PacketBuilder::ethernet2(self.macs.0, self.macs.1);
        let builder = match self.vlans[..] {
            [] => builder.ip(self.ip.clone()),
            [only] => builder.vlan(VlanHeader::Single(tag(only))).ip(self.ip.clone()),
            [outer, inner, ..] => {
                let tags = DoubleVlanHeader { outer: tag(outer), inner: tag(inner) };
                builder.vlan(VlanHeader::Double(tags)).ip(self.ip.clone())
            }
        };
        let mut frame = Vec::new();
        match &self.transport {
            TransportRecipe::Udp(source, destination) => {
                builder.udp(*source, *destination).write(&mut frame, &self.payload).unwrap();
            }
            TransportRecipe::Tcp(header) => {
                builder.tcp_header(header.as_ref().clone()).write(&mut frame, &self.payload).unwrap();
            }
        }
        frame.extend(&self.padding);
        frame
    }
}

/// Offset and more-bit, mostly of whole packets.
fn fragment_place() -> impl Strategy<Value = (IpFragOffset, bool)> {
    prop_oneof![6 => Just((0, false)), 1 => Just((0, true)), 1 => (0_u16..0x2000, any::<bool>())]
        .prop_map(|(offset, more)| (IpFragOffset::try_new(offset).unwrap(), more))
}

fn ipv4_headers() -> impl Strategy<Value = IpHeaders> {
    let options = prop::collection::vec(any::<[u8; 4]>(), 0..=10);
    (any::<[u8; 4]>(), any::<[u8; 4]>(), options, fragment_place(), any::<u8>()).prop_map(
        |(source, destination, options, (fragment_offset, more_fragments), time_to_live)| {
            let options = Ipv4Options::try_from(options.concat().as_slice()).unwrap();
            let header = Ipv4Header {
                source,
                destination,
                options,
                fragment_offset,
                more_fragments,
                time_to_live,
                ..Default::default()
            };
            IpHeaders::Ipv4(header, Default::default())
        },
    )
}

fn raw_extension() -> impl Strategy<Value = Ipv6RawExtHeader> {
    (0_usize..8, any::<u8>())
        .prop_map(|(units, byte)| Ipv6RawExtHeader::new_raw(IpNumber(0), &vec![byte; 6 + units * 8]).unwrap())
}

fn ipv6_headers() -> impl Strategy<Value = IpHeaders> {
    let raw = || prop::option::of(raw_extension());
    let authentication =
        (0_usize..8).prop_map(|words| IpAuthHeader::new(IpNumber(0), 1, 2, &vec![7; words * 4]).unwrap());
    let fragment = (fragment_place(), any::<u32>()).prop_map(|((offset, more), identification)| {
        Ipv6FragmentHeader::new(IpNumber(0), offset, more, identification)
    });
    let extensions =
        (raw(), raw(), raw(), raw(), prop::option::of(fragment), prop::option::of(authentication)).prop_map(
            |(
                hop_by_hop_options,
                destination_options,
                routing,
                final_destination_options,
                fragment,
                auth,
            )| {
                let routing =
                    routing.map(|routing| Ipv6RoutingExtensions { routing, final_destination_options });
                Ipv6Extensions { hop_by_hop_options, destination_options, routing, fragment, auth }
            },
        );
    (any::<[u8; 16]>(), any::<[u8; 16]>(), extensions, any::<u8>()).prop_map(
        |(source, destination, extensions, hop_limit)| {
            let header = Ipv6Header { source, destination, hop_limit, ..Default::default() };
            IpHeaders::Ipv6(header, extensions)
        },
    )
}

fn transports() -> impl Strategy<Value = TransportRecipe> {
    let options = prop::collection::vec(any::<[u8; 4]>(), 0..=10);
    let tcp = (any::<[u16; 2]>(), any::<u32>(), any::<[bool; 4]>(), options).prop_map(
        |([source, destination], sequence, [syn, ack, fin, rst], options)| {
            let header =
                TcpHeader { syn, ack, fin, rst, ..TcpHeader::new(source, destination, sequence, 1024) };
            let mut header = std::boxed::Box::new(header);
            header.set_options_raw(&options.concat()).unwrap();
            TransportRecipe::Tcp(header)
        },
    );
    prop_oneof![
        any::<[u16; 2]>().prop_map(|[source, destination]| TransportRecipe::Udp(source, destination)),
        tcp
    ]
}

fn recipes() -> impl Strategy<Value = Recipe> {
    (
        any::<([u8; 6], [u8; 6])>(),
        prop::collection::vec(0_u16..4096, 0..=2),
        prop_oneof![ipv4_headers(), ipv6_headers()],
        transports(),
        prop::collection::vec(any::<u8>(), 0..1400),
        prop::collection::vec(any::<u8>(), 0..48),
    )
        .prop_map(|(macs, vlans, ip, transport, payload, padding)| Recipe {
            macs,
            vlans,
            ip,
            transport,
            payload,
            padding,
        })
}

proptest! {
    #[test]
    fn random_bytes_never_panic_and_what_is_found_lies_in_them(frame in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = walk(&frame);
    }

    #[test]
    fn random_bytes_behind_honest_ethertypes_and_versions_never_panic(
        tags in prop::collection::vec((prop::sample::select(vec![0x8100, 0x88a8, 0x9100]), any::<[u8; 2]>()), 0..4),
        is_v4: bool,
        ihl in 0_u8..16,
        protocol in prop::sample::select(vec![TCP, UDP, 0, 43, 44, 50, 51, 59, 60, 135, 139, 140]),
        mut packet in prop::collection::vec(any::<u8>(), 40..200),
        len in 0_usize..220,
    ) {
        if is_v4 {
            packet[0] = 0x40 | ihl;
            packet[2..4].copy_from_slice(&len16(len));
            packet[9] = protocol;
        } else {
            packet[0] = 0x60;
            packet[4..6].copy_from_slice(&len16(len));
            packet[6] = protocol;
        }
        let _ = walk(&tagged(&tags, if is_v4 { 0x0800 } else { 0x86dd }, &packet));
    }

    #[test]
    fn a_later_fragment_that_is_asked_for_its_ports_all_the_same_never_panics(recipe in recipes(), cut: prop::sample::Index) {
        let mut frame = recipe.frame();
        frame.truncate(cut.index(frame.len() + 1));
        if let Ok((_, _, network)) = layers(&frame)
            && let Ok(Some(transport)) = super::super::transport(&frame[..], &network)
        {
            prop_assert!(transport.offset + transport.len <= frame.len());
        }
    }

    #[test]
    fn of_a_valid_frame_etherparse_finds_the_same(recipe in recipes()) {
        let frame = recipe.frame();
        let ours = walk(&frame).unwrap();
        prop_assert_eq!(ours.link.source, MacAddr(recipe.macs.0));
        assert_agrees(&frame, &ours, &SlicedPacket::from_ethernet(&frame).unwrap());
        if ours.network.fragment != Fragment::Later {
            prop_assert_eq!(payload(&frame, &ours), &recipe.payload[..]);
        }
    }

    #[test]
    fn of_a_valid_frame_every_prefix_is_refused_or_leads_to_the_same(recipe in recipes(), cut: prop::sample::Index) {
        let frame = recipe.frame();
        let whole = walk(&frame).unwrap();
        let len = cut.index(frame.len());
        if len < frame.len() - recipe.padding.len() {
            prop_assert_eq!(walk(&frame[..len]), Err(Reason::Truncated));
        } else {
            prop_assert_eq!(walk(&frame[..len]), Ok(whole));
        }
    }

    #[test]
    fn of_a_frame_that_was_tampered_with_etherparse_finds_the_same_if_both_take_it(
        recipe in recipes(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        in_headers: bool,
    ) {
        let mut frame = recipe.frame();
        let range = if in_headers { frame.len() - recipe.padding.len() - recipe.payload.len() } else { frame.len() };
        for (at, value) in changes {
            frame[at.index(range)] = value;
        }
        if let (Ok(ours), Ok(theirs)) = (walk(&frame), SlicedPacket::from_ethernet(&frame))
            && !is_read_otherwise(&theirs)
        {
            assert_agrees(&frame, &ours, &theirs);
        }
    }
}
