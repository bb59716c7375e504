//! Versions as Rust, LLVM and bpf-linker print them.

use std::fmt;
use std::str::FromStr;

use anyhow::{Error, Result, bail};

/// Three numbers; what follows them (`-nightly`) does not matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second number, 0 where there is none.
    pub minor: u32,
    /// The third number, 0 where there is none.
    pub patch: u32,
}

impl FromStr for Version {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let mut numbers = text[..end].split('.').map(str::parse);
        let Some(Ok(major)) = numbers.next() else { bail!("`{text}` does not begin with a version") };
        let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
        Ok(Self { major, minor: next(), patch: next() })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().expect("a version")
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(version("22.1.8") > version("22.1.2"));
        assert!(version("9.0.0") < version("22.1.0"));
        assert!(version("1.100.0") > version("1.95.0"));
        assert_eq!(version("1.97.0-nightly"), version("1.97"));
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in ["", "nightly", ".1", "-22"] {
            assert!(text.parse::<Version>().is_err(), "{text:?}");
        }
    }
}
