//! QEMU: a machine in software, for one run of the tests.
//!
//! Three serial ports keep apart what must not be mixed up: the kernel's console, the output of the tests, and the
//! verdict, which only the guest's `init` writes. No output of a test can be mistaken for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use super::{Outcome, watch};
use crate::{debian, exec, paths};

/// The serial port for the output of the tests; the console has the first one, number 0.
pub const TESTS_PORT: u32 = 1;
/// The serial port for the verdict.
pub const VERDICT_PORT: u32 = 2;

/// The program, and the package that holds it.
const PROGRAM: &str = "qemu-system-x86_64";
const PACKAGE: &str = "qemu-system-x86";

/// MiB of memory: every test that runs has maps of its own.
const MEMORY: u32 = 2048;

/// What the kernel is told: a panic ends the machine at once, and what follows the dashes goes to `init`.
const KERNEL_WORDS: &str = "console=ttyS0 panic=-1 rdinit=/init -- vm-guest";

/// QEMU as this host has it, or as it lies below `target/vm`.
pub struct Qemu {
    program: PathBuf,
    /// Where it was unpacked, if this host has none.
    root: Option<PathBuf>,
}

/// One run of the tests in a machine of its own.
pub struct Machine<'a> {
    /// What its lines of output begin with.
    pub title: &'a str,
    /// The kernel.
    pub kernel: &'a Path,
    /// The archive with all that runs.
    pub initramfs: &'a Path,
    /// Where its logs go.
    pub folder: &'a Path,
    /// Processors that it has.
    pub processors: usize,
    /// How long it may take.
    pub limit: Duration,
}

impl Qemu {
    /// Finds QEMU, or fetches it. Unpacked and not installed: beside packages of another release apt refuses to.
    pub fn find() -> Result<Self> {
        if let Some(program) = exec::find_program(PROGRAM) {
            return Ok(Self { program, root: None });
        }
        let root = paths::vm().join("qemu");
        if !root.exists() {
            let fetch = || {
                debian::update();
                debian::unpack(&debian::with_missing_dependencies(PACKAGE)?, &root)
            };
            fetch().with_context(|| format!("no `{PROGRAM}`: install {PACKAGE}"))?;
        }
        Ok(Self { program: root.join("usr/bin").join(PROGRAM), root: Some(root) })
    }

    /// Boots the machine and returns what the tests wrote and whether they passed. Fails if the machine does not end.
    pub fn run(&self, machine: &Machine<'_>) -> Result<Outcome> {
        let (console, verdict) = (machine.folder.join("console.log"), machine.folder.join("verdict"));
        for old in [&console, &verdict] {
            if old.exists() {
                fs::remove_file(old).with_context(|| format!("cannot remove {}", old.display()))?;
            }
        }
        let mut command = self.command();
        command
            .args(["-accel", "tcg,thread=multi", "-cpu", "max", "-nodefaults", "-no-user-config"])
            .args(["-display", "none", "-no-reboot"])
            .args(["-smp", &machine.processors.to_string(), "-m", &MEMORY.to_string()])
            .arg("-kernel")
            .arg(machine.kernel)
            .arg("-initrd")
            .arg(machine.initramfs)
            .args(["-append", KERNEL_WORDS])
            .args(["-serial", &format!("file:{}", console.display()), "-serial", "stdio"])
            .args(["-serial", &format!("file:{}", verdict.display())]);
        let ended = watch::watch(command, machine.title, &machine.folder.join("tests.log"), machine.limit);
        let ended = ended.map_err(|error| anyhow!("{error:#}: {}", last_words(&console)))?;
        // No file is no verdict, as an empty one is.
        let verdict = fs::read_to_string(&verdict).unwrap_or_default();
        let passed = passed(&verdict, ended.status, || last_words(&console));
        Ok(Outcome { lines: ended.lines, passed })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(root) = &self.root {
            let libraries =
                ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"].map(|folder| root.join(folder));
            let [first, second] = libraries.each_ref().map(|folder| folder.to_string_lossy());
            command
                .env("LD_LIBRARY_PATH", format!("{first}:{second}"))
                .env("QEMU_MODULE_DIR", root.join("usr/lib/x86_64-linux-gnu/qemu"));
            for folder in ["usr/share/qemu", "usr/share/seabios"] {
                command.arg("-L").arg(root.join(folder));
            }
        }
        command
    }
}

/// Whether the tests passed: `init` told their exit code, it is 0, and QEMU ended well.
fn passed(verdict: &str, qemu: ExitStatus, last_words: impl Fn() -> String) -> Result<()> {
    match verdict.trim() {
        "exit 0" if qemu.success() => Ok(()),
        "" => bail!("the machine ended without a verdict (QEMU: {qemu}): {}", last_words()),
        failed => bail!("the tests did not pass: {failed} (QEMU: {qemu})"),
    }
}

/// The end of the console's log, for a machine that did not come to its end.
fn last_words(console: &Path) -> String {
    const LINES: usize = 20;
    let text = fs::read(console).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    format!("the end of {}:\n  {}", console.display(), last.join("\n  "))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn only_the_exit_code_0_of_the_tests_is_a_pass() {
        let (well, badly) = (ExitStatus::from_raw(0), ExitStatus::from_raw(1 << 8));
        let words = || "Kernel panic".to_owned();
        assert!(passed("exit 0\r\n", well, words).is_ok());
        for (verdict, qemu) in
            [("exit 0\n", badly), ("exit 101\n", well), ("exit 00", well), ("error x", well)]
        {
            let error = passed(verdict, qemu, words).expect_err("no pass").to_string();
            assert!(error.starts_with("the tests did not pass"), "{verdict}: {error}");
        }
        for verdict in ["", "\n"] {
            let error =
                passed(verdict, well, words).expect_err("a machine that tells nothing failed").to_string();
            assert!(error.contains("without a verdict") && error.ends_with("Kernel panic"), "{error}");
        }
    }

    #[test]
    fn the_last_words_of_a_console_are_its_last_twenty_lines() {
        let file = std::env::temp_dir().join(format!("gateway-console-{}", std::process::id()));
        let lines: Vec<_> = (1..=30).map(|n| format!("line {n}\r\n")).collect();
        fs::write(&file, lines.concat()).expect("a temporary file");
        let words = last_words(&file);
        fs::remove_file(&file).expect("it was written");
        assert!(words.contains("\n  line 11\n") && words.ends_with("\n  line 30"), "{words}");
        assert!(!words.contains("line 10\n"), "{words}");
    }
}
