//! The first process of a virtual machine: mounts what tests need, runs them, tells how they ended, and is gone.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{self, Command, Stdio};

use anyhow::{Context, Result, ensure};
use nix::fcntl::OFlag;
use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::termios::tcdrain;
use serde_json::Value;

use super::REUSE_VARIABLE;
use super::qemu::{TESTS_PORT, VERDICT_PORT};
use crate::exec;

/// Where the initramfs says what to run.
pub const PLAN: &str = "/plan.json";

/// The folders of programs in the machine.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// What tests expect to be mounted: file system and folder.
const MOUNTS: [(&str, &str); 4] =
    [("devtmpfs", "/dev"), ("proc", "/proc"), ("sysfs", "/sys"), ("bpf", "/sys/fs/bpf")];

/// What the kernel says of its own types; without it no program that names one can be loaded.
const BTF: &str = "/sys/kernel/btf/vmlinux";

/// Runs as `init`. Returns only on a machine that is no such guest.
pub fn run() -> Result<()> {
    ensure!(
        process::id() == 1 && Path::new(PLAN).exists(),
        "`vm-guest` is for the virtual machines of `cargo xtask vm`"
    );
    let verdict = match prepare().and_then(|()| tests()) {
        Ok(code) => format!("exit {code}"),
        Err(error) => format!("error {error:#}"),
    };
    if let Err(error) = tell(&verdict) {
        eprintln!("cannot tell `{verdict}`: {error:#}");
    }
    // QEMU is told to end where a machine would start again.
    reboot(RebootMode::RB_AUTOBOOT).context("cannot end the machine")?;
    Ok(())
}

fn prepare() -> Result<()> {
    for (kind, folder) in MOUNTS {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {folder}"))?;
        mount(Some(kind), folder, Some(kind), MsFlags::empty(), None::<&str>)
            .with_context(|| format!("cannot mount {kind} at {folder}"))?;
    }
    fs::create_dir_all("/tmp").context("cannot make /tmp")?;
    ensure!(Path::new(BTF).exists(), "this kernel has no BTF ({BTF})");
    exec::stdout_of(exec::tool("ip")?.args(["link", "set", "lo", "up"]))?;
    Ok(())
}

/// Runs the tests; their exit code. Both their outputs go to the port for it, in the order in which they are written.
fn tests() -> Result<i32> {
    let plan = fs::read(PLAN).with_context(|| format!("cannot read {PLAN}"))?;
    let plan: Value = serde_json::from_slice(&plan).with_context(|| format!("{PLAN} is no JSON"))?;
    let text = |key: &str| plan[key].as_str().with_context(|| format!("{PLAN} does not say `{key}`"));
    let arguments =
        plan["arguments"].as_array().with_context(|| format!("{PLAN} does not say `arguments`"))?;
    let output = port(TESTS_PORT)?;
    let copy = || output.try_clone().map(Stdio::from).context("cannot share a serial port");
    let status = Command::new(text("program")?)
        .args(arguments.iter().filter_map(Value::as_str))
        .current_dir(text("folder")?)
        .env("CARGO_MANIFEST_DIR", text("folder")?)
        .env("PATH", PATH)
        .env(REUSE_VARIABLE, "1")
        .stdin(Stdio::null())
        .stdout(copy()?)
        .stderr(copy()?)
        .status()
        .context("cannot start the tests")?;
    tcdrain(&output).context("cannot wait for a serial port")?;
    status.code().with_context(|| format!("the tests ended by {status}"))
}

fn tell(verdict: &str) -> Result<()> {
    use std::io::Write;
    let mut port = port(VERDICT_PORT)?;
    writeln!(port, "{verdict}").context("cannot write to a serial port")?;
    tcdrain(&port).context("cannot wait for a serial port")
}

/// A serial port, open for writing.
fn port(number: u32) -> Result<File> {
    let path = format!("/dev/ttyS{number}");
    let flags = OFlag::O_NOCTTY.bits();
    OpenOptions::new()
        .write(true)
        .custom_flags(flags)
        .open(&path)
        .with_context(|| format!("cannot open {path}"))
}
