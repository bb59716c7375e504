//! Where servers are started: a network and a file system for pins that nobody else sees, and what a process takes.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use tempfile::TempDir;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often is looked whether it is so far. What is measured is as coarse.
const GLANCE: Duration = Duration::from_millis(1);

/// A folder of a run, in a network of its own from then on.
pub struct Lab {
    pub folder: TempDir,
}

impl Lab {
    /// Moves this thread, and what it starts, into a network with nothing but a loopback, and mounts a BPF file system that only
    /// it sees as `bpf` in the folder.
    pub fn new() -> Self {
        unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).unwrap();
        let nothing: Option<&str> = None;
        mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing).unwrap();
        assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap().success());
        let folder = TempDir::new().unwrap();
        let bpf = folder.path().join("bpf");
        fs::create_dir(&bpf).unwrap();
        mount(Some("bpf"), &bpf, Some("bpf"), MsFlags::empty(), nothing).unwrap();
        Self { folder }
    }

    /// Writes a file and returns its path.
    pub fn write(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Or the folder could not be removed.
        let _ = nix::mount::umount(&self.folder.path().join("bpf"));
    }
}

/// A server; dropping it kills it.
pub struct Server(Child);

impl Server {
    /// Starts it; what it says goes to `log`.
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let file = fs::File::create(log).unwrap();
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        Self(command.spawn().unwrap())
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Waits until `is_so`; panics if the server ends before, or after [`PATIENCE`].
    pub fn wait_until(&mut self, log: &Path, mut is_so: impl FnMut() -> bool) {
        let start = Instant::now();
        while !is_so() {
            let ended = self.0.try_wait().unwrap();
            let told = || fs::read_to_string(log).unwrap_or_default();
            assert!(ended.is_none() && start.elapsed() < PATIENCE, "{ended:?}: {}", told());
            sleep(GLANCE);
        }
    }

    /// Its resident memory in millions of bytes: now (`VmRSS`), or the most since the last [`Server::forget_peak`] (`VmHWM`).
    pub fn megabytes(&self, field: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
        let kib: f64 = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap();
        kib * 1024.0 / 1e6
    }

    /// Begins the peak of its memory anew.
    pub fn forget_peak(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.id()), "5").unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only where there is nothing left to end.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
