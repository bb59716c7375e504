//! `gateway init`, run as scripts run it: without a terminal.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests may fail by a panic as the tests do")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Exit code, standard output and standard error, run in the folder.
fn init(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.args(["init", "--config", "etc/gateway.toml"]).args(arguments).current_dir(folder);
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn without_a_terminal_what_was_not_said_is_told_with_the_options_and_the_exit_code_is_2() {
    let folder = TempDir::new().unwrap();
    let (code, out, err) = init(folder.path(), &["--no-devices"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    let told = "gateway: there is no terminal to ask on; say --interface IF and --default-policies POLICY (or \"\" for none), or \
                --yes for what is probably right\n";
    assert!(err.ends_with(told), "{err}");
    assert!(is_empty(folder.path()));
}

#[test]
fn what_was_said_wrongly_is_told_and_nothing_is_written() {
    let folder = TempDir::new().unwrap();
    let rest = ["--no-devices", "--default-policies", ""];
    let with = |words: &[&str]| init(folder.path(), &[words, &rest].concat());
    for (words, code, told) in [
        (&["--interface", "nope0"][..], 1, "--interface: there is no interface `nope0`; the interfaces are "),
        (&["--interface", "lo"], 1, "--interface: `lo` has no MAC addresses by which devices could be known"),
        (
            &["--interface", "lo", "--policies-from", "nope"],
            1,
            "cannot read the policies in nope: No such file",
        ),
        (&["--device", "tv=02:00:00:00:00:01"], 2, "cannot be used with"),
    ] {
        let (exit, out, err) = with(words);
        assert_eq!((exit, out.as_str()), (Some(code), ""), "{words:?}: {err}");
        assert!(err.contains(told), "{words:?}: {err}");
    }
    let (exit, _, err) = init(folder.path(), &["--device", "tv=8c:be:be"]);
    assert_eq!(exit, Some(2));
    assert!(err.contains("`8c:be:be` is not a MAC address; write six bytes"), "{err}");
    assert!(is_empty(folder.path()));
}

#[test]
fn a_configuration_that_is_there_is_told_before_anything_else() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("etc")).unwrap();
    let file = folder.path().join("etc/gateway.toml");
    fs::write(&file, "mine").unwrap();
    let (code, _, err) = init(folder.path(), &[]);
    assert_eq!(code, Some(1));
    assert!(err.contains("etc/gateway.toml is there already; --force writes a new one"), "{err}");
    assert_eq!(fs::read_to_string(file).unwrap(), "mine");
}
