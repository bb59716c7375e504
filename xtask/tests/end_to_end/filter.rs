//! What a phone reaches and what not, and what is counted.

use std::time::Duration;

use anyhow::ensure;
use serde_json::Value;
use xtask::lab::curl::Outcome;
use xtask::lab::network::{ACCOUNT, ANNA, BOB, Family, Host, ORDINARY, PLAIN, TRACKING};
use xtask::lab::{BRIEF, PATIENT};

use super::{ACCOUNT_POLICY, BLOCKED, blocked_of_anna, in_lab, is_blocked, reaches, said, start_with};

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
        let outcome = lab.visit_as(&ANNA, "API.Account.Xiaomi.COM", &ACCOUNT, Family::V4, PATIENT)?;
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
        let outcome = lab.visit_as(&ANNA, "API.Account.XIAOMI.com", &ACCOUNT, Family::V4, BRIEF)?;
        ensure!(outcome == Outcome::NoAnswer, "{outcome}");
        let outcome = lab.visit_as(&ANNA, "WWW.Example.ORG", &ORDINARY, Family::V4, PATIENT)?;
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
