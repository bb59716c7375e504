//! What a phone sends, recorded at its end of the wire, where the filter has not seen it yet.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Lab;
use super::network::Phone;
use crate::exec;
use crate::wait::wait_until;

/// How long tcpdump may take to begin.
const BEGIN: Duration = Duration::from_secs(10);

/// A recording that goes on.
#[derive(Debug)]
pub struct Capture {
    child: Child,
    file: PathBuf,
}

impl Lab {
    /// Begins to record what a phone sends, as far as the `filter` (pcap-filter(7)) has it; an empty one has everything.
    pub fn capture(&self, phone: &Phone, filter: &str) -> Result<Capture> {
        let (file, log) = (self.file("capture.pcap"), self.file("tcpdump.log"));
        let mut tcpdump = self.phone(phone, exec::tool("tcpdump")?.get_program())?;
        // `-Z`: it would become a user who may not write to the lab's folder.
        tcpdump.args(["-i", "eth0", "-Q", "out", "-s", "0", "--immediate-mode", "-U", "-Z", "root", "-w"]);
        tcpdump.arg(&file).arg(filter).stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
        let child = tcpdump.process_group(0).spawn().context("cannot start tcpdump")?;
        let mut capture = Capture { child, file };
        wait_until("tcpdump recorded", BEGIN, || {
            let said = fs::read_to_string(&log)?;
            match capture.child.try_wait()? {
                Some(status) => bail!("it ended: {status}: {said}"),
                None => Ok(said.contains("listening on")),
            }
        })?;
        Ok(capture)
    }
}

impl Capture {
    /// How many bytes were recorded.
    pub fn bytes(&self) -> Result<u64> {
        Ok(fs::metadata(&self.file).context("no recording")?.len())
    }

    /// Ends the recording; where its file lies.
    pub fn end(mut self) -> Result<PathBuf> {
        let pid = i32::try_from(self.child.id()).context("no process number")?;
        // On SIGTERM it writes what it has.
        kill(Pid::from_raw(pid), Signal::SIGTERM).context("cannot end tcpdump")?;
        let status = self.child.wait().context("cannot wait for tcpdump")?;
        ensure!(status.success(), "tcpdump ended with {status}");
        Ok(self.file.clone())
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // Both fail only where it has ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
