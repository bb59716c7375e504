//! An initramfs: a cpio archive in the "newc" format (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The kind of an entry, as in `st_mode` (stat(2)).
const FOLDER: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const CHARACTER_DEVICE: u32 = 0o020_000;

/// The name of the entry after the last.
const TRAILER: &str = "TRAILER!!!";

/// An archive that grows by an entry at a time. All belongs to root, and nothing carries a time, so that the same
/// entries make the same archive.
#[derive(Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
    entries: u32,
    paths: BTreeSet<String>,
}

impl Archive {
    /// An archive without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a folder and those above it, each once.
    pub fn folder(&mut self, path: &Path) -> Result<()> {
        if let Some(above) = path.parent() {
            self.folder(above)?;
        }
        let name = name(path)?;
        if !name.is_empty() && self.paths.insert(name.clone()) {
            self.entry(&name, FOLDER | 0o755, (0, 0), &[])?;
        }
        Ok(())
    }

    /// Adds a regular file and the folders above it; a second file of the same path is left out.
    pub fn file(&mut self, path: &Path, permissions: u32, content: &[u8]) -> Result<()> {
        self.leaf(path, REGULAR | permissions, (0, 0), content)
    }

    /// Adds a character device with its major and minor number, and the folders above it.
    pub fn character_device(&mut self, path: &Path, permissions: u32, number: (u32, u32)) -> Result<()> {
        self.leaf(path, CHARACTER_DEVICE | permissions, number, &[])
    }

    /// The archive with its end.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        self.entry(TRAILER, 0, (0, 0), &[])?;
        Ok(self.bytes)
    }

    fn leaf(&mut self, path: &Path, mode: u32, device: (u32, u32), content: &[u8]) -> Result<()> {
        let name = name(path)?;
        ensure!(!name.is_empty() && name != TRAILER, "{} cannot be in an initramfs", path.display());
        self.folder(path.parent().unwrap_or(Path::new("/")))?;
        if self.paths.insert(name.clone()) {
            self.entry(&name, mode, device, content)?;
        }
        Ok(())
    }

    fn entry(&mut self, name: &str, mode: u32, device: (u32, u32), content: &[u8]) -> Result<()> {
        let too_big = || format!("{name} is too big for an initramfs");
        let size = u32::try_from(content.len()).with_context(too_big)?;
        let name_size = u32::try_from(name.len() + 1).with_context(too_big)?;
        self.entries += 1;
        // inode, mode, owner, group, links, time, size, device of the file (major, minor), device that the file
        // stands for (major, minor), length of the name with its NUL, check sum (of another format).
        let fields = [self.entries, mode, 0, 0, 1, 0, size, 0, 0, device.0, device.1, name_size, 0]
            .map(|n| format!("{n:08x}"));
        self.bytes.extend_from_slice(format!("070701{}", fields.concat()).as_bytes());
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
        Ok(())
    }

    /// Headers and contents begin at multiples of four bytes.
    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

/// A path as it is written into an archive: from the root, without the slash.
fn name(path: &Path) -> Result<String> {
    let text = path.to_str().with_context(|| format!("{} is not text", path.display()))?;
    Ok(text.trim_start_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, mode, device and content of an entry.
    type Entry = (String, u32, (u32, u32), Vec<u8>);

    /// Each entry, read as the kernel reads it (init/initramfs.c).
    fn entries(mut bytes: &[u8]) -> Vec<Entry> {
        let mut found = Vec::new();
        loop {
            assert_eq!(&bytes[..6], b"070701");
            let field = |n: usize| {
                let text = std::str::from_utf8(&bytes[6 + 8 * n..14 + 8 * n]).unwrap();
                u32::from_str_radix(text, 16).unwrap()
            };
            let (mode, size, name_size) = (field(1), field(6) as usize, field(11) as usize);
            let device = (field(9), field(10));
            let name = String::from_utf8(bytes[110..110 + name_size - 1].to_vec()).unwrap();
            assert_eq!(bytes[110 + name_size - 1], 0);
            let start = (110 + name_size).next_multiple_of(4);
            let content = bytes[start..start + size].to_vec();
            bytes = &bytes[(start + size).next_multiple_of(4)..];
            if name == TRAILER {
                assert!(bytes.is_empty());
                return found;
            }
            found.push((name, mode, device, content));
        }
    }

    #[test]
    fn an_archive_holds_each_folder_once_and_before_what_lies_in_it() {
        let mut archive = Archive::new();
        archive.file(Path::new("/usr/bin/a"), 0o755, b"12345").unwrap();
        archive.file(Path::new("/usr/b"), 0o644, b"").unwrap();
        archive.folder(Path::new("/usr/bin")).unwrap();
        archive.character_device(Path::new("/dev/console"), 0o600, (5, 1)).unwrap();
        let expected = [
            ("usr", 0o040_755, (0, 0), &b""[..]),
            ("usr/bin", 0o040_755, (0, 0), b""),
            ("usr/bin/a", 0o100_755, (0, 0), b"12345"),
            ("usr/b", 0o100_644, (0, 0), b""),
            ("dev", 0o040_755, (0, 0), b""),
            ("dev/console", 0o020_600, (5, 1), b""),
        ];
        let found = entries(&archive.finish().unwrap());
        let found: Vec<_> = found.iter().map(|(n, m, d, c)| (n.as_str(), *m, *d, c.as_slice())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_file_that_is_added_again_is_there_once() {
        let mut archive = Archive::new();
        archive.file(Path::new("/a"), 0o644, b"first").unwrap();
        archive.file(Path::new("/a"), 0o644, b"second").unwrap();
        let found = entries(&archive.finish().unwrap());
        assert_eq!(found, [("a".to_owned(), 0o100_644, (0, 0), b"first".to_vec())]);
    }

    #[test]
    fn what_would_end_the_archive_is_refused() {
        let mut archive = Archive::new();
        assert!(archive.file(Path::new("/TRAILER!!!"), 0o644, b"").is_err());
        assert!(archive.file(Path::new("/"), 0o644, b"").is_err());
    }
}
