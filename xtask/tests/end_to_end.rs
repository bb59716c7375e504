//! The gateway in a network of namespaces, seen from outside: real clients, a real TLS server, the real daemon.
//!
//! Every test has a network of its own (drawn in `xtask::lab::network`), so they run side by side. They need root:
//! `cargo xtask test end_to_end`, or with more to see `cargo xtask test NAME -- --nocapture`.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use xtask::lab::curl::Outcome;
use xtask::lab::gateway::{Config, Gateway};
use xtask::lab::metrics::Metrics;
use xtask::lab::network::{ACCOUNT, ANNA, BOB, Family, Host, ORDINARY, PLAIN, Phone, TRACKING};
use xtask::lab::{BRIEF, Lab, PATIENT, Programs};
use xtask::wait::wait_until;

/// The policy of most tests.
const ACCOUNT_POLICY: &str = r#"
name = "account"
about = "The host that phones report to"
action = "drop"
[block]
hosts = ["api.account.xiaomi.com"]
"#;

/// What was blocked, by packets.
const BLOCKED: &str = "gateway_device_blocked_packets_total";

/// How often policies were read again, by how that went.
const RELOADS: &str = "gateway_policy_reloads_total";

/// How long the daemon may take to do what a signal asks for.
const SOON: Duration = Duration::from_secs(15);

/// Runs a test in a network of its own; a failure shows the gateway's log.
#[track_caller]
fn in_lab(test: impl FnOnce(&Lab) -> Result<()>) {
    let programs = Programs::beside(env!("CARGO_BIN_EXE_xtask").into());
    let lab = Lab::start(programs).unwrap_or_else(|error| panic!("no lab: {error:#}"));
    if let Err(error) = test(&lab) {
        panic!("{error:#}");
    }
}

/// Starts the gateway with one policy, for anna's phone alone.
fn start_with(lab: &Lab, policy: &str) -> Result<Gateway> {
    lab.write_policy("account", policy)?;
    lab.start_gateway(&config(lab))
}

fn config(lab: &Lab) -> Config {
    Config { policies: lab.policies(), devices: vec![(&ANNA, vec!["account".to_owned()])] }
}

fn reaches(lab: &Lab, phone: &Phone, host: &Host, family: Family) -> Result<()> {
    let outcome = lab.visit(phone, host, family, PATIENT)?;
    let expected = Outcome::Reached { server_name: host.name.to_owned() };
    ensure!(outcome == expected, "{} → {} over {family}: {outcome}", phone.name, host.name);
    Ok(())
}

fn is_blocked(lab: &Lab, phone: &Phone, host: &Host, family: Family) -> Result<()> {
    let outcome = lab.visit(phone, host, family, BRIEF)?;
    ensure!(outcome == Outcome::NoAnswer, "{} → {} over {family}: {outcome}", phone.name, host.name);
    Ok(())
}

/// The packets of anna's phone that were blocked, as the test's policy should have counted them.
fn blocked_of_anna(metrics: &Metrics, action: &str, reason: &str) -> f64 {
    let labels = [
        ("device", ANNA.name),
        ("mac", ANNA.mac),
        ("policy", "account"),
        ("action", action),
        ("reason", reason),
    ];
    metrics.sum(BLOCKED, &labels)
}

#[test]
fn without_a_gateway_every_phone_reaches_every_host() {
    in_lab(|lab| {
        for family in Family::BOTH {
            for phone in [&ANNA, &BOB] {
                for host in [&ORDINARY, &ACCOUNT, &TRACKING, &PLAIN] {
                    reaches(lab, phone, host, family)?;
                }
            }
        }
        let outcome = lab.visit_as(&ANNA, "API.Account.Xiaomi.COM", &ACCOUNT, PATIENT)?;
        ensure!(outcome.reached(), "{outcome}");
        Ok(())
    });
}

#[test]
fn a_host_that_does_not_exist_gives_no_answer() {
    in_lab(|lab| {
        const NOBODY: Host = Host { name: "nobody.example", digits: 99 };
        let outcome = lab.visit(&ANNA, &NOBODY, Family::V4, Duration::from_secs(1))?;
        ensure!(!outcome.reached(), "{outcome}");
        Ok(())
    });
}

#[test]
fn a_listed_phone_reaches_ordinary_hosts_only() {
    in_lab(|lab| {
        let _gateway = start_with(lab, ACCOUNT_POLICY)?;
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        reaches(lab, &ANNA, &ORDINARY, Family::V4)
    });
}

#[test]
fn a_listed_phone_reaches_ordinary_hosts_only_over_ipv6() {
    in_lab(|lab| {
        let _gateway = start_with(lab, ACCOUNT_POLICY)?;
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V6)?;
        reaches(lab, &ANNA, &ORDINARY, Family::V6)
    });
}

#[test]
fn a_phone_without_policies_reaches_everything() {
    in_lab(|lab| {
        let _gateway = start_with(lab, ACCOUNT_POLICY)?;
        for family in Family::BOTH {
            reaches(lab, &BOB, &ACCOUNT, family)?;
            reaches(lab, &BOB, &ORDINARY, family)?;
        }
        Ok(())
    });
}

#[test]
fn a_name_in_capitals_is_blocked_like_one_in_small_letters() {
    in_lab(|lab| {
        let _gateway = start_with(lab, ACCOUNT_POLICY)?;
        let outcome = lab.visit_as(&ANNA, "API.Account.XIAOMI.com", &ACCOUNT, BRIEF)?;
        ensure!(outcome == Outcome::NoAnswer, "{outcome}");
        let outcome = lab.visit_as(&ANNA, "WWW.Example.ORG", &ORDINARY, PATIENT)?;
        ensure!(outcome.reached(), "{outcome}");
        Ok(())
    });
}

#[test]
fn only_the_counters_of_what_was_blocked_move() {
    in_lab(|lab| {
        let _gateway = start_with(lab, ACCOUNT_POLICY)?;
        reaches(lab, &ANNA, &ORDINARY, Family::V4)?;
        reaches(lab, &BOB, &ACCOUNT, Family::V4)?;
        let nothing = lab.metrics()?.sum(BLOCKED, &[]);
        ensure!(nothing == 0.0, "{nothing} packets blocked before anything was to be blocked");

        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        let metrics = lab.metrics()?;
        let (counted, all) = (blocked_of_anna(&metrics, "drop", "tls_sni"), metrics.sum(BLOCKED, &[]));
        ensure!(counted > 0.0, "nothing counted for anna's phone, of {all} in all");
        ensure!(counted == all, "{all} packets blocked, of which {counted} are anna's by name");
        let flows = metrics.sum("gateway_device_blocked_flows_total", &[("device", ANNA.name)]);
        ensure!(flows == 1.0, "one visit was blocked, {flows} flows counted");
        Ok(())
    });
}

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
        let ended = gateway.ended()?;
        ensure!(ended.is_none(), "the daemon ended over a broken policy: {ended:?}");
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        reaches(lab, &ANNA, &ORDINARY, Family::V4)
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
fn a_blocked_address_is_not_reached_whatever_the_name() {
    in_lab(|lab| {
        let addresses = Family::BOTH.map(|family| PLAIN.address(family).to_string());
        let policy = format!("name = \"account\"\naction = \"drop\"\n[block]\naddresses = {addresses:?}\n");
        let _gateway = start_with(lab, &policy)?;
        for family in Family::BOTH {
            is_blocked(lab, &ANNA, &PLAIN, family)?;
            reaches(lab, &ANNA, &ACCOUNT, family)?;
            reaches(lab, &BOB, &PLAIN, family)?;
        }
        let counted = blocked_of_anna(&lab.metrics()?, "drop", "address");
        ensure!(counted > 0.0, "nothing counted with reason=address");
        Ok(())
    });
}

#[test]
fn observing_lets_pass_and_counts() {
    in_lab(|lab| {
        let _gateway = start_with(lab, &ACCOUNT_POLICY.replace("\"drop\"", "\"observe\""))?;
        reaches(lab, &ANNA, &ACCOUNT, Family::V4)?;
        let metrics = lab.metrics()?;
        let (observed, all) = (blocked_of_anna(&metrics, "observe", "tls_sni"), metrics.sum(BLOCKED, &[]));
        ensure!(observed > 0.0 && observed == all, "{observed} packets observed, {all} counted in all");
        Ok(())
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
fn a_rejecting_policy_refuses_at_once_instead_of_leaving_the_client_to_wait() {
    in_lab(|lab| {
        let _gateway = start_with(lab, &ACCOUNT_POLICY.replace("drop", "reject"))?;
        for family in Family::BOTH {
            let outcome = lab.visit(&ANNA, &ACCOUNT, family, BRIEF)?;
            ensure!(outcome == Outcome::Refused, "over {family}: {outcome}");
            reaches(lab, &ANNA, &ORDINARY, family)?;
        }
        let devices = said(&mut lab.gateway_command(&["devices", "--json"])?)?;
        let blocked = |line: &str| serde_json::from_str::<Value>(line).ok()?.get("blocked_flows")?.as_u64();
        let anna = devices.lines().find(|line| line.contains(ANNA.name)).and_then(blocked);
        ensure!(anna == Some(2), "two visits were refused: {devices}");
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

#[test]
fn a_hello_that_takes_several_segments_is_blocked_like_one() {
    in_lab(|lab| {
        let _gateway = start_with(lab, ACCOUNT_POLICY)?;
        // curl of Debian 12 sends some 520 bytes. IPv4 alone: IPv6 wants links of 1280 bytes, into which they fit.
        for mtu in ["300", "400"] {
            said(lab.phone(&ANNA, "ip")?.args(["link", "set", "eth0", "mtu", mtu]))?;
            is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
            reaches(lab, &ANNA, &ORDINARY, Family::V4)?;
        }
        Ok(())
    });
}

fn said(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(output.status.success(), "{command:?}: {}: {}", output.status, text(&output.stderr));
    Ok(text(&output.stdout))
}
