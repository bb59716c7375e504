//! Lines that were skipped: how many of each kind, and the first of them.

use std::fmt;

/// How many of the skipped lines are kept.
const EXAMPLES: usize = 10;

/// Longest piece of a skipped line that is kept, in bytes.
const EXCERPT: usize = 80;

/// Declares [`Kind`] with the word and the explanation of each variant.
macro_rules! kinds {
    ($($variant:ident $word:literal $why:literal)+) => {
        /// Why a line was skipped.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $(#[doc = $why] $variant,)+
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// A word for it, as in JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// What is so about the line, for people.
            pub const fn why(self) -> &'static str {
                match self { $(Self::$variant => $why),+ }
            }
        }
    };
}

kinds! {
    LongLine "long_line" "longer than any rule"
    Encoding "encoding" "not UTF-8"
    Character "character" "holds a character that no name has"
    Punycode "punycode" "cannot be written as punycode"
    EmptyLabel "empty_label" "has an empty part between two dots"
    LongLabel "long_label" "has a part of more than 63 bytes"
    LongName "long_name" "has more than 253 bytes"
    TopLevel "top_level" "a top-level domain, taken only where the line says that all below it is meant"
    Words "words" "several words without an address before them"
    Url "url" "a URL or a path, of which only the host could be blocked"
    Port "port" "with a port"
    Pattern "pattern" "a pattern that is more or less than a name and what is below it"
    Regex "regex" "a regular expression"
    Cosmetic "cosmetic" "about what a page shows"
    Option "option" "with an option that a network filter cannot observe"
    Address "address" "neither an address nor a net"
    Name "name" "a name where addresses belong"
    Everything "everything" "stands for every name or every address"
    Forward "forward" "says which server to ask, and blocks nothing"
    Directive "directive" "a line of configuration that blocks nothing"
    Record "record" "a record that blocks nothing"
    Trigger "trigger" "about the client or the name server, not about the name"
    OutOfZone "out_of_zone" "does not belong to the zone"
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why())
    }
}

/// A line that was skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Its number, from 1.
    pub line: u64,
    /// Why.
    pub kind: Kind,
    /// Its beginning, at most 80 bytes; not escaped.
    pub excerpt: String,
}

/// The lines that were skipped. A line counts once, by what is first wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    counts: [u64; Kind::ALL.len()],
    first: Vec<Example>,
    /// The line that was counted last.
    last: u64,
}

impl Skipped {
    /// How many lines.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How many lines of each kind of which there are any.
    pub fn by_kind(&self) -> impl Iterator<Item = (Kind, u64)> {
        Kind::ALL.iter().copied().zip(self.counts).filter(|(_, count)| *count > 0)
    }

    /// The first ten.
    pub fn first(&self) -> &[Example] {
        &self.first
    }

    /// Counts a line, unless it was counted already.
    pub(super) fn add(&mut self, line: u64, kind: Kind, text: &[u8]) {
        if self.last == line {
            return;
        }
        self.last = line;
        if let Some(count) = self.counts.get_mut(kind as usize) {
            *count += 1;
        }
        if self.first.len() < EXAMPLES {
            self.first.push(Example { line, kind, excerpt: excerpt(text) });
        }
    }
}

/// The beginning of the text, cut between two characters.
fn excerpt(text: &[u8]) -> String {
    let head = String::from_utf8_lossy(text.get(..EXCERPT).unwrap_or(text));
    let end = head.floor_char_boundary(EXCERPT);
    String::from(head.get(..end).unwrap_or_default().trim_end_matches(char::REPLACEMENT_CHARACTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_counts_once_by_what_is_first_wrong_with_it() {
        let mut skipped = Skipped::default();
        skipped.add(3, Kind::LongLabel, b"a b");
        skipped.add(3, Kind::Url, b"a b");
        skipped.add(4, Kind::Url, b"c");
        assert_eq!(skipped.total(), 2);
        assert_eq!(skipped.by_kind().collect::<Vec<_>>(), [(Kind::LongLabel, 1), (Kind::Url, 1)]);
    }

    #[test]
    fn ten_lines_are_kept_and_all_are_counted() {
        let mut skipped = Skipped::default();
        for line in 1..=25 {
            skipped.add(line, Kind::Words, b"x y");
        }
        assert_eq!(skipped.total(), 25);
        let lines: Vec<u64> = skipped.first().iter().map(|example| example.line).collect();
        assert_eq!(lines, (1..=10).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_kept_of_a_line_is_short_and_ends_behind_a_whole_character() {
        assert_eq!(excerpt(b"short"), "short");
        assert_eq!(excerpt(&[b'x'; 200]), "x".repeat(80));
        assert_eq!(excerpt("é".repeat(79).as_bytes()), "é".repeat(40));
        assert_eq!(excerpt(format!("a{}", "é".repeat(79)).as_bytes()), format!("a{}", "é".repeat(39)));
        assert!(excerpt(&[0xff; 200]).len() <= 80);
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(words.len(), Kind::ALL.len());
    }
}
