//! Addresses, nets and ports as policies write them.

use std::net::{IpAddr, Ipv6Addr};

use gateway_common::abi::PortKey;
use gateway_common::wire::{TCP, UDP};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::escape::Shown;
use super::host::HostName;
use super::mistake::Refusal;

/// The nets of IPv4-mapped IPv6 addresses are at least this long (RFC 4291, 2.5.5.2).
const MAPPED_BITS: u8 = 96;

/// Why a text is neither an address nor a net.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPrefix {
    /// It cannot be read as either.
    #[error("{} is neither an address nor a net", Shown(.0))]
    Unreadable(String),
    /// It is the name of a host.
    #[error("{} is a host name, not an address", Shown(.0))]
    Host(String),
    /// Bits are set behind the prefix, so that it is unclear what is meant.
    #[error("{} has bits set behind its {} bits of net", Shown(.text), .net.prefix_len())]
    HostBits {
        /// The whole.
        text: String,
        /// The net that the bits lie in.
        net: IpNet,
    },
    /// The net is longer than an address.
    #[error("{} has a net of more than {most} bits", Shown(.text))]
    TooLong {
        /// The whole.
        text: String,
        /// Bits of an address.
        most: u8,
    },
    /// IPv4 written as IPv6: no packet on the wire holds such an address.
    #[error("{} is IPv4 written as IPv6, an address that no packet has", Shown(.text))]
    Mapped {
        /// The whole.
        text: String,
        /// What it means.
        net: Ipv4Net,
    },
}

impl Refusal for BadPrefix {
    fn cure(&self) -> String {
        match self {
            Self::Unreadable(_) => String::from(
                "write \"203.0.113.7\", \"203.0.113.0/24\", \"2001:db8::1\" or \"2001:db8::/32\"",
            ),
            Self::Host(text) => format!("put \"{text}\" under `hosts` or `domains`"),
            Self::HostBits { text, net } => {
                let address = text.split_once('/').map_or(text.as_str(), |(address, _)| address);
                format!("write \"{net}\" for the net, or \"{address}\" for the one address")
            }
            Self::TooLong { most, .. } => format!("write a number of bits from 0 to {most} behind the `/`"),
            Self::Mapped { net, .. } => format!("write \"{}\"", in_short((*net).into())),
        }
    }
}

/// Reads an address, which becomes a net of its own, or a net in CIDR form.
///
/// # Errors
/// [`BadPrefix`] says what is wrong.
pub fn prefix(text: &str) -> Result<IpNet, BadPrefix> {
    let owned = || String::from(text);
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let Ok(address) = address.parse::<IpAddr>() else {
        let is_host = text
            .parse::<HostName>()
            .is_ok_and(|name| name.as_str().contains(|c: char| c.is_ascii_lowercase()));
        return Err(if is_host { BadPrefix::Host(owned()) } else { BadPrefix::Unreadable(owned()) });
    };
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        None => most,
        Some(bits) => digits(bits).ok_or_else(|| BadPrefix::Unreadable(owned()))?,
    };
    let Some(net) = u8::try_from(bits).ok().and_then(|bits| IpNet::new(address, bits).ok()) else {
        return Err(BadPrefix::TooLong { text: owned(), most: if most == 32 { 32 } else { 128 } });
    };
    if let Some(net) = mapped(net.trunc()) {
        return Err(BadPrefix::Mapped { text: owned(), net });
    }
    if net.trunc() != net {
        return Err(BadPrefix::HostBits { text: owned(), net: net.trunc() });
    }
    Ok(net)
}

/// The IPv4 net that is written as IPv6.
fn mapped(net: IpNet) -> Option<Ipv4Net> {
    let IpNet::V6(net) = net else { return None };
    let all = Ipv6Net::new(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), MAPPED_BITS).ok()?;
    if !all.contains(&net) {
        return None;
    }
    Ipv4Net::new(net.addr().to_ipv4_mapped()?, net.prefix_len() - MAPPED_BITS).ok()
}

/// A net of one address without its length.
fn in_short(net: IpNet) -> String {
    if net.prefix_len() == net.max_prefix_len() { net.addr().to_string() } else { net.to_string() }
}

/// A decimal number without sign.
fn digits(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Why a text is no port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPort {
    /// It does not have the form.
    #[error("{} is not a port with its protocol", Shown(.0))]
    Unreadable(String),
    /// A port that is known, with or without its protocol in the wrong place.
    #[error("{} does not say the protocol before the port", Shown(.text))]
    Protocol {
        /// The whole.
        text: String,
        /// What may be meant.
        meant: String,
    },
    /// The port is not between 1 and 65535.
    #[error("{} names a port outside 1 to 65535", Shown(.0))]
    Range(String),
}

impl Refusal for BadPort {
    fn cure(&self) -> String {
        match self {
            Self::Unreadable(_) => String::from("write \"tcp/853\" or \"udp/853\""),
            Self::Protocol { meant, .. } => format!("write {meant}"),
            Self::Range(_) => String::from("write a port from 1 to 65535"),
        }
    }
}

/// Reads `tcp/853` or `udp/853`.
///
/// # Errors
/// [`BadPort`] says what is wrong.
pub fn port(text: &str) -> Result<PortKey, BadPort> {
    let owned = || String::from(text);
    let unreadable = || BadPort::Unreadable(owned());
    let Some((left, right)) = text.split_once('/') else {
        let port = digits(text).filter(|_| !text.is_empty()).ok_or_else(unreadable)?;
        return Err(BadPort::Protocol {
            text: owned(),
            meant: format!("\"tcp/{port}\" or \"udp/{port}\", or both"),
        });
    };
    if let (Some(port), Some(_)) = (digits(left), protocol(right)) {
        return Err(BadPort::Protocol { text: owned(), meant: format!("\"{right}/{port}\"") });
    }
    let protocol = protocol(left).ok_or_else(unreadable)?;
    if right.is_empty() || !right.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(unreadable());
    }
    match right.parse::<u16>() {
        Ok(port) if port != 0 => Ok(PortKey { port: port.to_be_bytes(), protocol, reserved: 0 }),
        _ => Err(BadPort::Range(owned())),
    }
}

fn protocol(text: &str) -> Option<u8> {
    match text {
        "tcp" => Some(TCP),
        "udp" => Some(UDP),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal<T: std::fmt::Debug, E: Refusal>(result: Result<T, E>) -> (String, String) {
        let error = result.unwrap_err();
        (error.to_string(), error.cure())
    }

    #[test]
    fn an_address_is_a_net_of_its_own() {
        assert_eq!(prefix("203.0.113.7").unwrap().to_string(), "203.0.113.7/32");
        assert_eq!(prefix("2001:DB8::1").unwrap().to_string(), "2001:db8::1/128");
        assert_eq!(prefix("203.0.113.0/24").unwrap().to_string(), "203.0.113.0/24");
        assert_eq!(prefix("0.0.0.0/0").unwrap().to_string(), "0.0.0.0/0");
        assert_eq!(prefix("::/0").unwrap().to_string(), "::/0");
    }

    #[test]
    fn bits_behind_the_prefix_are_refused_with_the_net_and_the_address() {
        let (title, cure) = refusal(prefix("203.0.113.7/24"));
        assert_eq!(title, "`203.0.113.7/24` has bits set behind its 24 bits of net");
        assert_eq!(cure, "write \"203.0.113.0/24\" for the net, or \"203.0.113.7\" for the one address");
        let (_, cure) = refusal(prefix("2001:db8::1/32"));
        assert_eq!(cure, "write \"2001:db8::/32\" for the net, or \"2001:db8::1\" for the one address");
    }

    #[test]
    fn ipv4_written_as_ipv6_is_refused_with_the_plain_form() {
        let (title, cure) = refusal(prefix("::ffff:203.0.113.7"));
        assert_eq!(title, "`::ffff:203.0.113.7` is IPv4 written as IPv6, an address that no packet has");
        assert_eq!(cure, "write \"203.0.113.7\"");
        assert_eq!(refusal(prefix("::ffff:203.0.113.7/120")).1, "write \"203.0.113.0/24\"");
        assert_eq!(refusal(prefix("::ffff:0:0/96")).1, "write \"0.0.0.0/0\"");
    }

    #[test]
    fn what_is_no_address_is_refused_with_examples() {
        for text in [
            "",
            "/24",
            "10.0.0",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/255.0.0.0",
            "fe80::1%eth0",
            "[::1]",
            "1",
        ] {
            let (title, cure) = refusal(prefix(text));
            assert_eq!(title, format!("`{text}` is neither an address nor a net"));
            assert!(cure.starts_with("write \"203.0.113.7\""), "{cure}");
        }
    }

    #[test]
    fn a_host_name_among_addresses_is_sent_to_hosts() {
        let (title, cure) = refusal(prefix("api.example.org"));
        assert_eq!(title, "`api.example.org` is a host name, not an address");
        assert_eq!(cure, "put \"api.example.org\" under `hosts` or `domains`");
    }

    #[test]
    fn a_net_longer_than_an_address_is_refused() {
        assert_eq!(refusal(prefix("10.0.0.0/33")).1, "write a number of bits from 0 to 32 behind the `/`");
        assert_eq!(
            refusal(prefix("2001:db8::/300")).1,
            "write a number of bits from 0 to 128 behind the `/`"
        );
    }

    #[test]
    fn a_port_has_its_protocol_in_front() {
        assert_eq!(port("tcp/853").unwrap(), PortKey { port: [3, 85], protocol: 6, reserved: 0 });
        assert_eq!(port("udp/65535").unwrap(), PortKey { port: [255, 255], protocol: 17, reserved: 0 });
    }

    #[test]
    fn a_port_in_another_form_is_refused_with_the_form() {
        for text in ["", "tcp", "tcp/", "tcp/+1", "tcp/dns", "sctp/1", "TCP/853", "tcp/1-5"] {
            let (title, cure) = refusal(port(text));
            assert_eq!(title, format!("`{text}` is not a port with its protocol"));
            assert_eq!(cure, "write \"tcp/853\" or \"udp/853\"");
        }
        assert_eq!(refusal(port("853")).1, "write \"tcp/853\" or \"udp/853\", or both");
        assert_eq!(refusal(port("853/udp")).1, "write \"udp/853\"");
    }

    #[test]
    fn a_port_outside_its_range_is_refused() {
        for text in ["tcp/0", "udp/65536", "tcp/99999999999999999999"] {
            let (title, cure) = refusal(port(text));
            assert_eq!(title, format!("`{text}` names a port outside 1 to 65535"));
            assert_eq!(cure, "write a port from 1 to 65535");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused_with_a_cure(text in "[0-9a-f:./%tcpud]{0,24}|\\PC{0,12}") {
            if let Err(error) = prefix(&text) {
                prop_assert!(!error.to_string().is_empty() && !error.cure().is_empty());
            }
            if let Err(error) = port(&text) {
                prop_assert!(!error.to_string().is_empty() && !error.cure().is_empty());
            }
        }

        #[test]
        fn a_net_reads_as_it_is_written(address: std::net::Ipv4Addr, bits in 0..=32_u8) {
            let net = IpNet::new(address.into(), bits).unwrap().trunc();
            prop_assert_eq!(prefix(&net.to_string()), Ok(net));
        }
    }
}
