//! What stands for a host in a list, in the form in which the filter compares it.

use gateway_common::abi::MAX_NAME;
use ipnet::IpNet;

use super::Kind;
use super::net::net;

/// Longest label of a name in bytes (RFC 1035, 2.3.4).
const MAX_LABEL: usize = 63;

/// Longest text that can be a name: each character in four bytes, and the trailing dot.
const LONGEST_WRITING: usize = 4 * (MAX_NAME + 1);

/// Each byte of a name in lower case; 0 for those that no name has.
const LOWER: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    loop {
        if matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.') {
            table[byte as usize] = byte.to_ascii_lowercase();
        }
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};

/// A host.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Host<'a> {
    /// By its name, as in [`super::Rule::Name`].
    Name(&'a [u8]),
    /// By its address, or a net.
    Net(IpNet),
}

/// Where names are written in their one form, so that none needs memory of its own.
pub(super) struct Writer([u8; MAX_NAME]);

impl Writer {
    pub(super) const fn new() -> Self {
        Self([0; MAX_NAME])
    }

    /// Reads a word that stands for a host.
    ///
    /// # Errors
    /// Why it stands for none.
    pub(super) fn read(&mut self, word: &[u8]) -> Result<Host<'_>, Kind> {
        if let Some(len) = self.write_short(word) {
            return self.host(len);
        }
        let len = match self.write(word) {
            Ok(len) => len,
            Err(Kind::Character) => match read_other(word)? {
                Other::Net(net) => return Ok(Host::Net(net)),
                Other::Punycode(ascii) => self.write(ascii.as_bytes())?,
            },
            Err(kind) => return Err(kind),
        };
        self.host(len)
    }

    /// Reads a text that is nothing but a name of ordinary length, or an IPv4 address; `None` if it is anything else, which
    /// is then for [`Writer::read`].
    pub(super) fn read_short(&mut self, text: &[u8]) -> Option<Result<Host<'_>, Kind>> {
        let len = self.write_short(text)?;
        Some(self.host(len))
    }

    /// What was written.
    fn host(&self, len: usize) -> Result<Host<'_>, Kind> {
        let name = self.0.get(..len).unwrap_or_default();
        if ends_in_number(name) {
            return net(name).map(Host::Net).ok_or(Kind::Address);
        }
        Ok(Host::Name(name))
    }

    /// Writes a name of at most 63 bytes and returns its length; `None` if it is longer, or is none.
    ///
    /// Nearly every name is one. A label cannot be too long in it, and the rest is the same for each byte, without a branch,
    /// which the compiler does for many bytes at once.
    fn write_short(&mut self, word: &[u8]) -> Option<usize> {
        let text = word.strip_suffix(b".").unwrap_or(word);
        let is_good = match text.len() {
            0 => false,
            1..=32 => self.write_block::<32>(text),
            33..=MAX_LABEL => self.write_block::<64>(text),
            _ => false,
        };
        is_good.then_some(text.len())
    }

    /// Writes a name of at most `N` bytes; false if it is none.
    fn write_block<const N: usize>(&mut self, text: &[u8]) -> bool {
        let mut block = [b'a'; N];
        let Some(place) = block.get_mut(..text.len()) else { return false };
        place.copy_from_slice(text);
        let mut all_good = true;
        for byte in &mut block {
            *byte |= u8::from(byte.wrapping_sub(b'A') < 26) << 5;
            all_good &= (byte.wrapping_sub(b'a') < 26)
                | (byte.wrapping_sub(b'0') < 10)
                | (*byte == b'-')
                | (*byte == b'_')
                | (*byte == b'.');
        }
        let mut doubled = false;
        for (byte, next) in block.iter().zip(block.iter().skip(1)) {
            doubled |= (*byte == b'.') & (*next == b'.');
        }
        if let Some(place) = self.0.first_chunk_mut::<N>() {
            *place = block;
        }
        let at_ends = [text.first(), text.last()].contains(&Some(&b'.'));
        all_good && !doubled && !at_ends
    }

    /// Writes a name of ASCII and returns its length.
    fn write(&mut self, word: &[u8]) -> Result<usize, Kind> {
        let text = word.strip_suffix(b".").unwrap_or(word);
        let mut label = 0;
        for (at, byte) in text.iter().enumerate() {
            let lower = LOWER[usize::from(*byte)];
            if lower == b'.' {
                check_label(label)?;
                label = 0;
            } else if lower == 0 {
                return Err(Kind::Character);
            } else {
                label += 1;
            }
            // What is behind the longest name is only looked at, since a URL may be as long.
            if let Some(slot) = self.0.get_mut(at) {
                *slot = lower;
            }
        }
        check_label(label)?;
        if text.len() > MAX_NAME { Err(Kind::LongName) } else { Ok(text.len()) }
    }
}

fn check_label(len: usize) -> Result<(), Kind> {
    match len {
        0 => Err(Kind::EmptyLabel),
        1..=MAX_LABEL => Ok(()),
        _ => Err(Kind::LongLabel),
    }
}

/// What holds a byte that is in no name of ASCII.
enum Other {
    Net(IpNet),
    Punycode(String),
}

fn read_other(word: &[u8]) -> Result<Other, Kind> {
    if let Some(net) = net(word) {
        return Ok(Other::Net(net));
    }
    let Ok(text) = std::str::from_utf8(word) else { return Err(Kind::Encoding) };
    if text.is_ascii() || text.contains(['/', '*']) {
        return Err(kind_of(word));
    }
    if text.len() > LONGEST_WRITING {
        return Err(Kind::LongName);
    }
    idna::domain_to_ascii(text).map(Other::Punycode).map_err(|_| Kind::Punycode)
}

/// What a word is that is neither a name nor an address.
fn kind_of(word: &[u8]) -> Kind {
    let port = word.rsplit(|byte| *byte == b':').next().unwrap_or_default();
    if word.contains(&b'/') {
        Kind::Url
    } else if word.contains(&b'*') {
        Kind::Pattern
    } else if port.len() < word.len() && !port.is_empty() && port.iter().all(u8::is_ascii_digit) {
        Kind::Port
    } else {
        Kind::Character
    }
}

/// Whether the last label is a number: then it is an address or nothing, since no top-level domain is one.
fn ends_in_number(name: &[u8]) -> bool {
    name.last().is_some_and(u8::is_ascii_digit)
        && name.iter().rev().take_while(|byte| **byte != b'.').all(u8::is_ascii_digit)
}

#[cfg(test)]
#[path = "name_tests.rs"]
mod tests;
