//! Where things lie in the workspace.

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in a folder of the workspace")
}

/// The folder that holds what the eBPF build makes. It is the workspace's own `target` even where `CARGO_TARGET_DIR`
/// points elsewhere, because `gateway/build.rs` looks for the object here.
pub fn bpf() -> PathBuf {
    workspace().join("target/bpf")
}

/// The eBPF object that `gateway` embeds.
pub fn bpf_object() -> PathBuf {
    bpf().join("gateway.o")
}

/// The folder of the tools that `setup` installs for this workspace alone.
pub fn tools() -> PathBuf {
    workspace().join("target/tools")
}

/// The folder of the kernels, of QEMU and of what virtual machines leave.
pub fn vm() -> PathBuf {
    workspace().join("target/vm")
}

/// The folder into which Prometheus is unpacked.
pub fn prometheus() -> PathBuf {
    workspace().join("target/prometheus")
}

/// The dashboard and the alerts that ship.
pub fn grafana() -> PathBuf {
    workspace().join("grafana")
}

/// The folder of what fuzz targets find.
pub fn fuzz() -> PathBuf {
    workspace().join("target/fuzz")
}

/// The folder of cargo's for fuzz targets: their flags are of their own, and so must be what is built with them.
pub fn fuzz_programs() -> PathBuf {
    fuzz().join("build")
}

/// The policies that ship.
pub fn shipped_policies() -> PathBuf {
    workspace().join("policies")
}
