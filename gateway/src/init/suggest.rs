//! What to call a device that was seen, and which policies may suit it. Suggestions only: a person says yes or no.

use super::catalogue::Catalogue;
use super::survey::Seen;
use crate::policy::OTHER;

/// Longest part of a name that comes from elsewhere, in characters: a number may follow, and 64 bytes is all.
const LONGEST: usize = 48;

/// A word in the name of a maker, in the IEEE's list, and the policies for its devices. Many makers have several entries.
const MAKERS: [(&str, &[&str]); 9] = [
    ("xiaomi", &["xiaomi-telemetry"]),
    ("samsung", &["samsung-tv"]),
    ("lg", &["lg-tv"]),
    ("roku", &["roku"]),
    ("amazon", &["amazon-devices"]),
    ("huawei", &["huawei-telemetry"]),
    ("oppo", &["oppo-realme-telemetry"]),
    ("realme", &["oppo-realme-telemetry"]),
    ("oneplus", &["oppo-realme-telemetry"]),
];

/// How the name of a device begins, as it comes out of the box, and the policies for it.
const HOSTS: [(&str, &[&str]); 3] = [
    // Windows Setup makes up such names.
    ("desktop-", &["windows-telemetry"]),
    ("laptop-", &["windows-telemetry"]),
    ("redmi", &["xiaomi-telemetry"]),
];

/// The policies that may suit the device, as far as there are such.
pub fn policies(device: &Seen, catalogue: &Catalogue) -> Vec<String> {
    let vendor = device.vendor.as_deref().unwrap_or_default().to_lowercase();
    let host = device.host.as_deref().unwrap_or_default().to_lowercase();
    let is_maker = |maker: &str| vendor.split(|c: char| !c.is_alphanumeric()).any(|word| word == maker);
    let by_maker = MAKERS.iter().find(|(maker, _)| is_maker(maker));
    let by_host = HOSTS.iter().find(|(beginning, _)| host.starts_with(beginning));
    let suggested = by_maker.or(by_host).map_or(&[][..], |(_, policies)| *policies);
    let known = catalogue.names();
    suggested.iter().filter(|name| known.contains(name)).map(|name| String::from(*name)).collect()
}

/// A name for the device that none of the others has: what it calls itself, else who made it and the end of its address.
pub fn name(device: &Seen, taken: &[&str]) -> String {
    let host = device.host.as_deref().and_then(harmless);
    let name = host.unwrap_or_else(|| {
        let maker = device.vendor.as_deref().and_then(|vendor| vendor.split_whitespace().next());
        let maker = maker.and_then(harmless).unwrap_or_else(|| String::from("device"));
        let [.., a, b, c] = device.mac.0;
        format!("{}-{a:02x}-{b:02x}-{c:02x}", maker.to_lowercase())
    });
    let numbered = (2_u64..).map(|number| format!("{name}-{number}"));
    let is_free = |name: &String| name != OTHER && !taken.contains(&name.as_str());
    // There are more numbers than devices.
    std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or(name)
}

/// Letters, digits and a few signs of a text from the wire; each other character becomes a hyphen. Nothing if that leaves
/// no letter and no digit.
fn harmless(text: &str) -> Option<String> {
    let keep = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
    let text: String = text.chars().take(LONGEST).map(keep).collect();
    let text = text.trim_matches(['-', '.', '_']);
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
#[path = "suggest_tests.rs"]
mod tests;
