//! From a machine without a configuration to a filter.

use std::fs;

use anyhow::{Result, ensure};
use xtask::lab::Lab;
use xtask::lab::curl::Outcome;
use xtask::lab::network::{ACCOUNT, ANNA, BOB, Family, ORDINARY};
use xtask::lab::{BRIEF, PATIENT};

use super::{in_lab, reaches, said, saw};

/// Moves what this lab has places of its own for: everything else stays as `gateway init` wrote it.
fn move_into(lab: &Lab, text: &str) -> Result<String> {
    let (state, socket) = (lab.file("state"), lab.file("control.sock"));
    let mut moved = text.to_owned();
    for (default, own) in [
        ("# pin = \"/sys/fs/bpf/gateway\"", format!("pin = {:?}", lab.pin())),
        ("# state = \"/var/lib/gateway\"", format!("state = {state:?}")),
        ("# [control]", String::from("[control]")),
        ("# socket = \"/run/gateway/control.sock\"", format!("socket = {socket:?}")),
    ] {
        ensure!(moved.contains(default), "no `{default}` in\n{text}");
        moved = moved.replace(default, &own);
    }
    Ok(moved)
}

#[test]
fn what_init_writes_is_accepted_by_check_and_filters() {
    in_lab(|lab| {
        // The router gets to know both phones.
        reaches(lab, &ANNA, &ACCOUNT, Family::V4)?;
        reaches(lab, &BOB, &ORDINARY, Family::V4)?;
        let device = format!("{}={}=xiaomi-account", ANNA.name, ANNA.mac);
        let options =
            ["--interface", "lan1", "--interface", "lan2", "--device", &device, "--default-policies", ""];
        let told = said(&mut lab.gateway_command(&[&["init"], &options[..]].concat())?)?;
        ensure!(told.contains("gateway check --config ") && told.contains("gateway detach"), "{told}");

        let file = lab.file("gateway.toml");
        let text = fs::read_to_string(&file)?;
        let bob = format!("# mac = \"{}\"", BOB.mac);
        ensure!(text.contains(&bob), "bob's phone was not seen:\n{text}");
        let checked = said(&mut lab.gateway_command(&["check", "--deny-warnings"])?)?;
        ensure!(checked.starts_with("OK: 1 devices, 1 policies, "), "{checked}");

        fs::write(file, move_into(lab, &text)?)?;
        let _gateway = lab.start_configured()?;
        let refused = lab.visit(&ANNA, &ACCOUNT, Family::V4, BRIEF)?;
        saw(&refused, &Outcome::Refused, "anna's phone at the account host")?;
        reaches(lab, &ANNA, &ORDINARY, Family::V4)?;
        reaches(lab, &BOB, &ACCOUNT, Family::V4)
    });
}

#[test]
fn the_guess_is_the_bridge_and_print_writes_nothing() {
    in_lab(|lab| {
        let printed = said(&mut lab.gateway_command(&["init", "--yes", "--print"])?)?;
        ensure!(printed.contains("\ninterfaces = [\"br-lan\"]\n"), "{printed}");
        ensure!(printed.contains("#   lan1, lan2\n"), "{printed}");
        ensure!(!lab.file("gateway.toml").exists() && !lab.policies().exists(), "it wrote something");
        let outcome = lab.visit(&ANNA, &ACCOUNT, Family::V4, PATIENT)?;
        saw(&outcome, &super::reached(&ACCOUNT), "anna's phone without a filter")
    });
}
