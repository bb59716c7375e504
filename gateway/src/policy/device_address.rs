//! Whose frames a `[[device]]` means: one MAC address, or all that begin alike.

use std::fmt;
use std::str::FromStr;

use gateway_common::abi::DeviceKey;
use gateway_common::wire::MacAddr;
use serde::{Deserialize, Serialize};

use super::escape::Shown;
use super::mistake::Refusal;

/// Bytes of a MAC address.
const WHOLE: usize = 6;

/// A MAC address, or the beginning of one that stands for all addresses with it. Written `8c:be:be:12:34:56` or `8c:be:be:*`.
///
/// Of those that mean an address, the longest says whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct DeviceAddress(DeviceKey);

impl DeviceAddress {
    /// How the kernel finds it.
    pub const fn key(self) -> DeviceKey {
        self.0
    }

    /// Whether it means every address that `other` means.
    pub fn contains(self, other: Self) -> bool {
        self.0.bytes <= other.0.bytes && DeviceKey::prefix(other.0.mac, self.0.bytes) == self.0
    }

    /// Whether it is a whole address that the device made up, as phones do for privacy: it may come back with another.
    pub const fn is_random(self) -> bool {
        self.0.bytes == 6 && self.0.mac.is_local()
    }
}

/// As the kernel's labels have it, which were an address once.
impl From<DeviceKey> for DeviceAddress {
    fn from(key: DeviceKey) -> Self {
        Self(key)
    }
}

impl fmt::Display for DeviceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<DeviceAddress> for String {
    fn from(address: DeviceAddress) -> Self {
        address.to_string()
    }
}

impl TryFrom<String> for DeviceAddress {
    type Error = BadAddress;

    fn try_from(text: String) -> Result<Self, BadAddress> {
        text.parse()
    }
}

/// The text is no address from which a device can send.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It is neither an address nor a prefix.
    #[error("{} is not a MAC address", Shown(.0))]
    Shape(String),
    /// A `*` behind too few or too many bytes, or behind a part of one.
    #[error("{} is not the beginning of a MAC address", Shown(.0))]
    Prefix(String),
    /// Its first byte has the group bit.
    #[error("{} is a group address, from which no device sends", Shown(.0))]
    Group(String),
    /// All zeros.
    #[error("no device has the address of all zeros")]
    Zero,
}

impl Refusal for BadAddress {
    fn cure(&self) -> String {
        String::from(match self {
            Self::Shape(_) => "write six bytes of two hexadecimal digits, such as \"8c:be:be:12:34:56\"",
            Self::Prefix(_) => "write one to five whole bytes and then `*`, such as \"8c:be:be:*\"",
            Self::Group(_) | Self::Zero => "write the device's own address, as `ip neigh` shows it",
        })
    }
}

impl FromStr for DeviceAddress {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let address = match text.strip_suffix('*') {
            Some(beginning) => prefix(beginning).ok_or_else(|| BadAddress::Prefix(String::from(text)))?,
            None if text.contains('*') => return Err(BadAddress::Prefix(String::from(text))),
            None => {
                let mac = text.parse().map_err(|_| BadAddress::Shape(String::from(text)))?;
                DeviceKey::prefix(mac, 6)
            }
        };
        if address.mac.is_group() {
            return Err(BadAddress::Group(String::from(text)));
        }
        if address == DeviceKey::prefix(MacAddr::default(), 6) {
            return Err(BadAddress::Zero);
        }
        Ok(Self(address))
    }
}

/// What stands before the `*`: one to five bytes, each with the separator behind it. With zeros in the place of the other
/// bytes it is read as a whole address is.
fn prefix(beginning: &str) -> Option<DeviceKey> {
    let separator = beginning.chars().next_back().filter(|last| matches!(last, ':' | '-'))?;
    let bytes = beginning.matches(separator).count();
    let missing = WHOLE.checked_sub(bytes).filter(|missing| *missing > 0)?;
    let zeros = vec!["00"; missing].join(&separator.to_string());
    let mac = format!("{beginning}{zeros}").parse().ok()?;
    Some(DeviceKey::prefix(mac, u8::try_from(bytes).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let address = text.parse::<DeviceAddress>();
        address.map(|address| address.to_string()).map_err(|error| format!("{error}; {}", error.cure()))
    }

    #[test]
    fn an_address_and_a_prefix_are_read_in_either_case_and_with_either_separator() {
        for (text, shown) in [
            ("8C-BE-BE-12-34-56", "8c:be:be:12:34:56"),
            ("8c:be:be:*", "8c:be:be:*"),
            ("8C-BE-BE-12-*", "8c:be:be:12:*"),
            ("02:*", "02:*"),
            ("00:*", "00:*"),
            ("00:00:00:00:00:*", "00:00:00:00:00:*"),
        ] {
            assert_eq!(read(text).unwrap(), shown);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_cure() {
        let prefix = "is not the beginning of a MAC address; write one to five whole bytes";
        for (text, told) in [
            ("", "`` is not a MAC address; write six bytes"),
            ("8c:be:be", "`8c:be:be` is not a MAC address; write six bytes"),
            ("*", prefix),
            (":*", prefix),
            ("8c:be:be*", prefix),
            ("8c:be:b*", prefix),
            ("8c:be-*", prefix),
            ("8c:*:be", prefix),
            ("8c::*", prefix),
            ("8c:be:be:12:34:56:*", prefix),
            ("8c:be:be:*:*", prefix),
            (
                "01:00:5e:*",
                "`01:00:5e:*` is a group address, from which no device sends; write the device's own",
            ),
            ("ff:ff:ff:ff:ff:ff", "is a group address"),
            ("00:00:00:00:00:00", "no device has the address of all zeros"),
        ] {
            let refusal = read(text).unwrap_err();
            assert!(refusal.contains(told), "{text}: {refusal}");
        }
    }

    #[test]
    fn a_prefix_means_what_begins_with_it_and_only_a_whole_address_is_random() {
        let address = |text: &str| text.parse::<DeviceAddress>().unwrap();
        let whole = address("8e:be:be:12:34:56");
        assert!(address("8e:be:be:*").contains(whole) && whole.contains(whole));
        assert!(!address("8e:be:bf:*").contains(whole) && !address("8e:be:be:12:34:57").contains(whole));
        assert!(address("8e:*").contains(address("8e:be:*")) && !whole.contains(address("8e:be:be:*")));
        assert!(whole.is_random());
        assert!(!address("8e:*").is_random() && !address("8c:be:be:12:34:56").is_random());
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_as_the_same(mac: [u8; 6], bytes in 1..=6_u8) {
            let [first, rest @ ..] = mac;
            let [b, c, d, e, g] = rest;
            let key = DeviceKey::prefix(MacAddr([first & 0xfe, b, c, d, e, g]), bytes);
            prop_assume!(bytes < 6 || key.mac != MacAddr::default());
            let address = DeviceAddress(key);
            prop_assert_eq!(address.to_string().parse(), Ok(address));
            let json = serde_json::to_string(&address).unwrap();
            prop_assert_eq!(serde_json::from_str::<DeviceAddress>(&json).unwrap(), address);
        }
    }
}
