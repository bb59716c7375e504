//! How fast lists are read, into a sink that adds every name to a table, as the daemon does.

use gateway::lists::{Rule, Scope, Sink, read};
use gateway::policy::Names;
use gateway_common::abi::{Masks, NameMasks};

use super::clock::time;
use super::made::{NAMES, list, listed};
use super::report::{Report, Target};

const READINGS: usize = 9;

/// Takes names as the daemon does.
struct Adding {
    names: Names,
    masks: u32,
}

impl Sink for Adding {
    fn rule(&mut self, _: u64, rule: Rule<'_>) {
        if let Rule::Name { name, .. } = rule {
            self.names.add(name, self.masks);
        }
    }
}

/// What is measured, the format, a line of it for a name, the target.
type Case = (&'static str, &'static str, fn(String) -> String, Option<f64>);

/// Lines a second, in millions.
pub fn measure(report: &mut Report) {
    let cases: [Case; 5] = [
        ("read a list of names", "domains", |name| name, Some(5.0)),
        ("read a hosts file", "hosts", |name| format!("0.0.0.0 {name}"), Some(5.0)),
        ("read an adblock list", "adblock", |name| format!("||{name}^"), Some(5.0)),
        ("read a file of dnsmasq", "dnsmasq", |name| format!("address=/{name}/"), None),
        ("read a zone of RPZ", "rpz", |name| format!("{name} CNAME ."), None),
    ];
    for (case, format, line, target) in cases {
        if report.wants(case) {
            let text = list(|n| line(listed(n)));
            let samples: Vec<f64> = (0..READINGS).map(|_| millions_a_second(&text, format)).collect();
            report.take(case, "million lines/s", &samples, target.map(Target::AtLeast));
        }
    }
}

fn millions_a_second(text: &str, format: &str) -> f64 {
    let mut names = Names::new(0x5eed);
    let all = Masks { block: 1, allow: 0 };
    let masks = names.number(NameMasks { below: all, exact: all });
    let mut adding = Adding { names, masks };
    let mut report = None;
    let time = time(|| {
        let format = Some(format.parse().unwrap());
        report = Some(read(&mut text.as_bytes(), format, Scope::Below, &mut adding).unwrap());
    });
    let read = report.unwrap();
    assert_eq!((read.rules, read.skipped.total()), (NAMES, 0));
    std::hint::black_box(adding.names);
    NAMES as f64 / time.as_secs_f64() / 1e6
}
