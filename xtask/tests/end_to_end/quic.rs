//! HTTP/3 by quinn. A hello with a post-quantum key share takes two Initials.

use std::io::{BufRead, BufReader, Write};

use anyhow::{Context, Result, ensure};
use xtask::lab::curl::Outcome;
use xtask::lab::network::{ACCOUNT, ANNA, BOB, Family, Host, ORDINARY, Phone, TRACKING};
use xtask::lab::visit::Quic;
use xtask::lab::{BRIEF, Lab, PATIENT, QUIC_PORT, RETRY_PORT};

use super::{
    ACCOUNT_POLICY, Learned, blocked_of_anna, in_lab, learned, reached, reaches, rejecting_policy, saw,
    start_with,
};

/// A hello in one Initial.
const CLASSIC: Quic = Quic { port: QUIC_PORT, classic: true };
/// A server that first sends a Retry, after which the client has another connection ID to derive keys from.
const RETRY: Quic = Quic { port: RETRY_PORT, classic: false };
const WAYS: [Quic; 3] = [Quic::USUAL, CLASSIC, RETRY];

fn visit(lab: &Lab, phone: &Phone, host: &Host, family: Family, how: Quic, expected: &Outcome) -> Result<()> {
    let patience = if expected.reached() { PATIENT } else { BRIEF };
    let outcome = lab.visit_over_quic(phone, host, family, patience, how)?;
    saw(&outcome, expected, &format!("{} → {} over {family}, {how:?}", phone.name, host.name))
}

#[test]
fn without_a_gateway_every_phone_reaches_every_host_over_quic() {
    in_lab(|lab| {
        let _quic = lab.start_quic()?;
        for family in Family::BOTH {
            for how in WAYS {
                visit(lab, &ANNA, &ACCOUNT, family, how, &reached(&ACCOUNT))?;
            }
            visit(lab, &BOB, &ORDINARY, family, Quic::USUAL, &reached(&ORDINARY))?;
        }
        Ok(())
    });
}

#[test]
fn over_quic_a_listed_phone_is_refused_at_once_and_others_are_not() {
    in_lab(|lab| {
        let _quic = lab.start_quic()?;
        let gateway = start_with(lab, &rejecting_policy())?;
        for family in Family::BOTH {
            for how in WAYS {
                visit(lab, &ANNA, &ACCOUNT, family, how, &Outcome::Refused)?;
                visit(lab, &ANNA, &ORDINARY, family, how, &reached(&ORDINARY))?;
            }
            visit(lab, &BOB, &ACCOUNT, family, Quic::USUAL, &reached(&ACCOUNT))?;
        }
        let names = learned(lab)?;
        let expected = [
            Learned::of(&ANNA, "quic_sni", ACCOUNT.name, "reject"),
            Learned::of(&ANNA, "quic_sni", ORDINARY.name, "pass"),
        ];
        ensure!(names == expected, "{names:?}");
        let metrics = lab.metrics()?;
        // Two families, three ways; of each, a name that is blocked and one that is not.
        let named = metrics.sum("gateway_names_total", &[("kind", "quic_sni")]);
        ensure!(named >= 12.0, "{named} names of 12 visits");
        ensure!(blocked_of_anna(&metrics, "reject", "quic_sni") >= 6.0, "{}", lab.metrics_text()?);
        let gave_up = metrics.sum("gateway_gave_up_total", &[]);
        ensure!(gave_up == 0.0, "{}", lab.metrics_text()?);

        gateway.kill()?;
        for family in Family::BOTH {
            visit(lab, &ANNA, &ACCOUNT, family, Quic::USUAL, &Outcome::Refused)?;
            visit(lab, &ANNA, &ORDINARY, family, Quic::USUAL, &reached(&ORDINARY))?;
        }
        Ok(())
    });
}

#[test]
fn over_quic_what_is_dropped_gets_no_answer() {
    in_lab(|lab| {
        let _quic = lab.start_quic()?;
        let gateway = start_with(lab, ACCOUNT_POLICY)?;
        visit(lab, &ANNA, &ACCOUNT, Family::V4, Quic::USUAL, &Outcome::NoAnswer)?;
        gateway.kill()?;
        visit(lab, &ANNA, &ACCOUNT, Family::V6, CLASSIC, &Outcome::NoAnswer)?;
        visit(lab, &ANNA, &ORDINARY, Family::V4, Quic::USUAL, &reached(&ORDINARY))
    });
}

#[test]
fn a_policy_that_blocks_quic_leaves_a_phone_tls_over_tcp() {
    in_lab(|lab| {
        let _quic = lab.start_quic()?;
        let _gateway = start_with(lab, &(rejecting_policy() + "[inspect]\nquic = \"block\"\n"))?;
        for family in Family::BOTH {
            for how in WAYS {
                visit(lab, &ANNA, &ORDINARY, family, how, &Outcome::Refused)?;
            }
            visit(lab, &BOB, &ORDINARY, family, Quic::USUAL, &reached(&ORDINARY))?;
            reaches(lab, &ANNA, &ORDINARY, family)?;
        }
        Ok(())
    });
}

#[test]
fn early_data_gets_through_to_a_host_that_is_not_blocked_and_to_no_other() {
    in_lab(|lab| {
        let _quic = lab.start_quic()?;
        let hosts = [(&TRACKING, reached(&TRACKING)), (&ACCOUNT, Outcome::Refused)];
        let mut clients = Vec::new();
        for (host, expected) in hosts {
            // Nothing filters while the clients get their tickets.
            let mut client = lab.visit_over_quic_twice(&ANNA, host, PATIENT)?;
            let mut said = BufReader::new(client.stdout.take().context("no standard output")?);
            for line in [format!("server name: {}\n", host.name), "HTTP/3\n".to_owned()] {
                let mut read = String::new();
                said.read_line(&mut read)?;
                ensure!(read == line, "`{read}` of {}: {}", host.name, ended(client)?);
            }
            clients.push((client, said, host, expected));
        }
        let _gateway = start_with(lab, &rejecting_policy())?;
        for (mut client, said, host, expected) in clients {
            client.stdin.take().context("no standard input")?.write_all(b"\n")?;
            client.stdout = Some(said.into_inner());
            let outcome = Outcome::of(&client.wait_with_output()?)?;
            saw(&outcome, &expected, &format!("the second visit to {}", host.name))?;
        }
        Ok(())
    });
}

/// What a client had to say at its end.
fn ended(client: std::process::Child) -> Result<String> {
    let output = client.wait_with_output()?;
    Ok(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)))
}
