//! `cargo xtask fuzz`: gives the parsers, and the program against the parsers, bytes that libFuzzer makes up.
//!
//! What it finds interesting stays in `target/fuzz/TARGET` and is where the next run begins, beside the inputs that the
//! repository keeps.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use super::{build, setup};
use crate::toolchain::HOST;
use crate::{exec, paths};

/// Longest input, in bytes: more than a long message needs, and few enough to be tried often.
const MAX_INPUT: u32 = 1200;

/// A fuzz target.
struct Target {
    name: &'static str,
    /// The package that holds it and what is kept for it, from the root of the workspace.
    package: &'static str,
    /// Whether it loads programs into the kernel, and so must run as root and needs the eBPF object.
    loads: bool,
}

const fn parser(name: &'static str) -> Target {
    Target { name, package: "gateway-common/fuzz", loads: false }
}

const TARGETS: [Target; 7] = [
    parser("tls"),
    parser("http"),
    parser("dns"),
    parser("answers"),
    parser("quic"),
    parser("wire"),
    Target { name: "twins", package: "gateway/fuzz", loads: true },
];

/// Arguments of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub struct Args {
    /// How long all targets together run; building them comes on top
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub seconds: u32,
    /// The targets; without one, all of them
    #[arg(value_parser = TARGETS.map(|target| target.name))]
    pub targets: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    let wanted =
        |target: &&Target| args.targets.is_empty() || args.targets.iter().any(|name| name == target.name);
    let targets: Vec<&Target> = TARGETS.iter().filter(wanted).collect();
    let tool = setup::cargo_fuzz()?;
    if targets.iter().any(|target| target.loads) {
        build::ebpf(&setup::toolchain()?)?;
    }
    for target in &targets {
        target.build(&tool)?;
    }
    let count = u32::try_from(targets.len()).context("a handful of targets")?;
    let seconds = (args.seconds / count).max(1);
    let mut crashes = Vec::new();
    for target in targets {
        let ran = target.run(seconds)?;
        println!("{}", ran.summary);
        crashes.extend(ran.crash.map(|input| target.shows(&input)));
    }
    if !crashes.is_empty() {
        bail!(
            "{} of the targets broke a promise. Each command shows one again; keep the input in `crashes/TARGET` of its \
             package, where the tests find it:\n  {}",
            crashes.len(),
            crashes.join("\n  ")
        );
    }
    println!("xtask fuzz: every promise held");
    Ok(())
}

/// What a run came to.
struct Ran {
    /// A line for people.
    summary: String,
    /// The input that broke a promise.
    crash: Option<PathBuf>,
}

impl Target {
    fn build(&self, tool: &Path) -> Result<()> {
        let mut build = exec::cargo();
        // No sanitizer: nothing here is unsafe but the calls of the kernel. Checks of arithmetic are on.
        build.args(["fuzz", "build", "--sanitizer", "none"]);
        build.args(["--target-dir".as_ref(), paths::fuzz_programs().as_os_str()]);
        build.args(["--fuzz-dir", self.package, self.name]);
        // Where cargo looks for its subcommand.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [tool.to_owned()].into_iter().chain(std::env::split_paths(&path));
        build.env("PATH", std::env::join_paths(folders)?).env("CARGO_PROFILE_RELEASE_LTO", "off");
        exec::run(&mut build)
    }

    fn program(&self) -> PathBuf {
        paths::fuzz_programs().join(HOST).join("release").join(self.name)
    }

    /// Runs the target and follows what it says.
    fn run(&self, seconds: u32) -> Result<Ran> {
        let found = paths::fuzz().join(self.name);
        let crashes = paths::fuzz().join("crashes");
        for folder in [&found, &crashes] {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let mut command = self.command()?;
        command.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={MAX_INPUT}"));
        command.arg(format!("-artifact_prefix={}/{}-", crashes.display(), self.name));
        command.args(["-print_final_stats=1", "-timeout=10"]).arg(&found);
        let package = paths::workspace().join(self.package);
        let kept = ["corpus", "crashes"].map(|folder| package.join(folder).join(self.name));
        command.args(kept.iter().filter(|folder| folder.is_dir()));
        println!("$ {}", exec::shown(&command));
        let begin = Instant::now();
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{}`", self.name))?;
        let said = child.stderr.take().context("the target has no standard error")?;
        let mut progress = Progress::default();
        for line in BufReader::new(said).split(b'\n') {
            progress.follow(&String::from_utf8_lossy(&line.context("cannot read what the target says")?));
        }
        let status = child.wait().context("cannot wait for the target")?;
        ensure!(
            status.success() || progress.crash.is_some(),
            "{} ended with {status} and without an input that shows why:\n{}",
            self.name,
            progress.last_words()
        );
        if progress.crash.is_some() {
            eprintln!("{}", progress.last_words());
        }
        Ok(progress.ran(self.name, begin.elapsed().as_secs()))
    }

    /// The program, as root where it must be.
    fn command(&self) -> Result<Command> {
        if self.loads { exec::as_root(self.program(), &[]) } else { Ok(Command::new(self.program())) }
    }

    /// The command that shows a crash again.
    fn shows(&self, input: &Path) -> String {
        self.command()
            .map_or_else(|error| format!("{error:#}"), |mut command| exec::shown(command.arg(input)))
    }
}

/// What libFuzzer said so far.
#[derive(Default)]
struct Progress {
    /// Edges covered by what was kept, and by the end.
    covered: Option<(u64, u64)>,
    executions: u64,
    crash: Option<PathBuf>,
    /// From the panic on.
    words: Vec<String>,
}

impl Progress {
    fn follow(&mut self, line: &str) {
        if let Some(covered) = number_behind(line, " cov: ") {
            // Until it says INITED, it reads what there was.
            let before = self.covered.map(|(before, _)| before).filter(|_| !line.contains("INITED"));
            self.covered = Some((before.unwrap_or(covered), covered));
        }
        if let Some(executions) = number_behind(line, "stat::number_of_executed_units:") {
            self.executions = executions;
        }
        if let Some((_, file)) = line.split_once("Test unit written to ") {
            self.crash = Some(file.trim().into());
        }
        if line.contains("panicked at") || line.contains("ERROR: libFuzzer") || !self.words.is_empty() {
            self.words.push(line.to_owned());
        }
    }

    /// What was broken, without the stack of calls.
    fn last_words(&self) -> String {
        let stack = |line: &&String| line.starts_with("stack backtrace");
        let lines = self.words.iter().take_while(|line| !stack(line));
        lines.take(20).map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    fn ran(self, name: &str, seconds: u64) -> Ran {
        let (before, after) = self.covered.unwrap_or_default();
        let crash = if self.crash.is_some() { ", and one that breaks a promise" } else { "" };
        let summary = format!(
            "{name:>5}: {} inputs in {seconds} s; {after} edges covered, {} of them new{crash}",
            self.executions,
            after.saturating_sub(before),
        );
        Ran { summary, crash: self.crash }
    }
}

/// The number that follows `key`.
fn number_behind(line: &str, key: &str) -> Option<u64> {
    let (_, rest) = line.split_once(key)?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_new_coverage_and_a_crash_are_read_from_what_libfuzzer_says() {
        let mut progress = Progress::default();
        for line in [
            "#2\tpulse  cov: 80 ft: 81 corp: 1/1b exec/s: 0 rss: 26Mb",
            "#17\tINITED cov: 131 ft: 161 corp: 15/1233b exec/s: 0 rss: 27Mb",
            "#18\tNEW    cov: 132 ft: 165 corp: 16/1284b lim: 225 exec/s: 0 rss: 27Mb L: 51/225 MS: 1 CMP-",
            "#90\tREDUCE cov: 140 ft: 165 corp: 16/1284b lim: 225 exec/s: 0 rss: 27Mb L: 51/225 MS: 1 CMP-",
            "thread '<unnamed>' (7) panicked at gateway-common/src/checks/wire.rs:30:24:",
            "BadHeader is nothing",
            "stack backtrace:",
            "   0: __rustc::rust_begin_unwind",
            "artifact_prefix='target/fuzz/crashes/wire-'; Test unit written to target/fuzz/crashes/wire-crash-5c",
            "stat::number_of_executed_units: 804",
        ] {
            progress.follow(line);
        }
        assert_eq!(
            progress.last_words(),
            "thread '<unnamed>' (7) panicked at gateway-common/src/checks/wire.rs:30:24:\nBadHeader is nothing"
        );
        let ran = progress.ran("wire", 3);
        assert_eq!(ran.crash.as_deref(), Some(Path::new("target/fuzz/crashes/wire-crash-5c")));
        assert_eq!(
            ran.summary,
            " wire: 804 inputs in 3 s; 140 edges covered, 9 of them new, and one that breaks a promise"
        );
    }

    #[test]
    fn every_target_has_inputs_that_are_kept() {
        for target in TARGETS {
            let corpus = paths::workspace().join(target.package).join("corpus").join(target.name);
            assert!(
                fs::read_dir(&corpus).is_ok_and(|mut files| files.next().is_some()),
                "{}",
                corpus.display()
            );
        }
    }
}
