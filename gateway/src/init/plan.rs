//! From what was said beforehand, and what is answered or guessed, to all that the configuration will say. Pure.

use super::catalogue::Catalogue;
use super::choose::{self, Refused};
use super::suggest;
use super::survey::{Seen, Survey};
use crate::policy::DeviceAddress;

/// All that the configuration will say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Names of the interfaces, at least one, each once.
    pub interfaces: Vec<String>,
    /// The devices.
    pub devices: Vec<Choice>,
    /// Names of the policies for other devices.
    pub defaults: Vec<String>,
}

/// A device that is to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// Its address, or what those of several begin with.
    pub address: DeviceAddress,
    /// Names of its policies.
    pub policies: Vec<String>,
}

/// What was said beforehand; the rest is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Names of the interfaces.
    pub interfaces: Option<Vec<String>>,
    /// The devices.
    pub devices: Option<Vec<Choice>>,
    /// Names of the policies for other devices.
    pub defaults: Option<Vec<String>>,
}

/// Who answers what was not said beforehand.
pub trait Asker {
    /// Names of the interfaces where the devices are.
    ///
    /// # Errors
    /// If there is no answer.
    fn interfaces(&mut self, survey: &Survey) -> Result<Vec<String>, Stop>;

    /// The devices to be listed, of those that were seen or others.
    ///
    /// # Errors
    /// If there is no answer.
    fn devices(
        &mut self,
        survey: &Survey,
        seen: &[&Seen],
        catalogue: &Catalogue,
    ) -> Result<Vec<Choice>, Stop>;

    /// Names of the policies for other devices.
    ///
    /// # Errors
    /// If there is no answer.
    fn defaults(&mut self, catalogue: &Catalogue) -> Result<Vec<String>, Stop>;
}

/// Answers every question by what is probably right.
pub struct Guess;

impl Asker for Guess {
    fn interfaces(&mut self, survey: &Survey) -> Result<Vec<String>, Stop> {
        let guess = survey.guess();
        if guess.is_empty() { Err(Stop::NoGuess) } else { Ok(guess) }
    }

    fn devices(&mut self, _: &Survey, seen: &[&Seen], catalogue: &Catalogue) -> Result<Vec<Choice>, Stop> {
        let mut devices: Vec<Choice> = Vec::new();
        for device in seen {
            let policies = suggest::policies(device, catalogue);
            if !policies.is_empty() {
                let name = suggest::name(device, &choose::names(&devices));
                devices.push(Choice { name, address: device.address(), policies });
            }
        }
        Ok(devices)
    }

    fn defaults(&mut self, _: &Catalogue) -> Result<Vec<String>, Stop> {
        Ok(Vec::new())
    }
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// There is nobody to ask. The options are those that would answer.
    #[error("there is no terminal to ask on; say {}, or --yes for what is probably right", .0.join(" and "))]
    Missing(Vec<&'static str>),
    /// Nothing tells which interface is the LAN.
    #[error("none of the interfaces is clearly the LAN; name it with --interface")]
    NoGuess,
    /// Something was said beforehand that cannot be.
    #[error("{option}: {refused}")]
    Refused {
        /// The option by which it was said.
        option: &'static str,
        /// What is wrong with it.
        refused: Refused,
    },
    /// The answers ended before the questions.
    #[error("the answers ended before the questions; nothing was written")]
    Ended,
    /// The person said no in the end.
    #[error("nothing was written")]
    Declined,
    /// There is no asking.
    #[error("cannot ask")]
    Unasked(#[from] std::io::Error),
}

/// What was said beforehand and what the asker answers, all of it checked.
///
/// # Errors
/// If something cannot be, or there is no answer.
pub fn plan(
    survey: &Survey,
    catalogue: &Catalogue,
    answers: Answers,
    asker: &mut impl Asker,
) -> Result<Plan, Stop> {
    let of = |option| move |refused| Stop::Refused { option, refused };
    // All that was said is looked at before anything is asked.
    if let Some(words) = &answers.interfaces {
        choose::interfaces(survey, words).map_err(of("--interface"))?;
    }
    if let Some(devices) = &answers.devices {
        choose::devices(devices, catalogue).map_err(of("--device"))?;
    }
    if let Some(defaults) = &answers.defaults {
        choose::policies(defaults, catalogue).map_err(of("--default-policies"))?;
    }
    let interfaces = match answers.interfaces {
        Some(interfaces) => interfaces,
        None => asker.interfaces(survey)?,
    };
    let devices = match answers.devices {
        Some(devices) => devices,
        None => asker.devices(survey, &survey.behind(&interfaces), catalogue)?,
    };
    let defaults = match answers.defaults {
        Some(defaults) => defaults,
        None => asker.defaults(catalogue)?,
    };
    Ok(Plan { interfaces, devices, defaults })
}

impl Plan {
    /// Names of the policies that someone has.
    pub fn policies(&self) -> impl Iterator<Item = &str> {
        let of_devices = self.devices.iter().flat_map(|device| &device.policies);
        of_devices.chain(&self.defaults).map(String::as_str)
    }
}

impl Answers {
    /// The options that would answer what was not said.
    pub fn missing(&self) -> Vec<&'static str> {
        let missing = [
            (self.interfaces.is_none(), "--interface IF"),
            (self.devices.is_none(), "--device NAME=MAC=POLICY or --no-devices"),
            (self.defaults.is_none(), "--default-policies POLICY (or \"\" for none)"),
        ];
        missing.into_iter().filter(|(is_missing, _)| *is_missing).map(|(_, option)| option).collect()
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
