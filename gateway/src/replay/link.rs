//! From the link layers of captures to the Ethernet that the program reads.
//!
//! Where a capture has no Ethernet header, one is made. Linux's cooked header knows the sender's address and nothing of
//! the receiver's. Raw IP and BSD's loopback know neither: the sender is 00:00:00:00:00:00, which is no listed device, so
//! that the policies of `[defaults]` hold. Layouts: <https://www.tcpdump.org/linktypes.html>.

use super::Skip;

const ETHERNET_HEADER: usize = 14;
const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
/// No EtherType: the program finds that the frame is not IP.
const NOT_IP: u16 = 0;

/// BSD loopback: the address family in the byte order of the machine that captured.
const NULL: u32 = 0;
const ETHERNET: u32 = 1;
/// Raw IP under the numbers that some systems write in place of [`RAW`].
const RAW_BSD: u32 = 12;
const RAW_OPENBSD: u32 = 14;
/// Raw IP, of the version that its first four bits say.
const RAW: u32 = 101;
/// OpenBSD loopback: the address family in network order.
const LOOP: u32 = 108;
/// Linux cooked capture, version 1.
const LINUX_SLL: u32 = 113;
const IPV4: u32 = 228;
const IPV6: u32 = 229;
/// Linux cooked capture, version 2.
const LINUX_SLL2: u32 = 276;

/// The frame with an Ethernet header: as it is, or made in `room`.
///
/// # Errors
/// [`Skip::Short`] if the frame ends in its link-layer header, [`Skip::LinkType`] for a link layer that is not known here.
pub fn ethernet<'a>(link: u32, data: &'a [u8], room: &'a mut Vec<u8>) -> Result<&'a [u8], Skip> {
    let unknown = [0; 6];
    let (source, ethertype, payload) = match link {
        ETHERNET if data.len() < ETHERNET_HEADER => return Err(Skip::Short),
        ETHERNET => return Ok(data),
        RAW | RAW_BSD | RAW_OPENBSD => (unknown, version(data), data),
        IPV4 => (unknown, ETHERTYPE_IPV4, data),
        IPV6 => (unknown, ETHERTYPE_IPV6, data),
        NULL | LOOP => {
            let (family, payload) = data.split_first_chunk().ok_or(Skip::Short)?;
            (unknown, of_family(*family), payload)
        }
        LINUX_SLL => {
            let (header, payload) = data.split_first_chunk().ok_or(Skip::Short)?;
            let [_, _, _, _, len @ .., p, q]: [u8; 16] = *header;
            let [len_high, len_low, address @ .., _, _] = len;
            (sender([len_high, len_low], address), u16::from_be_bytes([p, q]), payload)
        }
        LINUX_SLL2 => {
            let (header, payload) = data.split_first_chunk().ok_or(Skip::Short)?;
            let [p, q, _, _, _, _, _, _, _, _, _, len, address @ .., _, _]: [u8; 20] = *header;
            (sender([0, len], address), u16::from_be_bytes([p, q]), payload)
        }
        other => return Err(Skip::LinkType(other)),
    };
    room.clear();
    room.extend(unknown);
    room.extend(source);
    room.extend(ethertype.to_be_bytes());
    room.extend(payload);
    Ok(room)
}

/// The sender's address of a cooked header, if it is a MAC address.
fn sender(len: [u8; 2], address: [u8; 6]) -> [u8; 6] {
    if u16::from_be_bytes(len) == 6 { address } else { [0; 6] }
}

/// The version of a packet without any header around it. What has another one is left to the program to refuse.
fn version(packet: &[u8]) -> u16 {
    match packet.first().map(|byte| byte >> 4) {
        Some(6) => ETHERTYPE_IPV6,
        _ => ETHERTYPE_IPV4,
    }
}

/// Families are small numbers, so their byte order shows. That of IPv6 differs: Linux 10; NetBSD, OpenBSD 24; FreeBSD 28;
/// Darwin 30.
fn of_family(family: [u8; 4]) -> u16 {
    let family = u32::from_be_bytes(family);
    match if family > 0xffff { family.swap_bytes() } else { family } {
        2 => ETHERTYPE_IPV4,
        10 | 24 | 28 | 30 => ETHERTYPE_IPV6,
        _ => NOT_IP,
    }
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
