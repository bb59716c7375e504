//! How fast lists are read: a million lines of each format, into a sink that hashes every name.
//!
//! `cargo bench -p gateway --bench lists`; what is told is the median of several readings.
#![expect(clippy::unwrap_used, reason = "as in a test, what fails here ends the bench")]

use std::fmt::Write as _;
use std::time::Duration;

use gateway::lists::{Format, Rule, Scope, Sink, read};
use gateway_common::name;
use nix::time::{ClockId, clock_gettime};

const LINES: u64 = 1_000_000;

const READINGS: usize = 9;

/// Lines a second that plain names and hosts must reach (`--strict`).
const TARGET: f64 = 5e6;

/// Takes rules as a table of names would.
#[derive(Default)]
struct Hashes {
    sum: u64,
    rules: u64,
}

impl Sink for Hashes {
    fn rule(&mut self, _: u64, rule: Rule<'_>) {
        self.rules += 1;
        if let Rule::Name { name, .. } = rule {
            self.sum ^= name::hash(0x5eed, name);
        }
    }
}

/// Names as lists have them: two to four labels, 20 bytes on average.
fn name_of(n: u64) -> String {
    let word = |n: u64| {
        let mut mixed = name::finish(n);
        let len = 4 + mixed % 10;
        let letters = std::iter::repeat_with(|| {
            mixed = name::finish(mixed);
            char::from(b'a' + u8::try_from(mixed % 26).unwrap())
        });
        letters.take(usize::try_from(len).unwrap()).collect::<String>()
    };
    let top = ["com", "net", "org", "info", "co.uk"][usize::try_from(n % 5).unwrap()];
    match n % 3 {
        0 => format!("{}{n}.{top}", word(n)),
        1 => format!("{}.{}{n}.{top}", word(n), word(n + LINES)),
        _ => format!("{}-{}.{}.{top}", word(n), word(n + 1), word(n + LINES)),
    }
}

fn list(line: impl Fn(&str) -> String) -> String {
    (0..LINES).fold(String::new(), |mut text, n| {
        writeln!(text, "{}", line(&name_of(n))).unwrap();
        text
    })
}

/// What this thread has computed so far: the list lies in memory, so that this is all the time it takes, whatever else the
/// machine does.
fn spent() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap().into()
}

/// Lines a second, the median.
fn measure(text: &str, format: Option<Format>) -> f64 {
    let mut times: Vec<f64> = (0..READINGS)
        .map(|_| {
            let mut hashes = Hashes::default();
            let start = spent();
            let report = read(&mut text.as_bytes(), format, Scope::Below, &mut hashes).unwrap();
            let time = (spent() - start).as_secs_f64();
            assert_eq!((report.rules, hashes.rules, report.skipped.total()), (LINES, LINES, 0));
            std::hint::black_box(hashes.sum);
            time
        })
        .collect();
    times.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "a million")]
    let lines = LINES as f64;
    lines / times[READINGS / 2]
}

fn main() {
    let strict = std::env::args().any(|word| word == "--strict");
    let cases = [
        ("domains", list(|name| name.to_string())),
        ("hosts", list(|name| format!("0.0.0.0 {name}"))),
        ("adblock", list(|name| format!("||{name}^"))),
        ("dnsmasq", list(|name| format!("address=/{name}/"))),
        ("rpz", list(|name| format!("{name} CNAME ."))),
    ];
    let mut is_slow = false;
    for (word, text) in cases {
        let speed = measure(&text, Some(word.parse().unwrap()));
        println!("{word:8} {:6.2} million lines/s", speed / 1e6);
        is_slow |= matches!(word, "domains" | "hosts") && speed < TARGET;
    }
    assert!(!(strict && is_slow), "plain names and hosts must reach {:.0} million lines/s", TARGET / 1e6);
}
