//! Links on interfaces: pinned, so that they outlive the daemon, and replaced in place, so that no packet passes between
//! an old program and a new one.

use std::fs;

use aya::programs::xdp::{XdpLink, XdpMode};
use aya::programs::{ProgramError, Xdp};
use nix::net::if_::if_nametoindex;

use super::Error;
use super::downlink::{self, How};
use super::link::{self, os_error, refused};
use super::load::Loaded;
use super::mute::{Voice, voice};
use super::pins::{Mode, Pins, file, remove_file, remove_tree};

/// What became of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// Its name.
    pub interface: String,
    /// Its index when the program was put on it; another one means another interface of the same name.
    pub index: Option<u32>,
    /// How the program is attached.
    pub mode: Mode,
    /// Whether a link was there and only its program was changed.
    pub adopted: bool,
    /// Why the native mode was not to be had, if it was not.
    pub why_generic: Option<String>,
    /// Whether what is rejected there can be answered.
    pub voice: Voice,
    /// How the program on the way to the devices is attached, or why it is not.
    pub downlink: Result<How, String>,
}

impl Attached {
    /// Whether the interface is still the one that the program was put on.
    pub fn is_there(&self) -> bool {
        self.index.is_some() && self.index == if_nametoindex(self.interface.as_str()).ok()
    }

    fn new(interface: &str, mode: Mode, adopted: bool, why_generic: Option<String>) -> Self {
        let (index, voice) = (if_nametoindex(interface).ok(), voice(interface, mode));
        let downlink = Err(String::new());
        Self { interface: interface.to_owned(), index, mode, adopted, why_generic, voice, downlink }
    }
}

/// Puts the program on `interfaces`, takes it off all others, and then removes what the program before it needed.
///
/// # Errors
/// [`Error::Attach`] if an interface takes the program in neither mode. Links that were there stay as they were.
pub fn attach(loaded: &mut Loaded, pins: &Pins, interfaces: &[String]) -> Result<Vec<Attached>, Error> {
    let (next, next_egress) = (pins.root().join("next-stages"), pins.root().join("next-egress-stages"));
    for (array, pin) in [(&loaded.stages, &next), (&loaded.egress_stages, &next_egress)] {
        remove_file(pin)?;
        // A pin keeps the array filled after this process has ended.
        array.pin(pin).map_err(|source| Error::Pin { path: pin.clone(), source })?;
    }
    let program = loaded.ingress()?;
    let mut attached =
        interfaces.iter().map(|name| attach_one(program, pins, name)).collect::<Result<Vec<_>, _>>()?;
    for attached in &mut attached {
        attached.downlink = downlink::attach_one(loaded, pins, &attached.interface, &How::ALL);
    }
    detach_others(pins, interfaces)?;
    downlink::detach_others(pins, interfaces)?;
    for (pin, current) in [(next, pins.stages()), (next_egress, pins.egress_stages())] {
        fs::rename(&pin, &current).map_err(|source| file("move into place", &pin, source))?;
    }
    for old in pins.of_another_version() {
        remove_tree(&old)?;
    }
    Ok(attached)
}

/// Takes the program off every interface that is not in `interfaces`.
///
/// # Errors
/// [`Error::File`] if a pin cannot be removed.
fn detach_others(pins: &Pins, interfaces: &[String]) -> Result<(), Error> {
    for (interface, mode) in pins.attached() {
        if !interfaces.contains(&interface) {
            remove_file(&pins.link(mode, &interface))?;
        }
    }
    Ok(())
}

fn attach_one(program: &mut Xdp, pins: &Pins, interface: &str) -> Result<Attached, Error> {
    for mode in Mode::ALL {
        let pin = pins.link(mode, interface);
        if pin.exists() {
            if replace(program, &pin, interface)? {
                return Ok(Attached::new(interface, mode, true, None));
            }
            // The interface that this link was on is gone; one of the same name has come.
            remove_file(&pin)?;
        }
    }
    let (mode, why_generic, id) = match program.attach(interface, XdpMode::Driver) {
        Ok(id) => (Mode::Native, None, id),
        Err(error) if native_is_missing(&error) => {
            let id = program.attach(interface, XdpMode::Skb).map_err(|source| refused(interface, source))?;
            (Mode::Generic, Some(reason(&error)), id)
        }
        Err(source) => return Err(refused(interface, source)),
    };
    let link = program.take_link(id).map_err(|source| refused(interface, source))?;
    link::pin(link, pins.link(mode, interface), interface)?;
    Ok(Attached::new(interface, mode, false, why_generic))
}

/// Changes the program of a pinned link; false if its interface is gone.
fn replace(program: &mut Xdp, pin: &std::path::Path, interface: &str) -> Result<bool, Error> {
    let held: XdpLink = link::open(pin, interface)?;
    let Some(id) = link::handed(program.attach_to_link(held), interface)? else { return Ok(false) };
    // Taken and dropped: the pin holds it.
    program.take_link(id).map_err(|source| refused(interface, source))?;
    Ok(true)
}

/// Whether the driver has no XDP, or none for this interface as it is set up (too large an MTU, too few queues).
fn native_is_missing(error: &ProgramError) -> bool {
    use nix::libc::{EINVAL, ENOMEM, ENOTSUP, EOPNOTSUPP, ERANGE};
    os_error(error).is_some_and(|code| [EOPNOTSUPP, ENOTSUP, EINVAL, ERANGE, ENOMEM].contains(&code))
        || matches!(error, ProgramError::XdpError(_))
}

fn reason(error: &ProgramError) -> String {
    match error {
        ProgramError::SyscallError(error) => error.io_error.to_string(),
        other => other.to_string(),
    }
}
