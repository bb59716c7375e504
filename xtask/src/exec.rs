//! Running other programs: shown as they run, as the user or as root.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use nix::unistd::Uid;

/// Folders of system programs that the `PATH` of a plain user may lack.
const SYSTEM_FOLDERS: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Whether this process runs as root.
pub fn is_root() -> bool {
    Uid::effective().is_root()
}

/// Shows the command, runs it and says how it ended.
pub fn status(command: &mut Command) -> Result<ExitStatus> {
    eprintln!("$ {}", shown(command));
    command.status().with_context(|| format!("cannot start `{}`", shown(command)))
}

/// Shows the command, runs it and fails unless it ends with 0.
pub fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("`{}` failed: {status}", shown(command));
    }
    Ok(())
}

/// Runs the command without a word and returns its standard output; an error carries its standard error.
pub fn stdout_of(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed: {}: {}", shown(command), output.status, said.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` wrote no text", shown(command)))
}

/// The command line as one could type it, with the environment variables that are set for it.
pub fn shown(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(key, value)| {
        value.map(|value| format!("{}={}", key.to_string_lossy(), quoted(&value.to_string_lossy())))
    });
    let words = [command.get_program()].into_iter().chain(command.get_args());
    let words = words.map(|word| quoted(&word.to_string_lossy()));
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

/// One word of a shell's command line.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@^%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    if word.chars().any(char::is_control) {
        let escaped = word.escape_default().to_string().replace("\\\"", "\"").replace("\\u{1f}", "\\x1f");
        return format!("$'{escaped}'");
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The user's own cargo, with nothing of what `cargo run` told this process.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    forget_this_package(&mut command);
    command.current_dir(crate::paths::workspace());
    command
}

/// Removes what cargo told this process about the package `xtask`: build scripts (ring's among them) watch these
/// variables, and would be run again each time that cargo is called now from here and now from a shell.
pub fn forget_this_package(command: &mut Command) {
    for (key, _) in env::vars_os() {
        let name = key.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&key);
        }
    }
}

/// A command that runs `program` as root: directly, or by `sudo` with the variables named in `keep`.
pub fn as_root(program: impl AsRef<OsStr>, keep: &[(&str, &OsStr)]) -> Result<Command> {
    if is_root() {
        let mut command = Command::new(program);
        command.envs(keep.iter().copied());
        return Ok(command);
    }
    let sudo = find_program("sudo").ok_or_else(|| {
        anyhow!(
            "not root and no `sudo`: `{}` cannot run: install sudo or become root",
            program.as_ref().display()
        )
    })?;
    let mut command = Command::new(sudo);
    // `sudo -E` may be forbidden by the sudoers file; `env` is a program like any other.
    command.arg("env");
    for (key, value) in keep {
        let mut word = std::ffi::OsString::from(key);
        word.push("=");
        word.push(value);
        command.arg(word);
    }
    command.arg(program);
    Ok(command)
}

/// Where a program lies, looked for in `PATH` and in the folders of system programs.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(SYSTEM_FOLDERS.iter().map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|file| is_program(file))
}

/// A command for a program that `setup` has made sure of.
pub fn tool(name: &str) -> Result<Command> {
    let file = find_program(name)
        .ok_or_else(|| anyhow!("`{name}` is missing: the lab cannot be built: run `cargo xtask setup`"))?;
    Ok(Command::new(file))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_could_type_it() {
        let mut command = Command::new("cargo");
        command.args(["build", "--cfg", "a=\"b c\"", ""]).env("A", "1\u{1f}\"2\"").env_remove("B");
        assert_eq!(shown(&command), r#"A=$'1\x1f"2"' cargo build --cfg 'a="b c"' ''"#);
    }

    #[test]
    fn a_failing_command_tells_what_it_said() {
        let error = stdout_of(Command::new("sh").args(["-c", "echo no luck >&2; exit 3"]))
            .expect_err("the command exits with 3");
        assert!(error.to_string().ends_with("exit status: 3: no luck"), "{error}");
    }

    #[test]
    fn programs_are_found_and_missing_ones_are_not() {
        assert!(find_program("sh").is_some());
        assert!(find_program("no-such-program-anywhere").is_none());
    }
}
