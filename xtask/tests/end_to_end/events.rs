//! What devices did, as it is told: filtered, in a file, by host, over time.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use xtask::lab::gateway::Gateway;
use xtask::lab::network::{ACCOUNT, ANNA, Family, ORDINARY};
use xtask::lab::{BRIEF, Lab, PATIENT};
use xtask::wait::wait_until;

use super::{ACCOUNT_POLICY, SOON, config, in_lab, is_blocked, reaches, rejecting_policy, said, start_with};

/// How long it may take until something was told of traffic that goes on: only a broken gateway takes that long.
const TOLD: Duration = Duration::from_secs(60);

#[test]
fn events_fill_files_that_are_rotated_and_a_reload_is_enough_for_it() {
    in_lab(|lab| {
        let gateway = start_with(lab, &rejecting_policy())?;
        let file = lab.file("log/events.jsonl");
        write_to(lab, &gateway, &file, "rotate_at = \"2kB\"\nkeep = 2\n")?;
        let old = |number: u32| PathBuf::from(format!("{}.{number}", file.display()));
        wait_until("two files were full", TOLD, || {
            lab.visit(&ANNA, &ACCOUNT, Family::V4, BRIEF)?;
            Ok(old(2).exists())
        })?;
        reaches(lab, &ANNA, &ORDINARY, Family::V4)?;
        for path in [file.clone(), old(1), old(2)] {
            let metadata = fs::metadata(&path).with_context(|| path.display().to_string())?;
            ensure!(metadata.len() <= 2000, "{} holds {} bytes", path.display(), metadata.len());
            ensure!(metadata.mode() & 0o777 & !0o640 == 0, "{:o}", metadata.mode());
            for line in fs::read_to_string(&path)?.lines() {
                let event: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
                ensure!(is(&event, "device", ANNA.name), "{line}");
            }
        }
        ensure!(!old(3).exists(), "a third file is kept");
        wait_until("the last visit was written", SOON, || {
            Ok(fs::read_to_string(&file)?.contains(ORDINARY.name))
        })
    });
}

#[test]
fn a_full_disk_loses_whole_events_that_are_counted_and_told_once_and_the_filter_goes_on() {
    in_lab(|lab| {
        let gateway = start_with(lab, ACCOUNT_POLICY)?;
        let disk = Disk::of_a_page(lab)?;
        let file = disk.0.join("events.jsonl");
        write_to(lab, &gateway, &file, "")?;
        let unwritten = || -> Result<f64> {
            Ok(lab.metrics()?.sum("gateway_events_unwritten_total", &[("sink", "file")]))
        };
        wait_until("events did not fit the disk", TOLD, || {
            reaches(lab, &ANNA, &ORDINARY, Family::V4)?;
            Ok(unwritten()? > 2.0)
        })?;
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        let text = fs::read_to_string(&file)?;
        ensure!(text.lines().count() > 3 && text.ends_with('\n'), "{text}");
        ensure!(text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{text}");
        let log = lab.log();
        let told = log.lines().filter(|line| line.contains("events are not written to")).count();
        ensure!(told == 1, "told {told} times: {log}");
        Ok(())
    });
}

#[test]
fn events_are_shown_to_whom_they_interest() {
    in_lab(|lab| {
        let _gateway = start_with(lab, ACCOUNT_POLICY)?;
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        reaches(lab, &ANNA, &ORDINARY, Family::V4)?;
        reaches(lab, &ANNA, &ORDINARY, Family::V6)?;
        let shown = |words: &[&str]| -> Result<Vec<Value>> {
            let text = said(&mut lab.gateway_command(&[&["events", "--json"], words].concat())?)?;
            text.lines().map(|line| serde_json::from_str(line).context(line.to_owned())).collect()
        };
        wait_until("both visits were told", SOON, || Ok(shown(&["--name", "example"])?.len() == 2))?;
        for (words, key, value) in [
            (["--name", "XIAOMI"].as_slice(), "name", ACCOUNT.name),
            (&["--verdict", "drop,reject"], "verdict", "drop"),
            (&["--policy", "account", "--device", ANNA.mac], "policy", "account"),
            (&["--verdict", "pass", "--kind", "tls_sni", "--device", ANNA.name], "name", ORDINARY.name),
        ] {
            let events = shown(words)?;
            ensure!(
                !events.is_empty() && events.iter().all(|event| is(event, key, value)),
                "{words:?}: {events:?}"
            );
        }
        ensure!(shown(&["--device", "bob-phone"])?.is_empty(), "bob's phone is not listed");
        let newest = shown(&["--name", "example", "--limit", "1"])?;
        let over_v6 = ORDINARY.address(Family::V6).to_string();
        ensure!(newest.len() == 1 && is(&newest[0], "dst", &over_v6), "{newest:?}");

        let wrong = lab.gateway_command(&["events", "--verdict", "pas"])?.output()?;
        ensure!(wrong.status.code() == Some(2), "{wrong:?}");
        for (query, known) in
            [("verdikt=drop", "`verdict`"), ("verdict=pas", "did you mean `pass`?"), ("kind=x", "`tls_sni`")]
        {
            let (code, body) = ask(lab, &format!("/v1/events?{query}"))?;
            ensure!(code == "400" && body.contains(known), "{query}: {code}: {body}");
        }
        Ok(())
    });
}

#[test]
fn hosts_and_the_last_minutes_are_told_of() {
    in_lab(|lab| {
        let _gateway = start_with(lab, ACCOUNT_POLICY)?;
        is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
        reaches(lab, &ANNA, &ORDINARY, Family::V4)?;
        let hosts = |path| -> Result<Vec<Value>> {
            let (code, body) = ask(lab, path)?;
            ensure!(code == "200", "{code}: {body}");
            let view: Value = serde_json::from_str(&body)?;
            Ok(view.get("hosts").and_then(Value::as_array).context("no hosts")?.clone())
        };
        wait_until("both hosts were counted", SOON, || Ok(hosts("/v1/hosts")?.len() == 2))?;
        let all = hosts("/v1/hosts")?;
        ensure!(is(&all[0], "name", ACCOUNT.name) && is(&all[1], "name", ORDINARY.name), "{all:?}");
        ensure!(
            all[0]["seen"] == all[0]["blocked"] && all[0]["policies"] == serde_json::json!(["account"]),
            "{all:?}"
        );
        ensure!(all[1]["blocked"] == 0 && all[1]["devices"] == serde_json::json!([ANNA.name]), "{all:?}");
        ensure!(hosts("/v1/hosts?limit=1")?.len() == 1);

        wait_until("a step of the history tells of all that", TOLD, || {
            let history: Value = serde_json::from_str(&ask(lab, "/v1/history")?.1)?;
            let points = history.get("points").and_then(Value::as_array).context("no points")?;
            let sum = |key: &str| points.iter().filter_map(|point| point.get(key)?.as_u64()).sum::<u64>();
            Ok([
                "packets",
                "bytes",
                "packets_down",
                "bytes_down",
                "flows",
                "blocked_packets",
                "blocked_flows",
            ]
            .iter()
            .all(|key| sum(key) > 0))
        })
    });
}

#[test]
fn whoever_follows_events_gets_those_of_the_next_daemon_too() {
    in_lab(|lab| {
        let gateway = start_with(lab, ACCOUNT_POLICY)?;
        let (told, said) = (lab.file("events.jsonl"), lab.file("events.err"));
        let mut follow = lab.gateway_command(&["events", "--follow", "--json"])?;
        let follow = follow.stdin(Stdio::null()).stdout(File::create(&told)?).stderr(File::create(&said)?);
        let mut follow = follow.spawn()?;
        let visits = |name: &str| -> Result<usize> {
            Ok(fs::read_to_string(&told)?.lines().filter(|line| line.contains(name)).count())
        };
        let followed = || -> Result<()> {
            wait_until("a visit was told", TOLD, || {
                reaches(lab, &ANNA, &ORDINARY, Family::V4)?;
                Ok(visits(ORDINARY.name)? > 0)
            })?;
            gateway.kill()?;
            wait_until("its end was told", SOON, || Ok(fs::read_to_string(&said)?.contains("has ended")))?;
            let _next = lab.start_gateway(&config(lab))?;
            wait_until("a visit was told by the next daemon", TOLD, || {
                lab.visit(&ANNA, &ACCOUNT, Family::V4, BRIEF)?;
                Ok(visits(ACCOUNT.name)? > 0)
            })
        };
        let outcome = followed();
        follow.kill().context("`gateway events` ended by itself")?;
        follow.wait()?;
        outcome
    });
}

#[test]
fn a_name_that_steers_a_terminal_does_not() {
    in_lab(|lab| {
        let gateway = start_with(lab, ACCOUNT_POLICY)?;
        let file = lab.file("log/events.jsonl");
        write_to(lab, &gateway, &file, "")?;
        // In the form of dig: an escape, a quote, a new line, a tag, a backslash in front of what then looks like an escape.
        let name = r#"\027[2J\"\010<b>\\x41.example"#;
        let shown = r#"\x1b[2j"\x0a<b>\x5cx41.example"#;
        lab.dig(&ANNA, name, Family::V4, &["+tcp"])?;
        lab.dig(&ANNA, name, Family::V4, &[])?;
        let text = || said(&mut lab.gateway_command(&["events"])?);
        wait_until("the question was told", SOON, || Ok(text()?.contains(shown)))?;
        wait_until("it was written", SOON, || Ok(fs::read_to_string(&file)?.lines().count() > 0))?;
        let json = said(&mut lab.gateway_command(&["events", "--json"])?)?;
        let (_, hosts) = ask(lab, "/v1/hosts")?;
        for output in [text()?, json, hosts, fs::read_to_string(&file)?] {
            ensure!(output.bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~')), "{output:?}");
            ensure!(
                output.contains(shown) || output.contains(&shown.replace('\\', r"\\").replace('"', "\\\"")),
                "{output}"
            );
        }
        Ok(())
    });
}

/// Lets the running gateway write events to a file.
fn write_to(lab: &Lab, gateway: &Gateway, file: &Path, more: &str) -> Result<()> {
    let mut config = OpenOptions::new().append(true).open(lab.file("gateway.toml"))?;
    write!(config, "\n[events]\nfile = {file:?}\n{more}")?;
    gateway.reload()?;
    wait_until("the file was there", SOON, || Ok(file.exists()))
}

fn is(event: &Value, key: &str, value: &str) -> bool {
    event.get(key).and_then(Value::as_str) == Some(value)
}

/// The status and the text with which the daemon answers over its control socket.
fn ask(lab: &Lab, path: &str) -> Result<(String, String)> {
    let mut curl = lab.router("curl")?;
    curl.args(["-q", "--silent", "--show-error", "--max-time", &PATIENT.as_secs().to_string()]);
    curl.args(["--write-out", "\n%{http_code}", "--unix-socket"]).arg(lab.file("control.sock"));
    let text = said(curl.arg(format!("http://gateway{path}")))?;
    let (body, code) = text.rsplit_once('\n').context("curl told no status")?;
    Ok((code.to_owned(), body.to_owned()))
}

/// A disk in memory, which goes when this is dropped.
struct Disk(PathBuf);

impl Disk {
    /// One with room for one page of memory.
    fn of_a_page(lab: &Lab) -> Result<Self> {
        let folder = lab.file("disk");
        fs::create_dir(&folder)?;
        let mut mount = lab.router("mount")?;
        said(mount.args(["-t", "tmpfs", "-o", "size=4k", "gateway-lab"]).arg(&folder))?;
        Ok(Self(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: the gateway may still have the file open.
        let unmounted = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("cannot unmount {}", self.0.display());
        }
    }
}
