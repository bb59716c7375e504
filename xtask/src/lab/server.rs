//! A server of the lab: a child that says when it listens, and that ends with its lab.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::LISTENING;

/// A running server; dropping it ends it.
#[derive(Debug)]
pub struct Server {
    child: Child,
}

impl Server {
    /// Starts the server and returns when it listens. What it has to say goes to `log`.
    pub(super) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        // It serves as long as its standard input is open, so it ends with this process however that ends.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(log)?).process_group(0);
        let mut server = Self { child: command.spawn().context("it cannot be started")? };
        let mut line = String::new();
        let said = server.child.stdout.take().context("no standard output")?;
        BufReader::new(said).read_line(&mut line).context("cannot read what it says")?;
        ensure!(line.trim() == LISTENING, "it did not start: {}", fs::read_to_string(log)?.trim());
        Ok(server)
    }
}

impl Server {
    /// Has it do nothing until [`Self::resume`], as a host that is slow.
    pub fn pause(&self) -> Result<()> {
        self.signal(Signal::SIGSTOP)
    }

    /// Has it go on with what has come meanwhile.
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::SIGCONT)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id()).context("no process number")?;
        kill(Pid::from_raw(pid), signal).with_context(|| format!("cannot send {signal}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only where the server has ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
