//! Addresses of devices, as the kernel has found them: the neighbour tables of IPv4 (ARP) and IPv6 (NDP).

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gateway_common::wire::MacAddr;
use nix::net::if_::if_nameindex;
use nix::sys::socket::SockProtocol;

use crate::netlink::request::{dump, find};

/// `struct ndmsg` of rtnetlink(7): family, padding, index, state, flags, type.
const NDMSG: usize = 12;
const RTM_GETNEIGH: u16 = 30;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
/// Reachable, stale, delay, probe and permanent: a device had this address, as far as is known. What was never answered
/// (incomplete, failed) and what needs no answer (noarp: groups) are not among them.
const NUD_KNOWN: u16 = 0x02 | 0x04 | 0x08 | 0x10 | 0x80;

/// An address behind an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Name of the interface.
    pub interface: String,
    /// The device.
    pub mac: MacAddr,
    /// Its address.
    pub address: IpAddr,
}

/// All neighbours that this network namespace knows, of both families, in the kernel's order.
///
/// # Errors
/// If the kernel does not list them.
pub fn neighbours() -> io::Result<Vec<Neighbour>> {
    let interfaces: HashMap<u32, String> = if_nameindex()?
        .iter()
        .map(|interface| (interface.index(), interface.name().to_string_lossy().into_owned()))
        .collect();
    let mut neighbours = Vec::new();
    // Family 0: the tables of all families.
    dump(SockProtocol::NetlinkRoute, RTM_GETNEIGH, &[0; NDMSG], |row| {
        if let Some((index, mac, address)) = read(row)
            && let Some(interface) = interfaces.get(&index)
        {
            neighbours.push(Neighbour { interface: interface.clone(), mac, address });
        }
    })?;
    Ok(neighbours)
}

/// Index of the interface, and both addresses; nothing if no device is known to have that address.
fn read(row: &[u8]) -> Option<(u32, MacAddr, IpAddr)> {
    let index = u32::from_ne_bytes(row.get(4..8)?.try_into().ok()?);
    let state = u16::from_ne_bytes(row.get(8..10)?.try_into().ok()?);
    let attributes = row.get(NDMSG..)?;
    let mac = MacAddr(find(attributes, NDA_LLADDR)?.try_into().ok()?);
    let address = find(attributes, NDA_DST)?;
    let address = match address.len() {
        4 => Ipv4Addr::from(<[u8; 4]>::try_from(address).ok()?).into(),
        16 => Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?).into(),
        _ => return None,
    };
    let is_device = state & NUD_KNOWN != 0 && !mac.is_group() && mac != MacAddr::default();
    is_device.then_some((index, mac, address))
}

#[cfg(test)]
#[path = "neighbours_tests.rs"]
mod tests;
