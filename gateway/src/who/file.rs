//! A file that others write: read in bounded memory, and again when it has changed.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::warn;

use crate::lists::lines::{Lines, MAX_LINE};

/// What is read of a file at most, in bytes: as much as a hundred thousand devices need.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// What tells that a file is not the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> io::Result<Self> {
        let file = path.metadata()?;
        // A pipe would be waited for, and a device never ends.
        if !file.is_file() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(Self {
            device: file.dev(),
            inode: file.ino(),
            bytes: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
        })
    }
}

/// Hands each line of a regular file to `line`, without its end; one that is longer than any that means something is left out.
///
/// # Errors
/// If the file cannot be read, or there is more of it than is read: what was read has been handed on then, too.
pub(super) fn each_line(path: &Path, line: impl FnMut(&[u8])) -> io::Result<()> {
    Stamp::of(path)?;
    lines_of(&File::open(path)?, MAX_BYTES, line)
}

fn lines_of(file: &File, most: u64, mut line: impl FnMut(&[u8])) -> io::Result<()> {
    let mut input = file.take(most);
    let mut lines = Lines::new(&mut input);
    while let Some(text) = lines.next()? {
        if text.len() <= MAX_LINE {
            line(text);
        }
    }
    if input.limit() == 0 && file.metadata()?.len() > most {
        let message = format!("the file is larger than {most} bytes: the rest is not read");
        return Err(io::Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(())
}

/// The content of some files, read again when one of them has changed. What cannot be read is told once in the log.
#[derive(Debug)]
pub(super) struct Kept<T> {
    paths: Vec<PathBuf>,
    stamps: Vec<Option<Stamp>>,
    content: Arc<T>,
    /// What was told last.
    told: Option<String>,
}

impl<T: Default> Kept<T> {
    /// Nothing is read yet.
    pub(super) fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths, stamps: Vec::new(), content: Arc::default(), told: None }
    }

    /// What `read` has made of the files as they are now, along with what was wrong.
    pub(super) fn look(&mut self, read: impl FnOnce(&[PathBuf]) -> (T, Option<String>)) -> Arc<T> {
        let stamps: Vec<_> = self.paths.iter().map(|path| Stamp::of(path).ok()).collect();
        if self.stamps != stamps {
            let (content, wrong) = read(&self.paths);
            if let Some(wrong) = wrong.as_deref().filter(|wrong| self.told.as_deref() != Some(wrong)) {
                warn!("{wrong}");
            }
            self.told = wrong;
            self.content = Arc::new(content);
            self.stamps = stamps;
        }
        Arc::clone(&self.content)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(path: &Path, most: u64) -> (Vec<String>, io::Result<()>) {
        let mut lines = Vec::new();
        let file = File::open(path).unwrap();
        let result = lines_of(&file, most, |line| lines.push(String::from_utf8_lossy(line).into_owned()));
        (lines, result)
    }

    #[test]
    fn of_a_file_that_is_too_large_the_beginning_is_read_and_that_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leases");
        fs::write(&path, "one\ntwo\nthree\n").unwrap();
        let (lines, result) = read(&path, 14);
        assert_eq!(lines, ["one", "two", "three"]);
        result.unwrap();
        let (lines, result) = read(&path, 8);
        assert_eq!(lines, ["one", "two"]);
        assert!(result.unwrap_err().to_string().contains("larger than 8 bytes"));
    }

    #[test]
    fn a_line_without_end_is_left_out_and_the_next_one_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leases");
        fs::write(&path, format!("a\n{}\nb", "x".repeat(10 * MAX_LINE))).unwrap();
        assert_eq!(read(&path, MAX_BYTES).0, ["a", "b"]);
    }

    #[test]
    fn a_device_and_a_folder_are_refused_and_not_waited_for() {
        for path in ["/dev/zero", "/"] {
            let error = each_line(Path::new(path), |_| panic!("a line of {path}")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn a_file_is_read_again_when_it_has_changed_and_only_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leases");
        let mut kept: Kept<String> = Kept::new(vec![path.clone()]);
        let mut reads = 0;
        let mut look = || {
            let content = kept.look(|paths| {
                reads += 1;
                (paths.iter().map(|path| fs::read_to_string(path).unwrap_or_default()).collect(), None)
            });
            (content.to_string(), reads)
        };
        assert_eq!(look(), (String::new(), 1), "it is not there yet");
        fs::write(&path, "one").unwrap();
        assert_eq!(look(), ("one".into(), 2));
        assert_eq!(look(), ("one".into(), 2));
        fs::write(&path, "other").unwrap();
        assert_eq!(look(), ("other".into(), 3));
        // As programs do that write a file whole: another one takes its place.
        let next = folder.path().join("next");
        fs::write(&next, "third").unwrap();
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        File::options().write(true).open(&next).unwrap().set_modified(modified).unwrap();
        fs::rename(&next, &path).unwrap();
        assert_eq!(look(), ("third".into(), 4));
        fs::remove_file(&path).unwrap();
        assert_eq!(look(), (String::new(), 5));
    }
}
