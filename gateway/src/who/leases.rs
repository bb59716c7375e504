//! Who got which address, and under what name: the lease files of dnsmasq and Kea.
//!
//! dnsmasq (`/var/lib/misc/dnsmasq.leases`, lease.c there) writes a line for each lease, with the identity association in the
//! place of the address of the card for IPv6, where the client's DUID is the last field:
//!
//! ```text
//! 1764061234 8c:be:be:12:34:56 192.168.1.5 Redmi-1S 01:8c:be:be:12:34:56
//! duid 00:01:00:01:2b:5a:5b:5c:02:00:00:00:00:01
//! 1764061234 29553750 2001:db8::5 Redmi-1S 00:01:00:01:2a:11:22:33:8c:be:be:12:34:56
//! ```
//!
//! Kea (`/var/lib/kea/kea-leases4.csv`, `kea-leases6.csv`) writes CSV with names of columns, appends a line at each change and
//! puts characters that it cannot have as `&#x2c`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use gateway_common::wire::MacAddr;

use super::file::each_line;
use crate::observe::event::escape;

/// How many leases are kept of a file at most: twice the devices that can be told apart.
const MAX_LEASES: usize = 32_768;

/// Longest host name in bytes; of a longer one the beginning is kept. A label of the DNS has at most 63.
const MAX_HOST: usize = 64;

/// A lease that has not been given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The device.
    pub mac: MacAddr,
    /// Its address.
    pub address: IpAddr,
    /// What the device calls itself, or whoever runs the server calls it. Escaped: printable ASCII.
    pub host: Option<String>,
    /// When it ends, in seconds since 1970; `None` if it does not.
    pub expires: Option<u64>,
}

impl Lease {
    /// Whether it has not ended at `now`, in seconds since 1970.
    pub fn holds(&self, now: u64) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }
}

/// Reads lease files, of either kind; those that ended are among them. What could not be read is told beside.
pub fn read(files: &[PathBuf]) -> (Vec<Lease>, Option<String>) {
    let mut leases = Vec::new();
    let mut wrong = None;
    for file in files {
        let (of_file, why) = read_file(file);
        leases.extend(of_file);
        wrong = why.or(wrong);
    }
    (leases, wrong)
}

fn read_file(file: &Path) -> (Vec<Lease>, Option<String>) {
    let mut reading = Reading::default();
    let result = each_line(file, |line| reading.line(line));
    let mut wrong =
        result.err().map(|error| format!("cannot read the leases in {}: {error}", file.display()));
    if reading.is_full {
        wrong = Some(format!("of the leases in {} only {MAX_LEASES} are kept", file.display()));
    }
    (reading.leases.into_values().collect(), wrong)
}

/// What has been read of a file. A later line about an address takes the place of an earlier one.
#[derive(Default)]
struct Reading {
    leases: HashMap<IpAddr, Lease>,
    /// The columns of Kea, from its first line on.
    columns: Option<Columns>,
    is_full: bool,
}

impl Reading {
    /// Takes a line of the file; one that is broken is left out.
    fn line(&mut self, line: &[u8]) {
        if line.starts_with(b"address,") {
            self.columns = Some(Columns::of(line));
            return;
        }
        let change = match &self.columns {
            Some(columns) => columns.read(line),
            None => dnsmasq(line).map(|lease| (lease.address, Some(lease))),
        };
        match change {
            Some((address, Some(lease))) if self.has_room_for(address) => {
                self.leases.insert(address, lease);
            }
            Some((address, None)) => {
                self.leases.remove(&address);
            }
            _ => {}
        }
    }

    fn has_room_for(&mut self, address: IpAddr) -> bool {
        let has_room = self.leases.len() < MAX_LEASES || self.leases.contains_key(&address);
        self.is_full |= !has_room;
        has_room
    }
}

/// A line of dnsmasq.
fn dnsmasq(line: &[u8]) -> Option<Lease> {
    let mut fields = line.split(|byte| *byte == b' ');
    let expires = number(fields.next()?)?;
    let (card, address, host) = (fields.next()?, text(fields.next()?)?, fields.next()?);
    let address: IpAddr = address.parse().ok()?;
    let mac = if address.is_ipv4() { hardware(text(card)?)? } else { duid(text(fields.next()?)?)? };
    // Built for machines without a clock, it writes how long the lease is, which says nothing without the time of the file.
    let expires = (expires > A_DECADE).then_some(expires);
    Some(Lease { mac, address, host: host_name(host), expires })
}

/// Seconds of ten years: in 1980 there was no DHCP, and no lease is longer.
const A_DECADE: u64 = 315_360_000;

/// The address of a card; any kind but Ethernet and what is like it (1 and 6 of `ARP` in the registry of the IANA) is written
/// before it as `20-`.
fn hardware(card: &str) -> Option<MacAddr> {
    let mac = match card.split_once('-') {
        Some(("01" | "06", mac)) if mac.contains(':') => mac,
        _ => card,
    };
    device(mac)
}

/// The address of a card in an identifier of a client that was made of one (RFC 8415, 11.2 and 11.4).
fn duid(duid: &str) -> Option<MacAddr> {
    const WITH_TIME: &str = "00:01:00:01:";
    const WITHOUT: &str = "00:03:00:01:";
    let mac =
        duid.strip_prefix(WITHOUT).or_else(|| duid.strip_prefix(WITH_TIME)?.get("xx:xx:xx:xx:".len()..));
    device(mac?)
}

fn device(mac: &str) -> Option<MacAddr> {
    mac.parse().ok().filter(|mac: &MacAddr| !mac.is_group() && *mac != MacAddr::default())
}

/// Where each column of Kea is.
struct Columns(HashMap<String, usize>);

impl Columns {
    fn of(header: &[u8]) -> Self {
        let names = header.split(|byte| *byte == b',').enumerate();
        Self(names.map(|(at, name)| (String::from_utf8_lossy(name).into_owned(), at)).collect())
    }

    /// The address that a line is about, and the lease if it goes on.
    fn read(&self, line: &[u8]) -> Option<(IpAddr, Option<Lease>)> {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b',').collect();
        let field = |name: &str| self.0.get(name).and_then(|at| fields.get(*at)).copied();
        let address: IpAddr = text(field("address")?)?.parse().ok()?;
        // A lease of a prefix is not one of an address: type 2 (`Lease::TYPE_PD`).
        if field("lease_type") == Some(b"2") {
            return None;
        }
        // State 0 is a lease that is held; the others are declined, taken back, released, registered.
        let is_held = field("state").is_none_or(|state| state == b"0");
        let lease = || {
            let mac = field("hwaddr").and_then(text).and_then(device);
            let mac = mac.or_else(|| field("duid").and_then(text).and_then(duid));
            let expires = number(field("expire")?)?;
            let host = field("hostname").map(without_escapes).and_then(|host| host_name(&host));
            Some(Lease { mac: mac?, address, host, expires: Some(expires) })
        };
        Some((address, if is_held { lease() } else { None }))
    }
}

/// A field with `&#x2c` and the like as the bytes that they stand for.
fn without_escapes(field: &[u8]) -> Vec<u8> {
    const ESCAPE: &[u8] = b"&#x";
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, behind)) = rest.split_first() {
        let digits = rest.strip_prefix(ESCAPE).and_then(|behind| behind.split_at_checked(2));
        let escaped = digits.and_then(|(digits, behind)| {
            Some((
                u8::from_str_radix(text(digits).filter(|digits| is_hexadecimal(digits))?, 16).ok()?,
                behind,
            ))
        });
        let (byte, behind) = escaped.unwrap_or((*first, behind));
        bytes.push(byte);
        rest = behind;
    }
    bytes
}

fn is_hexadecimal(digits: &str) -> bool {
    digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// The name, harmless for whoever reads it, without the dot at the end of a whole one; none if the device has not told one.
fn host_name(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.strip_suffix(b".").unwrap_or(bytes);
    match bytes {
        b"" | b"*" => None,
        _ => Some(escape(bytes.get(..MAX_HOST).unwrap_or(bytes))),
    }
}

fn number(bytes: &[u8]) -> Option<u64> {
    text(bytes)?.parse().ok()
}

fn text(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(bytes).ok()
}

#[cfg(test)]
#[path = "leases_tests.rs"]
mod tests;
