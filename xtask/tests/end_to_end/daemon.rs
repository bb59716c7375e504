//! The daemon comes, goes, reloads and tells.

use std::fs::{self, File};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use xtask::lab::curl::Outcome;
use xtask::lab::metrics::Metrics;
use xtask::lab::network::{ACCOUNT, ANNA, Family, ORDINARY, TRACKING};
use xtask::lab::{BRIEF, Lab};
use xtask::wait::wait_until;

use super::{
    ACCOUNT_POLICY, RELOADS, SOON, blocked_of_anna, config, in_lab, is_blocked, reaches, said, start_with,
};

#[test]
fn the_filter_outlives_a_killed_daemon_and_its_counters_go_on() {
    in_lab(|lab| {
        let gateway = start_with(lab, ACCOUNT_POLICY)?;
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        let before = blocked_of_anna(&lab.metrics()?, "drop", "tls_sni");
        gateway.kill()?;
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        reaches(lab, &ANNA, &ORDINARY, Family::V4)?;

        let _gateway = lab.start_gateway(&config(lab))?;
        let after = blocked_of_anna(&lab.metrics()?, "drop", "tls_sni");
        ensure!(before > 0.0 && after > before, "{before} packets blocked before the kill, {after} since");
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)
    });
}

#[test]
fn the_filter_stays_when_the_daemon_is_told_to_end() {
    in_lab(|lab| {
        let gateway = start_with(lab, ACCOUNT_POLICY)?;
        let status = gateway.terminate()?;
        ensure!(status.success(), "after SIGTERM: {status}");
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        reaches(lab, &ANNA, &ORDINARY, Family::V4)
    });
}

#[test]
fn detach_removes_the_filter() {
    in_lab(|lab| {
        let gateway = start_with(lab, ACCOUNT_POLICY)?;
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        gateway.terminate()?;
        lab.detach()?;
        reaches(lab, &ANNA, &ACCOUNT, Family::V4)?;
        reaches(lab, &ANNA, &ACCOUNT, Family::V6)
    });
}

#[test]
fn a_broken_policy_file_changes_nothing_and_is_counted() {
    in_lab(|lab| {
        let mut gateway = start_with(lab, ACCOUNT_POLICY)?;
        let failed = |metrics: &Metrics| metrics.sum(RELOADS, &[("result", "failed")]);
        ensure!(failed(&lab.metrics()?) == 0.0, "a reload failed before there was one");
        lab.write_policy("account", "name = \"account\"\n[block\nhosts = 7\n")?;
        gateway.reload()?;
        wait_until("a failed reload was counted", SOON, || Ok(failed(&lab.metrics()?) == 1.0))?;
        let succeeded = || -> Result<bool> {
            Ok(lab.metrics()?.sum("gateway_policy_last_reload_successful", &[]) == 1.0)
        };
        ensure!(!succeeded()?, "{}", lab.metrics_text()?);
        let ended = gateway.ended()?;
        ensure!(ended.is_none(), "the daemon ended over a broken policy: {ended:?}");
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        reaches(lab, &ANNA, &ORDINARY, Family::V4)?;
        lab.write_policy("account", ACCOUNT_POLICY)?;
        gateway.reload()?;
        wait_until("the mended policy was accepted", SOON, succeeded)
    });
}

#[test]
fn a_changed_policy_holds_for_new_connections_after_a_reload() {
    in_lab(|lab| {
        let gateway = start_with(lab, ACCOUNT_POLICY)?;
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        reaches(lab, &ANNA, &TRACKING, Family::V4)?;
        let reloads = |metrics: &Metrics| metrics.sum(RELOADS, &[]);
        let before = reloads(&lab.metrics()?);

        lab.write_policy("account", &ACCOUNT_POLICY.replace(ACCOUNT.name, TRACKING.name))?;
        gateway.reload()?;
        wait_until("a reload was counted", SOON, || Ok(reloads(&lab.metrics()?) > before))?;
        is_blocked(lab, &ANNA, &TRACKING, Family::V4)?;
        reaches(lab, &ANNA, &ACCOUNT, Family::V4)
    });
}

#[test]
fn events_name_the_phone_and_the_blocked_host() {
    in_lab(|lab| {
        let _gateway = start_with(lab, ACCOUNT_POLICY)?;
        let file = lab.file("events.jsonl");
        let mut follow = lab.gateway_command(&["events", "--follow", "--json"])?;
        let mut follow = follow.stdin(Stdio::null()).stdout(File::create(&file)?).spawn()?;
        // Each round is another visit: the first may be over before `events` listens.
        let told = wait_until("the blocked visit was told", Duration::from_secs(30), || {
            lab.visit(&ANNA, &ACCOUNT, Family::V4, Duration::from_secs(1))?;
            Ok(fs::read_to_string(&file)?.lines().any(tells_of_the_block))
        });
        follow.kill().context("`gateway events` ended by itself")?;
        follow.wait()?;
        told.with_context(|| format!("events told: {}", fs::read_to_string(&file).unwrap_or_default()))
    });
}

/// Whether a line of `gateway events --json` tells that anna's phone was kept from the account host.
fn tells_of_the_block(line: &str) -> bool {
    let Ok(event) = serde_json::from_str::<Value>(line) else { return false };
    let is = |key: &str, value: &str| event.get(key).and_then(Value::as_str) == Some(value);
    is("name", ACCOUNT.name) && is("device", ANNA.name) && is("verdict", "drop") && is("policy", "account")
}

#[test]
fn devices_names_the_phone_and_status_its_policy() {
    in_lab(|lab| {
        let _gateway = start_with(lab, ACCOUNT_POLICY)?;
        let (phone, policy) = (ANNA.name, "account");
        let lists = [(["devices"].as_slice(), phone), (&["devices", "--json"], phone), (&["status"], policy)];
        for (words, named) in lists {
            let said = said(&mut lab.gateway_command(words)?)?;
            ensure!(said.contains(named), "`gateway {}` does not name {named}: {said}", words.join(" "));
        }
        Ok(())
    });
}

#[test]
fn interfaces_that_go_together_and_come_one_after_the_other_are_all_filtered_again() {
    in_lab(|lab| {
        let _gateway = start_with(lab, ACCOUNT_POLICY)?;
        let on = |port: &str| -> Result<bool> {
            Ok(lab.metrics()?.sum("gateway_interface_attached", &[("interface", port)]) == 1.0)
        };
        for port in ["lan1", "lan2"] {
            ensure!(on(port)?, "{port} is not filtered");
            said(lab.router("ip")?.args(["link", "delete", port]))?;
        }
        wait_until("both were missed", SOON, || Ok(!on("lan1")? && !on("lan2")?))?;
        for (port, end) in [("lan2", "end2"), ("lan1", "end1")] {
            said(lab.router("ip")?.args(["link", "add", port, "type", "veth", "peer", "name", end]))?;
            wait_until("it was filtered again", SOON, || on(port))?;
            let missed = lab.metrics_text()?;
            ensure!(missed.contains("gateway_interface_attached{interface=\"lan1\""), "{missed}");
        }
        ensure!(on("lan2")?, "lan2 is not filtered any more");
        Ok(())
    });
}

#[test]
fn where_a_veth_cannot_send_rejecting_is_dropping_and_that_is_said_until_it_can() {
    in_lab(|lab| {
        lab.close_for_resets(&ANNA)?;
        let _gateway = start_with(lab, &ACCOUNT_POLICY.replace("drop", "reject"))?;
        let log = lab.log();
        let told = |line: &&str| line.contains("lan1 cannot send answers") && line.contains("native mode");
        ensure!(log.lines().filter(told).count() == 1, "the log does not tell once of lan1: {log}");
        ensure!(!log.contains("lan2 cannot"), "lan2 can: {log}");
        ensure!(answers(lab)? == [("lan1".to_owned(), false), ("lan2".to_owned(), true)]);
        let text = said(&mut lab.gateway_command(&["status"])?)?;
        ensure!(
            text.contains("rejected packets are dropped without an answer"),
            "status does not tell: {text}"
        );
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        let of = |metrics: &Metrics, result| metrics.sum("gateway_answers_total", &[("result", result)]);
        let metrics = lab.metrics()?;
        ensure!(of(&metrics, "mute") > 0.0 && of(&metrics, "sent") == 0.0, "{}", lab.metrics_text()?);
        ensure!(metrics.sum("gateway_interface_answers", &[("interface", "lan1")]) == 0.0);

        lab.open_for_resets(&ANNA)?;
        wait_until("lan1 could send answers", SOON, || {
            Ok(answers(lab)?.iter().all(|(_, answers)| *answers))
        })?;
        let outcome = lab.visit(&ANNA, &ACCOUNT, Family::V4, BRIEF)?;
        ensure!(outcome == Outcome::Refused, "{outcome}");
        wait_until("that was logged", SOON, || Ok(lab.log().contains("lan1 can send answers")))?;
        ensure!(of(&lab.metrics()?, "sent") > 0.0, "{}", lab.metrics_text()?);
        Ok(())
    });
}

/// The interfaces of `gateway status`, and whether what is rejected there is answered.
fn answers(lab: &Lab) -> Result<Vec<(String, bool)>> {
    let status: Value = serde_json::from_str(&said(&mut lab.gateway_command(&["status", "--json"])?)?)?;
    let interfaces = status.get("interfaces").and_then(Value::as_array).context("no interfaces")?;
    let read = |interface: &Value| {
        let name = interface.get("interface")?.as_str()?.to_owned();
        Some((name, interface.get("answers")?.as_bool()?))
    };
    interfaces.iter().map(|interface| read(interface).context("no `answers`")).collect()
}
