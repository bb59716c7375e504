//! Who made a device: the list of the IEEE, which says to whom each block of MAC addresses was given.
//!
//! Debian brings it in the package `ieee-data`. A block has 24 bits in common (MA-L, `oui.*`), 28 (MA-M, `mam.*`) or 36
//! (MA-S, `oui36.*`, and the older `iab.*`); the files come as text and as CSV. What nmap makes of it is read, too:
//!
//! ```text
//! A4-45-19   (hex)                Xiaomi Communications Co Ltd
//! A44519     (base 16)            Xiaomi Communications Co Ltd
//! 900000-9FFFFF     (base 16)     Private                          of the block that the last (hex) line named
//! MA-M,741AE09,Private,
//! A44519 Xiaomi Communications Co
//! ```

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gateway_common::abi::DeviceKey;
use gateway_common::wire::MacAddr;

use super::file::each_line;
use crate::policy::Escaped;

/// Where packages put the list; the first that is there is read.
const PLACES: &[&str] = &[
    "/usr/share/ieee-data/oui.txt",
    "/usr/share/ieee-data/oui.csv",
    "/var/lib/ieee-data/oui.txt",
    "/var/lib/ieee-data/oui.csv",
    "/usr/share/hwdata/oui.txt",
    "/usr/share/misc/oui.txt",
    "/usr/share/nmap/nmap-mac-prefixes",
];

/// The files of smaller blocks, which stand beside that of the large ones and end alike.
const BESIDE: &[&str] = &["mam", "oui36", "iab"];

/// How many bits the addresses of a block have in common, most first: the smallest block says whose an address is.
const BITS: [u8; 3] = [36, 28, 24];

/// What stands for a name in blocks whose owner is not told, and in those that are given out in smaller ones.
const NAMELESS: &[&str] = &["Private", "IEEE Registration Authority"];

/// How many blocks are read at most; there were 42,000 in 2022.
const MAX_BLOCKS: usize = 250_000;

/// Longest name in characters; of a longer one the beginning is kept.
const MAX_NAME: usize = 64;

/// Bits of a MAC address.
const WHOLE: u8 = 48;

/// Names of makers by blocks of addresses: two arrays and one text, since the daemon keeps it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Vendors {
    /// The blocks, sorted: the address with zeros behind the bits in common, and in the lowest byte how many those are.
    blocks: Box<[u64]>,
    /// Of each, where its name begins in `names`.
    places: Box<[u32]>,
    /// Each name once, with a line feed behind.
    names: Box<str>,
}

impl Vendors {
    /// Reads the list, be it one file or several. Without any, nothing is known of anybody. What could not be read is told beside.
    pub fn read(files: &[PathBuf]) -> (Self, Option<String>) {
        let mut reading = Reading::default();
        let mut wrong = None;
        for file in files {
            // The range of smaller blocks counts in that of the line before, of the same file.
            reading.within = None;
            if let Err(error) = each_line(file, |line| reading.line(line)) {
                wrong = Some(format!("cannot read the vendors in {}: {error}", file.display()));
            }
        }
        if reading.blocks.len() == MAX_BLOCKS {
            wrong = Some(format!("of the vendors only the first {MAX_BLOCKS} blocks of addresses are kept"));
        }
        (reading.finish(), wrong)
    }

    /// Who made a device with this address; of a beginning of addresses, who made all of them. Nobody made an address that
    /// was chosen at random.
    pub fn of(&self, device: DeviceKey) -> Option<&str> {
        if device.mac.is_local() {
            return None;
        }
        let known = device.bytes.checked_mul(8)?;
        let of_bits = |bits| self.blocks.binary_search(&block(number(device.mac), bits)).ok();
        let found = BITS.into_iter().filter(|bits| *bits <= known).find_map(of_bits)?;
        let place = usize::try_from(*self.places.get(found)?).ok()?;
        let name = self.names.get(place..)?.lines().next()?;
        (!name.is_empty()).then_some(name)
    }

    /// How many blocks are known.
    pub fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }
}

/// The files of the list: what `configured` names, or what a package has brought.
pub fn files(configured: Option<&Path>) -> Vec<PathBuf> {
    let place = configured.map(Path::to_path_buf);
    let place = place.or_else(|| PLACES.iter().map(PathBuf::from).find(|place| place.is_file()));
    place.map(with_those_beside).unwrap_or_default()
}

fn with_those_beside(file: PathBuf) -> Vec<PathBuf> {
    let mut files = Vec::new();
    if file.file_stem().is_some_and(|stem| stem == "oui")
        && let Some(ending) = file.extension()
    {
        let beside = BESIDE.iter().map(|name| file.with_file_name(name).with_extension(ending));
        files.extend(beside.filter(|file| file.is_file()));
    }
    files.insert(0, file);
    files
}

/// What has been read.
#[derive(Default)]
struct Reading {
    blocks: Vec<(u64, u32)>,
    names: String,
    /// Where each name is in `names`.
    places: HashMap<String, u32>,
    /// The large block that the last `(hex)` line named.
    within: Option<u64>,
}

impl Reading {
    fn line(&mut self, line: &[u8]) {
        if self.blocks.len() < MAX_BLOCKS
            && let Some((block, name)) = self.read(&String::from_utf8_lossy(line))
        {
            let place = self.place(&name);
            self.blocks.push((block, place));
        }
    }

    /// The block and the name of its owner, if the line tells of one.
    fn read<'t>(&mut self, line: &'t str) -> Option<(u64, Cow<'t, str>)> {
        if let Some((address, _)) = line.split_once("(hex)") {
            self.within = hexadecimal(&address.trim().replace('-', "")).filter(|large| large >> 24 == 0);
            return None;
        }
        if let Some((range, name)) = line.split_once("(base 16)") {
            let range = range.trim();
            return match range.split_once('-') {
                Some((first, last)) => Some((self.part(first, last)?, name.into())),
                None => Some((beginning(range)?, name.into())),
            };
        }
        if let Some((registry, rest)) = line.split_once(',')
            && matches!(registry, "MA-L" | "MA-M" | "MA-S" | "IAB")
        {
            let (address, rest) = rest.split_once(',')?;
            return Some((beginning(address)?, first_field(rest)));
        }
        let (address, name) = line.split_once(' ')?;
        Some((beginning(address)?, name.into()))
    }

    /// The block from `first` to `last` within the large one.
    fn part(&self, first: &str, last: &str) -> Option<u64> {
        let (first, last) = (hexadecimal(first)?, hexadecimal(last)?);
        let bits =
            BITS.into_iter().find(|bits| last.checked_sub(first) == Some((1 << (WHOLE - bits)) - 1))?;
        let first = self.within? << 24 | first;
        Some(block(first, bits)).filter(|block| block >> 8 == first)
    }

    /// Where the name is, which may be a new one.
    fn place(&mut self, name: &str) -> u32 {
        let name = name.trim();
        let name = if NAMELESS.contains(&name) { String::new() } else { shown(name) };
        *self.places.entry(name).or_insert_with_key(|name| {
            let place = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
            self.names.push_str(name);
            self.names.push('\n');
            place
        })
    }

    fn finish(mut self) -> Vendors {
        self.blocks.sort_by_key(|(block, _)| *block);
        // Of a block that is there twice, the first line counts.
        self.blocks.dedup_by_key(|(block, _)| *block);
        let (blocks, places): (Vec<u64>, Vec<u32>) = self.blocks.into_iter().unzip();
        Vendors {
            blocks: blocks.into_boxed_slice(),
            places: places.into_boxed_slice(),
            names: self.names.into_boxed_str(),
        }
    }
}

/// A name as it is shown: harmless, and cut when long.
fn shown(name: &str) -> String {
    let end = name.char_indices().nth(MAX_NAME).map_or(name.len(), |(at, _)| at);
    Escaped(name.get(..end).unwrap_or(name)).to_string()
}

/// A block whose addresses begin with these digits.
fn beginning(digits: &str) -> Option<u64> {
    let bits = u8::try_from(digits.len().checked_mul(4)?).ok()?;
    let number = hexadecimal(digits).filter(|_| BITS.contains(&bits))?;
    Some(block(number << (WHOLE - bits), bits))
}

/// The block of so many bits in which an address is.
const fn block(address: u64, bits: u8) -> u64 {
    let behind = WHOLE - bits;
    (address >> behind << behind) << 8 | bits as u64
}

const fn number(MacAddr([a, b, c, d, e, g]): MacAddr) -> u64 {
    u64::from_be_bytes([0, 0, a, b, c, d, e, g])
}

/// At most twelve hexadecimal digits and nothing else.
fn hexadecimal(digits: &str) -> Option<u64> {
    let is_number = digits.len() <= 12 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u64::from_str_radix(digits, 16).ok().filter(|_| is_number)
}

/// The first field of what is left of a line of CSV (RFC 4180): one with commas in it is in quotes, its own quotes doubled.
fn first_field(rest: &str) -> Cow<'_, str> {
    match rest.strip_prefix('"') {
        Some(quoted) => {
            let field = quoted.split_once("\",").map_or(quoted, |(field, _)| field);
            field.replace("\"\"", "\"").into()
        }
        None => rest.split(',').next().unwrap_or(rest).into(),
    }
}

#[cfg(test)]
#[path = "vendor_tests.rs"]
mod tests;
