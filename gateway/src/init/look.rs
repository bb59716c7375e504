//! Asks the machine what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gateway_common::abi::DeviceKey;
use gateway_common::wire::MacAddr;
use ipnet::IpNet;
use jiff::Timestamp;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::{InterfaceFlags, if_nameindex};
use nix::sys::socket::SockaddrStorage;

use super::survey::{Interface, Kind, Seen, State, Survey};
use crate::netlink::link::link;
use crate::who::known::Directory;
use crate::who::leases::{self, Lease};
use crate::who::neighbours::{Neighbour, neighbours};
use crate::who::vendor::{self, Vendors};

/// Hardware whose frames have MAC addresses (`ARPHRD_ETHER` of linux/if_arp.h).
const ETHERNET: u16 = 1;

/// What getifaddrs(3) says of an interface.
#[derive(Default)]
struct Told {
    flags: Option<InterfaceFlags>,
    hardware: Option<u16>,
    addresses: Vec<IpNet>,
}

/// Where DHCP servers keep their leases: dnsmasq of Debian and of Fedora, Pi-hole, Kea.
const LEASES: [&str; 5] = [
    "/var/lib/misc/dnsmasq.leases",
    "/var/lib/dnsmasq/dnsmasq.leases",
    "/etc/pihole/dhcp.leases",
    "/var/lib/kea/kea-leases4.csv",
    "/var/lib/kea/kea-leases6.csv",
];

/// Looks at this machine, more precisely at this thread's network namespace.
///
/// # Errors
/// If the kernel does not list interfaces or neighbours.
pub fn look() -> io::Result<Survey> {
    let routes = routes();
    let interfaces = interfaces(&routes)?;
    let neighbours = neighbours()?;
    let files: Vec<PathBuf> = LEASES.iter().map(PathBuf::from).filter(|file| file.is_file()).collect();
    let (leases, of_leases) = leases::read(&files);
    let (vendors, of_vendors) = Vendors::read(&vendor::files(None));
    let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
    let directory = Directory::new(Arc::new(vendors), &leases, &neighbours, now);
    let places = places(&interfaces, &neighbours, leases.iter().filter(|lease| lease.holds(now)));
    let asked_from = env::var("SSH_CONNECTION").ok();
    // Client and its port, server and its port (ssh(1)).
    let asked_from = asked_from.and_then(|text| text.split(' ').next()?.parse().ok());
    Ok(Survey {
        devices: devices(places, &directory, &routes),
        leases: files.iter().map(|file| file.to_string_lossy().into_owned()).collect(),
        unread: of_leases.into_iter().chain(of_vendors).collect(),
        interfaces,
        asked_from,
    })
}

fn interfaces(routes: &[Route]) -> io::Result<Vec<Interface>> {
    let mut told = told()?;
    let index = if_nameindex()?;
    let names: BTreeMap<u32, String> =
        index.iter().map(|one| (one.index(), one.name().to_string_lossy().into_owned())).collect();
    let name_of = |index: Option<u32>| index.and_then(|index| names.get(&index)).cloned();
    let mut interfaces = Vec::new();
    for (index, name) in &names {
        // One that has gone since is none.
        let Ok(link) = link(*index, None) else { continue };
        let Told { flags, hardware, addresses } = told.remove(name).unwrap_or_default();
        let flags = flags.unwrap_or_else(InterfaceFlags::empty);
        let kind = kind(flags, hardware, link.kind.as_deref(), || is_wireless(name, *index));
        interfaces.push(Interface {
            kind,
            state: state(flags),
            addresses,
            default_route: routes.iter().any(|route| route.interface == *name),
            bridge: name_of(link.master),
            parent: name_of(link.peer.filter(|_| kind == Kind::Vlan)),
            name: name.clone(),
        });
    }
    Ok(interfaces)
}

/// By the names of the interfaces.
fn told() -> io::Result<BTreeMap<String, Told>> {
    let mut told: BTreeMap<String, Told> = BTreeMap::new();
    for row in getifaddrs()? {
        let of_interface = told.entry(row.interface_name).or_default();
        of_interface.flags = Some(row.flags);
        let Some(address) = row.address else { continue };
        if let Some(link) = address.as_link_addr() {
            of_interface.hardware = Some(link.hatype());
        }
        let mask = row.netmask.as_ref().and_then(ip);
        let net = ip(&address).zip(mask).and_then(|(ip, mask)| IpNet::with_netmask(ip, mask).ok());
        of_interface.addresses.extend(net.filter(|net| !is_of_the_link(net.addr())));
    }
    Ok(told)
}

fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
}

/// Whether every interface has such an address, so that it tells nothing.
fn is_of_the_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn state(flags: InterfaceFlags) -> State {
    if flags.contains(InterfaceFlags::IFF_UP | InterfaceFlags::IFF_RUNNING) {
        State::Up
    } else if flags.contains(InterfaceFlags::IFF_UP) {
        State::NoLink
    } else {
        State::Down
    }
}

fn kind(
    flags: InterfaceFlags,
    hardware: Option<u16>,
    link: Option<&str>,
    is_wireless: impl FnOnce() -> bool,
) -> Kind {
    match link {
        _ if flags.contains(InterfaceFlags::IFF_LOOPBACK) => Kind::Loopback,
        _ if hardware != Some(ETHERNET) => Kind::Tunnel,
        Some("bridge") => Kind::Bridge,
        Some("vlan") => Kind::Vlan,
        Some(_) => Kind::Virtual,
        None if is_wireless() => Kind::Wireless,
        None => Kind::Wired,
    }
}

/// By sysfs, which may be that of another network namespace than ours: the index tells.
fn is_wireless(name: &str, index: u32) -> bool {
    let folder = Path::new("/sys/class/net").join(name);
    let is_same =
        fs::read_to_string(folder.join("ifindex")).is_ok_and(|text| text.trim() == index.to_string());
    is_same && folder.join("phy80211").exists()
}

/// A default route.
#[derive(Debug, PartialEq, Eq)]
struct Route {
    interface: String,
    /// The router, if one is named.
    next: Option<IpAddr>,
}

/// The default routes of both families; none where the files are not there, as without IPv6.
fn routes() -> Vec<Route> {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let mut routes: Vec<Route> = read("/proc/net/route").lines().filter_map(route_v4).collect();
    routes.extend(read("/proc/net/ipv6_route").lines().filter_map(route_v6));
    routes
}

/// Routes that lead nowhere (`RTF_REJECT` of linux/route.h).
const REJECT: u32 = 0x200;

/// A line of /proc/net/route: interface, destination, gateway, flags, three numbers, mask; addresses as the hexadecimal digits
/// of a number in the machine's order (net/ipv4/fib_trie.c, `fib_route_seq_show`).
fn route_v4(line: &str) -> Option<Route> {
    let [interface, destination, next, flags, _, _, _, mask, ..] =
        *line.split_ascii_whitespace().collect::<Vec<_>>()
    else {
        return None;
    };
    let number = |text: &str| u32::from_str_radix(text, 16).ok();
    let is_default = number(destination)? == 0 && number(mask)? == 0 && number(flags)? & REJECT == 0;
    let next = IpAddr::V4(Ipv4Addr::from(number(next)?.to_ne_bytes()));
    is_default.then(|| Route {
        interface: interface.to_owned(),
        next: Some(next).filter(|next| !next.is_unspecified()),
    })
}

/// A line of /proc/net/ipv6_route: destination, its length, source, its length, gateway, three numbers, flags, interface
/// (net/ipv6/route.c, `rt6_info_route` and `ipv6_route_native_seq_show`).
fn route_v6(line: &str) -> Option<Route> {
    let [destination, length, _, _, next, _, _, _, flags, interface] =
        *line.split_ascii_whitespace().collect::<Vec<_>>()
    else {
        return None;
    };
    let address = |text: &str| u128::from_str_radix(text, 16).ok();
    let flags = u32::from_str_radix(flags, 16).ok()?;
    let is_default = address(destination)? == 0 && length == "00" && flags & REJECT == 0 && interface != "lo";
    let next = IpAddr::V6(Ipv6Addr::from(address(next)?));
    is_default.then(|| Route {
        interface: interface.to_owned(),
        next: Some(next).filter(|next| !next.is_unspecified()),
    })
}

/// The interfaces behind which each device is: where it is a neighbour, and which have a net that its lease is of.
fn places<'a>(
    interfaces: &[Interface],
    neighbours: &[Neighbour],
    leases: impl Iterator<Item = &'a Lease>,
) -> BTreeMap<MacAddr, BTreeSet<String>> {
    let mut places: BTreeMap<MacAddr, BTreeSet<String>> = BTreeMap::new();
    for Neighbour { interface, mac, .. } in neighbours {
        places.entry(*mac).or_default().insert(interface.clone());
    }
    for lease in leases {
        let has_net = |one: &&Interface| one.addresses.iter().any(|net| net.contains(&lease.address));
        let there = interfaces.iter().filter(has_net).map(|one| one.name.clone());
        places.entry(lease.mac).or_default().extend(there);
    }
    places
}

/// What is known of each; whoever has the address of a way to the internet is a router, and no device.
fn devices(
    places: BTreeMap<MacAddr, BTreeSet<String>>,
    directory: &Directory,
    routes: &[Route],
) -> Vec<Seen> {
    let is_router = |address: &IpAddr| routes.iter().any(|route| route.next == Some(*address));
    let mut devices = Vec::new();
    for (mac, interfaces) in places {
        let key = DeviceKey::prefix(mac, 6);
        let addresses = directory.addresses(key);
        if !addresses.iter().any(is_router) {
            let [vendor, host] =
                [directory.vendor(key), directory.host(key)].map(|text| text.map(str::to_owned));
            devices.push(Seen { mac, interfaces, addresses, vendor, host });
        }
    }
    devices.sort_by_key(|device| device.addresses.first().copied());
    devices
}

#[cfg(test)]
#[path = "look_tests.rs"]
mod tests;
