//! `[defaults] track`: the first devices without a `[[device]]` are counted on their own, each under its address.
//!
//! Such a device has a number like a listed one. What tells the two apart is the label that is kept beside the counters: its text
//! is the address itself. So the filter knows of them by itself, whatever becomes of the daemon.

use std::collections::{BTreeSet, HashSet};

use gateway_common::abi::{DeviceKey, MAX_DEVICES};
use gateway_common::wire::MacAddr;
use toml::Spanned;

use super::config::Config;
use super::device::Device;
use super::reading::Checker;

/// How many can be tracked: each has a dozen time series, and whoever is in the network can take any number of addresses.
pub const MAX_TRACK: usize = 1024;

/// Checks the number; `listed` devices have one already.
pub(super) fn check_track(checker: &mut Checker<'_>, number: &Spanned<i64>, listed: usize) -> Option<usize> {
    let room = usize::try_from(MAX_DEVICES - 1).unwrap_or(usize::MAX).saturating_sub(listed).min(MAX_TRACK);
    match usize::try_from(*number.get_ref()) {
        Ok(track) if track <= room => Some(track),
        _ => {
            let title = format!("{} devices cannot be tracked", number.get_ref());
            let cure =
                format!("write a number from 0 (none) to {room}, or a [[device]] for each that matters");
            checker.refuse(number.span(), title, cure);
            None
        }
    }
}

/// Whether a label with this text is that of a device that is not listed.
pub fn is_tracked(text: &str, key: DeviceKey) -> bool {
    key.bytes == 6 && key.mac.to_string() == text
}

/// Those of `tracked`, in this order, that the configuration still wants to be.
pub fn kept(config: &Config, tracked: impl IntoIterator<Item = MacAddr>) -> Vec<MacAddr> {
    let listed = Listed::new(config);
    tracked.into_iter().filter(|mac| !listed.contains(*mac)).take(config.track).collect()
}

/// Those that are to be tracked from now on beside `tracked`: of the devices that were `seen`, each with the second in which it
/// was first, the first for which there is room.
pub fn newcomers(
    config: &Config,
    tracked: &[MacAddr],
    seen: impl IntoIterator<Item = (MacAddr, u64)>,
) -> Vec<MacAddr> {
    let room = config.track.saturating_sub(tracked.len());
    let (listed, tracked): (_, HashSet<&MacAddr>) = (Listed::new(config), tracked.iter().collect());
    let new = seen.into_iter().filter(|(mac, _)| !tracked.contains(mac) && !listed.contains(*mac));
    let by_second: BTreeSet<(u64, MacAddr)> = new.map(|(mac, first)| (first, mac)).collect();
    by_second.into_iter().map(|(_, mac)| mac).take(room).collect()
}

/// The addresses for which a `[[device]]` stands.
struct Listed(HashSet<DeviceKey>);

impl Listed {
    fn new(config: &Config) -> Self {
        Self(config.devices.iter().map(Device::key).collect())
    }

    fn contains(&self, mac: MacAddr) -> bool {
        (1..=6).any(|bytes| self.0.contains(&DeviceKey::prefix(mac, bytes)))
    }
}

#[cfg(test)]
#[path = "track_tests.rs"]
mod tests;
