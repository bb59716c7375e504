//! Links that are pinned, of whichever kind of program: opened from their pin, handed to another program, pinned.

use std::path::{Path, PathBuf};

use aya::programs::ProgramError;
use aya::programs::links::{FdLink, LinkError, PinnedLink};

use super::Error;

/// The link behind a pin.
///
/// # Errors
/// [`Error::Link`] if there is none, or it is of another kind.
pub(super) fn open<L: TryFrom<FdLink, Error = LinkError>>(pin: &Path, interface: &str) -> Result<L, Error> {
    let link = |source| Error::Link { interface: interface.to_owned(), source };
    FdLink::from(PinnedLink::from_pin(pin).map_err(link)?).try_into().map_err(link)
}

/// Pins a link, which then outlives this process.
///
/// # Errors
/// [`Error::Link`] if it is no link that can be pinned, [`Error::Pin`] if the file system refuses.
pub(super) fn pin<L: TryInto<FdLink, Error = LinkError>>(
    link: L,
    path: PathBuf,
    interface: &str,
) -> Result<(), Error> {
    let link = link.try_into().map_err(|source| Error::Link { interface: interface.to_owned(), source })?;
    link.pin(&path).map_err(|source| Error::Pin { path, source })?;
    Ok(())
}

/// What came of handing a link to another program; `None` if its interface is gone.
///
/// # Errors
/// [`Error::Attach`] for everything else.
pub(super) fn handed<T>(result: Result<T, ProgramError>, interface: &str) -> Result<Option<T>, Error> {
    match result {
        Ok(id) => Ok(Some(id)),
        Err(error) if os_error(&error) == Some(nix::libc::ENOLINK) => Ok(None),
        Err(source) => Err(refused(interface, source)),
    }
}

/// The number of the system's error, if it was the system's.
pub(super) fn os_error(error: &ProgramError) -> Option<i32> {
    match error {
        ProgramError::SyscallError(error) => error.io_error.raw_os_error(),
        _ => None,
    }
}

/// The error of a program that an interface does not take.
pub(super) fn refused(interface: &str, source: ProgramError) -> Error {
    Error::Attach { interface: interface.to_owned(), source }
}
