//! Devices that are paused, and until when; and the file in which that outlives the daemon.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use jiff::{SignedDuration, Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use super::length::LONGEST;
use crate::policy::{Device, DeviceAddress};

/// The file, in the folder that `state` names.
const FILE: &str = "pauses.json";

/// The furthest off that the end of a pause can be: an hour more than the longest, by which the clock may have been put
/// right since.
const FURTHEST: SignedDuration = SignedDuration::from_secs(LONGEST.as_secs() + 3600);

/// Who is paused until when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pauses(BTreeMap<DeviceAddress, Timestamp>);

/// What the file says.
#[derive(Serialize, Deserialize)]
struct Written {
    pauses: Vec<Pause>,
}

#[derive(Serialize, Deserialize)]
struct Pause {
    mac: DeviceAddress,
    until: Timestamp,
}

impl Pauses {
    /// Pauses a device; one that is paused already is paused until then.
    pub fn pause(&mut self, device: DeviceAddress, until: Timestamp) {
        self.0.insert(device, until);
    }

    /// Ends the pause of a device; `false` if there was none.
    pub fn resume(&mut self, device: DeviceAddress) -> bool {
        self.0.remove(&device).is_some()
    }

    /// Until when the device is paused, or was if nobody has ended it since.
    pub fn until(&self, device: DeviceAddress) -> Option<Timestamp> {
        self.0.get(&device).copied()
    }

    /// How many devices are paused, or were if nobody has ended that since.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no device is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the device is paused at this moment. A pause that would go on for longer than any may was made before the
    /// clock was set back, as that of a router is at boot; it does not hold until the clock is right again.
    pub fn holds(&self, device: DeviceAddress, now: Timestamp) -> bool {
        self.until(device).is_some_and(|until| until > now && until.duration_since(now) <= FURTHEST)
    }

    /// The next moment at which a pause is over.
    pub fn next_end(&self, now: Timestamp) -> Option<Timestamp> {
        self.0.values().copied().filter(|until| *until > now).min()
    }

    /// Forgets the pauses that are over, and those of devices that are not listed any more.
    pub fn tidy(&mut self, devices: &[Device], now: Timestamp) {
        self.0
            .retain(|address, until| *until > now && devices.iter().any(|device| device.address == *address));
    }

    /// Reads what the daemon has written into this folder; nothing is paused if it has not.
    ///
    /// # Errors
    /// If the file cannot be read or is not as the daemon writes it.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let text = match fs::read(folder.join(FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text?,
        };
        let written: Written = serde_json::from_slice(&text)?;
        Ok(Self(written.pauses.into_iter().map(|pause| (pause.mac, pause.until)).collect()))
    }

    /// Writes them into this folder, which is made if it is not there. Whoever reads meanwhile finds the old file whole.
    ///
    /// # Errors
    /// If that fails; the old file is then as it was.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let pauses = self.0.iter().map(|(mac, until)| Pause { mac: *mac, until: *until }).collect();
        let mut text = serde_json::to_vec_pretty(&Written { pauses })?;
        text.push(b'\n');
        fs::create_dir_all(folder)?;
        let new = folder.join(format!("{FILE}.new"));
        let mut file = fs::File::create(&new)?;
        file.write_all(&text)?;
        // A router loses power as it likes; a name without content would be a broken file.
        file.sync_all()?;
        fs::rename(new, folder.join(FILE))
    }
}

/// When a pause ends, for people: the time of day, and the date if that is not today's.
pub fn shown(until: Timestamp, now: &Zoned) -> String {
    let until = until.to_zoned(now.time_zone().clone());
    let format = if until.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    until.strftime(format).to_string()
}

#[cfg(test)]
#[path = "pauses_tests.rs"]
mod tests;
