//! Addresses that are never blocked because a host resolves to them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether the address is no place of the public internet, such as what a server that blocks names answers with.
/// Sources: the IANA registries of special-purpose IPv4 and IPv6 addresses (RFC 6890). Those for documentation are nowhere
/// and may be blocked.
pub fn is_special(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_special_v4(address),
        IpAddr::V6(address) => is_special_v6(address),
    }
}

fn is_special_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    // 0.0.0.0/8 "this network" (RFC 791), 100.64.0.0/10 of carriers (RFC 6598), 240.0.0.0/4 for nobody, with broadcast (RFC 1112).
    a == 0
        || (a == 100 && b & 0xc0 == 64)
        || a >= 240
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
}

fn is_special_v6(address: Ipv6Addr) -> bool {
    address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || address.is_unicast_link_local()
        || address.is_unique_local()
        // 64:ff9b::/96 stands for an IPv4 address (RFC 6052).
        || embedded(address).is_some_and(is_special_v4)
}

fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, 0, 0, 0, 0, high, low] = address.segments() else { return None };
    let [[w, x], [y, z]] = [high.to_be_bytes(), low.to_be_bytes()];
    ((a, b) == (0x64, 0xff9b)).then(|| Ipv4Addr::new(w, x, y, z))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_lead_nowhere_or_home_are_special() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.1.1",
            "224.0.0.251",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::1",
            "fe80::1",
            "fd00::1",
            "fc00::1",
            "ff02::fb",
            "::ffff:127.0.0.1",
            "64:ff9b::10.0.0.1",
        ] {
            assert!(is_special(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn addresses_of_the_internet_are_not() {
        for text in [
            "1.1.1.1",
            "100.63.0.1",
            "100.128.0.1",
            "172.32.0.1",
            "192.169.0.1",
            "203.0.113.7",
            "223.255.255.255",
            "2001:db8::1",
            "2606:4700::1",
            "64:ff9b::1.1.1.1",
            "::ffff:8.8.8.8",
        ] {
            assert!(!is_special(text.parse().unwrap()), "{text}");
        }
    }
}
