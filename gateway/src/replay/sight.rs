//! Addresses of a frame about which the kernel half says nothing more than its counters.

use gateway_common::abi::{Event, FlowKey, NAME_BYTES, NO_POLICY};
use gateway_common::wire::{self, Extensions, Fragment, Frame, MacAddr};
use zerocopy::{FromBytes, Immutable};

/// A frame as far as it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Source address of the frame.
    pub mac: MacAddr,
    /// VLAN tags, of which `vlan_count` count.
    pub vlans: [[u8; 2]; 2],
    /// How many tags there are.
    pub vlan_count: u8,
    /// Key of its flow, as the kernel half makes it; ports are 0 where there are none or they cannot be read.
    pub flow: Option<FlowKey>,
}

/// A frame that claims to be as long as its headers say: of one that the capture cut, headers that are there still tell
/// the addresses.
struct Claimed<'a>(&'a [u8]);

impl Frame for Claimed<'_> {
    fn len(&self) -> usize {
        usize::MAX
    }

    fn read<T: FromBytes + Immutable + Copy>(&self, offset: usize) -> Option<T> {
        self.0.read(offset)
    }
}

impl Sight {
    /// Reads as much of `frame` as there is.
    pub fn of(frame: &[u8]) -> Self {
        let mut sight = Self { mac: MacAddr::default(), vlans: [[0; 2]; 2], vlan_count: 0, flow: None };
        let frame = Claimed(frame);
        let Ok(link) = wire::link(&frame) else { return sight };
        sight.mac = link.source;
        let Ok((vlans, network)) = wire::network(&frame, link, &mut Extensions::default()) else {
            return sight;
        };
        (sight.vlans, sight.vlan_count) = (vlans.tags, vlans.count);
        let mut flow = FlowKey { mac: link.source, protocol: network.protocol, ..NO_FLOW };
        if network.addresses(&frame, &mut flow).is_err() {
            return sight;
        }
        if !matches!(network.fragment, Fragment::Later)
            && let Ok(Some(transport)) = wire::transport(&frame, &network)
        {
            (flow.source_port, flow.destination_port) = (transport.source_port, transport.destination_port);
        }
        sight.flow = Some(flow);
        sight
    }

    /// An event about the frame in which the verdict is still to be filled in.
    pub fn event(&self) -> Event {
        Event {
            time: 0,
            flow: self.flow.unwrap_or(FlowKey { mac: self.mac, ..NO_FLOW }),
            device: 0,
            vlans: self.vlans,
            vlan_count: self.vlan_count,
            kind: 0,
            action: 0,
            reason: 0,
            policy: NO_POLICY,
            name_len: 0,
            reserved: [0; 6],
            name: [0; NAME_BYTES],
        }
    }
}

const NO_FLOW: FlowKey = FlowKey {
    source: [0; 16],
    destination: [0; 16],
    source_port: [0; 2],
    destination_port: [0; 2],
    mac: MacAddr([0; 6]),
    protocol: 0,
    reserved: 0,
};

#[cfg(test)]
mod tests {
    use super::*;

    /// IPv4 and TCP from 192.0.2.1:1 to 192.0.2.2:443 in VLAN 10, with 100 bytes of payload that are not there.
    fn cut_frame() -> Vec<u8> {
        let mut frame = vec![0; 6];
        frame.extend([2, 0, 0, 0, 0, 7, 0x81, 0, 0, 10, 8, 0]);
        frame.extend([0x45, 0, 0, 140, 0, 0, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
        frame.extend([0, 1, 1, 187, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0, 0, 0, 0, 0, 0]);
        frame
    }

    #[test]
    fn a_frame_that_was_cut_behind_its_headers_still_has_addresses_and_ports() {
        let sight = Sight::of(&cut_frame());
        let flow = sight.flow.unwrap();
        assert_eq!((sight.mac, sight.vlan_count, sight.vlans[0]), (MacAddr([2, 0, 0, 0, 0, 7]), 1, [0, 10]));
        assert_eq!((flow.source_port, flow.destination_port), ([0, 1], [1, 187]));
        assert_eq!(flow.destination, wire::mapped([192, 0, 2, 2]));
    }

    #[test]
    fn a_frame_that_was_cut_anywhere_is_read_as_far_as_it_goes() {
        let frame = cut_frame();
        for len in 0..frame.len() {
            let sight = Sight::of(&frame[..len]);
            assert_eq!(sight.flow.is_some(), len >= 38, "{len}");
            assert_eq!(sight.mac != MacAddr::default(), len >= 14, "{len}");
        }
    }
}
