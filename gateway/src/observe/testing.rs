//! A record for tests.

use super::event::Record;

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
