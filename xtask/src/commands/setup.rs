//! `cargo xtask setup`: finds what is needed and installs what is missing. Says what is missing, what fails without it,
//! and what to do.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::lab::chromium::BROWSERS;
use crate::lab::prometheus;
use crate::toolchain::choose::{Candidate, choose};
use crate::toolchain::version::Version;
use crate::toolchain::{LINKER_LLVM, Toolchain, find, llvm, oldest_rust};
use crate::{exec, paths};

/// A program of the system and Debian's package of it. Of several programs any one will do.
type Program = (&'static [&'static str], &'static str);

/// What tests and demo call.
const LAB: [Program; 4] =
    [(&["ip"], "iproute2"), (&["curl"], "curl"), (&["nsenter"], "util-linux"), (&["mount"], "mount")];

/// What tests call beside that: other clients, and what records them.
const CLIENTS: [Program; 5] = [
    (&["openssl"], "openssl"),
    (&["timeout"], "coreutils"),
    (&["dig"], "bind9-dnsutils"),
    (&["tcpdump"], "tcpdump"),
    (&BROWSERS, "chromium"),
];

/// What large policies are measured beside.
const RESOLVERS: [Program; 2] = [(&["dnsmasq"], "dnsmasq-base"), (&["unbound"], "unbound")];

/// Debian's newest Rust, kept for building web browsers; it lives in /usr and leaves rustup's alone.
const DEBIAN_RUST: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// The version of bpf-linker, as cargo asks for it and as it must begin.
const LINKER_REQUIREMENT: &str = "^0.10";
const LINKER_VERSION: (u32, u32) = (0, 10);

/// The same of cargo-fuzz.
const FUZZ_REQUIREMENT: &str = "^0.13";
const FUZZ_VERSION: (u32, u32) = (0, 13);

/// Runs the command.
pub fn run() -> Result<()> {
    let toolchain = toolchain()?;
    programs()?;
    clients()?;
    println!("eBPF compiler: {}", toolchain.about);
    println!("eBPF linker:   {} with {}", toolchain.linker.display(), toolchain.llvm_lib.display());
    let all: Vec<&str> = LAB.iter().chain(&CLIENTS).filter_map(found).collect();
    println!("programs:      {}", all.join(", "));
    println!("Prometheus:    {}", prometheus::folder()?.display());
    println!("all is there: `cargo xtask build`, `cargo xtask test` and `cargo xtask demo` can run");
    Ok(())
}

/// What compiles the eBPF half; installed where it is missing.
pub fn toolchain() -> Result<Toolchain> {
    let (chosen, all) = compiler()?;
    let linker = linker()?;
    let llvm_lib = llvm::find(&chosen, &all).with_context(|| {
        format!(
            "no shared library of LLVM {LINKER_LLVM} in a Rust toolchain or in /usr/lib: bpf-linker cannot link: \
             `rustup toolchain install stable`, or `apt-get install libllvm{LINKER_LLVM}`"
        )
    })?;
    link_llvm(&llvm_lib)?;
    let bootstrap = if chosen.nightly { "" } else { ", RUSTC_BOOTSTRAP=1" };
    let bin = chosen.sysroot.join("bin");
    Ok(Toolchain {
        about: format!("{}: Rust {}, LLVM {}{bootstrap}", chosen.name, chosen.rustc, chosen.llvm),
        cargo: bin.join("cargo"),
        rustc: bin.join("rustc"),
        bootstrap: !chosen.nightly,
        linker,
        llvm_lib,
    })
}

/// Makes sure of the programs that tests and demo call.
pub fn programs() -> Result<()> {
    make_sure_of(&LAB, "tests and demo cannot build their network")
}

/// Makes sure of the programs that only tests call, Prometheus among them.
pub fn clients() -> Result<()> {
    make_sure_of(&CLIENTS, "the end-to-end tests have no clients")?;
    prometheus::fetch()
}

/// Installs the programs beside which large policies are measured. Without them the rest is measured all the same.
pub fn resolvers() {
    if let Err(error) = make_sure_of(&RESOLVERS, "large policies are measured without others beside them") {
        eprintln!("{error:#}");
    }
}

fn found((names, _): &Program) -> Option<&'static str> {
    names.iter().find(|name| exec::find_program(name).is_some()).copied()
}

fn make_sure_of(programs: &[Program], without: &str) -> Result<()> {
    let missing = || programs.iter().filter(|program| found(program).is_none());
    let packages: Vec<&str> = missing().map(|(_, package)| *package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    let names = packages.join(" ");
    let cure = format!("missing: {names}: {without}: install {names}");
    apt_install(&packages).with_context(|| cure.clone())?;
    ensure!(missing().next().is_none(), cure);
    Ok(())
}

fn compiler() -> Result<(Candidate, Vec<Candidate>)> {
    let found = find::candidates();
    let reasons = match choose(&found) {
        Ok(chosen) => return Ok((chosen.clone(), found)),
        Err(reasons) => reasons,
    };
    println!("No Rust here can compile the eBPF half ({}); trying Debian's.", reasons.join("; "));
    let cure = |reasons: &[String]| {
        format!(
            "no Rust with the source of `core`: the eBPF half cannot be compiled: \
             either `rustup toolchain install nightly --component rust-src`, \
             or on Debian `apt-get install {}` (Rust {} or newer, LLVM {LINKER_LLVM}). Found: {}",
            DEBIAN_RUST.join(" "),
            oldest_rust(),
            if reasons.is_empty() { "no Rust at all".to_owned() } else { reasons.join("; ") },
        )
    };
    apt_install(&DEBIAN_RUST).with_context(|| cure(&reasons))?;
    let found = find::candidates();
    match choose(&found) {
        Ok(chosen) => Ok((chosen.clone(), found)),
        Err(reasons) => bail!(cure(&reasons)),
    }
}

/// Installs packages of Debian or Ubuntu, and fails rather than remove any: that would change the user's own Rust.
fn apt_install(packages: &[&str]) -> Result<()> {
    let apt = exec::find_program("apt-get").context("no `apt-get` on this system")?;
    let silent = [("DEBIAN_FRONTEND", "noninteractive".as_ref())];
    exec::run(exec::as_root(&apt, &silent)?.args(["update", "--quiet"]))?;
    exec::run(
        exec::as_root(&apt, &silent)?
            .args(["install", "--yes", "--quiet", "--no-remove", "--no-install-recommends"])
            .args(packages),
    )
}

fn linker() -> Result<PathBuf> {
    tool("bpf-linker", LINKER_REQUIREMENT, LINKER_VERSION, "the eBPF half cannot be linked")
}

/// The folder of cargo-fuzz, installed where it is missing. It builds with flags that make libFuzzer see which way an
/// input takes.
pub fn cargo_fuzz() -> Result<PathBuf> {
    tool("cargo-fuzz", FUZZ_REQUIREMENT, FUZZ_VERSION, "fuzz targets cannot be built")?;
    Ok(paths::tools().join("bin"))
}

/// A tool of this version, installed for this workspace alone where it is missing; `lacks` is what fails without it.
fn tool(name: &str, requirement: &str, wanted: (u32, u32), lacks: &str) -> Result<PathBuf> {
    let file = paths::tools().join("bin").join(name);
    if tool_version(&file).is_ok_and(|version| (version.major, version.minor) == wanted) {
        return Ok(file);
    }
    let mut install = exec::cargo();
    install
        .args(["install", name, "--version", requirement, "--locked", "--force", "--root"])
        .arg(paths::tools());
    exec::run(&mut install).with_context(|| {
        format!("{name} is missing: {lacks}: see that cargo reaches crates.io, then run the command again")
    })?;
    tool_version(&file)?;
    Ok(file)
}

fn tool_version(file: &Path) -> Result<Version> {
    let said = exec::stdout_of(Command::new(file).arg("--version"))?;
    let version = said.split_whitespace().next_back();
    version.ok_or_else(|| anyhow!("`{} --version` says nothing", file.display()))?.parse()
}

fn link_llvm(library: &Path) -> Result<()> {
    let folder = Toolchain::llvm_folder();
    let link = folder.join(library.file_name().context("a library has a name")?);
    let only = fs::read_dir(&folder).is_ok_and(|entries| entries.count() == 1);
    if only && fs::read_link(&link).is_ok_and(|target| target == library) {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    symlink(library, &link).with_context(|| format!("cannot make the link {}", link.display()))
}
