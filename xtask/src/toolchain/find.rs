//! Which Rusts this machine has: rustup's toolchains, the user's own compiler, the system's.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::choose::Candidate;
use crate::exec;

/// The root folder of the system's Rust.
const SYSTEM: &str = "/usr";

/// Every Rust that was found. One that cannot say its version is none.
pub fn candidates() -> Vec<Candidate> {
    let mut sysroots = rustup_toolchains();
    // A Rust of another kind, in the user's PATH.
    let own = exec::stdout_of(Command::new("rustc").args(["--print", "sysroot"]));
    sysroots.extend(own.map(|path| PathBuf::from(path.trim())));
    sysroots.push(SYSTEM.into());

    let mut found = Vec::<Candidate>::new();
    for sysroot in sysroots {
        if !found.iter().any(|candidate| candidate.sysroot == sysroot) {
            found.extend(inspect(&sysroot));
        }
    }
    found
}

/// The folders of rustup's toolchains, in the order of their names.
fn rustup_toolchains() -> Vec<PathBuf> {
    let home = env::var_os("RUSTUP_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".rustup")));
    let Some(entries) = home.and_then(|home| fs::read_dir(home.join("toolchains")).ok()) else {
        return Vec::new();
    };
    let mut folders: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

fn inspect(sysroot: &Path) -> Result<Candidate> {
    let compiler = sysroot.join("bin/rustc");
    let said = exec::stdout_of(Command::new(&compiler).arg("-vV"))?;
    let field = |key: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
        line.with_context(|| format!("`{} -vV` does not say its `{key}`", compiler.display()))
    };
    let release = field("release")?;
    let name = if sysroot == Path::new(SYSTEM) {
        compiler.display().to_string()
    } else {
        sysroot.file_name().unwrap_or(sysroot.as_os_str()).to_string_lossy().into_owned()
    };
    Ok(Candidate {
        name,
        sysroot: sysroot.to_owned(),
        nightly: release.contains("nightly") || release.contains("dev"),
        source: sysroot.join("lib/rustlib/src/rust/library/core/Cargo.toml").is_file()
            && sysroot.join("bin/cargo").is_file(),
        rustc: release.parse()?,
        llvm: field("LLVM version")?.parse()?,
    })
}
