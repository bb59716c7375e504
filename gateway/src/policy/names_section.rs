//! `[names]`: where it is written what devices call themselves, and who made them.

use std::path::PathBuf;

use super::config::{absolute, absolute_or};
use super::raw::RawNames;
use super::reading::{Checker, Table};

/// Files that tell of devices. None has to be there: what is not known is not shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameFiles {
    /// Lease files of dnsmasq or Kea; absolute, each once.
    pub leases: Vec<PathBuf>,
    /// The list of the IEEE; absolute. `None`: looked for where packages put it.
    pub vendors: Option<PathBuf>,
}

/// Checks the section; without it there are no lease files.
pub(super) fn check_names(checker: &mut Checker<'_>, raw: Option<&Table<RawNames>>) -> NameFiles {
    let Some(Table(raw)) = raw else { return NameFiles::default() };
    let mut leases = Vec::new();
    for text in &raw.leases {
        if let Some(path) =
            absolute_or(checker, text, String::from("write leases = [\"/…\"], each from the root on"))
            && !leases.contains(&path)
        {
            leases.push(path);
        }
    }
    let vendors = raw.vendors.as_ref().and_then(|text| absolute(checker, "vendors", text));
    NameFiles { leases, vendors }
}
