//! Chromium, over QUIC and over TLS. Its hellos have a post-quantum key share, are cut into many shuffled pieces, and hold
//! ECH that is none (GREASE).

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use xtask::lab::Lab;
use xtask::lab::chromium::Browse;
use xtask::lab::metrics::Metrics;
use xtask::lab::network::{ACCOUNT, ANNA, BOB, Family, Host, ORDINARY, Phone};
use xtask::wait::wait_until;

use super::{Learned, blocked_of_anna, in_lab, learned, rejecting_policy, start_with};

/// How long a browser may take: most of it goes into its start.
const PATIENCE: Duration = Duration::from_secs(60);

/// What five of its Initials take in a capture (1,250 bytes behind an IPv4 header, 1,230 behind an IPv6 one). It waits for
/// an answer until a sixth has gone.
const FIVE_INITIALS: u64 = 24 + 5 * (16 + 14 + 20 + 8 + 1250);

fn shows(lab: &Lab, phone: &Phone, host: &Host, family: Family, how: Browse) -> Result<()> {
    let page = lab.browse(phone, host, family, PATIENCE, how)?;
    let named = page.contains(&format!("server name: {}\n", host.name));
    let over_quic = page.contains("HTTP/3");
    ensure!(
        named && over_quic == (how == Browse::Quic),
        "{} → {} over {family}, {how:?}: `{page}`",
        phone.name,
        host.name
    );
    Ok(())
}

fn shows_nothing(lab: &Lab, phone: &Phone, host: &Host, family: Family, how: Browse) -> Result<()> {
    let page = lab.browse(phone, host, family, PATIENCE, how)?;
    ensure!(page.is_empty(), "{} → {} over {family}, {how:?}: `{page}`", phone.name, host.name);
    Ok(())
}

#[test]
fn chromium_on_a_listed_phone_shows_ordinary_hosts_only() {
    in_lab(|lab| {
        let _quic = lab.start_quic()?;
        let gateway = start_with(lab, &rejecting_policy())?;
        for (family, how) in
            [(Family::V4, Browse::Quic), (Family::V6, Browse::Quic), (Family::V4, Browse::Tls)]
        {
            shows(lab, &ANNA, &ORDINARY, family, how)?;
            shows_nothing(lab, &ANNA, &ACCOUNT, family, how)?;
        }
        shows(lab, &BOB, &ACCOUNT, Family::V4, Browse::Quic)?;
        // It also asks for its makers' hosts, which the lab does not have.
        let mut names = learned(lab)?;
        names.retain(|name| name.kind != "dns_qname");
        let expected = [
            Learned::of(&ANNA, "quic_sni", ACCOUNT.name, "reject"),
            Learned::of(&ANNA, "quic_sni", ORDINARY.name, "pass"),
            Learned::of(&ANNA, "tls_sni", ACCOUNT.name, "reject"),
            Learned::of(&ANNA, "tls_sni", ORDINARY.name, "pass"),
        ];
        ensure!(names == expected, "{names:?}");
        let gave_up = lab.metrics()?.sum("gateway_gave_up_total", &[]);
        ensure!(gave_up == 0.0, "{}", lab.metrics_text()?);

        gateway.kill()?;
        shows_nothing(lab, &ANNA, &ACCOUNT, Family::V6, Browse::Quic)?;
        shows(lab, &ANNA, &ORDINARY, Family::V6, Browse::Quic)
    });
}

#[test]
fn where_quic_is_blocked_chromium_falls_back_to_tls_over_tcp() {
    in_lab(|lab| {
        let _quic = lab.start_quic()?;
        let _gateway = start_with(lab, &(rejecting_policy() + "[inspect]\nquic = \"block\"\n"))?;
        shows_nothing(lab, &ANNA, &ORDINARY, Family::V4, Browse::Quic)?;
        let quic = |metrics: &Metrics| blocked_of_anna(metrics, "reject", "quic");
        let before = quic(&lab.metrics()?);
        shows(lab, &ANNA, &ORDINARY, Family::V4, Browse::Again)?;
        let after = quic(&lab.metrics()?);
        ensure!(after > before, "it did not try QUIC: {}", lab.metrics_text()?);
        shows_nothing(lab, &ANNA, &ACCOUNT, Family::V4, Browse::Tls)
    });
}

#[test]
fn a_chromium_that_sends_its_hello_again_and_again_is_not_refused_for_that() {
    in_lab(|lab| {
        let quic = lab.start_quic()?;
        let _gateway = start_with(lab, &rejecting_policy())?;
        for family in Family::BOTH {
            quic.pause()?;
            let capture = lab.capture(&ANNA, "udp port 443")?;
            let shown = thread::scope(|scope| {
                let browser = scope.spawn(|| shows(lab, &ANNA, &ORDINARY, family, Browse::Quic));
                let sent = wait_until("it sent five Initials", PATIENCE, || {
                    Ok(browser.is_finished() || capture.bytes()? >= FIVE_INITIALS)
                });
                quic.resume()?;
                browser.join().map_err(|_| anyhow!("the browser's thread failed"))??;
                sent
            });
            let gave_up = lab.metrics()?.sum("gateway_gave_up_total", &[]);
            shown.with_context(|| format!("{gave_up} datagrams were not understood"))?;
            ensure!(gave_up == 0.0, "{}", lab.metrics_text()?);
        }
        Ok(())
    });
}
