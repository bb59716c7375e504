//! What a virtual machine holds: xtask as `init`, the test program, `ip`, their libraries, and the files that tests read.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::cpio::Archive;
use super::guest::PLAN;
use crate::cargo_json::Executable;
use crate::{exec, paths};

/// Folders of the workspace that tests may read; they lie in the machine where they lie here.
const DATA: [&str; 4] = ["policies", "gateway/tests", "gateway/fuzz", "gateway-common/fuzz"];

/// Builds the archive in which `test` is run with these arguments; `scratch` is a folder for its parts.
pub fn build(test: &Executable, arguments: &[OsString], scratch: &Path) -> Result<Vec<u8>> {
    let mut archive = Archive::new();
    // Before devtmpfs is mounted, the kernel opens the console for `init`.
    archive.character_device(Path::new("/dev/console"), 0o600, (5, 1))?;
    let xtask = env::current_exe().context("cannot find xtask itself")?;
    let ip = exec::find_program("ip").context("`ip` is missing: run `cargo xtask setup`")?;
    program(&mut archive, &without_debug_information(&xtask, scratch)?, Path::new("/init"))?;
    program(&mut archive, &without_debug_information(&test.file, scratch)?, &test.file)?;
    program(&mut archive, &ip, Path::new("/sbin/ip"))?;
    for folder in DATA {
        tree(&mut archive, &paths::workspace().join(folder))?;
    }
    archive.folder(&test.package)?;
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    let plan = json!({ "program": test.file, "folder": test.package, "arguments": words });
    archive.file(Path::new(PLAN), 0o644, plan.to_string().as_bytes())?;
    archive.finish()
}

/// Adds a program and the shared libraries that it needs.
fn program(archive: &mut Archive, file: &Path, at: &Path) -> Result<()> {
    archive.file(at, 0o755, &read(file)?)?;
    for library in libraries(&exec::stdout_of(Command::new("ldd").arg(file))?)? {
        archive.file(&library, 0o755, &read(&library)?)?;
    }
    Ok(())
}

/// Adds a folder with all in it.
fn tree(archive: &mut Archive, folder: &Path) -> Result<()> {
    archive.folder(folder)?;
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        let data = fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if data.is_dir() {
            tree(archive, &path)?;
        } else {
            archive.file(&path, data.permissions().mode() & 0o777, &read(&path)?)?;
        }
    }
    Ok(())
}

/// A copy of a program that keeps the names of its functions and no more: what a debugger wants is nine tenths of it.
fn without_debug_information(file: &Path, scratch: &Path) -> Result<PathBuf> {
    let copy = scratch.join(file.file_name().context("a program has a name")?);
    exec::stdout_of(Command::new("strip").args(["--strip-debug", "-o"]).arg(&copy).arg(file))
        .context("`strip`, which comes with every C compiler, cannot make a program small")?;
    Ok(copy)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// The files that ldd lists: `libc.so.6 => /lib/libc.so.6 (0x7f…)`, and the loader as `/lib64/ld-linux.so.2 (0x7f…)`.
fn libraries(said: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for line in said.lines() {
        ensure!(!line.contains("not found"), "a library is missing: {}", line.trim());
        let path = line.split_whitespace().find(|word| word.starts_with('/'));
        found.extend(path.map(PathBuf::from));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_and_the_loader_are_read_and_the_kernels_own_page_is_not() {
        let said = "\tlinux-vdso.so.1 (0x00007f94)\n\tlibc.so.6 => /lib/x/libc.so.6 (0x00007f94)\n\
                    \t/lib64/ld-linux-x86-64.so.2 (0x00007f94)\n";
        let expected = ["/lib/x/libc.so.6", "/lib64/ld-linux-x86-64.so.2"].map(PathBuf::from);
        assert_eq!(libraries(said).expect("nothing is missing"), expected);
    }

    #[test]
    fn a_library_that_is_missing_is_told() {
        let error = libraries("\tlibnl-3.so.200 => not found\n").expect_err("it is missing");
        assert_eq!(error.to_string(), "a library is missing: libnl-3.so.200 => not found");
    }
}
