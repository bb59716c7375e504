//! Where programs, maps and links are pinned, so that they outlive the daemon.
//!
//! ```text
//! <pin>/v1/maps/<MAP>            maps of this ABI version
//! <pin>/v1/stages                the program array of the load that is attached
//! <pin>/v1/egress-stages         likewise of the programs on the way to the devices
//! <pin>/links/native/<interface> links, by the mode they were attached in
//! <pin>/links/generic/<interface>
//! <pin>/links/tcx/<interface>    links on the way to the devices
//! <pin>/links/clsact/<interface> folders without content: there is such a filter on the interface
//! ```
//!
//! Links stand outside of the version: a daemon of another ABI puts its own program on them and no packet passes
//! unfiltered.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use gateway_common::abi::ABI_VERSION;
use nix::sys::statfs::{FsType, statfs};

use super::Error;
use super::downlink::{self, How};

/// `BPF_FS_MAGIC` of linux/magic.h.
const BPF_FS_MAGIC: FsType = FsType(0xcafe_4a11);

/// The folder of pins.
#[derive(Clone, Debug)]
pub struct Pins {
    root: PathBuf,
}

/// How a program is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// In the driver, before the kernel has made anything of the frame.
    Native,
    /// In the network stack, after the kernel has copied the frame into a socket buffer.
    Generic,
}

impl Mode {
    /// Both modes, the better one first.
    pub const ALL: [Self; 2] = [Self::Native, Self::Generic];

    /// The word for it in metrics, tables and pins.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Generic => "generic",
        }
    }
}

impl Pins {
    /// The pins under `root`; nothing is touched.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the folders.
    ///
    /// # Errors
    /// [`Error::NotBpfFs`] if they would not lie in a BPF file system.
    pub fn create(&self) -> Result<(), Error> {
        let mut folders = vec![self.maps()];
        folders.extend(Mode::ALL.map(|mode| self.links(mode.label())));
        folders.extend(How::ALL.map(|how| self.links(how.label())));
        for folder in folders {
            fs::create_dir_all(&folder).map_err(|source| file("create", &folder, source))?;
        }
        let kind = statfs(&self.root)
            .map_err(|source| file("look at", &self.root, source.into()))?
            .filesystem_type();
        if kind == BPF_FS_MAGIC { Ok(()) } else { Err(Error::NotBpfFs { path: self.root.clone() }) }
    }

    /// Whether a filter of this ABI version is pinned.
    pub fn exist(&self) -> bool {
        self.map("ACTIVE").exists()
    }

    /// Whether a filter of another ABI version is pinned.
    pub fn of_another_version(&self) -> Vec<PathBuf> {
        let current = self.version();
        entries(&self.root).filter(|path| *path != current && !path.ends_with("links")).collect()
    }

    fn version(&self) -> PathBuf {
        self.root.join(format!("v{ABI_VERSION}"))
    }

    fn maps(&self) -> PathBuf {
        self.version().join("maps")
    }

    /// The pin of a map.
    pub fn map(&self, name: &str) -> PathBuf {
        self.maps().join(name)
    }

    /// The pin of the program array in use.
    pub fn stages(&self) -> PathBuf {
        self.version().join("stages")
    }

    /// The pin of the program array of the programs on the way to the devices.
    pub fn egress_stages(&self) -> PathBuf {
        self.version().join("egress-stages")
    }

    fn links(&self, kind: &str) -> PathBuf {
        self.root.join("links").join(kind)
    }

    /// The pin of an interface's link.
    pub fn link(&self, mode: Mode, interface: &str) -> PathBuf {
        self.links(mode.label()).join(quoted(interface))
    }

    /// What is pinned of the program on the way to the devices, on an interface.
    pub fn downlink(&self, how: How, interface: &str) -> PathBuf {
        self.links(how.label()).join(quoted(interface))
    }

    /// The interfaces with a pinned link.
    pub fn attached(&self) -> Vec<(String, Mode)> {
        let mut attached: Vec<_> = Mode::ALL
            .into_iter()
            .flat_map(|mode| entries(&self.links(mode.label())).map(move |path| (path, mode)))
            .filter_map(|(path, mode)| Some((unquoted(&path)?, mode)))
            .collect();
        attached.sort();
        attached
    }

    /// The interfaces with the program on the way to the devices.
    pub fn downlinks(&self) -> Vec<(String, How)> {
        How::ALL
            .into_iter()
            .flat_map(|how| entries(&self.links(how.label())).map(move |path| (path, how)))
            .filter_map(|(path, how)| Some((unquoted(&path)?, how)))
            .collect()
    }

    /// Removes everything: links, and with them the filter; then maps and folders. Returns whether there was anything.
    ///
    /// # Errors
    /// [`Error::File`] if something cannot be removed.
    pub fn remove(&self) -> Result<bool, Error> {
        downlink::detach_others(self, &[])?;
        let links = self.root.join("links");
        // Links first: as long as one is left, it must not run into maps that are gone.
        let existed = remove_tree(&links)? | remove_tree(&self.root)?;
        Ok(existed)
    }
}

/// The name of a pin for an interface. The BPF file system refuses names with a dot, which interface names may have.
fn quoted(interface: &str) -> String {
    interface.replace('%', "%25").replace('.', "%2e")
}

/// The interface of such a pin.
fn unquoted(pin: &Path) -> Option<String> {
    Some(pin.file_name()?.to_str()?.replace("%2e", ".").replace("%25", "%"))
}

/// Removes a folder with all in it; false if there was none.
///
/// # Errors
/// [`Error::File`] if something cannot be removed.
pub fn remove_tree(folder: &Path) -> Result<bool, Error> {
    match fs::remove_dir_all(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(file("remove", folder, source)),
    }
}

/// Removes a file; one that is not there is fine.
///
/// # Errors
/// [`Error::File`] if it cannot be removed.
pub fn remove_file(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(file("remove", path, source)),
        _ => Ok(()),
    }
}

/// The error of an operation on a file.
pub(super) fn file(op: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::File { op, path: path.to_owned(), source }
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()))
}

#[cfg(test)]
mod tests {
    use super::{Mode, Pins};

    #[test]
    fn the_dot_of_a_vlan_interface_does_not_reach_the_bpf_file_system() {
        let pins = Pins::new("/sys/fs/bpf/x");
        assert_eq!(pins.link(Mode::Native, "eth0.10").to_str(), Some("/sys/fs/bpf/x/links/native/eth0%2e10"));
    }
}
