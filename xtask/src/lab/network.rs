//! The home network of the lab: its phones, the hosts on its internet, and the wires between them.
//!
//! ```text
//!  anna-phone eth0 ── lan1 ┐
//!    192.168.1.5  fd00:1::5 │ router             server eth0
//!                           ├ br-lan ─ wan0 ──── 203.0.113.10, .20, …
//!  bob-phone  eth0 ── lan2 ┘ 192.168.1.1        2001:db8:1::10, ::20, …
//!    192.168.1.6  fd00:1::6   fd00:1::1
//! ```

use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::Result;

use super::netns::Namespace;

/// The router's interfaces on which devices are: what the gateway's configuration names.
pub const LAN: [&str; 2] = ["lan1", "lan2"];

/// A device of the home network.
#[derive(Debug)]
pub struct Phone {
    /// Its name in the configuration, and part of its namespace's.
    pub name: &'static str,
    /// Its MAC address.
    pub mac: &'static str,
    /// The router's interface at the other end of its wire.
    port: &'static str,
    /// The last part of its addresses.
    number: u8,
}

/// The phone that the tests and the demo list in the configuration.
pub const ANNA: Phone = Phone { name: "anna-phone", mac: "8c:be:be:12:34:56", port: LAN[0], number: 5 };

/// No phone of its own: what a configuration may call all phones whose addresses begin as anna's does.
pub const ANNAS_MAKE: Phone = Phone { name: "phones-of-a-make", mac: "8c:be:be:*", ..ANNA };

/// The phone that has no policies.
pub const BOB: Phone = Phone { name: "bob-phone", mac: "3c:5a:b4:65:43:21", port: LAN[1], number: 6 };

impl Phone {
    /// Its address on the home network.
    pub fn address(&self, family: Family) -> IpAddr {
        match family {
            Family::V4 => Ipv4Addr::new(192, 168, 1, self.number).into(),
            Family::V6 => Ipv6Addr::new(0xfd00, 1, 0, 0, 0, 0, 0, self.number.into()).into(),
        }
    }
}

/// A host on the lab's internet.
#[derive(Debug)]
pub struct Host {
    /// Its name.
    pub name: &'static str,
    /// The last part of its addresses, the same digits in both families.
    pub digits: u8,
}

impl Host {
    /// Its address.
    pub fn address(&self, family: Family) -> IpAddr {
        match family {
            Family::V4 => Ipv4Addr::new(203, 0, 113, self.digits).into(),
            Family::V6 => {
                // Written ::20 to look like .20.
                let part = u16::from(self.digits / 10) * 0x10 + u16::from(self.digits % 10);
                Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, part).into()
            }
        }
    }
}

/// A host that no policy names.
pub const ORDINARY: Host = Host { name: "www.example.org", digits: 10 };
/// The host of `policies/xiaomi-account.toml`.
pub const ACCOUNT: Host = Host { name: "api.account.xiaomi.com", digits: 20 };
/// A host of `policies/xiaomi-telemetry.toml`.
pub const TRACKING: Host = Host { name: "tracking.miui.com", digits: 30 };
/// A host that no policy names, for policies about its address.
pub const PLAIN: Host = Host { name: "plain.example.net", digits: 40 };

/// Every host of the lab.
pub const HOSTS: [&Host; 4] = [&ORDINARY, &ACCOUNT, &TRACKING, &PLAIN];

/// The version of the internet protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::V4, Self::V6];
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// Addresses are checked for being in use for a second before they work, unless told not to.
const NO_DAD: [(&str, &str); 2] = [("ipv6/conf/all/accept_dad", "0"), ("ipv6/conf/default/accept_dad", "0")];

/// Lays the router's half of every wire; the other ends come to be in the namespaces of phones and server.
pub fn wire_router(router: &Namespace, phones: &[(&Phone, &Namespace)], server: &Namespace) -> Result<()> {
    router.sysctl(&NO_DAD)?;
    router.sysctl(&[("ipv4/ip_forward", "1"), ("ipv6/conf/all/forwarding", "1")])?;
    let mut lines = String::from(
        "link set lo up\n\
         link add br-lan type bridge mcast_snooping 0\n\
         link set br-lan up\n\
         address add 192.168.1.1/24 dev br-lan\n\
         address add fd00:1::1/64 dev br-lan nodad\n",
    );
    for (Phone { port, mac, .. }, namespace) in phones {
        let there = namespace.name();
        writeln!(lines, "link add {port} type veth peer name eth0 address {mac} netns {there}")?;
        writeln!(lines, "link set {port} master br-lan up")?;
    }
    writeln!(lines, "link add wan0 type veth peer name eth0 netns {}", server.name())?;
    lines.push_str(
        "address add 203.0.113.1/24 dev wan0\n\
         address add 2001:db8:1::1/64 dev wan0 nodad\n\
         link set wan0 up\n",
    );
    router.ip(&lines)
}

/// Sets up a phone at its end of the wire.
pub fn wire_phone(phone: &Phone, namespace: &Namespace) -> Result<()> {
    namespace.sysctl(&NO_DAD)?;
    let (v4, v6) = (phone.address(Family::V4), phone.address(Family::V6));
    namespace.ip(&format!(
        "link set lo up\n\
         address add {v4}/24 dev eth0\n\
         address add {v6}/64 dev eth0 nodad\n\
         link set eth0 up\n\
         route add default via 192.168.1.1\n\
         route add default via fd00:1::1\n"
    ))
}

/// Sets up the server, which is every host of the internet.
pub fn wire_server(namespace: &Namespace) -> Result<()> {
    namespace.sysctl(&NO_DAD)?;
    let mut lines = String::from("link set lo up\n");
    for host in HOSTS {
        writeln!(lines, "address add {}/24 dev eth0", host.address(Family::V4))?;
        writeln!(lines, "address add {}/64 dev eth0 nodad", host.address(Family::V6))?;
    }
    lines.push_str(
        "link set eth0 up\n\
         route add default via 203.0.113.1\n\
         route add default via 2001:db8:1::1\n",
    );
    namespace.ip(&lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_the_same_digits_in_both_families() {
        assert_eq!(ACCOUNT.address(Family::V4).to_string(), "203.0.113.20");
        assert_eq!(ACCOUNT.address(Family::V6).to_string(), "2001:db8:1::20");
    }
}
