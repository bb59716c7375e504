//! The tools that compile the eBPF half: a Rust with the source of `core`, bpf-linker, and an LLVM for it.

pub mod choose;
pub mod find;
pub mod llvm;
pub mod version;

use std::env::consts::ARCH;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{exec, paths};
use version::Version;

/// The major version of LLVM that bpf-linker 0.10 speaks to. It loads LLVM as a shared library at run time, and a
/// newer one has other debug-information calls.
pub const LINKER_LLVM: u32 = 22;

/// The target of the eBPF half.
pub const TARGET: &str = "bpfel-unknown-none";

/// The target of programs for this machine, as cargo-fuzz names it.
pub const HOST: &str =
    if cfg!(target_arch = "aarch64") { "aarch64-unknown-linux-gnu" } else { "x86_64-unknown-linux-gnu" };

/// What compiles the eBPF half.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// A line that tells a person which Rust this is.
    pub about: String,
    /// Its cargo.
    pub cargo: PathBuf,
    /// Its compiler.
    pub rustc: PathBuf,
    /// Whether it is a stable one that must be told to accept `-Z build-std`.
    pub bootstrap: bool,
    /// bpf-linker.
    pub linker: PathBuf,
    /// The LLVM that the linker loads.
    pub llvm_lib: PathBuf,
}

impl Toolchain {
    /// The folder that holds a link to [`Self::llvm_lib`] and nothing else: the linker takes the first `libLLVM*` of
    /// a folder, and a system's folder may hold several.
    pub fn llvm_folder() -> PathBuf {
        paths::tools().join("llvm")
    }

    /// `cargo build` for the eBPF half, without a package.
    pub fn cargo_build(&self) -> Result<Command> {
        let mut command = Command::new(&self.cargo);
        exec::forget_this_package(&mut command);
        // The user's choices of compiler and flags are for the host.
        for variable in ["RUSTUP_TOOLCHAIN", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTFLAGS", "CARGO"]
        {
            command.env_remove(variable);
        }
        command
            .current_dir(paths::workspace())
            .args(["build", "-Z", "build-std=core", "--target", TARGET, "--release"])
            .arg("--target-dir")
            .arg(paths::bpf())
            .env("RUSTC", &self.rustc)
            .env("CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER", &self.linker)
            .env("CARGO_ENCODED_RUSTFLAGS", flags(ARCH)?)
            .env("LD_LIBRARY_PATH", Self::llvm_folder());
        if self.bootstrap {
            command.env("RUSTC_BOOTSTRAP", "1");
        }
        Ok(command)
    }
}

/// The compiler's flags: aya-ebpf chooses register names by `bpf_target_arch`, and BTF is made from debug information.
fn flags(arch: &str) -> Result<String> {
    if !matches!(arch, "x86_64" | "aarch64") {
        bail!("gateway runs on x86_64 and aarch64, not on {arch}");
    }
    Ok([&format!("--cfg=bpf_target_arch=\"{arch}\""), "-Cdebuginfo=2", "-Clink-arg=--btf"].join("\u{1f}"))
}

/// The oldest Rust that compiles the workspace.
pub fn oldest_rust() -> Version {
    env!("CARGO_PKG_RUST_VERSION").parse().expect("cargo checks rust-version in the manifest")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_supported_architectures_have_flags_and_others_a_message() {
        assert!(flags("x86_64").expect("supported").starts_with("--cfg=bpf_target_arch=\"x86_64\"\u{1f}-C"));
        assert!(flags("aarch64").is_ok());
        let error = flags("riscv64").expect_err("not supported");
        assert!(error.to_string().contains("not on riscv64"), "{error}");
    }
}
