//! Events into a file, one JSON object a line. A full file is renamed: `events.jsonl` becomes `events.jsonl.1`, that
//! `events.jsonl.2`, and so on.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::Writer;
use crate::observe::event::Record;
use crate::policy::EventsFile;

/// Its owner writes, its group reads: it says who of a household went where.
const MODE: u32 = 0o640;

/// Likewise of a folder that is made for it.
const FOLDER_MODE: u32 = 0o750;

/// Writes to a file that is rotated.
pub struct RotatingFile {
    settings: EventsFile,
    open: Option<File>,
}

impl RotatingFile {
    /// A file with these settings. It is made when it is first written to.
    pub const fn new(settings: EventsFile) -> Self {
        Self { settings, open: None }
    }

    /// The file at the path: the one that is open, unless somebody (logrotate, say) has moved or removed it.
    fn file(&mut self) -> io::Result<&File> {
        let path = &self.settings.path;
        let file = match self.open.take() {
            Some(file) if is_at(&file, path) => file,
            _ => open(path)?,
        };
        Ok(self.open.insert(file))
    }

    /// The path of a full file.
    fn old(&self, number: u32) -> PathBuf {
        let mut path = self.settings.path.clone().into_os_string();
        path.push(format!(".{number}"));
        path.into()
    }

    /// Moves the files on by one number, and the last one out.
    fn rotate(&mut self) -> io::Result<()> {
        let EventsFile { path, keep, .. } = &self.settings;
        // What an earlier configuration kept beyond that goes, too.
        for number in keep + 1.. {
            if fs::remove_file(self.old(number)).is_err() {
                break;
            }
        }
        match keep {
            0 => return fs::remove_file(path),
            _ => (1..*keep).rev().try_for_each(|number| rename(&self.old(number), &self.old(number + 1)))?,
        }
        rename(path, &self.old(1))
    }
}

impl Writer for RotatingFile {
    fn open(&mut self) -> io::Result<()> {
        self.file().map(drop)
    }

    fn write(&mut self, record: &Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        let length = self.file()?.metadata()?.len();
        if length > 0 && length + line.len() as u64 > self.settings.rotate_at {
            self.rotate()?;
        }
        let mut file = self.file()?;
        let length = file.metadata()?.len();
        let written = file.write_all(&line);
        if written.is_err() {
            // Of a line that does not fit the disk nothing stays, so that the next one is whole. If that fails as well,
            // there is no more to be done.
            let _ = file.set_len(length);
        }
        written
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(file), Ok(there)) => (file.dev(), file.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
    }
    OpenOptions::new().append(true).create(true).mode(MODE).open(path)
}

/// Renames a file, if it is there.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
