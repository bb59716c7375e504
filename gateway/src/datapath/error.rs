//! What can go wrong between user space and the kernel.

use std::io;
use std::path::PathBuf;

use aya::EbpfError;
use aya::maps::MapError;
use aya::pin::PinError;
use aya::programs::ProgramError;
use aya::programs::links::LinkError;

/// An operation on programs, maps, links or pins that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The object could not be read or its maps not made.
    #[error("cannot load the eBPF object: are you root, and is the kernel 6.1 or newer?")]
    Load(#[source] EbpfError),
    /// The object lacks a program: it was built from other sources.
    #[error("the eBPF object has no program `{program}`; rebuild it with `cargo xtask build`")]
    NoProgram {
        /// Name of the program.
        program: &'static str,
    },
    /// The kernel refused a program.
    #[error("the kernel refused the program `{program}`")]
    Program {
        /// Name of the program.
        program: &'static str,
        /// Why.
        #[source]
        source: ProgramError,
    },
    /// A map is missing.
    #[error("no map `{map}`")]
    NoMap {
        /// Name of the map.
        map: &'static str,
    },
    /// An operation on a map failed.
    #[error("cannot {op} the map `{map}`")]
    Map {
        /// What was tried.
        op: &'static str,
        /// Name of the map.
        map: &'static str,
        /// Why.
        #[source]
        source: MapError,
    },
    /// A program could not be attached.
    #[error("cannot attach to the interface `{interface}`")]
    Attach {
        /// Name of the interface.
        interface: String,
        /// Why.
        #[source]
        source: ProgramError,
    },
    /// A link could not be opened or handed over.
    #[error("cannot take over the link of the interface `{interface}`")]
    Link {
        /// Name of the interface.
        interface: String,
        /// Why.
        #[source]
        source: LinkError,
    },
    /// Something could not be pinned.
    #[error("cannot pin {}", path.display())]
    Pin {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: PinError,
    },
    /// The folder for pins is not in a BPF file system.
    #[error("{} is not in a BPF file system; mount one: mount -t bpf bpf /sys/fs/bpf", path.display())]
    NotBpfFs {
        /// The folder.
        path: PathBuf,
    },
    /// A file operation in the BPF file system failed.
    #[error("cannot {op} {}", path.display())]
    File {
        /// What was tried.
        op: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A system call failed.
    #[error("{call} failed")]
    System {
        /// Its name.
        call: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Nothing is pinned: the filter is not running.
    #[error("no filter is loaded under {}", path.display())]
    NothingPinned {
        /// Where it was looked for.
        path: PathBuf,
    },
}
