//! Which of the Rusts that were found compiles the eBPF half. Pure: facts in, choice or reasons out.

use std::path::PathBuf;

use super::version::Version;
use super::{LINKER_LLVM, oldest_rust};

/// One Rust on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What a person calls it: `nightly-x86_64-unknown-linux-gnu`, or the path of its compiler.
    pub name: String,
    /// Its root folder.
    pub sysroot: PathBuf,
    /// Whether it accepts `-Z build-std` by itself.
    pub nightly: bool,
    /// Whether it has the source of `core`.
    pub source: bool,
    /// The version of its compiler.
    pub rustc: Version,
    /// The version of its compiler's LLVM.
    pub llvm: Version,
}

impl Candidate {
    /// Why this Rust cannot compile the eBPF half.
    fn defect(&self) -> Option<String> {
        if !self.source {
            return Some("has no source of `core` (rust-src)".to_owned());
        }
        if self.rustc < oldest_rust() {
            return Some(format!("is {}, older than {}", self.rustc, oldest_rust()));
        }
        if self.llvm.major > LINKER_LLVM {
            return Some(format!("has LLVM {}, newer than bpf-linker's LLVM {LINKER_LLVM}", self.llvm));
        }
        None
    }
}

/// The first nightly that will do, else the first other one; or why each of them will not do.
pub fn choose(candidates: &[Candidate]) -> Result<&Candidate, Vec<String>> {
    let fit = || candidates.iter().filter(|candidate| candidate.defect().is_none());
    fit().find(|candidate| candidate.nightly).or_else(|| fit().next()).ok_or_else(|| {
        let said = |candidate: &Candidate| candidate.defect().map(|why| format!("{} {why}", candidate.name));
        candidates.iter().filter_map(said).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(name: &str, nightly: bool, source: bool, rustc: &str, llvm: &str) -> Candidate {
        let version = |text: &str| text.parse().expect("a version");
        Candidate {
            name: name.to_owned(),
            sysroot: PathBuf::from("/").join(name),
            nightly,
            source,
            rustc: version(rustc),
            llvm: version(llvm),
        }
    }

    #[test]
    fn a_nightly_with_source_comes_before_debians_stable() {
        let found = [
            candidate("debian", false, true, "1.96.0", "22.1.8"),
            candidate("nightly", true, true, "1.97.0-nightly", "22.1.4"),
        ];
        assert_eq!(choose(&found).expect("both would do").name, "nightly");
    }

    #[test]
    fn debians_stable_is_taken_when_the_nightly_has_no_source() {
        let found = [
            candidate("nightly", true, false, "1.97.0-nightly", "22.1.4"),
            candidate("stable", false, false, "1.95.0", "22.1.2"),
            candidate("debian", false, true, "1.96.0", "22.1.8"),
        ];
        assert_eq!(choose(&found).expect("debian would do").name, "debian");
    }

    #[test]
    fn each_rust_that_will_not_do_has_its_reason() {
        let found = [
            candidate("nightly", true, false, "1.97.0-nightly", "22.1.4"),
            candidate("future", true, true, "1.99.0-nightly", "23.1.0"),
            candidate("debian", false, true, "1.85.0", "19.1.7"),
        ];
        let reasons = choose(&found).expect_err("none will do");
        assert_eq!(
            reasons,
            [
                "nightly has no source of `core` (rust-src)",
                "future has LLVM 23.1.0, newer than bpf-linker's LLVM 22",
                "debian is 1.85.0, older than 1.95.0",
            ]
        );
    }

    #[test]
    fn a_machine_without_any_rust_gives_no_reasons() {
        assert_eq!(choose(&[]), Err(Vec::new()));
    }
}
