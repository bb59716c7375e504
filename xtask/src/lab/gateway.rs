//! The real `gateway run`, as a child in the router's namespace.

use std::fmt::Write;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::network::{LAN, Phone};
use crate::wait::wait_until;

/// Where the gateway of a lab serves its metrics, in the router's namespace.
pub const METRICS: &str = "127.0.0.1:9469";

/// How long a daemon may take to end after SIGTERM.
const FAREWELL: Duration = Duration::from_secs(10);

/// The part of the configuration that tests choose.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The folder of the policies.
    pub policies: PathBuf,
    /// Devices and the names of their policies.
    pub devices: Vec<(&'static Phone, Vec<String>)>,
    /// How many phones that are not among them are counted on their own.
    pub track: u32,
    /// More of the file, beginning with a section.
    pub more: String,
}

impl Config {
    /// The configuration file for a lab whose files lie in `folder`.
    pub(super) fn file(&self, folder: &Path, pin: &Path) -> String {
        let mut text = format!(
            "interfaces = {LAN:?}\npolicies = {:?}\npin = {pin:?}\nstate = {:?}\n\n\
             [metrics]\nlisten = {METRICS:?}\n\n\
             [control]\nsocket = {:?}\n\n\
             [defaults]\npolicies = []\n",
            self.policies,
            folder.join("state"),
            folder.join("control.sock"),
        );
        if self.track > 0 {
            writeln!(text, "track = {}", self.track).expect("a string takes every text");
        }
        for (phone, policies) in &self.devices {
            let Phone { name, mac, .. } = phone;
            write!(text, "\n[[device]]\nname = {name:?}\nmac = {mac:?}\npolicies = {policies:?}\n")
                .expect("a string takes every text");
        }
        text + "\n" + &self.more
    }
}

/// A running daemon; dropping it kills it, the filter stays.
#[derive(Debug)]
pub struct Gateway {
    child: Child,
}

impl Gateway {
    /// Starts the daemon by a command made for the router's namespace. It has a process group of its own, so that
    /// Ctrl-C in a terminal reaches the owner of the lab only, who then cleans up in order.
    pub(super) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(log).context("cannot write the log")?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
        let child = command.spawn().context("cannot start the gateway")?;
        Ok(Self { child })
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("cannot ask for the gateway's state")
    }

    /// Tells it to read its policies again.
    pub fn reload(&self) -> Result<()> {
        self.signal(Signal::SIGHUP)
    }

    /// Ends it as a service manager would, and waits until it has ended.
    pub fn terminate(mut self) -> Result<ExitStatus> {
        self.signal(Signal::SIGTERM)?;
        wait_until("the gateway ended after SIGTERM", FAREWELL, || Ok(self.ended()?.is_some()))?;
        self.ended()?.context("the gateway has just ended")
    }

    /// Ends it as a crash would.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill().context("cannot kill the gateway")?;
        self.child.wait().context("cannot wait for the gateway")?;
        Ok(())
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id()).context("no process number")?;
        kill(Pid::from_raw(pid), signal).with_context(|| format!("cannot send {signal} to the gateway"))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Both fail only where there is nothing left to end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::super::network::ANNA;
    use super::*;

    #[test]
    fn the_configuration_is_written_as_the_interface_says() {
        let devices = vec![(&ANNA, vec!["a".into(), "b".into()])];
        let config = Config { policies: "/p".into(), devices, track: 0, more: "[resolve]\n".into() };
        let expected = r#"interfaces = ["lan1", "lan2"]
policies = "/p"
pin = "/sys/fs/bpf/gateway-x"
state = "/tmp/x/state"

[metrics]
listen = "127.0.0.1:9469"

[control]
socket = "/tmp/x/control.sock"

[defaults]
policies = []

[[device]]
name = "anna-phone"
mac = "8c:be:be:12:34:56"
policies = ["a", "b"]

[resolve]
"#;
        assert_eq!(config.file(Path::new("/tmp/x"), Path::new("/sys/fs/bpf/gateway-x")), expected);
    }
}
