//! A capture of real clients, replayed: the same names and verdicts as on the wire.

use anyhow::ensure;
use xtask::lab::PATIENT;
use xtask::lab::network::{ACCOUNT, ANNA, Family, ORDINARY};
use xtask::lab::visit::Quic;

use super::{Learned, in_lab, learned, learned_from, rejecting_policy, said, start_with};

#[test]
fn a_replayed_capture_has_the_names_and_verdicts_that_were_on_the_wire() {
    in_lab(|lab| {
        let _quic = lab.start_quic()?;
        let _gateway = start_with(lab, &rejecting_policy())?;
        let capture = lab.capture(&ANNA, "")?;
        for family in Family::BOTH {
            for host in [&ACCOUNT, &ORDINARY] {
                lab.visit_over_quic(&ANNA, host, family, PATIENT, Quic::USUAL)?;
                lab.visit_as(&ANNA, host.name, host, family, PATIENT)?;
                lab.visit_by_openssl(&ANNA, host, family, PATIENT, &[])?;
                lab.visit_by_curl(&ANNA, "http", host, family, PATIENT, &[])?;
                lab.dig(&ANNA, host.name, family, &["AAAA"])?;
                lab.dig(&ANNA, host.name, family, &["A", "+tcp"])?;
            }
        }
        let on_the_wire = learned(lab)?;
        let capture = capture.end()?;
        let replayed = said(lab.gateway_command(&["replay", "--json"])?.arg(capture))?;
        let expected = ["dns_qname", "http_host", "quic_sni", "tls_sni"].map(|kind| {
            [
                Learned::of(&ANNA, kind, ACCOUNT.name, "reject"),
                Learned::of(&ANNA, kind, ORDINARY.name, "pass"),
            ]
        });
        ensure!(on_the_wire == expected.as_flattened(), "{on_the_wire:?}");
        ensure!(learned_from(&replayed) == on_the_wire, "{replayed}");
        Ok(())
    });
}
