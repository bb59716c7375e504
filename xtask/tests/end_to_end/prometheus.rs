//! A real Prometheus looks at the gateway, and raises the alerts.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use xtask::lab::Lab;
use xtask::lab::curl::Outcome;
use xtask::lab::gateway::METRICS;
use xtask::lab::network::{ACCOUNT, ANNA, Family};
use xtask::lab::prometheus::{JOB, Prometheus, promtool};
use xtask::paths;
use xtask::wait::wait_until;

use super::{ACCOUNT_POLICY, BRIEF, SOON, in_lab, rejecting_policy, said, saw, start_with};

/// A broken policy file.
pub(super) const BROKEN: &str = "name = \"account\"\n[block\nhosts = 7\n";

#[test]
fn promtool_accepts_the_alerts_and_each_fires_when_it_should() -> Result<()> {
    let told = said(promtool()?.args(["check", "rules"]).arg(paths::grafana().join("alerts.yml")))?;
    ensure!(told.contains("SUCCESS") && !told.contains("FAILED"), "{told}");
    let tests = paths::grafana().join("alerts_test.yml");
    let told = said(promtool()?.args(["test", "rules"]).arg(tests))?;
    ensure!(told.contains("SUCCESS") && !told.contains("FAILED"), "{told}");
    Ok(())
}

#[test]
fn the_configuration_of_prometheus_that_readme_shows_is_one_and_names_the_job_of_the_alerts() -> Result<()> {
    let readme = fs::read_to_string(paths::grafana().join("README.md"))?;
    let shown = readme.split_once("```yaml\n").and_then(|(_, rest)| rest.split_once("```"));
    let (shown, _) = shown.context("no YAML in grafana/README.md")?;
    ensure!(shown.contains(&format!("job_name: {JOB} ")) && shown.contains(METRICS), "{shown}");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("prometheus.yml");
    fs::write(&file, shown)?;
    let told = said(promtool()?.args(["check", "config", "--syntax-only"]).arg(file))?;
    ensure!(told.contains("SUCCESS") && !told.contains("FAILED"), "{told}");
    Ok(())
}

#[test]
fn prometheus_takes_what_the_gateway_says_and_alerts_are_raised_by_what_they_are_about() {
    in_lab(|lab| {
        let gateway = start_with(lab, &rejecting_policy())?;
        saw(&lab.visit(&ANNA, &ACCOUNT, Family::V4, BRIEF)?, &Outcome::Refused, "a blocked host")?;
        fs::write(lab.file("metrics.txt"), lab.metrics_text()?)?;
        let mut check = promtool()?;
        check.args(["check", "metrics"]).stdin(Stdio::from(File::open(lab.file("metrics.txt"))?));
        let output = check.output()?;
        let told = [output.stdout, output.stderr].concat();
        ensure!(output.status.success() && told.is_empty(), "{}", String::from_utf8_lossy(&told));

        let prometheus = start(lab)?;
        let targets = prometheus.ask("targets", &[])?;
        let target = targets.pointer("/activeTargets/0").context("no target")?;
        ensure!(target.get("lastError").and_then(Value::as_str) == Some(""), "{target}");
        every_series_has_a_type(&prometheus)?;
        every_rule_is_evaluated(&prometheus)?;

        let raised = |names: &[&str]| {
            let what = format!("these alerts were raised: {names:?}");
            wait_until(&what, SOON, || Ok(alerts(&prometheus)? == names))
        };
        raised(&[])?;
        lab.write_policy("account", BROKEN)?;
        gateway.reload()?;
        raised(&["GatewayReloadFailed"])?;
        lab.write_policy("account", ACCOUNT_POLICY)?;
        gateway.reload()?;
        raised(&[])?;
        said(lab.router("ip")?.args(["link", "delete", "lan2"]))?;
        raised(&["GatewayFilterDetached"])?;
        gateway.kill()?;
        raised(&["GatewayDown"])?;
        ensure!(prometheus.log().is_empty(), "{}", prometheus.log());
        Ok(())
    });
}

/// Starts Prometheus with the alerts that ship.
pub(super) fn start(lab: &Lab) -> Result<Prometheus<'_>> {
    lab.start_prometheus(&paths::grafana().join("alerts.yml"))
}

/// Prometheus knows of each of the gateway's metrics what it is and has a sentence about it.
fn every_series_has_a_type(prometheus: &Prometheus<'_>) -> Result<()> {
    let metadata = prometheus.ask("targets/metadata", &[])?;
    let rows = metadata.as_array().context("no metadata")?;
    let text = |row: &Value, key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ours: Vec<&Value> = rows.iter().filter(|row| text(row, "metric").starts_with("gateway_")).collect();
    ensure!(ours.len() > 15, "{metadata}");
    for row in ours {
        ensure!(["counter", "gauge", "info"].contains(&text(row, "type").as_str()), "{row}");
        ensure!(text(row, "help").ends_with(['.', '1', 's']) && text(row, "help").len() > 10, "{row}");
    }
    Ok(())
}

/// Prometheus has each rule, with all that a person needs who gets the alert.
fn every_rule_is_evaluated(prometheus: &Prometheus<'_>) -> Result<()> {
    let rules = || -> Result<Vec<Value>> {
        let rules = prometheus.ask("rules", &[])?;
        let rules = rules.pointer("/groups/0/rules").context("no rules")?;
        Ok(rules.as_array().context("no list of rules")?.clone())
    };
    let health = |rule: &Value| rule.get("health").and_then(Value::as_str) == Some("ok");
    wait_until("every rule was evaluated", SOON, || Ok(rules()?.iter().all(health)))?;
    let rules = rules()?;
    ensure!(rules.len() > 10, "{rules:?}");
    for rule in rules {
        let text = |pointer: &str| rule.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        ensure!(["critical", "warning", "info"].contains(&text("/labels/severity")), "{rule}");
        ensure!(text("/annotations/summary").len() > 10, "{rule}");
        ensure!(text("/annotations/description").len() > text("/annotations/summary").len(), "{rule}");
        ensure!(rule.get("duration").and_then(Value::as_f64) >= Some(60.0), "{rule}");
    }
    Ok(())
}

/// The alerts that are raised, whether or not long enough to be told.
fn alerts(prometheus: &Prometheus<'_>) -> Result<Vec<String>> {
    let found = prometheus.query("ALERTS")?;
    Ok(found.into_iter().filter_map(|mut sample| sample.labels.remove("alertname")).collect())
}
