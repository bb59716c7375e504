//! Clients beside curl of one version of TLS: old and new TLS by curl, OpenSSL and rustls, and HTTP in the clear.

use anyhow::{Result, ensure};
use xtask::lab::curl::Outcome;
use xtask::lab::network::{ACCOUNT, ANNA, BOB, Family, Host, ORDINARY, Phone};
use xtask::lab::{BRIEF, Lab, PATIENT};

use super::{Learned, in_lab, learned, reached, rejecting_policy, saw, start_with};

/// A way to visit a host.
type Way = (&'static str, fn(&Lab, &Phone, &Host, Family) -> Result<Outcome>);

const WAYS: [Way; 7] = [
    ("curl over TLS 1.2", |lab, phone, host, family| {
        lab.visit_by_curl(phone, "https", host, family, PATIENT, &["--tls-max", "1.2"])
    }),
    ("curl over TLS 1.3", |lab, phone, host, family| {
        lab.visit_by_curl(phone, "https", host, family, PATIENT, &["--tlsv1.3"])
    }),
    ("curl over HTTP", |lab, phone, host, family| {
        lab.visit_by_curl(phone, "http", host, family, PATIENT, &[])
    }),
    ("openssl s_client", |lab, phone, host, family| lab.visit_by_openssl(phone, host, family, PATIENT, &[])),
    ("openssl s_client over TLS 1.2", |lab, phone, host, family| {
        lab.visit_by_openssl(phone, host, family, PATIENT, &["-tls1_2"])
    }),
    ("openssl s_client, its hello in two TLS records", |lab, phone, host, family| {
        let protocols = ["protocol-that-nobody-speaks"; 20].join(",");
        lab.visit_by_openssl(phone, host, family, PATIENT, &["-max_send_frag", "512", "-alpn", &protocols])
    }),
    ("rustls, post-quantum", |lab, phone, host, family| {
        lab.visit_as(phone, host.name, host, family, PATIENT)
    }),
];

fn visit(
    lab: &Lab,
    (name, visit): Way,
    phone: &Phone,
    host: &Host,
    family: Family,
    expected: &Outcome,
) -> Result<()> {
    let what = format!("{name}: {} → {} over {family}", phone.name, host.name);
    saw(&visit(lab, phone, host, family)?, expected, &what)
}

#[test]
fn whatever_client_a_listed_phone_has_it_reaches_ordinary_hosts_only() {
    in_lab(|lab| {
        let gateway = start_with(lab, &rejecting_policy())?;
        for family in Family::BOTH {
            for way in WAYS {
                visit(lab, way, &ANNA, &ACCOUNT, family, &Outcome::Refused)?;
                visit(lab, way, &ANNA, &ORDINARY, family, &reached(&ORDINARY))?;
                visit(lab, way, &BOB, &ACCOUNT, family, &reached(&ACCOUNT))?;
            }
        }
        let names = learned(lab)?;
        let expected = [
            Learned::of(&ANNA, "http_host", ACCOUNT.name, "reject"),
            Learned::of(&ANNA, "http_host", ORDINARY.name, "pass"),
            Learned::of(&ANNA, "tls_sni", ACCOUNT.name, "reject"),
            Learned::of(&ANNA, "tls_sni", ORDINARY.name, "pass"),
        ];
        ensure!(names == expected, "{names:?}");

        gateway.kill()?;
        for way in WAYS {
            visit(lab, way, &ANNA, &ACCOUNT, Family::V6, &Outcome::Refused)?;
            visit(lab, way, &ANNA, &ORDINARY, Family::V6, &reached(&ORDINARY))?;
        }
        Ok(())
    });
}

#[test]
fn what_is_dropped_gets_no_answer_whatever_the_client() {
    in_lab(|lab| {
        let gateway = start_with(lab, super::ACCOUNT_POLICY)?;
        gateway.kill()?;
        let http = lab.visit_by_curl(&ANNA, "http", &ACCOUNT, Family::V4, BRIEF, &[])?;
        saw(&http, &Outcome::NoAnswer, "curl over HTTP")?;
        let openssl = lab.visit_by_openssl(&ANNA, &ACCOUNT, Family::V4, BRIEF, &[])?;
        saw(&openssl, &Outcome::NoAnswer, "openssl")?;
        let rustls = lab.visit_as(&ANNA, ACCOUNT.name, &ACCOUNT, Family::V6, BRIEF)?;
        saw(&rustls, &Outcome::NoAnswer, "rustls")
    });
}
