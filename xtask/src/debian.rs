//! Packages of Debian, fetched by apt and unpacked into a folder of their own; the system stays as it is.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Once;

use anyhow::{Context, Result, anyhow, ensure};

use crate::exec;

/// Makes apt ask for what there is today, once for each run of xtask; where that fails, yesterday's lists may do.
pub fn update() {
    static UPDATE: Once = Once::new();
    UPDATE.call_once(|| {
        let update = || exec::run(exec::as_root(apt("apt-get")?, &[])?.args(["update", "--quiet"]));
        if let Err(error) = update() {
            eprintln!("the lists of packages stay as they are: {error:#}");
        }
    });
}

/// Names of the packages on offer that match a regular expression.
pub fn names(expression: &str) -> Result<Vec<String>> {
    let said = exec::stdout_of(Command::new(apt("apt-cache")?).args(["search", "--names-only", expression]))?;
    let name = |line: &str| line.split_whitespace().next().map(str::to_owned);
    Ok(said.lines().filter_map(name).collect())
}

/// A package and all that it needs and that is not installed.
pub fn with_missing_dependencies(package: &str) -> Result<Vec<String>> {
    let mut simulate = Command::new(apt("apt-get")?);
    simulate.args(["install", "--simulate", "--quiet", "--no-install-recommends", package]);
    let needed = to_install(&exec::stdout_of(simulate.env("LC_ALL", "C"))?);
    ensure!(needed.iter().any(|name| name == package), "apt-get would not install {package}");
    Ok(needed)
}

/// Fetches packages and unpacks them into `folder`, which appears when it is complete.
pub fn unpack(packages: &[String], folder: &Path) -> Result<()> {
    let partial = folder.with_extension("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).with_context(|| format!("cannot remove {}", partial.display()))?;
    }
    let (fetched, root) = (partial.join("fetched"), partial.join("root"));
    fs::create_dir_all(&fetched).with_context(|| format!("cannot make {}", fetched.display()))?;
    // As root, apt would hand the download to a user who may not write below `target`.
    let mut download = Command::new(apt("apt-get")?);
    download.args(["--quiet", "--option", "APT::Sandbox::User=root", "download"]).args(packages);
    exec::run(download.current_dir(&fetched))?;
    for file in fs::read_dir(&fetched).context("cannot list what was fetched")? {
        let file = file.context("cannot list what was fetched")?.path();
        exec::stdout_of(Command::new(apt("dpkg-deb")?).arg("--extract").arg(file).arg(&root))?;
    }
    fs::rename(&root, folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::remove_dir_all(&partial).with_context(|| format!("cannot remove {}", partial.display()))
}

fn apt(program: &str) -> Result<std::path::PathBuf> {
    exec::find_program(program).ok_or_else(|| {
        anyhow!("no `{program}` on this system: packages of Debian cannot be fetched: run this on Debian or Ubuntu")
    })
}

/// The packages that a simulated `apt-get install` would install.
fn to_install(said: &str) -> Vec<String> {
    let name = |line: &str| line.strip_prefix("Inst ")?.split_whitespace().next().map(str::to_owned);
    said.lines().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_simulated_installation_would_install_is_read_and_what_it_would_remove_is_not() {
        let said = "Reading package lists...\nRemv qemu-utils [1:10.0.2]\n\
                    Inst libfdt1 (1.6.1-4+b1 Debian:12.15/oldstable [amd64])\n\
                    Inst seabios [1.16.1] (1.16.2-1 Debian:12.15/oldstable [all])\n\
                    Conf libfdt1 (1.6.1-4+b1 Debian:12.15/oldstable [amd64])\n";
        assert_eq!(to_install(said), ["libfdt1", "seabios"]);
    }
}
