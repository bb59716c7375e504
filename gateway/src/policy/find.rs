//! A device by what people call it.

use super::config::Config;
use super::device::Device;
use super::device_address::DeviceAddress;
use super::escape::{Escaped, Shown};
use super::nearest::nearest;

/// No device is meant, or not clearly one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDevice {
    /// No name and no address is this.
    #[error("there is no device {}{}", Shown(.word), cure(.nearest.as_deref()))]
    Unknown {
        /// What was asked for.
        word: String,
        /// The name that was probably meant.
        nearest: Option<String>,
    },
    /// It is one of several that are counted as one device.
    #[error("{address} is counted as part of `{}`, which is all of {whole}: name that", Escaped(.name))]
    Part {
        /// The address.
        address: DeviceAddress,
        /// The name of the device.
        name: String,
        /// The addresses that it stands for.
        whole: DeviceAddress,
    },
    /// It is the name of one device and the address of another.
    #[error("{} is the name of one device and the address of another: give the first another name", Shown(.0))]
    Two(String),
}

fn cure(nearest: Option<&str>) -> String {
    let all = || String::from("; `gateway devices` lists them");
    nearest.map_or_else(all, |name| format!(": did you mean {}?", Shown(name)))
}

impl Config {
    /// The device with this name, or with this address or prefix as its `mac` says.
    ///
    /// # Errors
    /// If it is none, or may be two.
    pub fn find_device(&self, word: &str) -> Result<&Device, NoDevice> {
        let address = word.parse::<DeviceAddress>().ok();
        let by_name = self.devices.iter().find(|device| device.name == word);
        let by_address = self.devices.iter().find(|device| Some(device.address) == address);
        match (by_name, by_address) {
            (Some(named), Some(addressed)) if named != addressed => Err(NoDevice::Two(word.to_owned())),
            (Some(device), _) | (None, Some(device)) => Ok(device),
            (None, None) => Err(self.no_device(word, address)),
        }
    }

    fn no_device(&self, word: &str, address: Option<DeviceAddress>) -> NoDevice {
        let around = |address: &DeviceAddress| {
            let all = self.devices.iter().filter(|device| device.address.contains(*address));
            all.max_by_key(|device| device.address.key().bytes)
        };
        if let Some((address, device)) = address.and_then(|address| Some((address, around(&address)?))) {
            return NoDevice::Part { address, name: device.name.clone(), whole: device.address };
        }
        let nearest = nearest(word, self.devices.iter().map(|device| device.name.as_str()));
        NoDevice::Unknown { word: word.to_owned(), nearest: nearest.map(String::from) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::config;

    #[test]
    fn a_device_is_found_by_its_name_and_by_its_address_and_else_it_is_told_why_not() {
        let devices = [
            ("anna-phone", "8c:be:be:12:34:56"),
            ("phones", "8c:be:be:*"),
            ("old phones", "8c:be:*"),
            ("8c:be:be:12:34:56", "02:00:00:00:00:01"),
        ];
        let text: String = devices
            .iter()
            .map(|(name, mac)| format!("[[device]]\nname = \"{name}\"\nmac = \"{mac}\"\n"))
            .collect();
        let config = config(&text, &[]);
        let find = |word: &str| match config.find_device(word) {
            Ok(device) => device.name.clone(),
            Err(error) => error.to_string(),
        };
        for (word, found) in [
            ("anna-phone", "anna-phone"),
            ("8C-BE-BE-*", "phones"),
            ("02:00:00:00:00:01", "8c:be:be:12:34:56"),
            (
                "8c:be:be:12:34:56",
                "`8c:be:be:12:34:56` is the name of one device and the address of another: give the first another name",
            ),
            (
                "8c:be:be:00:00:01",
                "8c:be:be:00:00:01 is counted as part of `phones`, which is all of 8c:be:be:*: name that",
            ),
            (
                "8c:be:12:*",
                "8c:be:12:* is counted as part of `old phones`, which is all of 8c:be:*: name that",
            ),
            ("ana-phone", "there is no device `ana-phone`: did you mean `anna-phone`?"),
            ("8c:*", "there is no device `8c:*`; `gateway devices` lists them"),
            ("\u{1b}[2J", "there is no device `\\u{1b}[2J`; `gateway devices` lists them"),
        ] {
            assert_eq!(find(word), found);
        }
    }
}
