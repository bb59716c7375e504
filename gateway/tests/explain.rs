//! `gateway explain` and `gateway schema`, run as people run them.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests may fail by a panic as the tests do")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const CONFIG: &str = "interfaces = [\"nope0\"]\npolicies = \"policies\"\n\n[[device]]\nname = \"anna-phone\"\n\
                      mac = \"8c:be:be:12:34:56\"\npolicies = [\"a\"]\n";

fn site(policy: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("gateway.toml"), CONFIG).unwrap();
    fs::create_dir(folder.path().join("policies")).unwrap();
    fs::write(folder.path().join("policies/a.toml"), policy).unwrap();
    folder
}

/// Exit code, standard output and standard error, run in the folder.
fn gateway(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    let Output { status, stdout, stderr } = command.args(arguments).current_dir(folder).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn explain(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    gateway(folder, &[&["explain", "--config", "gateway.toml"], arguments].concat())
}

const BLOCKED: &str =
    "name = \"a\"\naction = \"reject\"\n[block]\ndomains = [\"bücher.example\"]\nports = [\"tcp/853\"]\n";

#[test]
fn it_runs_without_the_interfaces_and_names_the_entry_and_its_line() {
    let folder = site(BLOCKED);
    let (code, out, err) = explain(folder.path(), &["anna-phone", "www.Bücher.example."]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let expected = "anna-phone (8c:be:be:12:34:56) to www.xn--bcher-kva.example: reject
  because of block domains \"xn--bcher-kva.example\", policy a, policies/a.toml:4
  note: The connection is also judged by its destination address: ask with that, too.
";
    assert_eq!(out, expected);
}

#[test]
fn that_nothing_matches_is_no_failure() {
    let folder = site(BLOCKED);
    let (code, out, _) =
        explain(folder.path(), &["02:00:00:00:00:01", "::ffff:203.0.113.7", "--port", "udp/853"]);
    let expected = "02:00:00:00:00:01, which no [[device]] names, to 203.0.113.7 at udp/853: pass
  [defaults] has no policies
";
    assert_eq!((code, out.as_str()), (Some(0), expected));
}

#[test]
fn for_programs_there_is_one_object_on_one_line() {
    let folder = site(BLOCKED);
    let (code, out, _) =
        explain(folder.path(), &["anna-phone", "203.0.113.7", "--port", "tcp/853", "--json"]);
    assert_eq!((code, out.lines().count()), (Some(0), 1));
    let row: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&row["verdict"], &row["entry"]["entry"]), (&"reject".into(), &"tcp/853".into()));
    assert_eq!((&row["device"], &row["mac"]), (&"anna-phone".into(), &"8c:be:be:12:34:56".into()));
}

#[test]
fn what_cannot_be_asked_is_refused_with_the_cure() {
    let folder = site(BLOCKED);
    for (arguments, told) in [
        (["ana-phone", "x.example"], "there is no device `ana-phone`: did you mean `anna-phone`?"),
        (
            ["anna-phone", "https://x.example/y"],
            "`https://x.example/y` is more than a host name; write only the host",
        ),
        (["anna-phone", "10.0.0.0/8"], "`10.0.0.0/8` is a net; ask for one address in it"),
        (["anna-phone", "a..example"], "`a..example` has an empty part between two dots"),
    ] {
        let (code, out, err) = explain(folder.path(), &arguments);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{arguments:?}");
        assert!(err.starts_with(&format!("gateway: {told}")), "{err}");
    }
    assert_eq!(explain(folder.path(), &["anna-phone", "x.example", "--port", "853"]).0, Some(2));
}

#[test]
fn with_mistakes_in_the_files_they_are_told_instead() {
    let folder = site("name = \"a\"\nactoin = \"drop\"\n");
    let (code, out, err) = explain(folder.path(), &["anna-phone", "x.example"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.starts_with("policies/a.toml:2:1: error: unknown key `actoin`"), "{err}");
}

#[test]
fn a_line_of_a_list_decides_and_reaches_no_terminal_unescaped() {
    let list = "[[list]]\npath = \"../l\\u001b[2J.txt\"\nmatch = \"domains\"\n";
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("l\u{1b}[2J.txt"), "ads.example.org\n-\u{1b}[2J..x\n").unwrap();
    fs::write(folder.path().join("gateway.toml"), CONFIG).unwrap();
    fs::create_dir(folder.path().join("policies")).unwrap();
    fs::write(folder.path().join("policies/a.toml"), format!("name = \"a\"\n{list}")).unwrap();
    let (code, out, _) = explain(folder.path(), &["anna-phone", "x.ads.example.org"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("list ../l\\u{1b}[2J.txt, line 1\n"), "{out}");
    let (code, checked, warned) =
        gateway(folder.path(), &["check", "--skip-interfaces", "--config", "gateway.toml"]);
    assert_eq!(code, Some(0), "{warned}");
    assert!(warned.contains("line 2: "), "{warned}");
    assert!([out, checked, warned].iter().all(|text| !text.contains('\u{1b}')));
}

#[test]
fn the_schemas_are_printed_one_by_one_or_together() {
    let folder = TempDir::new().unwrap();
    let schema = |arguments: &[&str]| {
        let (code, out, err) = gateway(folder.path(), &[&["schema"], arguments].concat());
        assert_eq!((code, err.as_str()), (Some(0), ""));
        serde_json::from_str::<serde_json::Value>(&out).unwrap()
    };
    let (config, policy) = (schema(&["config"]), schema(&["policy"]));
    assert_eq!(config["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(policy["$schema"], config["$schema"]);
    assert_eq!(schema(&[]), serde_json::json!({"config": config, "policy": policy}));
    assert_eq!(gateway(folder.path(), &["schema", "device"]).0, Some(2));
}
