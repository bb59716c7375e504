//! The dashboard's queries, asked of a real Prometheus that looks at the gateway.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use xtask::dashboard::{Dashboard, fill, label_values};
use xtask::lab::Lab;
use xtask::lab::curl::Outcome;
use xtask::lab::gateway::{Config, Gateway, METRICS};
use xtask::lab::network::{ACCOUNT, ANNA, BOB, Family, ORDINARY, PLAIN, Phone, TRACKING};
use xtask::lab::prometheus::{JOB, Prometheus, Sample};
use xtask::wait::wait_until;

use super::prometheus::{BROKEN, start};
use super::{BRIEF, PATIENT, RELOADS, SOON, in_lab, reached, rejecting_policy, said, saw};

/// A host that phones report to, also by its addresses, on every day.
const TRACKING_POLICY: &str = r#"
name = "tracking"
action = "drop"
[block]
hosts = ["tracking.miui.com"]
resolve = true
[[schedule]]
from = "00:00"
"#;

/// Who goes to a plain host is only noted. Two lists: one of the router, and one that no server has.
const OBSERVED_POLICY: &str = r#"
name = "observed"
action = "observe"
[block]
hosts = ["plain.example.net"]
[[list]]
path = "../own.txt"
format = "domains"
match = "hosts"
[[list]]
url = "http://203.0.113.10/list.txt"
match = "hosts"
"#;

/// What bob's phone sends beside all else: so many datagrams, each a frame of so many bytes.
const DATAGRAMS: u32 = 200;
const FRAME: u32 = 14 + 20 + 8 + 1000;

/// The time range of the dashboard: all of the test.
const RANGE: u32 = 600;

#[test]
fn every_panel_of_the_dashboard_shows_what_the_phones_did() {
    in_lab(|lab| {
        let gateway = start_with_everything(lab)?;
        let prometheus = start(lab)?;
        let shown = Shown { dashboard: Dashboard::read()?, prometheus: &prometheus, device: ".*" };
        values_of_variables_are_there(&shown)?;
        let before = received(lab)?;
        go_about(lab)?;
        let received = received(lab)? - before;
        refuse_a_reload(lab, &gateway)?;
        wait_until("Prometheus saw the last visit", SOON, || {
            let observed = [("policy", "observed"), ("reason", "tls_sni"), ("action", "observe")];
            Ok(shown.value("What was blocked", "A", &observed, RANGE)? == Some(1.0))
        })?;
        every_query_has_series(&shown)?;
        what_was_blocked_is_what_was_visited(&shown)?;
        what_was_sent_is_shown(&shown)?;
        // Other frames that came by: to all who listen, and the filter's own answers.
        shown.is("Devices", "B", &[("device", ANNA.name)], received * 0.8, received * 1.3)?;
        lists_and_addresses_are_shown(&shown)?;
        let of_bob = Shown { device: BOB.name, ..shown };
        let devices = of_bob.series("Devices", "A", RANGE)?;
        ensure!(devices.len() == 1 && devices[0].has(&[("device", BOB.name)]), "{devices:?}");
        only_what_came_in_the_time_range_counts(lab, &Shown { device: ".*", ..of_bob })
    });
}

/// Policies that do each thing that a panel is about; their lists and addresses are there.
fn start_with_everything(lab: &Lab) -> Result<Gateway> {
    lab.write_policy("account", &rejecting_policy())?;
    lab.write_policy("tracking", TRACKING_POLICY)?;
    lab.write_policy("observed", OBSERVED_POLICY)?;
    fs::write(lab.file("own.txt"), "a.example.org\nb.example.org\nno list\n")?;
    let policies = ["account", "tracking", "observed"].map(str::to_owned).to_vec();
    let gateway = lab.start_gateway(&Config {
        policies: lab.policies(),
        devices: vec![(&ANNA, policies), (&BOB, Vec::new())],
        more: format!(
            "[resolve]\nservers = [\"{}\"]\n[lists]\ncache = {:?}\n",
            ORDINARY.address(Family::V4),
            lab.file("lists")
        ),
        ..Config::default()
    })?;
    wait_until("the host was resolved and the list refused", SOON, || {
        let metrics = lab.metrics()?;
        let both = metrics.sum("gateway_resolved_addresses", &[("policy", "tracking")]) == 2.0;
        Ok(both && metrics.sum("gateway_list_errors_total", &[]) >= 1.0)
    })?;
    Ok(gateway)
}

/// Visits and questions; the last one of a kind of its own.
fn go_about(lab: &Lab) -> Result<()> {
    let visit = |phone: &Phone, host, family| lab.visit(phone, host, family, PATIENT);
    for family in Family::BOTH {
        saw(&visit(&ANNA, &ORDINARY, family)?, &reached(&ORDINARY), "an ordinary host")?;
        saw(&visit(&ANNA, &ACCOUNT, family)?, &Outcome::Refused, "a blocked host")?;
        saw(&visit(&BOB, &ACCOUNT, family)?, &reached(&ACCOUNT), "a phone without policies")?;
        saw(&lab.visit(&ANNA, &TRACKING, family, BRIEF)?, &Outcome::NoAnswer, "a blocked address")?;
    }
    let by_http =
        |options: &[&str]| lab.visit_by_curl(&ANNA, "http", &ORDINARY, Family::V4, PATIENT, options);
    saw(&by_http(&[])?, &reached(&ORDINARY), "in the clear")?;
    ensure!(by_http(&["--header", "Host: 203.0.113.10"])?.reached(), "a request without a name");
    for name in [ACCOUNT.name, ACCOUNT.name, ORDINARY.name] {
        let told = lab.dig(&ANNA, name, Family::V4, &["A"])?;
        ensure!(told.contains("NXDOMAIN") == (name == ACCOUNT.name), "{told}");
    }
    let send = format!(
        "for i in $(seq {DATAGRAMS}); do printf %01000d 0 >/dev/udp/{}/9; done 2>&1",
        PLAIN.address(Family::V4)
    );
    said(lab.phone(&BOB, "bash")?.args(["-c", &send]))?;
    saw(&visit(&ANNA, &PLAIN, Family::V4)?, &reached(&PLAIN), "an observed host")
}

/// The bytes that anna's phone got so far, as its kernel counts them.
fn received(lab: &Lab) -> Result<f64> {
    let told = said(lab.phone(&ANNA, "ip")?.args(["-json", "-statistics", "link", "show", "eth0"]))?;
    let told: Value = serde_json::from_str(&told)?;
    told.pointer("/0/stats64/rx/bytes").and_then(Value::as_f64).with_context(|| format!("no bytes: {told}"))
}

/// Has a reload refused, and the next one accepted.
fn refuse_a_reload(lab: &Lab, gateway: &Gateway) -> Result<()> {
    let reloads = |result| Ok::<_, anyhow::Error>(lab.metrics()?.sum(RELOADS, &[("result", result)]));
    let before = reloads("ok")?;
    lab.write_policy("account", BROKEN)?;
    gateway.reload()?;
    wait_until("the reload was refused", SOON, || Ok(reloads("failed")? == 1.0))?;
    lab.write_policy("account", &rejecting_policy())?;
    gateway.reload()?;
    wait_until("the reload was accepted", SOON, || Ok(reloads("ok")? > before))
}

/// The dashboard with values chosen for its variables, and who answers its queries.
struct Shown<'a> {
    dashboard: Dashboard,
    prometheus: &'a Prometheus<'a>,
    /// The device that was chosen, as an expression.
    device: &'a str,
}

impl Shown<'_> {
    /// What the variables stand for; the range in seconds.
    fn variables(&self, range: u32) -> Vec<(&'static str, String)> {
        vec![
            ("job", JOB.to_owned()),
            ("instance", METRICS.replace('.', "\\\\.")),
            ("device", self.device.to_owned()),
            ("__range", format!("{range}s")),
            ("__rate_interval", "10s".to_owned()),
        ]
    }

    /// The series of a panel's query over the last seconds.
    fn series(&self, panel: &str, letter: &str, range: u32) -> Result<Vec<Sample>> {
        let target = self.dashboard.panel(panel)?.target(letter)?;
        self.prometheus.query(&fill(&target.expr, &self.variables(range))?)
    }

    /// The value of its one series with these labels; nothing where there is none.
    fn value(&self, panel: &str, letter: &str, labels: &[(&str, &str)], range: u32) -> Result<Option<f64>> {
        let all = self.series(panel, letter, range)?;
        let found: Vec<&Sample> = all.iter().filter(|sample| sample.has(labels)).collect();
        ensure!(found.len() < 2, "{panel}, {labels:?}: {found:?}");
        Ok(found.first().map(|sample| sample.value))
    }

    /// Fails unless that value is between these.
    fn is(&self, panel: &str, letter: &str, labels: &[(&str, &str)], least: f64, most: f64) -> Result<()> {
        let value = self.value(panel, letter, labels, RANGE)?;
        ensure!(
            value.is_some_and(|value| (least..=most).contains(&value)),
            "{panel}, query {letter}, {labels:?}: {value:?}, and not from {least} to {most}: {:?}",
            self.series(panel, letter, RANGE)?
        );
        Ok(())
    }

    /// Fails unless that value is by so much more than it was. Prometheus makes it a little more: it reckons with the time
    /// before the first look and after the last.
    fn has_grown(&self, panel: &str, letter: &str, labels: &[(&str, &str)], by: f64) -> Result<()> {
        self.is(panel, letter, labels, by, by * 1.3)
    }
}

fn values_of_variables_are_there(shown: &Shown<'_>) -> Result<()> {
    let expected = [("job", JOB), ("instance", METRICS), ("device", ANNA.name), ("device", BOB.name)];
    for (name, value) in expected {
        let mut variables = shown.dashboard.templating.list.iter();
        let variable = variables.find(|variable| variable.name == name).context("no such variable")?;
        let filled = fill(variable.definition.as_deref().unwrap_or_default(), &shown.variables(RANGE))?;
        let (selector, label) = label_values(&filled).context("no values of a label")?;
        let values = shown.prometheus.label_values(label, selector)?;
        ensure!(values.iter().any(|found| found == value), "{name}: {values:?}");
    }
    Ok(())
}

fn every_query_has_series(shown: &Shown<'_>) -> Result<()> {
    let mut asked = 0;
    for panel in &shown.dashboard.panels {
        for target in &panel.targets {
            let what = format!("{:?} had series for {}: {}", panel.title, target.ref_id, target.expr);
            wait_until(&what, SOON, || {
                let series = shown.series(&panel.title, &target.ref_id, RANGE)?;
                Ok(!series.is_empty() && series.iter().all(|sample| sample.value.is_finite()))
            })?;
            asked += 1;
        }
    }
    ensure!(asked > 40, "{asked} queries are few");
    Ok(())
}

fn what_was_blocked_is_what_was_visited(shown: &Shown<'_>) -> Result<()> {
    for (policy, reason, action, flows) in [
        ("account", "tls_sni", "reject", 2.0),
        ("account", "dns_qname", "reject", 2.0),
        ("tracking", "address", "drop", 2.0),
        ("observed", "tls_sni", "observe", 1.0),
    ] {
        let labels = [("device", ANNA.name), ("policy", policy), ("reason", reason), ("action", action)];
        shown.is("What was blocked", "A", &labels, flows, flows)?;
        shown.is("What was blocked", "B", &labels, flows, 100.0)?;
    }
    let rows = shown.series("What was blocked", "A", RANGE)?;
    ensure!(rows.len() == 4, "{rows:?}");
    shown.is("Flows blocked", "A", &[], 6.0, 6.0)?;
    shown.is("Devices", "F", &[("device", ANNA.name), ("mac", ANNA.mac)], 6.0, 6.0)?;
    shown.is("Devices", "G", &[("device", ANNA.name), ("mac", ANNA.mac)], 1.0, 1.0)
}

fn what_was_sent_is_shown(shown: &Shown<'_>) -> Result<()> {
    let (anna, bob) = ([("device", ANNA.name)], [("device", BOB.name)]);
    let (packets, bytes) = (f64::from(DATAGRAMS), f64::from(DATAGRAMS * FRAME));
    shown.has_grown("Devices", "A", &bob, bytes)?;
    shown.has_grown("Devices", "C", &bob, packets)?;
    shown.is("Devices", "A", &anna, 1000.0, 100_000.0)?;
    // Seven visits by TLS, two in the clear, three questions.
    shown.has_grown("Devices", "E", &anna, 12.0)?;
    shown.is("Devices", "H", &anna, 0.0, 0.0)?;
    let kind = |kind| [("kind", kind)];
    shown.has_grown("Names read in the time range", "A", &kind("dns_qname"), 3.0)?;
    shown.has_grown("Names read in the time range", "A", &kind("http_host"), 1.0)?;
    shown.has_grown("Names read in the time range", "A", &kind("tls_sni"), 5.0)?;
    shown.is("Interfaces filtered", "A", &[], 2.0, 2.0)?;
    shown.is("Without filter", "A", &[], 0.0, 0.0)?;
    shown.is("Scraped", "A", &[], 1.0, 1.0)?;
    shown.is("Last reload", "A", &[], 1.0, 1.0)?;
    shown.is("Interfaces", "A", &[("interface", "lan1"), ("mode", "native")], 1.0, 1.0)?;
    shown.is("Interfaces", "C", &[("interface", "lan1")], 1.0, 1.0)?;
    shown.is("Entries in the kernel's tables", "A", &[("map", "policy_labels")], 3.0, 3.0)?;
    // anna's phone and bob's.
    shown.is("Entries in the kernel's tables", "A", &[("map", "device_labels")], 2.0, 2.0)?;
    shown.is("Policies loaded", "A", &[], 0.0, 60.0)
}

fn lists_and_addresses_are_shown(shown: &Shown<'_>) -> Result<()> {
    let (own, far) = ([("list", "../own.txt")], [("list", "http://203.0.113.10/list.txt")]);
    shown.is("Lists", "A", &own, 0.0, 600.0)?;
    shown.is("Lists", "B", &own, 2.0, 2.0)?;
    shown.is("Lists", "C", &own, 1.0, 1.0)?;
    shown.is("Lists", "E", &own, 86_400.0, 86_400.0)?;
    shown.is("Lists", "B", &far, 0.0, 0.0)?;
    shown.is("Policies", "A", &[("policy", "tracking")], 1.0, 1.0)?;
    // Its own host, and those of the list of the router.
    shown.is("Policies", "B", &[("policy", "observed")], 3.0, 3.0)?;
    shown.is("Blocked for the hosts that resolve to them", "A", &[("policy", "tracking")], 2.0, 2.0)?;
    shown.is("Spared as shared", "A", &[("policy", "tracking")], 0.0, 0.0)
}

/// One more visit, and a range that begins behind all others.
fn only_what_came_in_the_time_range_counts(lab: &Lab, shown: &Shown<'_>) -> Result<()> {
    let now = || Ok::<_, anyhow::Error>(shown.prometheus.query("time()")?.first().context("no time")?.value);
    let begin = now()?;
    wait_until("a second was over", SOON, || Ok(now()? > begin + 1.0))?;
    saw(&lab.visit(&ANNA, &ACCOUNT, Family::V4, PATIENT)?, &Outcome::Refused, "a blocked host")?;
    let of_account = [("policy", "account"), ("reason", "tls_sni")];
    wait_until("Prometheus saw the visit", SOON, || {
        Ok(shown.value("What was blocked", "A", &of_account, RANGE)? == Some(3.0))
    })?;
    let range = Duration::from_secs_f64(now()? - begin).as_secs();
    let in_range = shown.value("What was blocked", "A", &of_account, u32::try_from(range)?)?;
    ensure!(in_range == Some(1.0), "one visit in {range} s, not {in_range:?}");
    let others = shown.value("What was blocked", "A", &[("policy", "tracking")], u32::try_from(range)?)?;
    ensure!(others == Some(0.0), "none of the others, not {others:?}");
    Ok(())
}
