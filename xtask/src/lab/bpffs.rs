//! The file system in which the gateway pins its programs and maps.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result, anyhow};
use nix::sys::statfs::{BPF_FS_MAGIC, statfs};

use crate::exec::{self, tool};

/// Where every distribution mounts it.
const MOUNT: &str = "/sys/fs/bpf";

/// Mounts bpffs where it belongs unless it is mounted, as root. It stays mounted, as systemd would have it.
pub fn mount() -> Result<()> {
    // Of two labs that start at once, the second would mount over what the first has pinned.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().map_err(|_| anyhow!("another lab failed while it mounted {MOUNT}"))?;
    let status = statfs(MOUNT).with_context(|| format!("{MOUNT} is missing: has this kernel no eBPF?"))?;
    if status.filesystem_type() == BPF_FS_MAGIC {
        return Ok(());
    }
    let mount = tool("mount")?;
    exec::stdout_of(exec::as_root(mount.get_program(), &[])?.args(["-t", "bpf", "bpf", MOUNT]))?;
    Ok(())
}

/// The folder for the pins of the lab with this name.
pub fn pin_folder(lab: &str) -> PathBuf {
    Path::new(MOUNT).join(format!("gateway-{lab}"))
}
