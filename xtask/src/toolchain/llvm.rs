//! The LLVM shared library that bpf-linker loads.

use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};

use super::LINKER_LLVM;
use super::choose::Candidate;

/// The library for the linker: that of the Rust that makes the bitcode if it has one, else any other of the same major
/// version (within one, LLVM reads what a later patch wrote).
pub fn find(chosen: &Candidate, others: &[Candidate]) -> Option<PathBuf> {
    let mut folders = folders_of(&chosen.sysroot);
    folders.extend(others.iter().flat_map(|other| folders_of(&other.sysroot)));
    folders.extend(folders_of(Path::new("/usr")));
    folders.iter().flat_map(|folder| libraries(folder)).next()
}

/// Where the libraries of a Rust lie: its own folder, and for the system's also those of Debian and Ubuntu.
fn folders_of(sysroot: &Path) -> Vec<PathBuf> {
    let lib = sysroot.join("lib");
    let multiarch = lib.join(format!("{ARCH}-linux-gnu"));
    let versioned = lib.join(format!("llvm-{LINKER_LLVM}/lib"));
    vec![lib, multiarch, versioned]
}

fn libraries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    files.sort();
    // Rust's toolchains also hold a linker script of the library's name.
    files.retain(|file| is_linkers(file) && is_elf(file));
    files
}

fn is_linkers(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    name.and_then(major) == Some(LINKER_LLVM)
}

fn is_elf(file: &Path) -> bool {
    use std::io::Read;
    let mut magic = [0; 4];
    fs::File::open(file).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == *b"\x7fELF"
}

/// The major version in the name of an LLVM library.
fn major(file_name: &str) -> Option<u32> {
    let rest = file_name.strip_prefix("libLLVM")?;
    let rest = rest.strip_prefix(".so.").or_else(|| rest.strip_prefix('-'))?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_library_is_read_from_its_name() {
        for (name, expected) in [
            ("libLLVM.so.22.1", Some(22)),
            ("libLLVM-22.so", Some(22)),
            ("libLLVM.so.22.1-rust-1.95.0-stable", Some(22)),
            ("libLLVM-22-rust-1.97.0-nightly.so", Some(22)),
            ("libLLVM-14.0.6.so.1", Some(14)),
            ("libLLVM.so", None),
            ("libLLVMCore.a", None),
            ("libLTO.so.22.1", None),
        ] {
            assert_eq!(major(name), expected, "{name}");
        }
    }
}
