//! A real Prometheus beside the lab's gateway, and promtool. The package is unpacked and not installed: installed, it
//! would start a service on this machine.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::Value;

use super::Lab;
use super::gateway::METRICS;
use super::visit::curl_in;
use crate::wait::wait_until;
use crate::{debian, exec, interrupt, paths};

/// Debian's package of the two programs.
const PACKAGE: &str = "prometheus";

/// The programs.
const SERVER: &str = "prometheus";
const PROMTOOL: &str = "promtool";

/// Where it listens, in the router's namespace.
const LISTEN: &str = "127.0.0.1:9090";

/// What it calls the gateway: the job that the alerts are about.
pub const JOB: &str = "gateway";

/// How long it may take to start, and a look at the gateway to be in its hands.
const START: Duration = Duration::from_secs(30);

/// Memory at which its garbage collector works harder.
const MEMORY: &str = "256MiB";

/// Makes sure of the programs, in [`paths::prometheus`] unless the system has them.
pub fn fetch() -> Result<()> {
    if folder().is_ok() {
        return Ok(());
    }
    debian::update();
    // Without what it depends on: that is for its web pages.
    debian::unpack(&[PACKAGE.to_owned()], &paths::prometheus())
        .and_then(|()| folder().map(drop))
        .with_context(|| format!("no Prometheus: dashboard and alerts cannot be tested: install {PACKAGE}"))
}

/// The folder that holds both programs.
pub fn folder() -> Result<PathBuf> {
    let of_system = || {
        exec::find_program(PROMTOOL)?;
        Some(exec::find_program(SERVER)?.parent()?.to_owned())
    };
    let unpacked = paths::prometheus().join("usr/bin");
    let found = if unpacked.join(SERVER).exists() { Some(unpacked) } else { of_system() };
    found.ok_or_else(|| anyhow!("no Prometheus: run `cargo xtask setup`"))
}

/// promtool with arguments to come.
pub fn promtool() -> Result<Command> {
    Ok(Command::new(folder()?.join(PROMTOOL)))
}

/// A series of an answer with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

impl Sample {
    /// Whether it has all these labels.
    pub fn has(&self, labels: &[(&str, &str)]) -> bool {
        labels.iter().all(|(key, value)| self.labels.get(*key).is_some_and(|found| found == value))
    }
}

/// A running Prometheus that looks at the lab's gateway each second; dropping it ends it.
#[derive(Debug)]
pub struct Prometheus<'lab> {
    lab: &'lab Lab,
    child: Child,
    log: PathBuf,
}

impl Lab {
    /// Starts Prometheus with these alerting rules and returns when it has looked at the gateway.
    pub fn start_prometheus(&self, rules: &Path) -> Result<Prometheus<'_>> {
        let (config, data) = (self.file("prometheus.yml"), self.file("prometheus"));
        fs::write(&config, configuration(rules)).context("cannot write prometheus.yml")?;
        // It ends with the thread that started it, however that ends.
        let mut command = self.router(exec::tool("setpriv")?.get_program())?;
        command
            .args(["--pdeathsig", "KILL"])
            .arg(folder()?.join(SERVER))
            .arg(argument("--config.file", &config))
            .arg(argument("--storage.tsdb.path", &data))
            .arg(format!("--web.listen-address={LISTEN}"))
            .args(["--storage.tsdb.retention.time=1h", "--storage.tsdb.retention.size=64MB"])
            .arg("--log.level=warn")
            .env("GOMEMLIMIT", MEMORY);
        let log = self.file("prometheus.log");
        let file = File::create(&log).context("cannot write the log of Prometheus")?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
        let child = command.spawn().context("cannot start Prometheus")?;
        let mut prometheus = Prometheus { lab: self, child, log };
        prometheus.wait_for_gateway().with_context(|| format!("Prometheus said: {}", prometheus.log()))?;
        Ok(prometheus)
    }
}

impl Prometheus<'_> {
    fn wait_for_gateway(&mut self) -> Result<()> {
        wait_until("Prometheus had looked at the gateway", START, || {
            if let Some(status) = self.child.try_wait()? {
                bail!("Prometheus ended: {status}");
            }
            Ok(self.query("up == 1").is_ok_and(|found| !found.is_empty()))
        })
    }

    /// The series of an expression at this moment.
    pub fn query(&self, expression: &str) -> Result<Vec<Sample>> {
        let answer = self.ask("query", &[format!("query={expression}")])?;
        samples(&answer).with_context(|| format!("no series: {expression}: {answer}"))
    }

    /// The values of a label of the series that match.
    pub fn label_values(&self, label: &str, matching: &str) -> Result<Vec<String>> {
        let answer = self.ask(&format!("label/{label}/values"), &[format!("match[]={matching}")])?;
        let values = answer.as_array().context("no values")?;
        Ok(values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect())
    }

    /// What `/api/v1/…` has to say, but for its envelope.
    pub fn ask(&self, path: &str, data: &[String]) -> Result<Value> {
        interrupt::check()?;
        let mut curl = curl_in(&self.lab.router)?;
        // A mistake in an expression is told in the body.
        curl.args(["--no-fail", "--max-time", "10", "--get"]);
        for word in data {
            curl.args(["--data-urlencode", word]);
        }
        let answer = exec::stdout_of(curl.arg(format!("http://{LISTEN}/api/v1/{path}")))?;
        let mut answer: Value =
            serde_json::from_str(&answer).with_context(|| format!("no JSON: {answer}"))?;
        let succeeded = answer.get("status").and_then(Value::as_str) == Some("success");
        ensure!(succeeded, "{path} {data:?}: {answer}");
        Ok(answer.get_mut("data").map(Value::take).unwrap_or_default())
    }

    /// What it has logged: warnings and errors.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_else(|_| "(nothing)".to_owned())
    }
}

impl Drop for Prometheus<'_> {
    fn drop(&mut self) {
        // Both fail only where there is nothing left to end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn configuration(rules: &Path) -> String {
    format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\n\
         rule_files: [{rules:?}]\n\
         scrape_configs:\n\
         - job_name: {JOB}\n\
         \x20 static_configs: [{{targets: [{METRICS:?}]}}]\n"
    )
}

fn argument(name: &str, value: &Path) -> String {
    format!("{name}={}", value.display())
}

/// Reads an instant vector, or a scalar as one series without labels.
fn samples(answer: &Value) -> Option<Vec<Sample>> {
    let value = |pair: &Value| pair.get(1)?.as_str()?.parse().ok();
    let result = answer.get("result")?;
    if answer.get("resultType")?.as_str()? == "scalar" {
        return Some(vec![Sample { labels: BTreeMap::new(), value: value(result)? }]);
    }
    let sample = |series: &Value| {
        let labels = series.get("metric")?.as_object()?.iter();
        let labels = labels.map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
        Some(Sample { labels: labels.collect::<Option<_>>()?, value: value(series.get("value")?)? })
    };
    result.as_array()?.iter().map(sample).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn series_and_scalars_are_read() {
        let answer = json!({"resultType": "vector", "result": [
            {"metric": {"device": "anna-phone"}, "value": [1.5, "12"]},
            {"metric": {}, "value": [1.5, "+Inf"]},
        ]});
        let read = samples(&answer).expect("a vector");
        assert!(read[0].has(&[("device", "anna-phone")]) && !read[1].has(&[("device", "anna-phone")]));
        assert_eq!([read[0].value, read[1].value], [12.0, f64::INFINITY]);
        let answer = json!({"resultType": "scalar", "result": [1.5, "3"]});
        assert_eq!(samples(&answer).expect("a scalar")[0].value, 3.0);
    }

    #[test]
    fn an_answer_of_another_kind_is_none() {
        assert!(
            samples(&json!({"resultType": "matrix", "result": [{"metric": {}, "values": []}]})).is_none()
        );
    }
}
