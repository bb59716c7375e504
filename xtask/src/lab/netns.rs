//! A network namespace that goes away with its owner.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::exec::{self, tool};

/// A network namespace; dropping it removes it and every interface in it.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes a namespace; fails if there is one of that name.
    pub fn create(name: String) -> Result<Self> {
        exec::stdout_of(tool("ip")?.args(["netns", "add", &name]))?;
        Ok(Self { name })
    }

    /// Its name, as `ip netns` knows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn file(&self) -> PathBuf {
        Path::new("/run/netns").join(&self.name)
    }

    /// A command that runs a program inside. `ip netns exec` would mount another /sys over ours, and the pinned filter
    /// in /sys/fs/bpf would be out of sight; `nsenter` changes the network alone, and becomes the program.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Result<Command> {
        let mut command = tool("nsenter")?;
        let mut namespace = std::ffi::OsString::from("--net=");
        namespace.push(self.file());
        command.arg(namespace).arg("--").arg(program);
        Ok(command)
    }

    /// Gives `ip` a list of its commands, one a line.
    pub fn ip(&self, lines: &str) -> Result<()> {
        let mut command = tool("ip")?;
        command.args(["-netns", &self.name, "-batch", "-"]);
        let mut child =
            command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().context("cannot start ip")?;
        child.stdin.take().context("ip has no standard input")?.write_all(lines.as_bytes())?;
        let output = child.wait_with_output().context("cannot wait for ip")?;
        if !output.status.success() {
            bail!(
                "`ip` failed in {}: {}: {lines}",
                self.name,
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(())
    }

    /// Sets settings below /proc/sys/net, which belong to the namespace of whoever opens them.
    pub fn sysctl(&self, settings: &[(&str, &str)]) -> Result<()> {
        for (key, value) in settings {
            let script = format!("echo {value} >/proc/sys/net/{key}");
            exec::stdout_of(self.command("sh")?.args(["-c", &script]))?;
        }
        Ok(())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let removed = tool("ip").and_then(|mut ip| exec::stdout_of(ip.args(["netns", "delete", &self.name])));
        if let Err(error) = removed {
            eprintln!("cannot remove the network namespace {}: {error:#}", self.name);
        }
    }
}
