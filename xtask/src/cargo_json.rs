//! What cargo says with `--message-format=json`: which programs it made.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::exec::shown;

/// A program that cargo made.
#[derive(Debug, PartialEq, Eq)]
pub struct Executable {
    /// The name of its target.
    pub name: String,
    /// `bin` or `test`.
    pub kind: String,
    /// The folder of its package.
    pub package: PathBuf,
    /// The program itself.
    pub file: PathBuf,
}

/// Shows and runs a `cargo build` or `cargo test --no-run` and returns the programs that it made.
pub fn executables(command: &mut Command) -> Result<Vec<Executable>> {
    eprintln!("$ {}", shown(command));
    // Warnings and errors go to standard error, in colour, as without JSON.
    command.arg("--message-format=json-render-diagnostics").stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start `{}`", shown(command)))?;
    let output = child.stdout.take().context("cargo has no standard output")?;
    let mut made = Vec::new();
    for line in BufReader::new(output).lines() {
        made.extend(executable(&line.context("cannot read what cargo says")?));
    }
    let status = child.wait().context("cannot wait for cargo")?;
    if !status.success() {
        bail!("`{}` failed: {status}", shown(command));
    }
    Ok(made)
}

/// The program that a line tells of, if it tells of one.
fn executable(line: &str) -> Option<Executable> {
    let message: Value = serde_json::from_str(line).ok()?;
    let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str);
    let manifest = PathBuf::from(text("/manifest_path")?);
    Some(Executable {
        name: text("/target/name")?.to_owned(),
        kind: text("/target/kind/0")?.to_owned(),
        package: manifest.parent()?.to_owned(),
        file: PathBuf::from(text("/executable")?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_read_from_the_message_about_it() {
        let line = r#"{"reason":"compiler-artifact","manifest_path":"/w/gateway/Cargo.toml",
            "target":{"kind":["test"],"name":"netns"},"executable":"/w/target/debug/deps/netns-1f"}"#;
        let expected = Executable {
            name: "netns".into(),
            kind: "test".into(),
            package: "/w/gateway".into(),
            file: "/w/target/debug/deps/netns-1f".into(),
        };
        assert_eq!(executable(line), Some(expected));
    }

    #[test]
    fn messages_about_other_things_are_passed_over() {
        for line in [
            r#"{"reason":"compiler-artifact","manifest_path":"/w/a/Cargo.toml",
                "target":{"kind":["lib"],"name":"a"},"executable":null}"#,
            r#"{"reason":"build-finished","success":true}"#,
            "not JSON at all",
        ] {
            assert_eq!(executable(line), None, "{line}");
        }
    }
}
