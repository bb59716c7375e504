//! Records for tests.

use gateway_common::abi::{Action, Event, FlowKey, Kind, NAME_BYTES, NO_POLICY};
use gateway_common::reason::Reason;
use gateway_common::wire::{MacAddr, TCP, mapped};

use super::event::{BootClock, Record};
use super::snapshot::Labels;

/// A name that means harm: it steers a terminal, ends a line, leaves quotes and a tag of HTML, turns the direction of
/// writing, is no UTF-8, and looks like an escape already.
pub const HOSTILE: &[u8] = b"\x1b[2J\r\n'\"<script>\xe2\x80\xae\xff\0\\x41.example";

/// How it is shown everywhere.
pub const HARMLESS: &str = r#"\x1b[2J\x0d\x0a'"<script>\xe2\x80\xae\xff\x00\x5cx41.example"#;

/// An event of the kernel half with this name.
pub fn event(wire: &[u8]) -> Event {
    let flow = FlowKey {
        source: mapped([192, 168, 1, 5]),
        destination: mapped([203, 0, 113, 20]),
        source_port: 50322_u16.to_be_bytes(),
        destination_port: 443_u16.to_be_bytes(),
        mac: MacAddr([2, 0, 0, 0, 0, 7]),
        protocol: TCP,
        reserved: 0,
    };
    let mut name = [0; NAME_BYTES];
    name[..wire.len()].copy_from_slice(wire);
    Event {
        time: 0,
        flow,
        device: 0,
        vlans: [[0; 2]; 2],
        vlan_count: 0,
        kind: Kind::TlsSni as u8,
        action: Action::Pass as u8,
        reason: Reason::TlsSni as u8,
        policy: NO_POLICY,
        name_len: u8::try_from(wire.len()).unwrap(),
        reserved: [0; 6],
        name,
    }
}

/// What is told of the name that means harm.
pub fn hostile() -> Record {
    Record::of(&event(HOSTILE), &Labels::default(), BootClock::read()).unwrap()
}

/// anna's phone was kept from a host.
pub fn record() -> Record {
    Record {
        time: 1_700_000_000.25,
        device: "anna-phone".into(),
        mac: "8c:be:be:12:34:56".into(),
        vlan: vec![],
        proto: "tcp".into(),
        src: [192, 168, 1, 5].into(),
        sport: 50322,
        dst: [161, 117, 94, 131].into(),
        dport: 443,
        kind: Some("tls_sni".into()),
        name: Some("api.account.xiaomi.com".into()),
        verdict: "reject".into(),
        policy: Some("xiaomi-telemetry".into()),
        reason: "tls_sni".into(),
    }
}
