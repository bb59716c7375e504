//! Who is there, who talks to whom, and how the filter is: with a daemon and without one.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use xtask::exec;
use xtask::lab::Lab;
use xtask::lab::network::{ACCOUNT, ANNA, BOB, Family, Host, ORDINARY, PLAIN, Phone};

use super::{ACCOUNT_POLICY, config, in_lab, is_blocked, reaches, said};

/// What bob's phone calls itself.
const BOBS_NAME: &[u8] = b"\x1b[31mBob's\"<b>TV\xff";

#[test]
fn devices_flows_and_the_state_of_the_filter_are_told_with_a_daemon_and_without_one() {
    in_lab(|lab| {
        lab.write_policy("account", ACCOUNT_POLICY)?;
        let mut config = config(lab);
        config.more = write_names(lab)?;
        let gateway = lab.start_gateway(&config)?;
        send_traffic(lab)?;
        devices_are_told(lab)?;
        flows_are_told(lab)?;
        let status = object(&said(&mut lab.gateway_command(&["status", "--json"])?)?)?;
        ensure!(
            status["daemon"] == true && status["loaded_at"].is_u64() && status["started"].is_u64(),
            "{status}"
        );
        ensure!(status["reloads_failed"] == 0 && status["devices"] == 1, "{status}");
        ensure!(status["flows"].as_u64() > Some(2), "{status}");
        ensure!(status["interfaces"][0]["downlink"].is_string(), "{status}");
        state_fits_a_terminal(lab)?;

        gateway.kill()?;
        devices_are_told(lab)?;
        let output = lab.gateway_command(&["flows", "--json"])?.output()?;
        ensure!(String::from_utf8_lossy(&output.stderr).contains("no daemon runs"), "{output:?}");
        let rows = rows(&String::from_utf8_lossy(&output.stdout))?;
        let blocked = flow_to(&rows, &ACCOUNT)?;
        ensure!(blocked["verdict"] == "drop" && blocked["policy"] == "account", "{blocked}");
        ensure!(blocked["name"].is_null(), "{blocked}");
        let status = object(&said(&mut lab.gateway_command(&["status", "--json"])?)?)?;
        ensure!(
            status["daemon"] == false && status["started"].is_null() && status["devices"] == 1,
            "{status}"
        );
        state_fits_a_terminal(lab)
    });
}

/// Writes a lease file and a list of makers; returns the section that names them.
fn write_names(lab: &Lab) -> Result<String> {
    let (leases, vendors) = (lab.file("leases"), lab.file("oui.txt"));
    let annas = format!("0 {} {} Redmi-1S *\n", ANNA.mac, ANNA.address(Family::V4));
    let bobs = format!("0 {} {} ", BOB.mac, BOB.address(Family::V4));
    fs::write(&leases, [annas.as_bytes(), bobs.as_bytes(), BOBS_NAME, b" *\n"].concat())?;
    fs::write(&vendors, "8CBEBE     (base 16)\t\tXiaomi Communications Co Ltd\r\n")?;
    Ok(format!("[names]\nleases = [{leases:?}]\nvendors = {vendors:?}\n"))
}

/// Anna's phone reaches a host, is kept from another, and talks to a third without saying its name, for which it has asked;
/// bob's phone, which is not listed, reaches a host.
fn send_traffic(lab: &Lab) -> Result<()> {
    reaches(lab, &ANNA, &ORDINARY, Family::V4)?;
    reaches(lab, &ANNA, &ORDINARY, Family::V6)?;
    is_blocked(lab, &ANNA, &ACCOUNT, Family::V4)?;
    reaches(lab, &BOB, &ORDINARY, Family::V4)?;
    let answer = lab.dig(&ANNA, PLAIN.name, Family::V4, &["+short"])?;
    ensure!(answer.trim() == PLAIN.address(Family::V4).to_string(), "{answer}");
    // By its address: then curl sends no name.
    let mut curl = lab.phone(&ANNA, exec::tool("curl")?.get_program())?;
    curl.args(["-q", "--silent", "--show-error", "--insecure", "--noproxy", "*", "--max-time", "10"]);
    said(curl.arg(format!("https://{}/", PLAIN.address(Family::V4))))?;
    Ok(())
}

fn devices_are_told(lab: &Lab) -> Result<()> {
    let rows = rows(&said(&mut lab.gateway_command(&["devices", "--json"])?)?)?;
    let of = |phone: &Phone| rows.iter().find(|row| row["mac"] == phone.mac).context(phone.mac);
    let anna = of(&ANNA)?;
    ensure!(anna["device"] == ANNA.name && anna["listed"] == true, "{anna}");
    ensure!(anna["vendor"] == "Xiaomi Communications Co Ltd" && anna["host"] == "Redmi-1S", "{anna}");
    for family in Family::BOTH {
        let address = Value::from(ANNA.address(family).to_string());
        ensure!(
            anna["addresses"].as_array().is_some_and(|all| all.contains(&address)),
            "no {address}: {anna}"
        );
    }
    for counted in
        ["packets", "bytes", "packets_down", "bytes_down", "flows", "blocked_packets", "blocked_flows"]
    {
        ensure!(anna[counted].as_u64() > Some(0), "no {counted}: {anna}");
    }
    let bob = of(&BOB)?;
    ensure!(bob["device"].is_null() && bob["listed"] == false && bob["vendor"].is_null(), "{bob}");
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    ensure!(bob["last_seen"].as_u64().is_some_and(|last| now.abs_diff(last) < 120), "{bob}");
    ensure!(rows[0]["device"] == "other" && rows[0]["packets"].as_u64() > Some(0), "{}", rows[0]);

    let text = said(&mut lab.gateway_command(&["devices"])?)?;
    ensure!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    let (table, lines) = text.split_once("\n\n").context("nothing about bob's phone")?;
    ensure!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
    ensure!(table.contains(ANNA.name) && table.contains("Redmi-1S") && !table.contains(BOB.mac), "{table}");
    can_be_copied(lab, lines)
}

/// Whether the lines, put behind the configuration, make one that is right and has bob's phone in it.
fn can_be_copied(lab: &Lab, lines: &str) -> Result<()> {
    ensure!(lines.contains(&format!("name = \"x1b-31mbob-s-b-tv-xff\"\nmac = \"{}\"", BOB.mac)), "{lines}");
    let file = lab.file("gateway.toml");
    let before = fs::read_to_string(&file)?;
    fs::write(&file, format!("{before}\n{lines}"))?;
    said(&mut lab.gateway_command(&["check"])?)?;
    Ok(fs::write(&file, before)?)
}

fn flows_are_told(lab: &Lab) -> Result<()> {
    let flows = |words: &[&str]| -> Result<Vec<Value>> {
        let words: Vec<&str> = ["flows", "--json"].iter().chain(words).copied().collect();
        rows(&said(&mut lab.gateway_command(&words)?)?)
    };
    let all = flows(&[])?;
    let passed = flow_to(&all, &ORDINARY)?;
    ensure!(passed["name"] == ORDINARY.name && passed["name_from"] == "tls_sni", "{passed}");
    ensure!(
        passed["verdict"] == "pass" && passed["device"] == ANNA.name && passed["dport"] == 443,
        "{passed}"
    );
    let asked = flow_to(&all, &PLAIN)?;
    ensure!(asked["name"] == PLAIN.name && asked["name_from"] == "asked", "{asked}");
    let since: Vec<u64> = all.iter().filter_map(|row| row["since"].as_u64()).collect();
    ensure!(since.len() == all.len() && since.is_sorted_by(|a, b| a >= b), "{since:?}");

    let blocked = flows(&["--blocked"])?;
    ensure!(!blocked.is_empty() && blocked.iter().all(|row| row["policy"] == "account"), "{blocked:?}");
    ensure!(flow_to(&blocked, &ACCOUNT)?["name"] == ACCOUNT.name, "{blocked:?}");
    ensure!(flows(&["--device", ANNA.mac, "--limit", "1"])?.len() == 1);
    ensure!(flows(&["--device", BOB.mac])?.is_empty(), "a device without policies has no flows");
    let refused = lab.gateway_command(&["flows", "--device", "nobody"])?.output()?;
    ensure!(String::from_utf8_lossy(&refused.stderr).contains("no device `nobody`"), "{refused:?}");
    let text = said(&mut lab.gateway_command(&["flows"])?)?;
    ensure!(text.contains(ACCOUNT.name) && text.contains(&format!("{} (asked)", PLAIN.name)), "{text}");
    Ok(())
}

fn state_fits_a_terminal(lab: &Lab) -> Result<()> {
    let text = said(&mut lab.gateway_command(&["status"])?)?;
    ensure!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    ensure!(text.contains("account") && text.contains("lan1 (native, downlink "), "{text}");
    Ok(())
}

/// The flow to port 443 of this host, over IPv4.
fn flow_to<'a>(rows: &'a [Value], host: &Host) -> Result<&'a Value> {
    let address = host.address(Family::V4).to_string();
    let found = rows.iter().find(|row| row["dst"] == address.as_str() && row["dport"] == 443);
    found.with_context(|| format!("no flow to {}: {rows:?}", host.name))
}

/// One JSON object a line.
fn rows(text: &str) -> Result<Vec<Value>> {
    text.lines().map(object).collect()
}

fn object(text: &str) -> Result<Value> {
    serde_json::from_str(text).with_context(|| format!("not JSON: {text}"))
}
