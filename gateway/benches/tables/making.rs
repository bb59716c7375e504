//! How long it takes to make tables, and how large they are.

use gateway::policy::{Names, PrefixTable, Prefixes};
use gateway_common::abi::{Masks, NameMasks};
use gateway_common::table::CELL_BYTES;

use super::clock::time;
use super::made::{NAMES, NETS, listed, listed_with_redundant, net_v4, net_v6};
use super::report::{Report, Target};

const TIMES: usize = 11;

const HOSTS: &str = "make the table of a million names that stand for themselves";
const DOMAINS: &str = "make the table of a million names with all below them, 5 % redundant";
const SIZE: &str = "table of a million names";
const NETS_V4: &str = "make the tree of 100,000 IPv4 nets";
const NETS_V6: &str = "make the tree of 100,000 IPv6 nets";

const BLOCK: Masks = Masks { block: 1, allow: 0 };

/// Milliseconds, and bytes a name.
pub fn measure(report: &mut Report) {
    let below = NameMasks { below: BLOCK, exact: BLOCK };
    for (case, masks, name) in [
        (HOSTS, NameMasks { exact: BLOCK, ..NameMasks::default() }, listed as fn(u64) -> String),
        (DOMAINS, below, listed_with_redundant),
    ] {
        if report.wants(case) {
            let names = names(name, masks);
            let samples: Vec<f64> =
                (0..TIMES).map(|_| milliseconds(names.clone(), |names| names.build().names)).collect();
            report.take(case, "ms", &samples, Some(Target::AtMost(120.0)));
        }
    }
    if report.wants(SIZE) {
        let table = names(listed, below).build();
        assert_eq!(table.names as u64, NAMES);
        let bytes = (table.cells.len() * CELL_BYTES) as f64 / table.names as f64;
        report.take(SIZE, "bytes a name", &[bytes], Some(Target::AtMost(24.0)));
    }
    for (case, net) in [(NETS_V4, net_v4 as fn(u64) -> ipnet::IpNet), (NETS_V6, net_v6)] {
        if report.wants(case) {
            let nets: Prefixes = (0..NETS).map(|n| (net(n), BLOCK)).collect();
            let samples: Vec<f64> =
                (0..TIMES).map(|_| milliseconds(&nets, |nets| PrefixTable::new(nets).nets)).collect();
            report.take(case, "ms", &samples, None);
        }
    }
}

/// Names as they are gathered.
fn names(name: impl Fn(u64) -> String, masks: NameMasks) -> Names {
    let mut names = Names::new(0x5eed);
    let number = names.number(masks);
    (0..NAMES).for_each(|n| names.add(name(n).as_bytes(), number));
    names
}

/// How long it takes to make something out of `what`.
fn milliseconds<T>(what: T, make: impl FnOnce(T) -> usize) -> f64 {
    let time = time(|| {
        std::hint::black_box(make(what));
    });
    time.as_secs_f64() * 1e3
}
