//! The folder of policies: every `*.toml` in it, in the order of the names.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::escape::Shown;
use super::file::{Policy, PolicyFile};
use super::mistake::{Mistake, SourceFile};
use super::nearest::did_you_mean;

/// What the folder holds, as far as it could be read.
#[derive(Default)]
pub(super) struct Folder {
    /// The policies in which nothing is wrong.
    pub policies: Vec<Policy>,
    /// How many files there are.
    pub files: usize,
    /// Where each name is given, the names of policies with mistakes included.
    names: BTreeMap<String, (SourceFile, Range<usize>)>,
    /// Whether there may be names that could not be made out.
    has_unknown_names: bool,
}

impl Folder {
    /// Reads every policy; what is wrong in the files goes to `mistakes`.
    ///
    /// # Errors
    /// If the folder itself cannot be read.
    pub(super) fn read(folder: &Path, mistakes: &mut Vec<Mistake>) -> io::Result<Self> {
        let mut this = Self::default();
        for path in toml_files(folder)? {
            this.files += 1;
            let first = mistakes.len();
            match read_file(&path) {
                Ok(source) => this.add(&source, mistakes),
                Err(mistake) => {
                    this.has_unknown_names = true;
                    mistakes.push(*mistake);
                }
            }
            sort_by_place(mistakes.get_mut(first..).unwrap_or_default());
        }
        Ok(this)
    }

    /// A folder of which nothing is known, so that no name can be said to be missing.
    pub(super) fn unknown() -> Self {
        Self { has_unknown_names: true, ..Self::default() }
    }

    fn add(&mut self, source: &SourceFile, mistakes: &mut Vec<Mistake>) {
        let file = PolicyFile::check(source, mistakes);
        let Some(name) = file.name else {
            self.has_unknown_names = true;
            return;
        };
        if let Some((first, span)) = self.names.get(name.get_ref()) {
            let title = format!("two policies are named {}", Shown(name.get_ref()));
            let mistake = source.mistake(name.span(), title, "give one of them another name");
            mistakes.push(mistake.label("again here").other(first, span.clone(), "first here"));
            return;
        }
        self.names.insert(name.get_ref().clone(), (source.clone(), name.span()));
        self.policies.extend(file.policy);
    }

    /// Whether a policy of this name can be used; if not, the cure.
    pub(super) fn find(&self, name: &str) -> Result<(), String> {
        if self.names.contains_key(name) || self.has_unknown_names {
            return Ok(());
        }
        if self.names.is_empty() {
            return Err(String::from("there are no policies in the folder yet"));
        }
        Err(did_you_mean(name, "policies", self.names.keys().map(String::as_str)))
    }
}

/// By place, as one reads; those of the whole file first.
pub(super) fn sort_by_place(mistakes: &mut [Mistake]) {
    mistakes.sort_by_key(|mistake| mistake.at.span.as_ref().map(|span| span.start));
}

/// The policy files in the folder. Files whose names begin with a dot are those of editors.
pub(crate) fn toml_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Reads a file as UTF-8.
pub(super) fn read_file(path: &Path) -> Result<SourceFile, Box<Mistake>> {
    let bytes = fs::read(path).map_err(|error| {
        let cure = "create the file, or let the user that runs gateway read it";
        Box::new(SourceFile::new(path, "").mistake_of_all(format!("cannot be read: {error}"), cure))
    })?;
    String::from_utf8(bytes).map(|text| SourceFile::new(path, &text)).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let source = SourceFile::new(path, &String::from_utf8_lossy(error.as_bytes()));
        let cure = "save the file as UTF-8; names beyond ASCII can also be written as punycode";
        Box::new(source.mistake(good..good + 1, "this is not UTF-8", cure))
    })
}
