//! The program on the way to the devices: put on interfaces by a link (TCX, Linux 6.6) that is pinned like those of the filter, or
//! by a filter of traffic control (clsact) where there is no TCX. Without it the filter filters all the same.

use std::fs;
use std::io;
use std::mem;
use std::path::Path;

use aya::programs::tc::{
    NlOptions, SchedClassifierLink, SchedClassifierLinkId, TcAttachOptions, TcHandle, qdisc_add_clsact,
};
use aya::programs::{LinkOrder, ProgramError, SchedClassifier, TcAttachType};

use super::Error;
use super::link::{self, refused};
use super::load::Loaded;
use super::pins::{Pins, file, remove_file, remove_tree};

/// How the program is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By a link of its own.
    Tcx,
    /// As a filter of the queueing discipline `clsact`.
    Clsact,
}

impl How {
    /// Both ways, the better one first.
    pub const ALL: [Self; 2] = [Self::Tcx, Self::Clsact];

    /// The word for it in metrics, tables and pins.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Tcx => "tcx",
            Self::Clsact => "clsact",
        }
    }
}

/// Where among the filters of an interface ours stands: in front of those for which the kernel chooses (49152 and above), at a number
/// that nobody else would choose, since what is found there is taken for ours.
const PRIORITY: u16 = 18_263;

/// The number of our filter at that priority.
const HANDLE: TcHandle = TcHandle::new(0, 1);

const EGRESS: TcAttachType = TcAttachType::Egress;

/// Puts the program on `interface`, in the first of `ways` that this kernel knows; says which that was, or why none.
pub fn attach_one(loaded: &mut Loaded, pins: &Pins, interface: &str, ways: &[How]) -> Result<How, String> {
    let program = match loaded.egress() {
        Ok(Some(program)) => program,
        Ok(None) => return Err("the kernel refused the program".to_owned()),
        Err(error) => return Err(error.to_string()),
    };
    let mut why = String::new();
    for how in ways {
        let done = match how {
            How::Tcx => tcx(program, pins, interface),
            How::Clsact => clsact(program, pins, interface),
        };
        match done {
            Ok(()) => return Ok(*how),
            Err(error) => why = chain(&error),
        }
    }
    Err(why)
}

/// Takes the program off every interface that is not in `interfaces`.
///
/// # Errors
/// [`Error::File`] if a pin cannot be removed.
pub fn detach_others(pins: &Pins, interfaces: &[String]) -> Result<(), Error> {
    for (interface, how) in pins.downlinks() {
        if interfaces.contains(&interface) {
            continue;
        }
        let pin = pins.downlink(how, &interface);
        match how {
            How::Tcx => remove_file(&pin)?,
            How::Clsact => {
                remove_filter(&interface);
                remove_tree(&pin)?;
            }
        }
    }
    Ok(())
}

/// Attaches by a link, or changes the program of the link that there is.
fn tcx(program: &mut SchedClassifier, pins: &Pins, interface: &str) -> Result<(), Error> {
    let pin = pins.downlink(How::Tcx, interface);
    if pin.exists() {
        if replace(program, &pin, interface)? {
            return Ok(());
        }
        // The interface that this link was on is gone; one of the same name has come.
        remove_file(&pin)?;
    }
    let id = program
        // In front: it lets everything go on to others, and others may not.
        .attach_with_options(interface, EGRESS, TcAttachOptions::TcxOrder(LinkOrder::first()))
        .map_err(|source| refused(interface, source))?;
    let link = program.take_link(id).map_err(|source| refused(interface, source))?;
    link::pin(link, pin, interface)
}

/// Changes the program of a pinned link; false if its interface is gone.
fn replace(program: &mut SchedClassifier, pin: &Path, interface: &str) -> Result<bool, Error> {
    let held: SchedClassifierLink = link::open(pin, interface)?;
    let Some(id) = link::handed(program.attach_to_link(held), interface)? else { return Ok(false) };
    // Taken and dropped: the pin holds it.
    program.take_link(id).map_err(|source| refused(interface, source))?;
    Ok(true)
}

/// Attaches as a filter, or changes the program of the filter that there is. A folder among the pins says that it is there.
fn clsact(program: &mut SchedClassifier, pins: &Pins, interface: &str) -> Result<(), Error> {
    // One that is there already, of whomever, does as well; what else is wrong shows at the next step.
    let _ = qdisc_add_clsact(interface);
    let replaced =
        filter(interface).map_err(ProgramError::IOError).and_then(|filter| program.attach_to_link(filter));
    let id = match replaced {
        Ok(id) => id,
        // There is none yet.
        Err(_) => {
            let options = NlOptions { priority: PRIORITY, handle: HANDLE, ..NlOptions::default() };
            program
                .attach_with_options(interface, EGRESS, TcAttachOptions::Netlink(options))
                .map_err(|source| refused(interface, source))?
        }
    };
    forget(program, id, interface)?;
    let mark = pins.downlink(How::Clsact, interface);
    fs::create_dir_all(&mark).map_err(|source| file("create", &mark, source))
}

/// Lets go of a filter without taking it off, which a link that is dropped does.
fn forget(program: &mut SchedClassifier, id: SchedClassifierLinkId, interface: &str) -> Result<(), Error> {
    mem::forget(program.take_link(id).map_err(|source| refused(interface, source))?);
    Ok(())
}

fn filter(interface: &str) -> io::Result<SchedClassifierLink> {
    SchedClassifierLink::attached(interface, EGRESS, PRIORITY, HANDLE, None)
}

/// Takes our filter off an interface. The queueing discipline stays, which does nothing by itself and may be of use to others.
fn remove_filter(interface: &str) {
    // With the interface the filter went, too.
    if let Ok(filter) = filter(interface) {
        drop(filter);
    }
}

/// The error with what it comes from.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
