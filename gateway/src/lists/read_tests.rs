use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::lines::BUFFER;
use super::super::testing::{Chunks, Told, read_as};
use super::*;

fn domains(text: &[u8]) -> (String, Report) {
    read_as(Some(Format::Domains), text)
}

#[test]
fn lines_end_in_every_way_and_the_last_need_not_end() {
    let told = "1: block a.example\n2: block b.example\n4: block c.example\n";
    for text in [
        "a.example\nb.example\n\nc.example",
        "a.example\nb.example\n\nc.example\n",
        "a.example\r\nb.example\r\n\r\nc.example\r\n",
        "a.example\rb.example\r\rc.example\r",
        "a.example\r\nb.example\n\r\nc.example",
        "\u{feff}a.example\r\n\u{feff}b.example\r\n\r\nc.example",
    ] {
        let (found, report) = domains(text.as_bytes());
        assert_eq!((found.as_str(), report.lines, report.skipped.total()), (told, 4, 0), "{text:?}");
    }
}

#[test]
fn an_empty_list_has_no_lines() {
    let (told, report) = read_as(None, b"");
    assert_eq!((told.as_str(), report.lines, report.rules, report.format), ("", 0, 0, Format::Domains));
    assert_eq!(domains(b"\n").1.lines, 1);
}

#[test]
fn a_broken_line_is_told_with_its_number_and_does_not_stop_the_rest() {
    let (told, report) =
        domains(b"a.example\nhttp://b.example/\n\xff.example\nc\0.example\nd.example\nhttp://e/\n");
    assert_eq!(told, "1: block a.example\n5: block d.example\n");
    let skipped = &report.skipped;
    assert_eq!(skipped.total(), 4);
    let kinds: Vec<_> = skipped.by_kind().collect();
    assert_eq!(kinds, [(Kind::Encoding, 1), (Kind::Character, 1), (Kind::Url, 2)]);
    let first: Vec<_> = skipped.first().iter().map(|e| (e.line, e.kind, e.excerpt.as_str())).collect();
    assert_eq!(
        first,
        [
            (2, Kind::Url, "http://b.example/"),
            (3, Kind::Encoding, "\u{fffd}.example"),
            (4, Kind::Character, "c\0.example"),
            (6, Kind::Url, "http://e/"),
        ]
    );
}

#[test]
fn a_line_that_is_too_long_for_a_rule_is_skipped_and_those_behind_it_are_read() {
    let longest = format!("a.example #{}", "x".repeat(MAX_LINE - 11));
    assert_eq!(longest.len(), MAX_LINE);
    for (line, skipped) in [
        (longest.clone(), 0),
        (format!("{longest}x"), 1),
        ("x".repeat(BUFFER - 1), 1),
        ("x".repeat(BUFFER), 1),
        ("x".repeat(3 * BUFFER + 5), 1),
        (format!("# {}", "x".repeat(2 * BUFFER)), 0),
    ] {
        let (told, report) = domains(format!("{line}\r\nb.example\n{line}").as_bytes());
        assert!(told.contains("2: block b.example\n"), "{}", line.len());
        assert_eq!((report.lines, report.skipped.total()), (3, 2 * skipped), "{}", line.len());
        assert!(report.skipped.by_kind().all(|(kind, _)| kind == Kind::LongLine));
    }
}

/// A list without end, of one line or of many.
struct Endless<'a> {
    piece: &'a [u8],
    left: usize,
}

impl Read for Endless<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let len = self.piece.len().min(into.len()).min(self.left);
        into[..len].copy_from_slice(&self.piece[..len]);
        self.left -= len;
        Ok(len)
    }
}

#[test]
fn a_line_of_a_hundred_megabytes_is_one_skipped_line() {
    let mut told = Told::default();
    let mut input = Endless { piece: &[b'x'; 65_536], left: 100_000_000 };
    let report = read(&mut input, None, Scope::Exact, &mut told).unwrap();
    assert_eq!((report.lines, report.rules, report.skipped.total()), (1, 0, 1));
}

#[test]
fn an_error_of_the_input_is_handed_on() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    for format in [None, Some(Format::Hosts)] {
        let error = read(&mut Broken, format, Scope::Exact, &mut Told::default()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}

/// What a plain list says, read line by line as simply as can be: rules, and how many lines are skipped.
fn naive(text: &str) -> (String, usize) {
    let mut told = String::new();
    let mut skipped = 0;
    for (at, line) in text.replace("\r\n", "\n").replace('\r', "\n").split('\n').enumerate() {
        let line = line.split('#').next().unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let names = match words.as_slice() {
            [] => &[],
            ["0.0.0.0" | "127.0.0.1" | "::", names @ ..] => names,
            [_] => &words,
            _ => {
                skipped += 1;
                continue;
            }
        };
        let good: Vec<String> = names.iter().filter_map(|name| naive_name(name)).collect();
        skipped += usize::from(good.len() < names.len());
        told.extend(good.iter().map(|name| format!("{}: block {name}\n", at + 1)));
    }
    (told, skipped)
}

fn naive_name(word: &str) -> Option<String> {
    let (scope, name) = match word.strip_prefix("*.").or(word.strip_prefix('.')) {
        Some(rest) => ("below ", rest),
        None => ("", word),
    };
    let name = name.strip_suffix('.').unwrap_or(name).to_lowercase();
    let good = |label: &str| {
        (1..64).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    let labels: Vec<&str> = name.split('.').collect();
    let number = labels.last()?.chars().all(|c| c.is_ascii_digit());
    let fits = name.len() < 254 && labels.iter().all(|label| good(label)) && !number;
    (fits && (labels.len() > 1 || !scope.is_empty())).then(|| format!("{scope}{name}"))
}

/// Names, good and bad, of ASCII.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-z]{1,8}(\\.[a-z0-9_-]{1,8}){1,3}\\.?",
        1 => "\\*\\.[A-Z]{1,5}(\\.[a-z]{2,5}){0,2}",
        1 => "[a-zA-Z0-9._-]{1,12}x",
        1 => "(b{62,65}\\.){0,4}b{1,64}",
        1 => "[a-z][a-z:/*@.]{0,8}z",
    ]
}

fn plain_list() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        word(),
        (word(), word()).prop_map(|(a, b)| format!("0.0.0.0 {a}\t{b}")),
        word().prop_map(|name| format!(" 127.0.0.1  {name} # {name}")),
        word().prop_map(|name| format!(":: {name}#x")),
        (word(), word()).prop_map(|(a, b)| format!("{a} {b}")),
        Just(String::new()),
        word().prop_map(|name| format!("# {name}")),
    ];
    let end = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    prop::collection::vec((line, end), 0..30)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
}

/// Pieces of every format.
fn any_list() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(vec![
            "a.example", "||", "@@", "^", "$important", ",", "\n", "\r", "\r\n", "address=/", "/", "#", "##", "*.", "0.0.0.0 ",
            " ", "\t", "CNAME", " CNAME .", "$ORIGIN ", "SOA ( ", ")", "10.0.0.0/8", "-", "::1", ".", "com", "!", ";", "\"",
            "[Adblock]\n", "rpz-ip", "ü", "\u{feff}",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
        1 => (any::<u8>(), 0..5000_usize).prop_map(|(byte, len)| vec![byte; len]),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn any_format() -> impl Strategy<Value = Option<Format>> {
    let formats = Format::ALL.map(|(_, format)| Some(format));
    prop::sample::select(formats.into_iter().chain([None]).collect::<Vec<_>>())
}

/// Checks what holds of every rule, and that lines come in order.
#[derive(Default)]
struct Checked {
    last: u64,
    rules: BTreeMap<u64, usize>,
}

impl Sink for Checked {
    fn rule(&mut self, line: u64, rule: crate::lists::Rule<'_>) {
        assert!(line >= self.last.max(1));
        self.last = line;
        *self.rules.entry(line).or_default() += 1;
        match rule {
            crate::lists::Rule::Name { name, .. } => {
                assert!((1..=253).contains(&name.len()));
                for label in name.split(|byte| *byte == b'.') {
                    assert!((1..=63).contains(&label.len()));
                    assert!(label.iter().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_')));
                }
            }
            crate::lists::Rule::Net { net, .. } => {
                assert_eq!(net, net.trunc());
                assert!(net.prefix_len() > 0);
            }
        }
    }
}

proptest! {
    #[test]
    fn a_plain_list_says_what_a_naive_reader_reads(text in plain_list()) {
        let (told, report) = domains(text.as_bytes());
        let (expected, skipped) = naive(&text);
        prop_assert_eq!(told, expected);
        prop_assert_eq!(report.skipped.total(), skipped as u64);
    }

    #[test]
    fn whatever_the_bytes_every_rule_is_good_and_every_line_is_counted(bytes in any_list(), format in any_format()) {
        let mut checked = Checked::default();
        let report = read(&mut bytes.as_slice(), format, Scope::Below, &mut checked).unwrap();
        prop_assert_eq!(report.rules, checked.rules.values().sum::<usize>() as u64);
        prop_assert!(report.skipped.total() <= report.lines);
        prop_assert!(checked.last <= report.lines);
        prop_assert!(report.skipped.first().iter().all(|example| example.excerpt.len() <= 80));
        if let Some(format) = format {
            prop_assert_eq!(report.format, format);
        }
    }

    #[test]
    fn cut_anywhere_a_list_says_the_same(bytes in any_list(), format in any_format(), most in 1..70_usize) {
        let (told, report) = read_as(format, &bytes);
        let mut cut = Told::default();
        let mut chunks = Chunks { bytes: &bytes, most, interrupted: false };
        let again = read(&mut chunks, format, Scope::Exact, &mut cut).unwrap();
        prop_assert_eq!((cut.0, again), (told, report));
    }
}
