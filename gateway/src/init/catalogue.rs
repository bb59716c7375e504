//! The policies that can be chosen: those that ship, and those that are in the folder already.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::policy::toml_files;

/// Names and texts of files.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$((concat!($name, ".toml"), include_str!(concat!("../../../policies/", $name, ".toml")))),*]
    };
}

/// The policies that ship, so that the program alone is enough.
const SHIPPED: &[(&str, &str)] = files![
    "amazon-devices",
    "doh-bypass",
    "huawei-telemetry",
    "lg-tv",
    "oppo-realme-telemetry",
    "roku",
    "samsung-tv",
    "windows-telemetry",
    "xiaomi-account",
    "xiaomi-telemetry",
];

/// The policies that can be chosen, in the order of their files' names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue(pub Vec<Offer>);

/// A policy that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// What is to be copied into the folder of policies; nothing if it is there already.
    pub copy: Option<Copy>,
}

/// A file that goes into the folder of policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Its name.
    pub file: OsString,
    /// What it says.
    pub text: Cow<'static, str>,
}

/// Why the policies cannot be told.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the policies in {}", folder.display())]
pub struct Unreadable {
    folder: PathBuf,
    source: io::Error,
}

impl Catalogue {
    /// The policies that ship, or those in the folder `from` in their place; and those in `folder`, which come before others
    /// of the same name. Files in which nothing says what their policy is called are left to the check of all.
    ///
    /// # Errors
    /// If a folder that is there, or that was named, cannot be read.
    pub fn read(from: Option<&Path>, folder: &Path) -> Result<Self, Unreadable> {
        let shipped = match from {
            Some(from) => read(from)?,
            None => SHIPPED.iter().map(|(file, text)| ((*file).into(), Cow::Borrowed(*text))).collect(),
        };
        let here = if folder.exists() { read(folder)? } else { Vec::new() };
        let mut offers: Vec<Offer> = here.iter().filter_map(|(_, text)| Offer::read(text)).collect();
        for (file, text) in shipped {
            if let Some(offer) = Offer::read(&text)
                && !offers.iter().any(|here| here.name == offer.name)
            {
                offers.push(Offer { copy: Some(Copy { file, text }), ..offer });
            }
        }
        offers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self(offers))
    }

    /// Names of the policies.
    pub fn names(&self) -> Vec<&str> {
        self.0.iter().map(|offer| offer.name.as_str()).collect()
    }
}

impl Offer {
    fn read(text: &str) -> Option<Self> {
        let table: toml::Table = text.parse().ok()?;
        let text = |key: &str| Some(table.get(key)?.as_str()?.to_owned());
        Some(Self { name: text("name")?, about: text("about").unwrap_or_default(), copy: None })
    }
}

/// Names and texts of the policy files in a folder, by name.
fn read(folder: &Path) -> Result<Vec<(OsString, Cow<'static, str>)>, Unreadable> {
    let unreadable = |source| Unreadable { folder: folder.to_owned(), source };
    let mut files = Vec::new();
    for path in toml_files(folder).map_err(unreadable)? {
        let text = fs::read_to_string(&path).map_err(unreadable)?;
        files.extend(path.file_name().map(|name| (name.to_owned(), Cow::Owned(text))));
    }
    Ok(files)
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
