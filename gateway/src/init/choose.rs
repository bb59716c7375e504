//! From words, of an answer or of an option, to what the configuration will take. Pure.

use std::str::FromStr;

use super::catalogue::Catalogue;
use super::plan::Choice;
use super::survey::Survey;
use crate::policy::{BadAddress, DeviceAddress, OTHER, Refusal as _, Shown, did_you_mean};

/// Longest name of a device, in bytes.
const LONGEST_NAME: usize = 64;

/// Why an answer cannot be taken, and what can be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No such thing.
    #[error("there is no {what} {}; {cure}", Shown(word))]
    Unknown {
        /// What it should have been.
        what: &'static str,
        /// The word.
        word: String,
        /// What there is.
        cure: String,
    },
    /// A number that stands for nothing.
    #[error("{} is not one of the numbers 1 to {count}", Shown(word))]
    Number {
        /// The word.
        word: String,
        /// How many there are.
        count: usize,
    },
    /// Not a single interface.
    #[error("name at least one interface")]
    NoInterface,
    /// An interface where a device cannot be known.
    #[error("{} has no MAC addresses by which devices could be known", Shown(.0))]
    NoDevices(String),
    /// Two interfaces through which the same frames come.
    #[error("frames of {} come through {} and would be counted twice; name one of the two", Shown(.0), Shown(.1))]
    Twice(String, String),
    /// No name for a device.
    #[error("{} cannot be the name of a device; take 1 to {LONGEST_NAME} bytes without control characters", Shown(.0))]
    Name(String),
    /// A name that is used otherwise.
    #[error("`{OTHER}` is the name under which unlisted devices are counted; take another")]
    Reserved,
    /// The name of another device.
    #[error("another device is called {} already; take another name", Shown(.0))]
    TakenName(String),
    /// The address of another device.
    #[error("{0} is named twice; name it once, with all its policies")]
    TakenAddress(DeviceAddress),
    /// No address.
    #[error("{0}; {cure}", cure = .0.cure())]
    Address(#[from] BadAddress),
    /// Not as a device is written.
    #[error("{} is not NAME=MAC or NAME=MAC=POLICY,POLICY", Shown(.0))]
    Device(String),
    /// Neither yes nor no.
    #[error("{} is neither `yes` nor `no`", Shown(.0))]
    Neither(String),
}

/// `NAME=MAC` or `NAME=MAC=POLICY,POLICY`.
impl FromStr for Choice {
    type Err = Refused;

    fn from_str(text: &str) -> Result<Self, Refused> {
        let mut parts = text.split('=').map(str::trim);
        let (Some(name), Some(address), policies, None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refused::Device(text.to_owned()));
        };
        let name = device_name(name, &[])?;
        Ok(Self { name, address: address.parse()?, policies: words(policies.unwrap_or_default()) })
    }
}

/// What stands between commas.
pub fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Numbers from 1, ranges of them, and names, between commas, or `all` or `none`; as places in the list of the names, each
/// once.
///
/// # Errors
/// If a word is none of these. `what` the names are names of.
pub fn places(answer: &str, names: &[&str], what: (&'static str, &str)) -> Result<Vec<usize>, Refused> {
    let mut places = Vec::new();
    for word in words(answer) {
        let found = match place_of(&word, names) {
            Some(found) => found?,
            None if word == "all" => (0..names.len()).collect(),
            None if word == "none" => Vec::new(),
            None => return Err(unknown(&word, names, what)),
        };
        places.extend(found);
    }
    let mut seen = Vec::new();
    places.retain(|place| {
        !seen.contains(place) && {
            seen.push(*place);
            true
        }
    });
    Ok(places)
}

/// A name, a number or a range; nothing if the word is neither.
fn place_of(word: &str, names: &[&str]) -> Option<Result<Vec<usize>, Refused>> {
    if let Some(place) = names.iter().position(|name| *name == word) {
        return Some(Ok(vec![place]));
    }
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(first) || !is_number(last) {
        return None;
    }
    // What does not fit is too large as well.
    let number = |text: &str| text.parse::<usize>().unwrap_or(usize::MAX);
    let (first, last) = (number(first), number(last));
    let is_there = (1..=names.len()).contains(&first) && (first..=names.len()).contains(&last);
    let refused = || Refused::Number { word: word.to_owned(), count: names.len() };
    Some(if is_there { Ok((first - 1..last).collect()) } else { Err(refused()) })
}

fn unknown(word: &str, names: &[&str], (what, all): (&'static str, &str)) -> Refused {
    let cure = did_you_mean(word, all, names.iter().copied());
    Refused::Unknown { what, word: word.to_owned(), cure }
}

/// What [`places`] calls interfaces, one and several.
pub const INTERFACES: (&str, &str) = ("interface", "interfaces");
/// What [`places`] calls policies, one and several.
pub const POLICIES: (&str, &str) = ("policy", "policies");

/// Checks that the interfaces can be those where the devices are.
///
/// # Errors
/// If one is not there, or no LAN, or has frames that another one has.
pub fn interfaces(survey: &Survey, names: &[String]) -> Result<Vec<String>, Refused> {
    let known: Vec<&str> = survey.interfaces.iter().map(|one| one.name.as_str()).collect();
    let mut chosen: Vec<String> = Vec::new();
    for name in names {
        let Some(interface) = survey.interface(name) else { return Err(unknown(name, &known, INTERFACES)) };
        if !interface.has_devices() {
            return Err(Refused::NoDevices(name.clone()));
        }
        if let Some(below) = chosen.iter().find(|other| survey.lies_on(name, other)) {
            return Err(Refused::Twice(name.clone(), below.clone()));
        }
        if let Some(above) = chosen.iter().find(|other| survey.lies_on(other, name)) {
            return Err(Refused::Twice(above.clone(), name.clone()));
        }
        if !chosen.contains(name) {
            chosen.push(name.clone());
        }
    }
    if chosen.is_empty() { Err(Refused::NoInterface) } else { Ok(chosen) }
}

/// Checks a name for a device; the names are those of the others.
///
/// # Errors
/// If the configuration would not take it.
pub fn device_name(text: &str, taken: &[&str]) -> Result<String, Refused> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST_NAME || text.contains(char::is_control) {
        return Err(Refused::Name(text.to_owned()));
    }
    if text == OTHER {
        return Err(Refused::Reserved);
    }
    if taken.contains(&text) {
        return Err(Refused::TakenName(text.to_owned()));
    }
    Ok(text.to_owned())
}

/// Names of the devices.
pub fn names(devices: &[Choice]) -> Vec<&str> {
    devices.iter().map(|device| device.name.as_str()).collect()
}

/// Checks that each policy is one.
///
/// # Errors
/// If one is not.
pub fn policies(names: &[String], catalogue: &Catalogue) -> Result<(), Refused> {
    let known = catalogue.names();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(unknown(name, &known, POLICIES)),
        None => Ok(()),
    }
}

/// Checks that the devices can stand beside each other.
///
/// # Errors
/// If a name, an address or a policy cannot be.
pub fn devices(devices: &[Choice], catalogue: &Catalogue) -> Result<(), Refused> {
    for (at, device) in devices.iter().enumerate() {
        let others = devices.get(..at).unwrap_or_default();
        device_name(&device.name, &names(others))?;
        if others.iter().any(|other| other.address == device.address) {
            return Err(Refused::TakenAddress(device.address));
        }
        policies(&device.policies, catalogue)?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "choose_tests.rs"]
mod tests;
