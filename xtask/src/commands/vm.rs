//! `cargo xtask vm`: the kernel tests on other kernels, in virtual machines, and on the host's.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use super::{build, setup};
use crate::cargo_json::{self, Executable};
use crate::lab::bpffs;
use crate::vm::kernel::{self, Series};
use crate::vm::qemu::{Machine, Qemu};
use crate::vm::report::{self, Counts};
use crate::vm::{Outcome, REUSE_VARIABLE, initramfs, watch};
use crate::{exec, interrupt, paths};

/// How long the tests may take on one kernel. Emulated, they take a minute or two if nothing else runs.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// What the host's own kernel is called in the report.
const HOST: &str = "host";

/// Arguments of `cargo xtask vm`.
#[derive(clap::Args)]
pub struct Args {
    /// The kernel to test on
    #[arg(long, value_enum, default_value = "all")]
    pub kernel: Choice,
    /// Run only the tests whose name contains this
    pub filter: Option<String>,
    /// Arguments for the test program, such as `--nocapture`
    #[arg(last = true)]
    pub arguments: Vec<OsString>,
}

/// A kernel, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Choice {
    /// The oldest that gateway runs on: Debian 12's own
    #[value(name = "6.1")]
    Linux6_1,
    /// Debian 13's, which Debian 12 offers too
    #[value(name = "6.12")]
    Linux6_12,
    /// The one that runs here
    Host,
    /// Each of these
    All,
}

impl Choice {
    /// The kernels that need a virtual machine.
    fn series(self) -> &'static [Series] {
        const ALL: [Series; 2] = [Series { major: 6, minor: 1 }, Series { major: 6, minor: 12 }];
        match self {
            Self::Linux6_1 => &ALL[..1],
            Self::Linux6_12 => &ALL[1..],
            Self::Host => &[],
            Self::All => &ALL,
        }
    }

    fn host(self) -> bool {
        matches!(self, Self::Host | Self::All)
    }
}

/// The tests on one kernel: what it is called, what they said of the programs, whether they passed, how long they took.
struct Run {
    title: String,
    counts: Counts,
    passed: Result<()>,
    took: Duration,
}

impl Run {
    /// All tests were run, so the one that tells the verifier's counts was among them.
    fn require_counts(&mut self) {
        if self.passed.is_ok() && self.counts.is_empty() {
            self.passed = Err(anyhow!("no test told what the verifier counted"));
        }
    }
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    let toolchain = setup::toolchain()?;
    setup::programs()?;
    build::ebpf(&toolchain)?;
    let test = kernel_tests()?;
    interrupt::catch()?;
    // The counts of instructions are output of a test that passes.
    let words: Vec<OsString> = args
        .filter
        .iter()
        .map(OsString::from)
        .chain(args.arguments.iter().cloned())
        .chain(["--show-output".into()])
        .collect();
    let mut runs = in_machines(args.kernel.series(), &test, &words)?;
    if args.kernel.host() {
        runs.push(timed(HOST, || on_host(&test, &words)));
    }
    if args.filter.is_none() && args.arguments.is_empty() {
        runs.iter_mut().for_each(Run::require_counts);
    }
    conclude(runs)
}

/// Builds the kernel tests.
fn kernel_tests() -> Result<Executable> {
    let mut command = exec::cargo();
    command.args(["test", "--no-run", "--package", "gateway", "--test", "kernel"]);
    let mut made = cargo_json::executables(&mut command)?.into_iter();
    made.find(|made| made.kind == "test").context("cargo built no kernel tests")
}

/// Runs the tests in a machine for each kernel, all at once.
fn in_machines(series: &[Series], test: &Executable, words: &[OsString]) -> Result<Vec<Run>> {
    if series.is_empty() {
        return Ok(Vec::new());
    }
    let folder = paths::vm();
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let qemu = Qemu::find()?;
    let images = series.iter().map(|series| kernel::image(*series)).collect::<Result<Vec<_>>>()?;
    let initramfs = folder.join("initramfs.cpio");
    fs::write(&initramfs, initramfs::build(test, words, &folder)?).context("cannot write the initramfs")?;
    let host = thread::available_parallelism().map_or(1, usize::from);
    let processors = (host / series.len()).max(1);
    let one = |series: &Series, image: &Path| {
        let (title, logs) = (series.to_string(), folder.join(format!("run-{series}")));
        let machine = Machine {
            title: &title,
            kernel: image,
            initramfs: &initramfs,
            folder: &logs,
            processors,
            limit: LIMIT,
        };
        timed(&title, || {
            fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
            qemu.run(&machine)
        })
    };
    thread::scope(|scope| {
        let started: Vec<_> =
            series.iter().zip(&images).map(|(series, image)| scope.spawn(|| one(series, image))).collect();
        let run =
            |thread: thread::ScopedJoinHandle<'_, Run>| thread.join().map_err(|_| anyhow!("xtask failed"));
        started.into_iter().map(run).collect()
    })
}

/// Runs the tests on the kernel of this machine.
fn on_host(test: &Executable, words: &[OsString]) -> Result<Outcome> {
    bpffs::mount()?;
    // `cargo xtask test` runs each of these tests here with a load of its own.
    let keep = [("CARGO_MANIFEST_DIR", test.package.as_os_str()), (REUSE_VARIABLE, "1".as_ref())];
    let mut command = exec::as_root(&test.file, &keep)?;
    command.args(words).current_dir(&test.package);
    let logs = paths::vm().join(format!("run-{HOST}"));
    fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
    let ended = watch::watch(command, HOST, &logs.join("tests.log"), LIMIT)?;
    let passed = if ended.status.success() {
        Ok(())
    } else {
        Err(anyhow!("the tests did not pass: {}", ended.status))
    };
    Ok(Outcome { lines: ended.lines, passed })
}

fn timed(title: &str, tests: impl FnOnce() -> Result<Outcome>) -> Run {
    let begin = Instant::now();
    let Outcome { lines, passed } =
        tests().unwrap_or_else(|error| Outcome { lines: Vec::new(), passed: Err(error) });
    Run { title: title.to_owned(), counts: report::counts(&lines), passed, took: begin.elapsed() }
}

/// Prints how it went, and the verifier's counts; fails if tests failed on a kernel.
fn conclude(runs: Vec<Run>) -> Result<()> {
    println!();
    let (mut counts, mut failed) = (Vec::new(), Vec::new());
    for Run { title, counts: seen, passed, took } in runs {
        let seconds = took.as_secs();
        match passed {
            Ok(()) => println!("xtask vm: {title}: passed ({seconds} s)"),
            Err(error) => {
                println!("xtask vm: {title}: failed ({seconds} s): {error:#}");
                failed.push(title.clone());
            }
        }
        counts.push((title, seen));
    }
    print!("\n{}", report::table(&counts));
    if failed.is_empty() { Ok(()) } else { bail!("the kernel tests failed on: {}", failed.join(", ")) }
}
