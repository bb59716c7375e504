//! An event of the kernel half as people and programs read it.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use gateway_common::abi::{Action, Event, Kind, NO_POLICY};
use gateway_common::reason::Reason;
use gateway_common::wire::{TCP, UDP};
use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use super::snapshot::Labels;

/// One event, with the fields of `gateway replay --json` and a time in place of the frame's number.
///
/// Whatever came from the wire is escaped: `name` holds printable ASCII only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Seconds since 1970-01-01 UTC.
    pub time: f64,
    /// Name of the device, or `other`.
    pub device: String,
    /// Its MAC address.
    pub mac: String,
    /// VLAN numbers, outermost first.
    pub vlan: Vec<u16>,
    /// `tcp`, `udp`, or the number of the IP protocol.
    pub proto: String,
    /// Source address.
    pub src: IpAddr,
    /// Source port; 0 where the protocol has none.
    pub sport: u16,
    /// Destination address.
    pub dst: IpAddr,
    /// Destination port; 0 where the protocol has none.
    pub dport: u16,
    /// What the name or verdict was learned from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The name, escaped by [`escape`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `pass`, `drop`, `reject` or `observe`.
    pub verdict: String,
    /// Name of the policy that made the verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Why.
    pub reason: String,
}

impl Record {
    /// What an event says; `None` if it is none of this ABI version.
    pub fn of(event: &Event, labels: &Labels, clock: BootClock) -> Option<Self> {
        let flow = event.flow;
        let name = name(event)?;
        Some(Self {
            time: clock.unix(event.time),
            device: labels.device(event.device).to_owned(),
            mac: flow.mac.to_string(),
            vlan: vlans(event),
            proto: protocol(flow.protocol),
            src: address(flow.source),
            sport: u16::from_be_bytes(flow.source_port),
            dst: address(flow.destination),
            dport: u16::from_be_bytes(flow.destination_port),
            kind: Kind::from_index(event.kind)?.label().map(str::to_owned),
            name: (!name.is_empty()).then(|| escape(name)),
            verdict: Action::from_index(event.action)?.label().to_owned(),
            policy: (event.policy != NO_POLICY).then(|| labels.policy(event.policy).to_owned()),
            reason: Reason::from_index(event.reason)?.label().to_owned(),
        })
    }

    /// Whether the packet went no further.
    pub fn is_blocked(&self) -> bool {
        [Action::Drop, Action::Reject].iter().any(|action| action.label() == self.verdict)
    }

    /// One line for people.
    pub fn line(&self) -> String {
        format!("{}  {}", self.clock(), self.story())
    }

    /// That line without the time.
    pub fn story(&self) -> String {
        let what = self.name.clone().unwrap_or_else(|| self.dst.to_string());
        let policy = self.policy.as_deref().map(|policy| format!(" by {policy}")).unwrap_or_default();
        let Self { device, verdict, dst, dport, proto, reason, .. } = self;
        format!("{device}  {verdict}{policy}  {what}  ({dst} {proto}/{dport}, {reason})")
    }

    /// The time of day, UTC, as `HH:MM:SS`.
    fn clock(&self) -> String {
        let seconds = Duration::try_from_secs_f64(self.time).unwrap_or_default().as_secs() % 86_400;
        format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

/// When this machine was booted, to turn the kernel's event time into that of a calendar.
#[derive(Clone, Copy, Debug)]
pub struct BootClock {
    /// Seconds since 1970 at which `CLOCK_MONOTONIC`, which `bpf_ktime_get_ns` reads, was zero.
    zero: f64,
}

impl BootClock {
    /// Reads both clocks. To be read again from time to time: suspended time does not count in the kernel's.
    pub fn read() -> Self {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let since_boot = clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from).unwrap_or_default();
        Self { zero: unix.as_secs_f64() - since_boot.as_secs_f64() }
    }

    /// A second of the kernel's clock, in seconds since 1970.
    pub fn unix_second(self, second: u64) -> u64 {
        Duration::try_from_secs_f64(self.zero).unwrap_or_default().as_secs().saturating_add(second)
    }

    fn unix(self, nanoseconds: u64) -> f64 {
        let seconds = self.zero + Duration::from_nanos(nanoseconds).as_secs_f64();
        // Microseconds: more would be noise of the two readings.
        (seconds * 1e6).round() / 1e6
    }
}

/// The name in an event, as it was on the wire; empty if there is none, and `None` if it is longer than a name can be.
pub(super) fn name(event: &Event) -> Option<&[u8]> {
    event.name.get(..usize::from(event.name_len))
}

/// Bytes from the wire as printable ASCII: everything else is written `\xNN`. So is the backslash itself, so that what a
/// device sends as `\x41` is told from an `A`, and every text stands for one name only.
pub fn escape(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len()), |mut text, byte| {
        match byte {
            b' '..=b'~' if *byte != b'\\' => text.push(char::from(*byte)),
            // Writing to a String cannot fail.
            other => drop(write!(text, "\\x{other:02x}")),
        }
        text
    })
}

pub(super) fn address(bytes: [u8; 16]) -> IpAddr {
    Ipv6Addr::from(bytes).to_canonical()
}

pub(super) fn protocol(number: u8) -> String {
    match number {
        TCP => "tcp".to_owned(),
        UDP => "udp".to_owned(),
        other => other.to_string(),
    }
}

/// The low twelve bits of each tag (IEEE 802.1Q, 9.6).
fn vlans(event: &Event) -> Vec<u16> {
    let tags = event.vlans.iter().take(event.vlan_count.into());
    tags.map(|tag| u16::from_be_bytes(*tag) & 0x0fff).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_with_terminal_escapes_quotes_and_invalid_utf8_becomes_printable_ascii() {
        assert_eq!(escape(b"a\x1b[31m\"<b>\n\xff.example"), "a\\x1b[31m\"<b>\\x0a\\xff.example");
        assert_eq!(escape("x\u{202e}y".as_bytes()), "x\\xe2\\x80\\xaey");
    }

    #[test]
    fn what_a_device_sends_in_the_form_of_an_escape_is_not_taken_for_one() {
        assert_eq!(escape(b"\\x41.example"), "\\x5cx41.example");
    }

    /// The bytes that an escaped text stands for.
    fn unescape(text: &str) -> Vec<u8> {
        let mut parts = text.split('\\');
        let first = parts.next().unwrap_or_default().as_bytes().to_vec();
        parts.fold(first, |mut bytes, part| {
            let (digits, rest) = part.strip_prefix('x').unwrap().split_at(2);
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            bytes.extend(rest.bytes());
            bytes
        })
    }

    proptest! {
        #[test]
        fn an_escaped_name_is_printable_and_stands_for_one_name_only(bytes: Vec<u8>) {
            let text = escape(&bytes);
            prop_assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(unescape(&text), bytes);
        }
    }

    #[test]
    fn an_ipv4_address_is_shown_as_one() {
        assert_eq!(address(gateway_common::wire::mapped([192, 0, 2, 1])).to_string(), "192.0.2.1");
    }
}
