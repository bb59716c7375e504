//! What is told about a frame: the fields of `gateway replay --json`.

use std::net::IpAddr;

use gateway_common::abi::Event;
use serde::Serialize;

use super::sight::Sight;
use crate::observe::event::{self, BootClock};
use crate::observe::snapshot::Labels;
use crate::policy::OTHER;

/// A name that was learned, or a frame that did not simply pass.
///
/// Whatever came from the wire is escaped: `name` holds printable ASCII only. What cannot be read of a frame is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Number of the frame, from 1.
    pub frame: u64,
    /// Name of the device, or `other`.
    pub device: String,
    /// Its MAC address.
    pub mac: String,
    /// VLAN numbers, outermost first.
    pub vlan: Vec<u16>,
    /// Protocol, addresses and ports.
    #[serde(flatten)]
    pub flow: Option<Flow>,
    /// What the name or verdict was learned from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The name, with a backslash and bytes that are not printable ASCII as `\xNN`.
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

/// Where a frame came from and went to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flow {
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
}

impl Record {
    /// About frame `frame`, of which the kernel half told an event; `None` if that is none of this ABI version.
    pub(super) fn told(frame: u64, event: &Event, labels: &Labels, clock: BootClock) -> Option<Self> {
        let record = event::Record::of(event, labels, clock)?;
        let event::Record { device, mac, vlan, proto, src, sport, dst, dport, .. } = record;
        let event::Record { kind, name, verdict, policy, reason, .. } = record;
        let flow = Some(Flow { proto, src, sport, dst, dport });
        Some(Self { frame, device, mac, vlan, flow, kind, name, verdict, policy, reason })
    }

    /// About frame `frame`, whose addresses are known by sight only.
    pub(super) fn seen(
        frame: u64,
        sight: &Sight,
        event: Event,
        labels: &Labels,
        clock: BootClock,
    ) -> Option<Self> {
        let record = Self::told(frame, &event, labels, clock)?;
        Some(Self { flow: record.flow.filter(|_| sight.flow.is_some()), ..record })
    }

    /// One line for people.
    pub fn line(&self) -> String {
        let Self { frame, verdict, reason, .. } = self;
        let device = if self.device == OTHER { format!("{OTHER} {}", self.mac) } else { self.device.clone() };
        let policy = self.policy.as_deref().map(|policy| format!(" by {policy}")).unwrap_or_default();
        let head = format!("{frame:>7}  {device}  {verdict}{policy}");
        match (&self.flow, &self.name) {
            (Some(Flow { proto, dst, dport, .. }), Some(name)) => {
                format!("{head}  {name}  ({dst} {proto}/{dport}, {reason})")
            }
            (Some(Flow { proto, dst, dport, .. }), None) => {
                format!("{head}  {dst}  ({proto}/{dport}, {reason})")
            }
            (None, _) => format!("{head}  ({reason})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let flow = Flow {
            proto: "tcp".into(),
            src: [192, 168, 1, 5].into(),
            sport: 50322,
            dst: [161, 117, 94, 131].into(),
            dport: 443,
        };
        Record {
            frame: 12,
            device: "anna-phone".into(),
            mac: "8c:be:be:12:34:56".into(),
            vlan: vec![],
            flow: Some(flow),
            kind: Some("tls_sni".into()),
            name: Some("api.account.xiaomi.com".into()),
            verdict: "reject".into(),
            policy: Some("xiaomi-telemetry".into()),
            reason: "tls_sni".into(),
        }
    }

    #[test]
    fn the_fields_and_their_order_are_those_of_the_promise() {
        let promise = r#"{"frame":12,"device":"anna-phone","mac":"8c:be:be:12:34:56","vlan":[],"proto":"tcp","src":"192.168.1.5","sport":50322,"dst":"161.117.94.131","dport":443,"kind":"tls_sni","name":"api.account.xiaomi.com","verdict":"reject","policy":"xiaomi-telemetry","reason":"tls_sni"}"#;
        assert_eq!(serde_json::to_string(&record()).unwrap(), promise);
    }

    #[test]
    fn what_cannot_be_read_is_absent() {
        let record = Record { flow: None, kind: None, name: None, policy: None, ..record() };
        let expected = r#"{"frame":12,"device":"anna-phone","mac":"8c:be:be:12:34:56","vlan":[],"verdict":"reject","reason":"tls_sni"}"#;
        assert_eq!(serde_json::to_string(&record).unwrap(), expected);
    }

    #[test]
    fn a_line_for_people_says_who_what_and_why() {
        let line = "     12  anna-phone  reject by xiaomi-telemetry  api.account.xiaomi.com  (161.117.94.131 tcp/443, tls_sni)";
        assert_eq!(record().line(), line);
        let nameless = Record { name: None, policy: None, device: "other".into(), ..record() };
        assert_eq!(
            nameless.line(),
            "     12  other 8c:be:be:12:34:56  reject  161.117.94.131  (tcp/443, tls_sni)"
        );
    }
}
