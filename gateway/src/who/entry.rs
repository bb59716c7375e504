//! A device that was seen as lines for `gateway.toml`.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::IpAddr;

use gateway_common::abi::DeviceKey;
use gateway_common::wire::MacAddr;

use crate::policy::{DeviceAddress, Escaped, OTHER};

/// Longest name that is made, in bytes.
const MAX_NAME: usize = 32;

/// What is known of a device that is to be listed.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Its address.
    pub mac: MacAddr,
    /// What it is called in a lease; whatever that is.
    pub host: Option<&'a str>,
    /// Who made it.
    pub vendor: Option<&'a str>,
    /// Its addresses.
    pub addresses: &'a [IpAddr],
    /// When it was seen last, for people.
    pub last_seen: Option<String>,
}

impl Entry<'_> {
    /// A `[[device]]` with a name that no other device has, and above it a comment on what is known; the name is added to
    /// `taken`.
    pub fn lines(&self, taken: &mut HashSet<String>) -> String {
        let name = self.name(taken);
        let address = DeviceAddress::from(DeviceKey::prefix(self.mac, 6));
        let mut lines = format!("# {}\n", self.about());
        // Writing to a String cannot fail.
        let _ = write!(lines, "[[device]]\nname = \"{name}\"\nmac = \"{address}\"\npolicies = []\n");
        taken.insert(name);
        lines
    }

    /// A name for it: what it calls itself, or who made it, or what it is; made of lower-case letters, digits and hyphens.
    pub fn name(&self, taken: &HashSet<String>) -> String {
        let MacAddr([.., d, e, f]) = self.mac;
        let of_host = self.host.map(slug).filter(|slug| !slug.is_empty());
        let of_vendor = self.vendor.and_then(|vendor| vendor.split_whitespace().next()).map(slug);
        let of_vendor = of_vendor.filter(|slug| !slug.is_empty());
        let name = of_host.unwrap_or_else(|| match of_vendor {
            Some(vendor) => format!("{vendor}-{e:02x}{f:02x}"),
            None => format!("device-{d:02x}{e:02x}{f:02x}"),
        });
        let is_free = |name: &String| name != OTHER && !taken.contains(name);
        let numbered = (2..=u32::MAX).map(|n| format!("{name}-{n}"));
        std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or(name)
    }

    /// What is known, in one line without anything that ends it.
    fn about(&self) -> String {
        let mut known: Vec<String> =
            self.host.map(|host| format!("\"{}\"", Escaped(host))).into_iter().collect();
        known.extend(self.vendor.map(|vendor| Escaped(vendor).to_string()));
        if self.mac.is_local() {
            known.push("random address, which may change".to_owned());
        }
        known.extend(self.addresses.iter().map(IpAddr::to_string));
        known.extend(self.last_seen.as_ref().map(|last| format!("last seen {last}")));
        if known.is_empty() { "nothing else is known of it".to_owned() } else { known.join(", ") }
    }
}

/// Letters and digits in lower case, and a hyphen for each run of anything else between them.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if slug.len() == MAX_NAME {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
