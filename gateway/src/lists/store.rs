//! The disk cache: the last good copy of each list that comes from a URL, and a note beside it.
//!
//! A copy is written under another name, flushed to the disk and renamed: whenever the power fails, the copy is the old
//! one or the new one, whole. Its note follows. If that does not come to pass, the older note only makes the list be
//! fetched once more.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Source;
use super::state::{Note, now, unix};

/// Longest readable part of a file's name, in bytes.
const READABLE: usize = 60;

/// The ends of the names: a copy, its note, and what is being written.
const COPY: &str = "list";
const NOTE: &str = "json";
const DRAFT: &str = "part";

/// How long a copy is kept to which nobody subscribes any more.
const KEEP: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The folder of copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    folder: PathBuf,
}

/// A copy in the making; removed when dropped.
#[derive(Debug)]
pub struct Draft {
    file: File,
    path: PathBuf,
}

impl Draft {
    /// The same file, to read what was written.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn reader(&self) -> io::Result<File> {
        File::open(&self.path)
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already if it was kept; what else stays behind is swept away at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

impl Store {
    /// The store in this folder, which need not be there yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The current copy: the file itself of a path, the last good copy of a URL. `None` if a URL was never fetched.
    ///
    /// # Errors
    /// If it is there and cannot be opened, or is a path and not there.
    pub fn open(&self, source: &Source) -> io::Result<Option<File>> {
        match source {
            Source::Path(path) => File::open(path).map(Some),
            Source::Url(url) => match File::open(self.path(url, COPY)) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                result => result.map(Some),
            },
        }
    }

    /// The note of a URL. One that is lost or damaged is made up from the copy: its age counts from the file's time,
    /// and it is fetched anew whether or not it has changed.
    pub fn note(&self, url: &str) -> Note {
        let copied_at = || fs::metadata(self.path(url, COPY)).and_then(|copy| copy.modified()).ok().map(unix);
        let read = fs::read(self.path(url, NOTE)).ok();
        let kept = read.and_then(|text| serde_json::from_slice::<Note>(&text).ok());
        match (kept.filter(|note| note.url == url), copied_at()) {
            (Some(note), Some(_)) => note,
            // Without the copy the server must not be asked whether it has changed.
            (Some(note), None) => Note { errors: note.errors, ..Note::new(url) },
            (None, at) => Note { fetched_at: at, checked_at: at, ..Note::new(url) },
        }
    }

    /// Keeps a note.
    ///
    /// # Errors
    /// Of the disk.
    pub fn keep_note(&self, note: &Note) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(note)?;
        text.push(b'\n');
        let path = self.path(&note.url, NOTE);
        let mut draft = self.create(path.with_extension(format!("{NOTE}.{DRAFT}")))?;
        draft.write_all(&text)?;
        self.rename(&draft, &path)
    }

    /// Begins a copy of a URL. There must be one at a time.
    ///
    /// # Errors
    /// Of the disk.
    pub fn draft(&self, url: &str) -> io::Result<Draft> {
        self.create(self.path(url, DRAFT))
    }

    /// Makes the draft the copy.
    ///
    /// # Errors
    /// Of the disk; the copy is then the old one.
    pub fn keep(&self, url: &str, draft: &Draft) -> io::Result<()> {
        self.rename(draft, &self.path(url, COPY))
    }

    /// Removes what was left behind half written, and copies that nobody subscribed to for a month.
    ///
    /// # Errors
    /// If the folder cannot be read. What cannot be removed stays.
    pub fn sweep<'a>(&self, urls: impl Iterator<Item = &'a str>) -> io::Result<()> {
        let wanted: Vec<String> = urls.map(stem).collect();
        let folder = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            folder => folder?,
        };
        for entry in folder {
            let path = entry?.path();
            let Some((stem, end)) = parts(&path) else { continue };
            let is_draft = end.ends_with(DRAFT);
            if is_draft || (!wanted.iter().any(|wanted| wanted == stem) && is_old(&path, stem)) {
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    }

    fn create(&self, path: PathBuf) -> io::Result<Draft> {
        fs::create_dir_all(&self.folder)?;
        Ok(Draft { file: File::create(&path)?, path })
    }

    fn rename(&self, draft: &Draft, to: &Path) -> io::Result<()> {
        draft.file.sync_all()?;
        fs::rename(&draft.path, to)?;
        File::open(&self.folder)?.sync_all()
    }

    fn path(&self, url: &str, end: &str) -> PathBuf {
        self.folder.join(format!("{}.{end}", stem(url)))
    }
}

/// `https://example.org/ads.txt` becomes `example.org_ads.txt-` and 16 hexadecimal digits.
fn stem(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' };
    let readable: String = rest.chars().take(READABLE).map(plain).collect();
    format!("{readable}-{:016x}", fnv1a(url.as_bytes()))
}

/// FNV-1a of 64 bits (draft-eastlake-fnv): always the same, and two of a few dozen URLs do not meet by chance.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The stem and the end of a name that we could have given; others' files are not ours to remove.
fn parts(path: &Path) -> Option<(&str, &str)> {
    let name = path.file_name()?.to_str()?;
    let end = [COPY, NOTE, DRAFT, "json.part"].into_iter().find(|end| {
        let stem = name.strip_suffix(end).and_then(|rest| rest.strip_suffix('.'));
        stem.and_then(|stem| stem.rsplit_once('-')).is_some_and(|(_, hash)| is_hash(hash))
    })?;
    Some((name.strip_suffix(end)?.strip_suffix('.')?, end))
}

fn is_hash(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether the list was not looked after for long: each time its server is asked, the note is written.
fn is_old(path: &Path, stem: &str) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    let note = path.with_file_name(format!("{stem}.{NOTE}"));
    let last = modified(&note).max(modified(path)).map_or(0, unix);
    last.saturating_add(KEEP.as_secs()) < now()
}

/// Whether two files hold the same bytes.
///
/// # Errors
/// If one of them cannot be read.
pub fn is_same(a: &mut File, b: &mut File) -> io::Result<bool> {
    if a.metadata()?.len() != b.metadata()?.len() {
        return Ok(false);
    }
    let (mut ours, mut theirs) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        let read = a.read(&mut ours)?;
        let (Some(ours), Some(theirs)) = (ours.get(..read), theirs.get_mut(..read)) else { return Ok(false) };
        if read == 0 {
            return Ok(true);
        }
        b.read_exact(theirs)?;
        if ours != theirs {
            return Ok(false);
        }
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
