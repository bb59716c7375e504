//! The configuration and its policies onto the disk: all of it, read back and found right, or nothing.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use tempfile::{Builder, NamedTempFile};

use super::catalogue::Copy;
use super::text::FOLDER;
use crate::policy::{Checks, Config, Mistakes};

/// What was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Written {
    /// The policies that were copied.
    pub policies: Vec<PathBuf>,
    /// Where the configuration went that was there before.
    pub backup: Option<PathBuf>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is a configuration already.
    #[error("{} is there already; --force writes a new one and keeps that as a backup", .0.display())]
    Exists(PathBuf),
    /// The disk refuses.
    #[error("cannot write {}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was written has mistakes, as in a policy that was in the folder before.
    #[error("{0}\nnothing was written")]
    Mistakes(Mistakes),
}

fn disk(path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    move |source| WriteError::Disk { path: path.to_owned(), source }
}

/// Where the policies of a configuration are.
pub fn folder_of(config: &Path) -> PathBuf {
    config.parent().unwrap_or(Path::new("")).join(FOLDER)
}

/// Whether there is something where the configuration is to go, be it a link that leads nowhere.
pub fn exists(config: &Path) -> bool {
    fs::symlink_metadata(config).is_ok()
}

/// Writes the text to `config` and the policies beside it, if the reader finds nothing wrong in what is there then.
///
/// # Errors
/// If that fails, and if `config` is there and not to be replaced: everything is as it was.
pub fn write(
    config: &Path,
    text: &str,
    policies: &[&Copy],
    force: bool,
    checks: &Checks,
) -> Result<Written, WriteError> {
    if exists(config) && !force {
        return Err(WriteError::Exists(config.to_owned()));
    }
    let _undisturbed = Undisturbed::new();
    let mut made = Made::default();
    let folder = folder_of(config);
    made.folders(&folder)?;
    for Copy { file, text } in policies {
        made.file(folder.join(file), text)?;
    }
    let new = temporary(config, text.as_bytes())?;
    Config::load(new.path(), checks).map_err(WriteError::Mistakes)?;
    let backup = exists(config).then(|| backup(config)).transpose()?;
    if force {
        new.persist(config).map_err(|error| disk(config)(error.error))?;
    } else {
        new.persist_noclobber(config).map_err(|error| disk(config)(error.error))?;
    }
    let policies = made.keep();
    // A name that a loss of power takes back is as if nothing had been written, which can be done again.
    let _ = File::open(parent(config)).and_then(|folder| folder.sync_all());
    Ok(Written { policies, backup })
}

/// The folder of a file.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file with this text beside the one that it is to become; gone when dropped.
fn temporary(path: &Path, text: &[u8]) -> Result<NamedTempFile, WriteError> {
    let mut builder = Builder::new();
    let builder = builder.prefix(".gateway-init-").permissions(Permissions::from_mode(0o644));
    let write = || {
        let mut file = builder.tempfile_in(parent(path))?;
        file.write_all(text)?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    write().map_err(disk(path))
}

/// Copies the configuration to the name with `.bak` behind it, in the place of an older copy.
fn backup(config: &Path) -> Result<PathBuf, WriteError> {
    let mut name: OsString = config.as_os_str().to_owned();
    name.push(".bak");
    let name = PathBuf::from(name);
    let text = fs::read(config).map_err(disk(config))?;
    temporary(&name, &text)?.persist(&name).map_err(|error| disk(&name)(error.error))?;
    Ok(name)
}

/// Ctrl-C and other ways to end us wait until all is written or all is gone again.
struct Undisturbed {
    before: Option<SigSet>,
}

impl Undisturbed {
    fn new() -> Self {
        let ends = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM].into_iter().collect::<SigSet>();
        Self { before: ends.thread_swap_mask(SigmaskHow::SIG_BLOCK).ok() }
    }
}

impl Drop for Undisturbed {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // What cannot be set back leaves a process that is about to end.
            let _ = before.thread_set_mask();
        }
    }
}

/// What was made on the way; gone again when dropped, unless it is kept.
#[derive(Default)]
struct Made {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Made {
    /// Makes a folder and those above it that are missing.
    fn folders(&mut self, folder: &Path) -> Result<(), WriteError> {
        let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let missing: Vec<&Path> = folder.ancestors().take_while(is_missing).collect();
        for path in missing.into_iter().rev() {
            DirBuilder::new().create(path).map_err(disk(path))?;
            self.folders.push(path.to_owned());
        }
        Ok(())
    }

    /// Makes a file where there is none.
    fn file(&mut self, path: PathBuf, text: &str) -> Result<(), WriteError> {
        temporary(&path, text.as_bytes())?
            .persist_noclobber(&path)
            .map_err(|error| disk(&path)(error.error))?;
        self.files.push(path);
        Ok(())
    }

    fn keep(mut self) -> Vec<PathBuf> {
        self.folders.clear();
        std::mem::take(&mut self.files)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for file in &self.files {
            // Whatever cannot be removed was said to have failed already.
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
