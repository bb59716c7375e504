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

/// A policy with something doubtful in its third line.
const DOUBTFUL: &str = "name = \"a\"\n[block]\ndomains = [\"co.uk\"]\n";

#[test]
fn a_warning_is_shown_like_a_mistake_and_refuses_nothing() {
    let folder = site("lo", DOUBTFUL);
    let (code, out, err) = check(folder.path(), &[]);
    let ok = "OK: 1 devices, 1 policies, 1 names, 0 prefixes, 0 ports; 1 warning\n";
    assert_eq!((code, out.as_str()), (Some(0), ok));
    assert!(err.starts_with("policies/a.toml:3:12: warning: `co.uk` is a public suffix"), "{err}");
    assert!(err.contains("3 | domains = [\"co.uk\"]"), "{err}");
}

#[test]
fn with_deny_warnings_a_warning_is_exit_code_1_and_without_one_it_is_0() {
    assert_eq!(check(site("lo", DOUBTFUL).path(), &["--deny-warnings"]).0, Some(1));
    assert_eq!(check(site("lo", "name = \"a\"\n").path(), &["--deny-warnings"]).0, Some(0));
}

#[test]
fn mistakes_in_one_file_hide_neither_those_in_another_nor_warnings() {
    let folder = site("nope0", "name = \"a\"\nactoin = \"drop\"\n");
    fs::write(folder.path().join("policies/b.toml"), DOUBTFUL.replace("\"a\"", "\"b\"")).unwrap();
    let (code, _, err) = check(folder.path(), &[]);
    assert_eq!(code, Some(1));
    let told = err.lines().filter(|line| line.contains(": warning: ") || line.contains(": error: "));
    let heads: Vec<_> = told.filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    assert_eq!(heads, ["policies/b.toml:3:12", "gateway.toml:1:15", "policies/a.toml:2:1"]);

    // Nor does one that leaves nothing of the configuration but the folder.
    fs::write(folder.path().join("gateway.toml"), "policies = \"policies\"\ninterfaces = [\n").unwrap();
    let (_, _, err) = check(folder.path(), &[]);
    for part in ["gateway.toml:", "policies/a.toml:2:1: error", "policies/b.toml:3:12: warning"] {
        assert!(err.contains(part), "{part} in {err}");
    }
}

#[test]
fn for_programs_each_mistake_and_warning_is_an_object_on_a_line_of_its_own() {
    let folder = site("nope0", DOUBTFUL);
    let (code, out, err) = check(folder.path(), &["--json"]);
    assert_eq!((code, err.as_str()), (Some(1), "1 mistake, 1 warning\n"));
    let rows: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let places: Vec<_> =
        rows.iter().map(|row| (&row["level"], &row["file"], &row["line"], &row["column"])).collect();
    assert_eq!(
        serde_json::json!(places),
        serde_json::json!([["warning", "policies/a.toml", 3, 12], ["error", "gateway.toml", 1, 15]])
    );
    for row in &rows {
        assert!(row["title"].is_string() && row["cure"].is_string(), "{row}");
        assert_eq!((&row["notes"], row.as_object().unwrap().len()), (&serde_json::json!([]), 7));
    }
}
