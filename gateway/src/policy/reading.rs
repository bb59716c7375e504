//! From the text of a TOML file to its raw form, with every mistake of shape on the way.
//!
//! serde stops at the first key it does not know and at the first value of another type. So that one run tells all of
//! them, such a key or value is struck out and the rest is read again, until nothing is left to complain about. The raw
//! forms have no required keys, so that each round has something to strike.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::escape::Shown;
use super::mistake::{Mistake, Refusal, SourceFile};
use super::nearest::{did_you_mean, nearest};

/// Most mistakes of shape that are told of one file; each costs a reading of the file.
const MOST: usize = 50;

/// The raw form of a file, and what had to be left out of it.
pub(super) struct Reading<T> {
    pub raw: T,
    struck: Vec<Struck>,
}

/// A key that was left out.
struct Struck {
    /// Where the table begins that the key stands in; `None` for the file itself.
    table: Option<usize>,
    /// The key, or the known one for which it was probably meant.
    key: String,
}

impl<T> Reading<T> {
    /// Whether `key` is absent only because a mistake about it is told already; `table` is where its table begins,
    /// `None` for the file itself.
    pub(super) fn was_struck(&self, table: Option<usize>, key: &str) -> bool {
        self.struck.iter().any(|struck| struck.table == table && struck.key == key)
    }
}

/// Reads the file; `None` if it is not TOML.
pub(super) fn read<T: DeserializeOwned>(
    source: &SourceFile,
    mistakes: &mut Vec<Mistake>,
) -> Option<Reading<T>> {
    let (mut tree, errors) = DeTable::parse_recoverable(source.text());
    if !errors.is_empty() {
        mistakes.extend(syntax_mistakes(source, &errors));
        return None;
    }
    let mut struck = Vec::new();
    loop {
        let error = match Table::<T>::deserialize(toml::Deserializer::from(tree.clone())) {
            Ok(Table(raw)) => return Some(Reading { raw, struck }),
            Err(error) => error,
        };
        let span = error.span().unwrap_or_default();
        let found = strike(tree.get_mut(), None, &span);
        mistakes.push(shape_mistake(source, &error, &span, found.as_ref()));
        match found {
            Some(found) if struck.len() < MOST => {
                let known = known_keys(error.message(), &found.key).unwrap_or_default();
                let key = nearest(&found.key, known).map_or(found.key.clone(), String::from);
                struck.push(Struck { table: found.table, key });
            }
            _ => return None,
        }
    }
}

/// The text of a key at the top of a file that may not even be TOML: as far as it can be made out.
pub(super) fn text_of(source: &SourceFile, key: &str) -> Option<Spanned<String>> {
    let (tree, _) = DeTable::parse_recoverable(source.text());
    let value = tree.get_ref().get(key)?;
    match value.get_ref() {
        DeValue::String(text) => Some(Spanned::new(value.span(), text.clone().into_owned())),
        _ => None,
    }
}

/// The mistakes of syntax, the first of each line: what follows on the same line follows from it.
fn syntax_mistakes(source: &SourceFile, errors: &[toml::de::Error]) -> Vec<Mistake> {
    let mut errors: Vec<(Range<usize>, &str)> =
        errors.iter().map(|error| (error.span().unwrap_or_default(), error.message())).collect();
    errors.sort_by_key(|(span, _)| span.start);
    errors.dedup_by_key(|(span, _)| source.line(span.start));
    errors.into_iter().map(|(span, message)| source.mistake(span, message, syntax_cure(message))).collect()
}

fn syntax_cure(message: &str) -> &'static str {
    if message.contains("must be quoted") {
        "put the text in quotes: \"…\""
    } else if message.contains("duplicate key") {
        "keep one of the two"
    } else {
        "correct it (https://toml.io shows how TOML is written); nothing else in this file is checked until then"
    }
}

/// Takes the key or the list entry out whose key or value stands at `span`.
fn strike(table: &mut DeTable<'_>, table_start: Option<usize>, span: &Range<usize>) -> Option<Struck> {
    let at = |key: &str| Struck { table: table_start, key: String::from(key) };
    let hit = table.iter().find(|(key, value)| key.span() == *span || value.span() == *span);
    if let Some(key) = hit.map(|(key, _)| key.get_ref().clone().into_owned()) {
        table.remove(key.as_str());
        return Some(at(&key));
    }
    table.iter_mut().find_map(|(key, value)| {
        let start = Some(value.span().start);
        match value.get_mut() {
            DeValue::Table(inner) => strike(inner, start, span),
            DeValue::Array(entries) => {
                if entries.iter().any(|entry| entry.span() == *span) {
                    let all = std::mem::replace(entries, DeArray::new());
                    *entries = all.into_iter().filter(|entry| entry.span() != *span).collect();
                    return Some(at(key.get_ref()));
                }
                entries.iter_mut().find_map(|entry| {
                    let start = Some(entry.span().start);
                    match entry.get_mut() {
                        DeValue::Table(inner) => strike(inner, start, span),
                        _ => None,
                    }
                })
            }
            _ => None,
        }
    })
}

fn shape_mistake(
    source: &SourceFile,
    error: &toml::de::Error,
    span: &Range<usize>,
    found: Option<&Struck>,
) -> Mistake {
    let message = error.message();
    if let Some((key, known)) = found.and_then(|found| Some((&found.key, known_keys(message, &found.key)?))) {
        let cure = did_you_mean(key, "keys here", known.into_iter());
        let title = format!("unknown key {}", Shown(key));
        return source.mistake(span.clone(), title, cure).label("not known here");
    }
    let wrong_type = message.strip_prefix("invalid type: ").and_then(|text| text.rsplit_once(", expected "));
    let Some((found, expected)) = wrong_type else {
        return source.mistake(span.clone(), message, "write another value");
    };
    // serde speaks of its own model, not of TOML.
    let found = match found {
        "sequence" => "a list",
        // What is neither written as a table nor in one is a date or a time, which the reader hands on as if it were.
        "map" if !source.text().get(span.clone()).unwrap_or_default().starts_with(['[', '{']) => {
            "a date or time"
        }
        "map" => "a table",
        other => other,
    };
    let (expected, cure) = match expected {
        "i64" => ("a number", "write a whole number, without quotes"),
        "a string" => ("text", "put it in quotes: \"…\""),
        "a sequence" if found == "a table" => {
            ("a list", "write a list: [\"…\"]; of tables, two brackets: [[…]]")
        }
        "a sequence" => ("a list", "write a list, even of one: [\"…\"]"),
        "a table" => ("a table", "write its name in brackets on a line of its own, and its keys below"),
        other => (other, "write such a value"),
    };
    source.mistake(span.clone(), format!("{found} stands where {expected} belongs"), cure)
}

/// The keys that serde knows, if that is its message: that `key` is none of them.
fn known_keys<'a>(message: &'a str, key: &str) -> Option<Vec<&'a str>> {
    let rest = message.strip_prefix("unknown field `")?.strip_prefix(key)?;
    let known = rest.split('`').skip(2).step_by(2);
    Some(known.collect())
}

/// A table: serde would also take a list for it, its entries in the order of the fields.
pub(super) struct Table<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyMap<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyMap<T> {
            type Value = Table<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Table<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Table)
            }
        }

        deserializer.deserialize_map(OnlyMap(PhantomData))
    }
}

/// The checks of one file: what they are about, and where mistakes go.
pub(super) struct Checker<'a> {
    pub source: &'a SourceFile,
    pub mistakes: &'a mut Vec<Mistake>,
}

impl Checker<'_> {
    /// Tells a mistake at `span`.
    pub(super) fn refuse(&mut self, span: Range<usize>, title: impl Into<String>, cure: impl Into<String>) {
        self.mistakes.push(self.source.mistake(span, title, cure));
    }

    /// Reads a value from its text, or tells why it cannot be read.
    pub(super) fn parse<T, E: Refusal>(
        &mut self,
        text: &Spanned<String>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(text.get_ref()) {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(text.span(), error.to_string(), error.cure());
                None
            }
        }
    }

    /// Reads one of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        text: &Spanned<String>,
        key: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let word = text.get_ref().as_str();
        let found = words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<String> = words.iter().map(|(known, _)| format!("\"{known}\"")).collect();
            let known = match known.as_slice() {
                [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
                _ => known.concat(),
            };
            self.refuse(text.span(), format!("`{key}` cannot be {}", Shown(word)), format!("write {known}"));
        }
        found
    }
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
