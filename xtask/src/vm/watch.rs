//! A long-running program that is watched: its output is shown line by line and kept, its time is limited.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::exec::shown;
use crate::wait::wait_until;

/// What a program left.
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output, without the ends of lines.
    pub lines: Vec<String>,
}

/// Runs a command; each line that it writes to its standard output is shown behind `title` and written to `log`.
/// Fails, and ends the program, when `limit` is over or on Ctrl-C.
pub fn watch(mut command: Command, title: &str, log: &Path, limit: Duration) -> Result<Ended> {
    println!("$ {}", shown(&command));
    let mut log = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let child = command.spawn().with_context(|| format!("cannot start `{}`", shown(&command)))?;
    let mut running = Running(child);
    let output = running.0.stdout.take().context("a program has no standard output")?;
    let prefix = title.to_owned();
    let reader = thread::spawn(move || read(output, &prefix, &mut log));
    let mut status = None;
    wait_until(&format!("{title} ended"), limit, || {
        status = running.0.try_wait().context("cannot wait for a program")?;
        Ok(status.is_some())
    })?;
    let lines = reader.join().map_err(|_| anyhow!("the output of {title} could not be shown"))??;
    Ok(Ended { status: status.context("waited for its end")?, lines })
}

/// Reads lines up to the end; they may end as a terminal's do, and need not be UTF-8.
fn read(output: impl Read, title: &str, log: &mut impl Write) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.with_context(|| format!("cannot read what {title} writes"))?;
        let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
        println!("{title} | {line}");
        writeln!(log, "{line}").context("cannot write a log")?;
        lines.push(line);
    }
    Ok(lines)
}

/// A program that does not outlive its watch.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only where it has ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_terminal_are_kept_without_their_ends() {
        let mut log = Vec::new();
        let lines = read(&b"one\r\n\r\ntwo\nlast \xff"[..], "test", &mut log).expect("bytes can be read");
        assert_eq!(lines, ["one", "", "two", "last \u{fffd}"]);
        assert_eq!(log, "one\n\ntwo\nlast \u{fffd}\n".as_bytes());
    }

    #[test]
    fn a_program_that_does_not_end_in_time_is_ended_and_is_a_failure() {
        let folder = std::env::temp_dir().join(format!("gateway-watch-{}", std::process::id()));
        let mut command = Command::new("sh");
        command.args(["-c", "echo begun; exec cat /dev/zero >&2"]).stderr(Stdio::null());
        let ended = watch(command, "test", &folder, Duration::ZERO);
        std::fs::remove_file(&folder).expect("the log was written");
        assert!(ended.is_err_and(|error| error.to_string().contains("in vain until test ended")));
    }
}
