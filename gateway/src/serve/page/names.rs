//! The names by which the page may be asked for.
//!
//! A stranger's page can have its own name resolve to the address of this server and so read, from the reader's browser,
//! what is served here (DNS rebinding). The browser then sends that name. So only known names are answered; an address
//! cannot be rebound, and `localhost` is no name that a stranger has.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, Uri, header};

use crate::policy::HostName;

/// What is known.
pub struct Names {
    /// Where the server listens; `None` on a socket, where neither address nor port are its own.
    address: Option<SocketAddr>,
    hosts: Vec<HostName>,
}

/// Why a request is not answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Misdirected {
    /// It names no host, or more than one.
    Unclear,
    /// It names a host that this is not.
    Unknown(String),
}

impl Names {
    /// Those of a server that listens at `address`, or on a socket.
    pub fn new(address: Option<SocketAddr>, hosts: Vec<HostName>) -> Self {
        Self { address, hosts }
    }

    /// Whether a request is meant for this server: the one `Host` that it must have, and the host in its target, if it has one
    /// there as for a proxy (RFC 9112, 3.2).
    ///
    /// # Errors
    /// If it is not, or if that cannot be told.
    pub fn check(&self, target: &Uri, headers: &HeaderMap) -> Result<(), Misdirected> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(Misdirected::Unclear) };
        let host = host.to_str().map_err(|_| Misdirected::Unclear)?;
        for named in
            [Some(host), target.authority().map(|authority| authority.as_str())].into_iter().flatten()
        {
            if !self.know(named).unwrap_or(false) {
                return Err(Misdirected::Unknown(named.to_owned()));
            }
        }
        Ok(())
    }

    /// An address at which the page can be opened, for people.
    pub fn example(&self) -> String {
        match self.address {
            Some(address) if !address.ip().is_unspecified() => format!("http://{address}/"),
            Some(address) => format!("http://localhost:{}/", address.port()),
            None => String::from("http://localhost/"),
        }
    }

    /// Whether this is one of the names; `None` if it is not written as a host with or without a port.
    fn know(&self, named: &str) -> Option<bool> {
        let (host, port) = split(named)?;
        let right_port = self.address.is_none_or(|address| port.is_none_or(|port| port == address.port()));
        Some(right_port && self.know_host(host))
    }

    fn know_host(&self, host: &str) -> bool {
        let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if let Ok(literal) = literal.parse::<IpAddr>() {
            return self.know_address(literal.to_canonical());
        }
        let name = host.strip_suffix('.').unwrap_or(host);
        name.eq_ignore_ascii_case("localhost")
            || self.hosts.iter().any(|known| known.as_str().eq_ignore_ascii_case(name))
    }

    fn know_address(&self, literal: IpAddr) -> bool {
        match self.address.map(|address| address.ip().to_canonical()) {
            // Any of this machine's addresses; one that is not would not have led here.
            Some(own) if own.is_unspecified() => true,
            Some(own) => own == literal,
            None => literal.is_loopback(),
        }
    }
}

/// Host, with the brackets of an IPv6 address, and port (RFC 3986, 3.2); `None` if it is written in another way.
fn split(named: &str) -> Option<(&str, Option<u16>)> {
    let end = match named.strip_prefix('[') {
        Some(rest) => 1 + rest.find(']')? + 1,
        None => named.find(':').unwrap_or(named.len()),
    };
    let (host, rest) = named.split_at_checked(end)?;
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        None => return None,
        Some("") => None,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
        Some(_) => return None,
    };
    // Brackets are for IPv6 alone.
    let bracketed = named.starts_with('[');
    let is_v6 = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_ipv6());
    (bracketed == is_v6).then_some((host, port))
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;
