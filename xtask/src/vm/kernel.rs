//! Kernels of Debian's cloud images: small, with BTF, and with serial ports built in.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::{debian, paths};

/// A series of kernels, such as 6.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series {
    /// 6 of 6.1.
    pub major: u32,
    /// 1 of 6.1.
    pub minor: u32,
}

impl std::fmt::Display for Series {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The image of the newest kernel of a series, fetched unless it was before.
pub fn image(series: Series) -> Result<PathBuf> {
    let folder = paths::vm().join(format!("linux-{series}"));
    if !folder.exists() {
        fetch(series, &folder).with_context(|| {
            format!(
                "no Linux {series} to test on: Debian 12 with its security updates offers it as \
                 linux-image-{series}.*-cloud-amd64; see that `apt-cache search linux-image-{series}` lists one and \
                 that `apt-get download` reaches it"
            )
        })?;
    }
    let images = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let images = images.filter_map(|entry| Some(entry.ok()?.path()));
    let image = images.into_iter().find(|path| is_image(path));
    image.with_context(|| format!("no kernel in {0}: remove {0} and run this again", folder.display()))
}

fn fetch(series: Series, folder: &Path) -> Result<()> {
    debian::update();
    let (major, minor) = (series.major, series.minor);
    let names = debian::names(&format!("^linux-image-{major}\\.{minor}\\..*-cloud-amd64$"))?;
    let package = newest(&names, series);
    let package = package.with_context(|| format!("apt offers no cloud kernel {series}"))?.to_owned();
    let unpacked = folder.with_extension("package");
    if unpacked.exists() {
        fs::remove_dir_all(&unpacked).with_context(|| format!("cannot remove {}", unpacked.display()))?;
    }
    debian::unpack(&[package], &unpacked)?;
    // Of the package only `boot` is kept: what the tests need is built into the kernel, not a module.
    let boot = unpacked.join("boot");
    ensure!(boot.is_dir(), "the package holds no folder `boot`");
    fs::rename(&boot, folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::remove_dir_all(&unpacked).with_context(|| format!("cannot remove {}", unpacked.display()))
}

fn is_image(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("vmlinuz-"))
}

/// The package of the newest kernel of a series: `linux-image-6.1.0-56-cloud-amd64` counts its updates behind the
/// first dash, `linux-image-6.12.117+deb12-cloud-amd64` in the third number. Unsigned images and debug symbols have
/// longer names.
fn newest(names: &[String], series: Series) -> Option<&str> {
    let versions = names.iter().filter_map(|name| {
        let version = name.strip_prefix("linux-image-")?.strip_suffix("-cloud-amd64")?;
        let numbers = numbers(version);
        (numbers.starts_with(&[series.major, series.minor]) && version.starts_with(&format!("{series}.")))
            .then_some((numbers, name.as_str()))
    });
    versions.max().map(|(_, name)| name)
}

/// All numbers in a text, in their order.
fn numbers(text: &str) -> Vec<u32> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIES_6_1: Series = Series { major: 6, minor: 1 };
    const SERIES_6_12: Series = Series { major: 6, minor: 12 };

    fn offered() -> Vec<String> {
        [
            "linux-image-6.1.0-9-cloud-amd64",
            "linux-image-6.1.0-56-cloud-amd64",
            "linux-image-6.1.0-47-cloud-amd64",
            "linux-image-6.1.0-57-cloud-amd64-unsigned",
            "linux-image-6.1.0-58-cloud-amd64-dbg",
            "linux-image-6.12-cloud-amd64",
            "linux-image-6.12.99+deb12-cloud-amd64",
            "linux-image-6.12.117+deb12-cloud-amd64",
            "linux-image-cloud-amd64",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    #[test]
    fn the_newest_update_of_a_series_is_chosen_by_number_and_not_by_letter() {
        let offered = offered();
        assert_eq!(newest(&offered, SERIES_6_1), Some("linux-image-6.1.0-56-cloud-amd64"));
        assert_eq!(newest(&offered, SERIES_6_12), Some("linux-image-6.12.117+deb12-cloud-amd64"));
    }

    #[test]
    fn a_series_that_is_not_offered_has_no_newest_kernel() {
        assert_eq!(newest(&offered(), Series { major: 6, minor: 6 }), None);
        assert_eq!(newest(&[], SERIES_6_1), None);
    }
}
