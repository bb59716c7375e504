//! Finds the eBPF object that `cargo xtask build` left, for `load.rs` to include.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default();
    println!("cargo::rerun-if-env-changed=GATEWAY_BPF_OBJECT");
    let object = std::env::var_os("GATEWAY_BPF_OBJECT")
        .map_or_else(|| root.join("target/bpf/gateway.o"), PathBuf::from);
    println!("cargo::rerun-if-changed={}", object.display());
    let Ok(built) = fs::metadata(&object).and_then(|data| data.modified()) else {
        println!("cargo::error=no eBPF object at {}: run `cargo xtask build`", object.display());
        return;
    };
    for half in ["gateway-ebpf/src", "gateway-common/src"] {
        println!("cargo::rerun-if-changed={}", root.join(half).display());
    }
    // A change of the kernel half that is not in the object would be tested and shipped unseen.
    if std::env::var_os("GATEWAY_BPF_FRESH").is_none() && newest(&root.join("gateway-ebpf/src")) > Some(built)
    {
        println!("cargo::warning=the eBPF object is older than gateway-ebpf/src: run `cargo xtask build`");
    }
    println!("cargo::rustc-env=GATEWAY_BPF_OBJECT={}", object.display());
}

fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    entries
        .filter_map(|entry| {
            let data = entry.metadata().ok()?;
            if data.is_dir() { newest(&entry.path()) } else { data.modified().ok() }
        })
        .max()
}
