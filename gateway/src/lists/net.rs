//! Addresses and nets as lists write them.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net, Ipv4Subnets, Ipv6Subnets};

/// Bits in front of the IPv4 address in an IPv4-mapped IPv6 address.
const MAPPED_BITS: u8 = 96;

/// Reads an address.
pub(super) fn address(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text).ok()?.parse().ok().map(plain)
}

/// Reads an address, `address/bits` or `address/mask`. Bits behind the prefix are dropped.
pub(super) fn net(text: &[u8]) -> Option<IpNet> {
    let Some(slash) = memchr::memchr(b'/', text) else { return address(text).map(IpNet::from) };
    let (base, length) = (text.get(..slash)?, text.get(slash + 1..)?);
    let base: IpAddr = std::str::from_utf8(base).ok()?.parse().ok()?;
    let length = std::str::from_utf8(length).ok()?;
    let bits = if length.bytes().all(|byte| byte.is_ascii_digit()) {
        length.parse().ok()?
    } else {
        let IpAddr::V4(_) = base else { return None };
        ipnet::ipv4_mask_to_prefix(length.parse::<Ipv4Addr>().ok()?).ok()?
    };
    let net = IpNet::new(base, bits).ok()?.trunc();
    match (plain(net.addr()), net) {
        // No packet has the address of an IPv4 host in the form of IPv6.
        (IpAddr::V4(inside), IpNet::V6(_)) if bits >= MAPPED_BITS => {
            Ipv4Net::new(inside, bits - MAPPED_BITS).ok().map(IpNet::V4)
        }
        _ => Some(net),
    }
}

/// The nets that together are the addresses from `first` to `last`; `None` if they are of two families or in the wrong
/// order.
pub(super) fn range(first: IpAddr, last: IpAddr) -> Option<Box<dyn Iterator<Item = IpNet>>> {
    if first > last {
        return None;
    }
    match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            Some(Box::new(Ipv4Subnets::new(first, last, 0).map(IpNet::V4)))
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            Some(Box::new(Ipv6Subnets::new(first, last, 0).map(IpNet::V6)))
        }
        _ => None,
    }
}

/// Whether it is the address that a list gives a name so that nothing is found there: "no address", this machine, or
/// all machines here.
pub(super) fn is_sinkhole(address: IpAddr) -> bool {
    address.is_unspecified() || address.is_loopback() || address == IpAddr::V4(Ipv4Addr::BROADCAST)
}

/// An IPv4 address written as IPv6 as what it is.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        net(text.as_bytes()).map(|net| net.to_string())
    }

    #[test]
    fn addresses_and_nets_are_read_in_every_form() {
        for (text, meant) in [
            ("203.0.113.7", "203.0.113.7/32"),
            ("203.0.113.7/24", "203.0.113.0/24"),
            ("203.0.113.0/255.255.255.0", "203.0.113.0/24"),
            ("2001:DB8::1", "2001:db8::1/128"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("::ffff:203.0.113.7", "203.0.113.7/32"),
            ("::ffff:203.0.113.7/120", "203.0.113.0/24"),
            ("::/0", "::/0"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(read(text).as_deref(), Some(meant), "{text}");
        }
        for text in [
            "",
            "/",
            "1.2.3",
            "1.2.3.256",
            "01.2.3.4",
            "1.2.3.4/",
            "1.2.3.4/33",
            "1.2.3.4/+8",
            "1.2.3.4/255.0.255.0",
            "::1/ffff::",
            "a.example",
            "fe80::1%eth0",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_range_is_the_fewest_nets_that_are_the_same_addresses() {
        let nets = |first: &str, last: &str| {
            let nets = range(first.parse().unwrap(), last.parse().unwrap())?;
            Some(nets.map(|net| net.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(nets("10.0.0.0", "10.0.0.255").unwrap(), ["10.0.0.0/24"]);
        assert_eq!(nets("10.0.0.1", "10.0.0.4").unwrap(), ["10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/32"]);
        assert_eq!(nets("2001:db8::", "2001:db8::1").unwrap(), ["2001:db8::/127"]);
        assert_eq!(nets("10.0.0.2", "10.0.0.1"), None);
        assert_eq!(nets("10.0.0.2", "::1"), None);
    }
}
