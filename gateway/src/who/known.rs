//! All that is known of devices, put together: read again when a file has changed.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use gateway_common::abi::DeviceKey;
use gateway_common::wire::MacAddr;
use tracing::debug;

use super::file::Kept;
use super::leases::{self, Lease};
use super::neighbours::{Neighbour, neighbours};
use super::vendor::{self, Vendors};
use crate::policy::NameFiles;

/// How many addresses of a device are kept. Whoever changes his own as he likes could have thousands.
const MAX_ADDRESSES: usize = 16;

/// The sources, and what was read of them.
#[derive(Debug)]
pub struct Known {
    files: NameFiles,
    leases: Kept<Vec<Lease>>,
    vendors: Kept<Vendors>,
}

impl Known {
    /// Nothing is read yet.
    pub fn new(files: &NameFiles) -> Self {
        Self {
            files: files.clone(),
            leases: Kept::new(files.leases.clone()),
            vendors: Kept::new(vendor::files(files.vendors.as_deref())),
        }
    }

    /// Goes on with other files, if they are others.
    pub fn follow(&mut self, files: &NameFiles) {
        if self.files != *files {
            *self = Self::new(files);
        }
    }

    /// What is known at `now`, in seconds since 1970. Reads what has changed, which takes its time.
    pub fn look(&mut self, now: u64) -> Directory {
        let neighbours = neighbours().unwrap_or_else(|error| {
            debug!("the kernel does not list the neighbours: {error}");
            Vec::new()
        });
        let leases = self.leases.look(leases::read);
        Directory::new(self.vendors.look(Vendors::read), &leases, &neighbours, now)
    }
}

/// What is known of each device at a moment.
#[derive(Debug, Default)]
pub struct Directory {
    vendors: Arc<Vendors>,
    devices: HashMap<MacAddr, Entry>,
}

/// What is known of one.
#[derive(Debug, Default)]
struct Entry {
    host: Option<Host>,
    addresses: BTreeSet<Place>,
}

/// What it calls itself, and when the lease ends in which it did; the last counts.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Host {
    expires: u64,
    name: String,
}

/// An address, those first that a person knows a device by: IPv4, then IPv6, and last what holds on one link only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    is_link_local: bool,
    address: IpAddr,
}

impl Directory {
    /// Puts together what the sources say. Leases that have ended say nothing.
    pub fn new(vendors: Arc<Vendors>, leases: &[Lease], neighbours: &[Neighbour], now: u64) -> Self {
        let mut devices: HashMap<MacAddr, Entry> = HashMap::new();
        for lease in leases.iter().filter(|lease| lease.holds(now)) {
            let entry = devices.entry(lease.mac).or_default();
            entry.add(lease.address);
            if let Some(name) = lease.host.clone() {
                entry.host =
                    entry.host.take().max(Some(Host { expires: lease.expires.unwrap_or(u64::MAX), name }));
            }
        }
        for neighbour in neighbours {
            devices.entry(neighbour.mac).or_default().add(neighbour.address);
        }
        Self { vendors, devices }
    }

    /// Who made it; harmless text.
    pub fn vendor(&self, device: DeviceKey) -> Option<&str> {
        self.vendors.of(device)
    }

    /// What it calls itself, or the server of addresses calls it; printable ASCII.
    pub fn host(&self, device: DeviceKey) -> Option<&str> {
        self.entry(device)?.host.as_ref().map(|host| host.name.as_str())
    }

    /// Its addresses, those first that a person knows it by.
    pub fn addresses(&self, device: DeviceKey) -> Vec<IpAddr> {
        let places = self.entry(device).into_iter().flat_map(|entry| &entry.addresses);
        places.map(|place| place.address).collect()
    }

    /// Of all devices that begin alike, nothing is known that is true of each.
    fn entry(&self, device: DeviceKey) -> Option<&Entry> {
        self.devices.get(&device.mac).filter(|_| device.bytes == 6)
    }
}

impl Entry {
    fn add(&mut self, address: IpAddr) {
        let is_link_local = matches!(address, IpAddr::V6(address) if address.is_unicast_link_local());
        self.addresses.insert(Place { is_link_local, address });
        if self.addresses.len() > MAX_ADDRESSES {
            self.addresses.pop_last();
        }
    }
}

#[cfg(test)]
#[path = "known_tests.rs"]
mod tests;
