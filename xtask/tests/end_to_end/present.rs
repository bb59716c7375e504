//! Policies that apply at times, and devices that are paused.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use xtask::lab::Lab;
use xtask::lab::curl::Outcome;
use xtask::lab::metrics::Metrics;
use xtask::lab::network::{ACCOUNT, ANNA, ANNAS_MAKE, BOB, Family, TRACKING};
use xtask::wait::wait_until;

use super::{
    ACCOUNT_POLICY, BLOCKED, BRIEF, RELOADS, SOON, config, in_lab, is_blocked, reached, reaches, said,
    start_with,
};

#[test]
fn a_paused_device_reaches_what_is_blocked_until_it_is_resumed_also_over_a_restart_and_a_reload() {
    in_lab(|lab| {
        let gateway = start_with(lab, ACCOUNT_POLICY)?;
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        let told = said(&mut lab.gateway_command(&["pause", ANNA.name, "1h"])?)?;
        ensure!(told.starts_with("anna-phone is paused until "), "{told}");
        reaches(lab, &ANNA, &ACCOUNT, Family::V4)?;
        ensure!(is_paused(lab)?, "`gateway devices` does not know of the pause");
        let text = said(&mut lab.gateway_command(&["status"])?)?;
        ensure!(text.contains("1, 1 paused"), "`gateway status` does not know of the pause: {text}");

        let reloads = |metrics: &Metrics| metrics.sum(RELOADS, &[]);
        let before = reloads(&lab.metrics()?);
        gateway.reload()?;
        wait_until("a reload was counted", SOON, || Ok(reloads(&lab.metrics()?) > before))?;
        reaches(lab, &ANNA, &ACCOUNT, Family::V4)?;
        gateway.kill()?;
        let _gateway = lab.start_gateway(&config(lab))?;
        reaches(lab, &ANNA, &ACCOUNT, Family::V4)?;
        let paused = [("device", ANNA.name), ("mac", ANNA.mac)];
        ensure!(lab.metrics()?.sum("gateway_device_paused", &paused) == 1.0, "{}", lab.metrics_text()?);

        let told = said(&mut lab.gateway_command(&["resume", ANNA.mac])?)?;
        ensure!(told.trim() == "anna-phone is filtered again", "{told}");
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        ensure!(!is_paused(lab)?, "`gateway devices` still tells of the pause");
        ensure!(lab.metrics()?.sum("gateway_device_paused", &paused) == 0.0, "{}", lab.metrics_text()?);
        Ok(())
    });
}

#[test]
fn a_pause_ends_by_itself() {
    in_lab(|lab| {
        let _gateway = start_with(lab, ACCOUNT_POLICY)?;
        let told = said(&mut lab.gateway_command(&["pause", ANNA.name, "2s"])?)?;
        ensure!(told.starts_with("anna-phone is paused until "), "{told}");
        wait_until("the pause was over", SOON, || Ok(!is_paused(lab)?))?;
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        let log = lab.log();
        ensure!(log.contains("anna-phone is not paused any more"), "{log}");
        Ok(())
    });
}

#[test]
fn a_pause_of_a_device_that_is_not_there_is_refused() {
    in_lab(|lab| {
        let _gateway = start_with(lab, ACCOUNT_POLICY)?;
        for (words, told) in [
            (
                ["pause", "ana-phone", "10m"].as_slice(),
                "there is no device `ana-phone`: did you mean `anna-phone`?",
            ),
            (
                &["resume", "02:00:00:00:00:01"],
                "there is no device `02:00:00:00:00:01`; `gateway devices` lists",
            ),
            (&["pause", ANNA.name, "31d"], "a pause takes at most 30d"),
            (&["pause", ANNA.name, "soon"], "write a length of time, such as 10m, 1h30m or 2d"),
        ] {
            let output = lab.gateway_command(words)?.output()?;
            let error = String::from_utf8_lossy(&output.stderr);
            ensure!(!output.status.success() && error.contains(told), "{words:?}: {error}");
        }
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)
    });
}

#[test]
fn a_policy_blocks_within_its_schedule_only() {
    in_lab(|lab| {
        let other = ACCOUNT_POLICY.replace("\"account\"", "\"other\"").replace(ACCOUNT.name, TRACKING.name);
        lab.write_policy("account", &on_days(ACCOUNT_POLICY, &[3, 4])?)?;
        lab.write_policy("other", &on_days(&other, &[6, 0, 1])?)?;
        let mut config = config(lab);
        for (_, policies) in &mut config.devices {
            policies.push("other".to_owned());
        }
        let _gateway = lab.start_gateway(&config)?;
        let outcome = lab.visit(&ANNA, &ACCOUNT, Family::V4, BRIEF)?;
        ensure!(outcome == reached(&ACCOUNT), "a policy that is off: {outcome}");
        let outcome = lab.visit(&ANNA, &TRACKING, Family::V4, BRIEF)?;
        ensure!(outcome == Outcome::NoAnswer, "a policy that is on: {outcome}");
        let metrics = lab.metrics()?;
        for (policy, active) in [("account", 0.0), ("other", 1.0)] {
            ensure!(metrics.sum("gateway_policy_active", &[("policy", policy)]) == active, "{policy}");
        }
        let text = said(&mut lab.gateway_command(&["status"])?)?;
        ensure!(text.contains("account (off until ") && text.contains("other (on until "), "{text}");
        Ok(())
    });
}

#[test]
fn a_prefix_stands_for_all_phones_that_begin_so_but_for_those_that_are_listed_themselves() {
    in_lab(|lab| {
        lab.write_policy("account", ACCOUNT_POLICY)?;
        let mut config = config(lab);
        config.devices = vec![(&ANNAS_MAKE, vec!["account".to_owned()])];
        let gateway = lab.start_gateway(&config)?;
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        reaches(lab, &BOB, &ACCOUNT, Family::V4)?;
        let labels = [("device", ANNAS_MAKE.name), ("mac", ANNAS_MAKE.mac)];
        ensure!(lab.metrics()?.sum(BLOCKED, &labels) > 0.0, "{}", lab.metrics_text()?);
        said(&mut lab.gateway_command(&["pause", ANNAS_MAKE.name])?)?;
        reaches(lab, &ANNA, &ACCOUNT, Family::V4)?;
        said(&mut lab.gateway_command(&["resume", ANNAS_MAKE.mac])?)?;
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;

        gateway.terminate()?;
        config.devices.push((&ANNA, Vec::new()));
        let _gateway = lab.start_gateway(&config)?;
        reaches(lab, &ANNA, &ACCOUNT, Family::V4)
    });
}

/// The policy with a schedule of whole days, so many days after today. Whatever the time zone of this machine is, today is
/// today's, yesterday's or tomorrow's day in UTC.
fn on_days(policy: &str, days: &[u64]) -> Result<String> {
    // 1970 began on a Thursday.
    const DAYS: [&str; 7] = ["thu", "fri", "sat", "sun", "mon", "tue", "wed"];
    let today = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() / 86_400;
    let days: Vec<&str> = (0..7).filter(|n| days.contains(n)).filter_map(|n| day(&DAYS, today + n)).collect();
    Ok(format!("{policy}\n[[schedule]]\ndays = {days:?}\n"))
}

fn day<'a>(days: &[&'a str], number: u64) -> Option<&'a str> {
    days.get(usize::try_from(number % 7).ok()?).copied()
}

/// Whether `gateway devices` says that anna's phone is paused.
fn is_paused(lab: &Lab) -> Result<bool> {
    let text = said(&mut lab.gateway_command(&["devices", "--json"])?)?;
    let rows = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut of_anna = rows.filter(|row| row.get("device").and_then(Value::as_str) == Some(ANNA.name));
    let row = of_anna.next().with_context(|| format!("no row of {}: {text}", ANNA.name))?;
    Ok(row.get("paused_until").context("no `paused_until`")?.is_string())
}
