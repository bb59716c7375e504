//! `gateway check`, run as people run it.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests may fail by a panic as the tests do")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const DEVICE: &str = "[[device]]\nname = \"anna-phone\"\nmac = \"8c:be:be:12:34:56\"\npolicies = [\"a\"]\n";

/// A folder with a configuration and one policy.
fn site(interface: &str, policy: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let config = format!("interfaces = [\"{interface}\"]\npolicies = \"policies\"\n\n{DEVICE}");
    fs::write(folder.path().join("gateway.toml"), config).unwrap();
    fs::create_dir(folder.path().join("policies")).unwrap();
    fs::write(folder.path().join("policies/a.toml"), policy).unwrap();
    folder
}

/// Exit code, standard output and standard error, run in the folder.
fn check(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.arg("check").args(["--config", "gateway.toml"]).args(arguments).current_dir(folder);
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_good_configuration_is_summed_up_in_one_line() {
    let folder = site(
        "lo",
        "name = \"a\"\n[block]\ndomains = [\"x.example\"]\nhosts = [\"y.example\"]\naddresses = [\"203.0.113.0/24\", \
         \"2001:db8::/32\"]\nports = [\"tcp/853\"]\n",
    );
    let ok = String::from("OK: 1 devices, 1 policies, 2 names, 2 prefixes, 1 ports\n");
    assert_eq!(check(folder.path(), &[]), (Some(0), ok, String::new()));
}

#[test]
fn every_mistake_is_told_with_place_line_and_cure_and_the_exit_code_is_1() {
    let folder = site("nope0", "name = \"a\"\n[block]\nhosts = [\"https://x.example/y\"]\n");
    let (code, out, err) = check(folder.path(), &[]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.starts_with("gateway.toml:1:15: error: there is no interface `nope0`\n"), "{err}");
    assert!(err.contains("1 | interfaces = [\"nope0\"]"), "{err}");
    assert!(err.contains("gateway check --skip-interfaces"), "{err}");
    let policy = "
policies/a.toml:3:10: error: `https://x.example/y` is more than a host name
  |
3 | hosts = [\"https://x.example/y\"]
  |          ^^^^^^^^^^^^^^^^^^^^^
  |
  = help: write only the host: \"x.example\"
";
    assert!(err.ends_with(policy), "{err}");
}

#[test]
fn interfaces_of_another_machine_are_not_asked_for_with_skip_interfaces() {
    let folder = site("nope0", "name = \"a\"\n");
    let ok = String::from("OK: 1 devices, 1 policies, 0 names, 0 prefixes, 0 ports\n");
    assert_eq!(check(folder.path(), &["--skip-interfaces"]), (Some(0), ok, String::new()));
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let folder = TempDir::new().unwrap();
    let (code, _, err) = check(folder.path(), &[]);
    assert_eq!(code, Some(1));
    assert!(err.starts_with("gateway.toml: error: cannot be read: No such file or directory"), "{err}");
    assert!(err.contains("help: create the file"), "{err}");
}
