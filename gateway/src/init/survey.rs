//! What there is: the interfaces of a machine, the devices behind them, and which interfaces are probably the LAN.

use std::collections::BTreeSet;
use std::net::IpAddr;

use gateway_common::abi::DeviceKey;
use gateway_common::wire::MacAddr;
use ipnet::IpNet;

use crate::policy::DeviceAddress;

/// A machine, as far as its configuration depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The interfaces, in the kernel's order.
    pub interfaces: Vec<Interface>,
    /// The devices that were seen behind them, the routers to the internet left out.
    pub devices: Vec<Seen>,
    /// The lease files that there are, where DHCP servers put them.
    pub leases: Vec<String>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
    /// From which address the person who asks is logged in over ssh.
    pub asked_from: Option<IpAddr>,
}

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Whether frames come and go.
    pub state: State,
    /// Its addresses, each with the length of its net, those of the link alone left out.
    pub addresses: Vec<IpNet>,
    /// Whether a default route leads through it.
    pub default_route: bool,
    /// The bridge of which it is a port.
    pub bridge: Option<String>,
    /// The interface on which it is a VLAN.
    pub parent: Option<String>,
}

/// What an interface is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Hardware with a plug.
    Wired,
    /// Hardware with an antenna.
    Wireless,
    /// Frames of its ports, after they were put together.
    Bridge,
    /// One VLAN of another interface.
    Vlan,
    /// Made by software, with MAC addresses: veth, bond, team and so on.
    Virtual,
    /// The machine itself.
    Loopback,
    /// Without MAC addresses, by which a device is known: PPP, tun, WireGuard.
    Tunnel,
}

impl Kind {
    /// As it is shown.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Wired => "wired",
            Self::Wireless => "wireless",
            Self::Bridge => "bridge",
            Self::Vlan => "VLAN",
            Self::Virtual => "virtual",
            Self::Loopback => "loopback",
            Self::Tunnel => "tunnel",
        }
    }
}

/// Whether an interface works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It does.
    Up,
    /// It would with a plug in it, or with a port that works.
    NoLink,
    /// It was not switched on.
    Down,
}

impl State {
    /// As it is shown.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::NoLink => "no link",
            Self::Down => "down",
        }
    }
}

/// A device that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Source address of its frames.
    pub mac: MacAddr,
    /// Names of the interfaces that have its addresses.
    pub interfaces: BTreeSet<String>,
    /// Its addresses, those first that a person knows it by.
    pub addresses: Vec<IpAddr>,
    /// Who made it.
    pub vendor: Option<String>,
    /// What it calls itself to the DHCP server. The device chose this, so it may be anything.
    pub host: Option<String>,
}

impl Seen {
    /// How a `[[device]]` names it.
    pub fn address(&self) -> DeviceAddress {
        DeviceKey::prefix(self.mac, 6).into()
    }
}

impl Interface {
    /// Whether the frames there have MAC addresses of devices.
    pub const fn has_devices(&self) -> bool {
        !matches!(self.kind, Kind::Loopback | Kind::Tunnel)
    }

    /// Whether it is named as those of containers and virtual machines are: private, and no LAN.
    pub fn is_of_containers(&self) -> bool {
        let name = self.name.as_str();
        // Docker calls the bridge of a network `br-` and twelve digits of its id.
        let digits = name.strip_prefix("br-").filter(|id| id.len() == 12);
        digits.is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit()))
            || ["docker", "podman", "virbr", "vnet", "lxcbr", "lxdbr", "incusbr", "cni", "flannel", "cali"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
    }

    fn is_private(&self) -> bool {
        self.addresses.iter().any(|net| match net.addr() {
            IpAddr::V4(address) => address.is_private(),
            IpAddr::V6(address) => address.is_unique_local(),
        })
    }

    /// What else there is to know of it.
    pub fn note(&self, survey: &Survey) -> String {
        let mut notes = Vec::new();
        if let Some(bridge) = &self.bridge {
            notes.push(format!("port of {bridge}"));
        }
        if let Some(parent) = &self.parent {
            notes.push(format!("on {parent}"));
        }
        let ports = survey.ports(&self.name).join(", ");
        if !ports.is_empty() {
            notes.push(format!("ports {ports}"));
        }
        if matches!(self.kind, Kind::Bridge | Kind::Vlan) {
            notes.push(String::from("generic mode only"));
        }
        if self.default_route {
            notes.push(String::from("way to the internet"));
        }
        if self.is_of_containers() {
            notes.push(String::from("of containers or virtual machines"));
        }
        if self.kind == Kind::Tunnel {
            notes.push(String::from("no MAC addresses"));
        }
        notes.join("; ")
    }
}

impl Survey {
    /// The interface of this name.
    pub fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| interface.name == name)
    }

    /// Names of the ports of a bridge.
    pub fn ports(&self, bridge: &str) -> Vec<&str> {
        let ports = self.interfaces.iter().filter(|port| port.bridge.as_deref() == Some(bridge));
        ports.map(|port| port.name.as_str()).collect()
    }

    /// The interfaces that are probably the LAN: with private addresses, and not the way to the internet. Nothing if
    /// that does not tell.
    pub fn guess(&self) -> Vec<String> {
        let possible: Vec<&Interface> = self
            .interfaces
            .iter()
            .filter(|one| one.has_devices() && one.bridge.is_none() && !one.is_of_containers())
            .collect();
        let inside = |state: State| -> Vec<&Interface> {
            let inside = possible.iter().copied();
            inside.filter(|one| one.state == state && one.is_private() && !one.default_route).collect()
        };
        let mut guess = inside(State::Up);
        if guess.is_empty() {
            guess = inside(State::NoLink);
        }
        if guess.is_empty() {
            // A router with one leg: what comes in goes out through the same interface.
            let up: Vec<&Interface> = possible.into_iter().filter(|one| one.state == State::Up).collect();
            guess = if let [only] = up.as_slice()
                && only.is_private()
            {
                vec![*only]
            } else {
                Vec::new()
            };
        }
        // What one of them lies on has its frames already.
        let names: Vec<&str> = guess.iter().map(|one| one.name.as_str()).collect();
        let is_above_another = |name: &str| names.iter().any(|below| self.lies_on(name, below));
        names.iter().filter(|name| !is_above_another(name)).map(|name| String::from(*name)).collect()
    }

    /// Whether the frames of the interface `above` come through `below`, which is another: a port of the bridge, or what
    /// carries the VLAN.
    pub fn lies_on(&self, above: &str, below: &str) -> bool {
        above != below && self.reached_through(&[below]).contains(above)
    }

    /// The devices whose frames come through these interfaces, as far as can be told.
    pub fn behind(&self, interfaces: &[String]) -> Vec<&Seen> {
        let interfaces: Vec<&str> = interfaces.iter().map(String::as_str).collect();
        let reached = self.reached_through(&interfaces);
        let is_there = |device: &&Seen| device.interfaces.iter().any(|name| reached.contains(name.as_str()));
        self.devices.iter().filter(is_there).collect()
    }

    /// These, the bridges of which they are ports, the VLANs on them, and so on.
    fn reached_through<'a>(&'a self, interfaces: &[&'a str]) -> BTreeSet<&'a str> {
        let mut reached: BTreeSet<&str> = interfaces.iter().copied().collect();
        loop {
            let bridges = self.interfaces.iter().filter(|one| reached.contains(one.name.as_str()));
            let bridges: Vec<&str> = bridges.filter_map(|one| one.bridge.as_deref()).collect();
            let is_on = |one: &&Interface| one.parent.as_deref().is_some_and(|on| reached.contains(on));
            let vlans: Vec<&str> =
                self.interfaces.iter().filter(is_on).map(|one| one.name.as_str()).collect();
            let before = reached.len();
            reached.extend(bridges.into_iter().chain(vlans));
            if reached.len() == before {
                return reached;
            }
        }
    }
}

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;
