//! Devices: how the kernel half finds them, and what they are called.

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::wire::MacAddr;

/// Key of the map `DEVICES`: a MAC address or the beginning of one.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct DeviceKey {
    /// The address; of a prefix the bytes behind it are 0.
    pub mac: MacAddr,
    /// How many bytes of the address count: 1 to 6.
    pub bytes: u8,
    /// Always 0.
    pub reserved: u8,
}

impl DeviceKey {
    /// The key of the first `bytes` bytes of `mac`.
    #[inline(always)]
    pub const fn prefix(mac: MacAddr, bytes: u8) -> Self {
        let mut kept = [0; 6];
        let mut at = 0;
        while at < 6 {
            kept[at] = if at < bytes as usize { mac.0[at] } else { 0 };
            at += 1;
        }
        Self { mac: MacAddr(kept), bytes, reserved: 0 }
    }
}

/// As it is written in the configuration: `8c:be:be:12:34:56`, or `8c:be:be:*` for all that begin so.
impl fmt::Display for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bytes >= 6 {
            return self.mac.fmt(f);
        }
        for byte in self.mac.0.iter().take(self.bytes.into()) {
            write!(f, "{byte:02x}:")?;
        }
        f.write_str("*")
    }
}

/// Value of a configured device in the map `DEVICES` (key: [`DeviceKey`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Device {
    /// Bit `n` is set if policy `n` applies.
    pub policies: u64,
    /// Index into `COUNTERS`, 1 to `MAX_DEVICES - 1`.
    pub number: u32,
    /// Always 0.
    pub reserved: u32,
}

/// How many devices that are not listed are remembered; the least recently seen make room.
pub const MAX_SEEN: u32 = 4096;

/// Key of the map `SEEN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SeenKey {
    /// The address that a device which is not listed sent from.
    pub mac: MacAddr,
    /// Always 0.
    pub reserved: [u8; 2],
}

/// Value of the map `SEEN`, in seconds since boot, suspended time left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Seen {
    /// When it was seen first.
    pub first: u64,
    /// When it was seen last.
    pub last: u64,
}

/// Name of a device or a policy as bytes, so that user space can keep it in a pinned map beside the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Label {
    /// Length in bytes; 0 means that the number is free.
    pub len: u8,
    /// The device's MAC address, or the beginning of it with zeros behind; zero for a policy.
    pub mac: MacAddr,
    /// How many bytes of the address count; 0 for a policy.
    pub mac_bytes: u8,
    /// UTF-8.
    pub text: [u8; Label::MAX],
}

impl Label {
    /// Longest name in bytes.
    pub const MAX: usize = 64;

    /// A number that is free.
    pub const FREE: Self = Self { len: 0, mac: MacAddr([0; 6]), mac_bytes: 0, text: [0; Self::MAX] };

    /// A label for `text`; `None` if it is empty or longer than [`Label::MAX`] bytes.
    pub fn new(text: &str, device: Option<DeviceKey>) -> Option<Self> {
        let (mac, mac_bytes) = device.map_or((MacAddr([0; 6]), 0), |key| (key.mac, key.bytes));
        let mut label = Self { len: u8::try_from(text.len()).ok()?, mac, mac_bytes, ..Self::FREE };
        label.text.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        (!text.is_empty()).then_some(label)
    }

    /// The address of the device.
    pub const fn device(&self) -> DeviceKey {
        DeviceKey { mac: self.mac, bytes: self.mac_bytes, reserved: 0 }
    }

    /// The text; `None` if the number is free or the bytes are not what [`Label::new`] writes.
    pub fn text(&self) -> Option<&str> {
        let text = core::str::from_utf8(self.text.get(..usize::from(self.len))?).ok()?;
        (!text.is_empty()).then_some(text)
    }
}
