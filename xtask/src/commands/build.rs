//! `cargo xtask build`: the eBPF object, then the gateway that embeds it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSymbol};

use super::setup;
use crate::toolchain::{TARGET, Toolchain};
use crate::{cargo_json, exec, paths};

/// The package of the eBPF half, and its object.
const EBPF: &str = "gateway-ebpf";

/// Arguments of `cargo xtask build`.
#[derive(clap::Args)]
pub struct Args {
    /// Build the gateway with the release profile (the eBPF object always has it)
    #[arg(long)]
    pub release: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    let toolchain = setup::toolchain()?;
    let object = ebpf(&toolchain)?;
    let program = gateway(args.release)?;
    println!("built {} and {}", object.display(), program.display());
    Ok(())
}

/// Builds the eBPF object; returns where it lies.
pub fn ebpf(toolchain: &Toolchain) -> Result<PathBuf> {
    let made = object(toolchain, EBPF)?;
    let bytes = fs::read(&made).with_context(|| format!("cannot read {}", made.display()))?;
    let panics = panics(&bytes).with_context(|| format!("{} is no eBPF object", made.display()))?;
    ensure!(
        panics.is_empty(),
        "{} can panic: no kernel can run that: remove the bounds check or arithmetic that calls {}",
        made.display(),
        panics.join(", ")
    );
    let object = paths::bpf_object();
    replace_if_changed(&object, &bytes)?;
    Ok(object)
}

/// Builds an object that the filter is measured with; returns where it lies.
pub fn bench(toolchain: &Toolchain, name: &str) -> Result<PathBuf> {
    object(toolchain, name)
}

/// Builds an object of the eBPF half.
fn object(toolchain: &Toolchain, name: &str) -> Result<PathBuf> {
    exec::run(toolchain.cargo_build()?.args(["--package", EBPF, "--bin", name]))?;
    Ok(paths::bpf().join(TARGET).join("release").join(name))
}

/// Builds the gateway with the user's Rust; returns where its program lies.
pub fn gateway(release: bool) -> Result<PathBuf> {
    let mut build = exec::cargo();
    build.args(["build", "--package", "gateway"]);
    if release {
        build.arg("--release");
    }
    let made = cargo_json::executables(&mut build)?;
    let program = made.into_iter().find(|made| made.name == "gateway" && made.kind == "bin");
    Ok(program.context("cargo built no program `gateway`")?.file)
}

/// Builds the client and server of HTTP/3 that the end-to-end tests start, beside this program.
pub fn peer() -> Result<()> {
    // Of all packages, so that what it depends on has the features that it has everywhere: its cryptography takes a
    // minute to compile, once.
    exec::run(exec::cargo().args(["build", "--workspace", "--exclude", EBPF, "--bin", "lab-peer"]))
}

/// The symbols defined in the object that belong to panics. A panic that the compiler could not rule out leaves them.
fn panics(object: &[u8]) -> Result<Vec<String>> {
    let file = object::File::parse(object)?;
    let names = file.symbols().filter(ObjectSymbol::is_definition).filter_map(|symbol| symbol.name().ok());
    Ok(names.filter(|name| name.contains("panic")).map(str::to_owned).collect())
}

/// Writes the file only if that changes it: cargo compiles the gateway again whenever its object is newer.
fn replace_if_changed(file: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(file).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_of_panics_are_found_where_there_are_any() {
        // This test can panic, so its own program has them.
        let program = fs::read(std::env::current_exe().expect("a path")).expect("a readable program");
        let found = panics(&program).expect("an ELF file");
        assert!(found.iter().any(|name| name.contains("panic")), "{} found", found.len());
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert!(panics(b"no object").is_err());
    }
}
