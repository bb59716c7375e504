//! Whose policies count: a device by its name or by a MAC address.

use gateway_common::wire::MacAddr;

use crate::policy::{Config, Device, DeviceAddress, NoDevice, OTHER};

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
    /// Finds the device that `text` names; an address that no `[[device]]` has is that of an unlisted one.
    ///
    /// # Errors
    /// If it is neither a name nor an address, or may mean two devices.
    pub fn find(config: &'a Config, text: &str) -> Result<Self, NoDevice> {
        let is_address = text.parse::<DeviceAddress>().is_ok();
        let mac = text.parse::<MacAddr>().ok();
        let unlisted = |mac| Self { device: None, mac, policies: &config.default_policies };
        match config.find_device(text) {
            Ok(device) => Ok(Self { device: Some(device), mac: None, policies: &device.policies }),
            Err(NoDevice::Part { whole, .. }) => {
                let device = config.devices.iter().find(|device| device.address == whole);
                Ok(device.map_or_else(
                    || unlisted(mac),
                    |device| Self { device: Some(device), mac, policies: &device.policies },
                ))
            }
            Err(NoDevice::Unknown { .. }) if is_address || text == OTHER => Ok(unlisted(mac)),
            Err(error) => Err(error),
        }
    }
}
