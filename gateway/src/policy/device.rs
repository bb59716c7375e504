//! The devices of the configuration.

use std::collections::HashMap;
use std::ops::Range;

use gateway_common::abi::{DeviceKey, MAX_DEVICES};
use toml::Spanned;

use super::device_address::DeviceAddress;
use super::escape::Shown;
use super::file::MAX_LABEL;
use super::folder::Folder;
use super::raw::{RawConfig, RawDevice, Text};
use super::reading::{Checker, Reading, Table};

/// The name under which devices without a `[[device]]` are counted.
pub const OTHER: &str = "other";

/// A device and the policies that apply to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// What people call it; 1 to 64 bytes, no control characters, not `other`.
    pub name: String,
    /// Source address of its frames, or what those of several begin with that are counted as one device.
    pub address: DeviceAddress,
    /// Names of the policies that apply, each once.
    pub policies: Vec<String>,
}

impl Device {
    /// How the kernel finds it.
    pub const fn key(&self) -> DeviceKey {
        self.address.key()
    }
}

/// What the devices before this one took.
#[derive(Default)]
struct Taken {
    names: HashMap<String, Range<usize>>,
    addresses: HashMap<DeviceAddress, Range<usize>>,
}

/// Checks every `[[device]]`; those with mistakes are left out.
pub(super) fn check_devices(
    checker: &mut Checker<'_>,
    reading: &Reading<RawConfig>,
    folder: &Folder,
) -> Vec<Device> {
    let raw = &reading.raw.device;
    let room = usize::try_from(MAX_DEVICES - 1).unwrap_or(usize::MAX);
    if let Some(first_without) = raw.get(room) {
        let title =
            format!("there are {} devices, {} more than can be told apart", raw.len(), raw.len() - room);
        let cure = format!("keep at most {room}; the others are counted together and follow [defaults]");
        checker.refuse(first_without.span(), title, cure);
    }
    let mut taken = Taken::default();
    raw.iter().filter_map(|device| check_device(checker, reading, device, folder, &mut taken)).collect()
}

fn check_device(
    checker: &mut Checker<'_>,
    reading: &Reading<RawConfig>,
    device: &Spanned<Table<RawDevice>>,
    folder: &Folder,
    taken: &mut Taken,
) -> Option<Device> {
    let raw = &device.get_ref().0;
    let mut required = |value: &Option<Text>, key: &str, cure: &str| {
        if value.is_none() && !reading.was_struck(Some(device.span().start), key) {
            checker.refuse(device.span(), format!("the device has no `{key}`"), cure);
        }
    };
    required(&raw.name, "name", "write name = \"…\", what you call the device, below [[device]]");
    required(&raw.mac, "mac", "write mac = \"…\", as `ip neigh` shows it, below [[device]]");
    let name = raw.name.as_ref().and_then(|text| check_name(checker, text, taken));
    let address = raw.mac.as_ref().and_then(|text| check_address(checker, text, taken));
    let policies = check_policies(checker, &raw.policies, folder);
    Some(Device { name: name?, address: address?, policies })
}

fn check_name(checker: &mut Checker<'_>, text: &Text, taken: &mut Taken) -> Option<String> {
    let name = text.get_ref();
    if name.is_empty() || name.len() > MAX_LABEL || name.contains(char::is_control) {
        let title = format!("{} cannot be the name of a device", Shown(name));
        checker.refuse(text.span(), title, "write 1 to 64 bytes without control characters");
        return None;
    }
    if name == OTHER {
        let title = format!("`{OTHER}` is the name under which unlisted devices are counted");
        checker.refuse(text.span(), title, "give the device another name");
        return None;
    }
    if let Some(first) = taken.names.get(name) {
        let mistake = checker.source.mistake(
            text.span(),
            format!("two devices are named {}", Shown(name)),
            "give one of them another name",
        );
        checker.mistakes.push(mistake.label("again here").other(checker.source, first.clone(), "first here"));
        return None;
    }
    taken.names.insert(name.clone(), text.span());
    Some(name.clone())
}

fn check_address(checker: &mut Checker<'_>, text: &Text, taken: &mut Taken) -> Option<DeviceAddress> {
    let address: DeviceAddress = checker.parse(text, str::parse)?;
    if let Some(first) = taken.addresses.get(&address) {
        let cure = "keep one [[device]] for this address, with the policies of both";
        let mistake =
            checker.source.mistake(text.span(), format!("two devices have the MAC address {address}"), cure);
        checker.mistakes.push(mistake.label("again here").other(checker.source, first.clone(), "first here"));
        return None;
    }
    taken.addresses.insert(address, text.span());
    Some(address)
}

/// Checks names of policies; those that do not exist are left out, those named twice stay once.
pub(super) fn check_policies(checker: &mut Checker<'_>, texts: &[Text], folder: &Folder) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for text in texts {
        let name = text.get_ref();
        match folder.find(name) {
            Err(cure) => checker.refuse(text.span(), format!("there is no policy {}", Shown(name)), cure),
            Ok(()) if names.contains(name) => {}
            Ok(()) => names.push(name.clone()),
        }
    }
    names
}
