//! The questions. Whoever answers may be a person at a terminal or a test: it is lines in, and lines out.

use std::fmt::Display;
use std::io::{BufRead, Write};

use comfy_table::{Table, presets};

use super::catalogue::Catalogue;
use super::choose::{self, INTERFACES, POLICIES, Refused, places};
use super::plan::{Asker, Choice, Plan, Stop};
use super::suggest;
use super::survey::{Seen, Survey};
use crate::policy::{DeviceAddress, Escaped};

/// Longest text of a device in a table, in characters.
const WIDEST: usize = 28;

/// Asks until it has an answer that can be taken.
pub struct Dialogue<R, W> {
    input: R,
    output: W,
    /// Whether the policies were listed, with the numbers that answers may use.
    listed: bool,
}

impl<R: BufRead, W: Write> Dialogue<R, W> {
    /// Questions go to `output`, answers come from `input`, a line each.
    pub fn new(input: R, output: W) -> Self {
        Self { input, output, listed: false }
    }

    /// Whether to go on with this plan, of which the last question tells.
    ///
    /// # Errors
    /// If the answer is no, or there is none.
    pub fn confirm(&mut self, plan: &Plan, what: &str) -> Result<(), Stop> {
        let Self { output, .. } = self;
        writeln!(output, "\nInterfaces: {}", Escaped(&plan.interfaces.join(", ")))?;
        for Choice { name, address, policies } in &plan.devices {
            writeln!(output, "{} ({address}): {}", Escaped(name), or_none(policies))?;
        }
        writeln!(output, "Other devices: {}", or_none(&plan.defaults))?;
        let yes = |answer: &str| match answer.to_lowercase().as_str() {
            "y" | "yes" => Ok(true),
            "n" | "no" => Ok(false),
            _ => Err(Refused::Neither(answer.to_owned())),
        };
        if self.ask(format!("{what}?"), "yes", yes)? { Ok(()) } else { Err(Stop::Declined) }
    }

    /// Asks until an answer is taken. An empty one stands for the default.
    fn ask<T>(
        &mut self,
        question: impl Display,
        default: &str,
        mut take: impl FnMut(&str) -> Result<T, Refused>,
    ) -> Result<T, Stop> {
        loop {
            write!(self.output, "{question} ")?;
            if !default.is_empty() {
                write!(self.output, "[{}] ", Escaped(default))?;
            }
            self.output.flush()?;
            let line = self.line()?;
            match take(if line.is_empty() { default } else { &line }) {
                Ok(answer) => return Ok(answer),
                Err(refused) => writeln!(self.output, "  {refused}.")?,
            }
        }
    }

    /// A whole line; one that is cut off by the end may not be what was meant.
    fn line(&mut self) -> Result<String, Stop> {
        let mut line = Vec::new();
        self.input.read_until(b'\n', &mut line)?;
        let Some(line) = line.strip_suffix(b"\n") else { return Err(Stop::Ended) };
        Ok(String::from_utf8_lossy(line).trim().to_owned())
    }

    fn table(&mut self, header: &[&str], rows: Vec<Vec<String>>) -> Result<(), Stop> {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_header(header).add_rows(rows);
        Ok(writeln!(self.output, "{}", table.trim_fmt())?)
    }

    fn list_policies(&mut self, catalogue: &Catalogue) -> Result<(), Stop> {
        if self.listed {
            return Ok(());
        }
        self.listed = true;
        writeln!(self.output, "\nThe policies:")?;
        for (at, offer) in catalogue.0.iter().enumerate() {
            let (name, about) = (Escaped(&offer.name), Escaped(&offer.about));
            writeln!(self.output, "  {:>2}  {name}\n      {about}", at + 1)?;
        }
        Ok(())
    }

    fn policies(
        &mut self,
        question: &str,
        default: &[String],
        catalogue: &Catalogue,
    ) -> Result<Vec<String>, Stop> {
        self.list_policies(catalogue)?;
        let names = catalogue.names();
        self.ask(question, &or_none(default), |answer| {
            let places = places(answer, &names, POLICIES)?;
            Ok(places.into_iter().filter_map(|at| names.get(at)).map(|name| String::from(*name)).collect())
        })
    }

    /// Which of the devices, and which others, are to be listed.
    fn addresses(
        &mut self,
        survey: &Survey,
        seen: &[&Seen],
        catalogue: &Catalogue,
    ) -> Result<Vec<DeviceAddress>, Stop> {
        let rows = seen.iter().enumerate().map(|(at, device)| device_row(at, device, survey, catalogue));
        let rows: Vec<_> = rows.collect();
        if rows.is_empty() {
            writeln!(self.output, "\nNo device was seen behind the LAN.")?;
        } else {
            writeln!(self.output, "\nThe devices that were seen there:")?;
            self.table(&["", "ADDRESS", "MAC", "MADE BY", "CALLS ITSELF", "SUGGESTED"], rows)?;
        }
        let suggested =
            seen.iter().enumerate().filter(|(_, one)| !suggest::policies(one, catalogue).is_empty());
        let suggested: Vec<String> = suggested.map(|(at, _)| (at + 1).to_string()).collect();
        let question =
            "Which devices shall be listed, with policies of their own? Numbers, MAC addresses, all or none:";
        self.ask(question, &or_none(&suggested), |answer| device_addresses(answer, seen))
    }
}

/// Numbers in the list, `all`, `none`, and addresses.
fn device_addresses(answer: &str, seen: &[&Seen]) -> Result<Vec<DeviceAddress>, Refused> {
    let known: Vec<String> = seen.iter().map(|device| device.address().to_string()).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let mut addresses = Vec::new();
    for word in choose::words(answer) {
        if word.contains([':', '*']) {
            addresses.push(word.parse::<DeviceAddress>()?);
        } else {
            let places = places(&word, &known, ("device", "devices"))?;
            addresses.extend(places.into_iter().filter_map(|at| seen.get(at)).map(|one| one.address()));
        }
    }
    let mut once: Vec<DeviceAddress> = Vec::new();
    addresses.retain(|address| {
        !once.contains(address) && {
            once.push(*address);
            true
        }
    });
    Ok(addresses)
}

impl<R: BufRead, W: Write> Asker for Dialogue<R, W> {
    fn interfaces(&mut self, survey: &Survey) -> Result<Vec<String>, Stop> {
        let guess = survey.guess();
        let row = |(at, one): (usize, &super::survey::Interface)| {
            let mark = if guess.contains(&one.name) { "*" } else { "" };
            let addresses: Vec<String> = one.addresses.iter().map(ToString::to_string).collect();
            let [kind, state] = [one.kind.label(), one.state.label()].map(String::from);
            let name = Escaped(&one.name).to_string();
            vec![format!("{mark}{}", at + 1), name, kind, state, addresses.join(" "), one.note(survey)]
        };
        writeln!(self.output, "The interfaces of this machine; * is probably where your devices are:")?;
        let rows = survey.interfaces.iter().enumerate().map(row).collect();
        self.table(&["", "NAME", "KIND", "STATE", "ADDRESSES", "NOTE"], rows)?;
        let names: Vec<&str> = survey.interfaces.iter().map(|one| one.name.as_str()).collect();
        self.ask("Where are the devices? Numbers or names:", &guess.join(", "), |answer| {
            let places = places(answer, &names, INTERFACES)?;
            let chosen = places.into_iter().filter_map(|at| names.get(at)).map(|name| String::from(*name));
            choose::interfaces(survey, &chosen.collect::<Vec<_>>())
        })
    }

    fn devices(
        &mut self,
        survey: &Survey,
        seen: &[&Seen],
        catalogue: &Catalogue,
    ) -> Result<Vec<Choice>, Stop> {
        let mut devices: Vec<Choice> = Vec::new();
        for address in self.addresses(survey, seen, catalogue)? {
            let seen = seen.iter().find(|device| device.address() == address);
            let suggested = seen.map(|device| suggest::name(device, &choose::names(&devices)));
            let taken = choose::names(&devices);
            let question = format!("\nWhat is {address} called?");
            let name =
                self.ask(question, &suggested.unwrap_or_default(), |text| choose::device_name(text, &taken))?;
            let suggested = seen.map(|device| suggest::policies(device, catalogue)).unwrap_or_default();
            let question = format!("Policies for {}? Numbers or names, all or none:", Escaped(&name));
            let policies = self.policies(&question, &suggested, catalogue)?;
            devices.push(Choice { name, address, policies });
        }
        Ok(devices)
    }

    fn defaults(&mut self, catalogue: &Catalogue) -> Result<Vec<String>, Stop> {
        self.policies("\nPolicies for every other device? Numbers or names, all or none:", &[], catalogue)
    }
}

fn device_row(at: usize, device: &Seen, survey: &Survey, catalogue: &Catalogue) -> Vec<String> {
    // The first is one of IPv4, if there is one.
    let address = device.addresses.first().map(ToString::to_string).unwrap_or_default();
    let is_asking = survey.asked_from.is_some_and(|from| device.addresses.contains(&from));
    let mut mac = device.mac.to_string();
    if device.mac.is_local() {
        mac.push_str(" random");
    }
    let cut = |text: &Option<String>| -> String {
        Escaped(&text.as_deref().unwrap_or_default().chars().take(WIDEST).collect::<String>()).to_string()
    };
    let mut suggested = suggest::policies(device, catalogue).join(", ");
    if is_asking {
        suggested.push_str(" (you are on it now)");
    }
    vec![
        (at + 1).to_string(),
        address,
        mac,
        cut(&device.vendor),
        cut(&device.host),
        suggested.trim().to_owned(),
    ]
}

fn or_none(words: &[String]) -> String {
    if words.is_empty() { String::from("none") } else { words.join(", ") }
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
