//! Whose policies count: a device by its name or by a MAC address.

use gateway_common::wire::MacAddr;

use crate::policy::{Config, Device, DeviceAddress, OTHER, did_you_mean};

/// Whose packets are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who<'a> {
    /// The `[[device]]` that says which policies apply; `None`: `[defaults]` does.
    pub device: Option<&'a Device>,
    /// The MAC address, if one was asked for.
    pub mac: Option<MacAddr>,
    /// Names of its policies.
    pub policies: &'a [String],
}

impl<'a> Who<'a> {
    /// Finds the device that `text` names.
    ///
    /// # Errors
    /// The message, if `text` is neither the name of a device nor an address.
    pub fn find(config: &'a Config, text: &str) -> Result<Self, String> {
        let devices = config.devices.iter();
        let of_device =
            |device: &'a Device, mac| Self { device: Some(device), mac, policies: &device.policies };
        let unlisted = |mac| Self { device: None, mac, policies: &config.default_policies };
        if let Some(device) = devices.clone().find(|device| device.name == text) {
            return Ok(of_device(device, None));
        }
        if text == OTHER {
            return Ok(unlisted(None));
        }
        let Ok(address) = text.parse::<DeviceAddress>() else {
            let names = devices.map(|device| device.name.as_str());
            return Err(did_you_mean(text, "devices", names));
        };
        if let Some(device) = devices.clone().find(|device| device.address == address) {
            return Ok(of_device(device, None));
        }
        // A prefix that no [[device]] has is asked for as any address below it that none has.
        let mac = address.mac();
        let around =
            devices.filter(|device| device.address.bytes() < address.bytes() && device.address.contains(mac));
        let mac = (address == DeviceAddress::exact(mac)).then_some(mac);
        let longest = around.max_by_key(|device| device.address.bytes());
        Ok(longest.map_or_else(|| unlisted(mac), |device| of_device(device, mac)))
    }
}
