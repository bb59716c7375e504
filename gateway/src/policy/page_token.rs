//! The token that opens the page to whoever is not on this machine, and the file that holds it.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use subtle::ConstantTimeEq as _;

use super::escape::Shown;
use super::mistake::Refusal;

/// Fewest bytes of a token: 16 hexadecimal digits hold 64 bits, which nobody guesses over a network.
const SHORTEST: usize = 16;

/// Most bytes of a token, so that it fits into a header and a cookie.
const LONGEST: usize = 512;

/// How to make such a file; its path follows.
const MAKE: &str = "(umask 077; openssl rand -hex 24 >";

/// What a request must know: [`SHORTEST`] to [`LONGEST`] bytes that may stand in a header and in a cookie.
#[derive(Clone, PartialEq, Eq)]
pub struct PageToken(Box<str>);

impl PageToken {
    /// Reads the file; white space around the token does not count.
    ///
    /// # Errors
    /// If it is no plain file, can be read or changed by everybody, or holds no such token.
    pub fn read(path: &Path) -> Result<Self, BadToken> {
        let owned = || path.to_path_buf();
        let unreadable = |error| BadToken::Unreadable { path: owned(), error };
        let data = fs::metadata(path).map_err(unreadable)?;
        if !data.is_file() {
            return Err(BadToken::NoFile { path: owned() });
        }
        if data.permissions().mode() & 0o007 != 0 {
            return Err(BadToken::Open { path: owned(), mode: data.permissions().mode() & 0o7777 });
        }
        let mut text = String::new();
        // One byte more than there may be, and some for white space: what is longer is refused unread.
        let most = u64::try_from(2 * LONGEST).unwrap_or(u64::MAX);
        File::open(path).and_then(|file| file.take(most).read_to_string(&mut text)).map_err(unreadable)?;
        Self::new(text.trim()).ok_or_else(|| BadToken::Unfit { path: owned(), len: text.trim().len() })
    }

    /// The token that this text is; `None` if it cannot be one.
    pub(crate) fn new(text: &str) -> Option<Self> {
        // What may stand in a cookie (RFC 6265, 4.1.1).
        let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\');
        let good = (SHORTEST..=LONGEST).contains(&text.len()) && text.bytes().all(fits);
        good.then(|| Self(text.into()))
    }

    /// Whether this is the token. How long that takes tells nothing but whether the length is right.
    pub fn is(&self, claimed: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(claimed).into()
    }

    /// The token itself, for the cookie of somebody who knows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Nothing of the token, so that no log gets it.
impl fmt::Debug for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageToken(…)")
    }
}

/// Why a file holds no token.
#[derive(Debug, thiserror::Error)]
pub enum BadToken {
    /// The system says why.
    #[error("the token in {} cannot be read: {error}", Shown(&.path.to_string_lossy()))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A folder, a pipe, a device.
    #[error("{} is not a plain file", Shown(&.path.to_string_lossy()))]
    NoFile {
        /// What is no file.
        path: PathBuf,
    },
    /// Its mode lets everybody in.
    #[error("the token in {} is open to every user of this machine (mode {mode:04o})", Shown(&.path.to_string_lossy()))]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Too short, too long, or of characters that no token has.
    #[error("{} holds {len} bytes that are no token", Shown(&.path.to_string_lossy()))]
    Unfit {
        /// The file.
        path: PathBuf,
        /// How many, white space around them left out.
        len: usize,
    },
}

impl BadToken {
    /// Whether only this user may not read it: another one may.
    pub(super) fn is_of_this_user(&self) -> bool {
        matches!(self, Self::Unreadable { error, .. } if error.kind() == io::ErrorKind::PermissionDenied)
    }
}

impl Refusal for BadToken {
    fn cure(&self) -> String {
        match self {
            Self::Unreadable { path, .. } | Self::NoFile { path } => {
                format!("make it: {MAKE} {})", path.display())
            }
            Self::Open { path, .. } => {
                format!(
                    "chmod 600 {}; and make another token if strangers were on this machine",
                    path.display()
                )
            }
            Self::Unfit { path, .. } => format!(
                "a token is one word of {SHORTEST} to {LONGEST} ASCII characters without quotes, commas, semicolons and \
                 backslashes; make one: {MAKE} {})",
                path.display()
            ),
        }
    }
}

#[cfg(test)]
#[path = "page_token_tests.rs"]
mod tests;
