//! Lists in the tables: for whom, and with what scope.

use std::fs;

use tempfile::TempDir;

use super::super::{Checks, Compiled};
use super::*;

/// The tables of policies whose lists lie beside them.
fn compiled(policies: &[&str], lists: &[(&str, &str)]) -> Result<Compiled, CompileError> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("gateway.toml");
    fs::write(&path, "interfaces = [\"lo\"]\npolicies = \"policies\"").unwrap();
    fs::create_dir(folder.path().join("policies")).unwrap();
    for (name, text) in lists {
        fs::write(folder.path().join("policies").join(name), text).unwrap();
    }
    for (number, text) in policies.iter().enumerate() {
        fs::write(folder.path().join(format!("policies/{number}.toml")), text).unwrap();
    }
    let config =
        Config::load(&path, &Checks::without_interfaces()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    for (name, _) in lists.iter().filter(|(name, _)| name.starts_with("gone")) {
        fs::remove_file(folder.path().join("policies").join(name)).unwrap();
    }
    let numbers = Numbers::default().assign(&config).unwrap();
    Compiled::new(&config, numbers, 5)
}

const A: &str = "name = \"a\"\n[[list]]\npath = \"ads.txt\"\nmatch = \"domains\"";
const B: &str =
    "name = \"b\"\n[[list]]\npath = \"ads.txt\"\nmatch = \"domains\"\n[block]\nhosts = [\"x.example\"]";
const C: &str = "name = \"c\"\n[[list]]\npath = \"ads.txt\"\nmatch = \"hosts\"";

#[test]
fn a_list_holds_for_each_policy_that_subscribes_to_it_in_the_scope_that_it_asks_for() {
    let tables = compiled(&[A, B, C], &[("ads.txt", "# ads\nads.example\nb.example\n")]).unwrap();
    let block = |name: &str| tables.names.look_up(name.as_bytes()).block;
    assert_eq!(block("ads.example"), 0b111);
    assert_eq!(block("www.ads.example"), 0b011);
    assert_eq!(block("x.example"), 0b010);
    assert_eq!(block("example"), 0);
    assert_eq!(tables.names.names, 3);
    let counts = |hosts, domains| Counts { hosts, domains, addresses: 0 };
    let expected = [("a", counts(0, 2)), ("b", counts(0, 2)), ("c", counts(2, 0))];
    assert_eq!(tables.subscribed, expected.map(|(name, counts)| (name.to_owned(), counts)).into());
}

#[test]
fn exceptions_and_addresses_of_a_list_are_those_of_its_policy() {
    let policy = "name = \"a\"\n[[list]]\npath = \"filter.txt\"\nmatch = \"hosts\"";
    let filter = "[Adblock Plus]\n! Title: test\n||ads.example^\n@@||good.ads.example^\n||192.0.2.7^\n";
    let tables = compiled(&[policy], &[("filter.txt", filter)]).unwrap();
    let masks = tables.names.look_up(b"www.good.ads.example");
    assert_eq!((masks.block, masks.allow), (1, 1));
    assert_eq!(tables.judge_name(1, "www.good.ads.example").map(|ruling| ruling.blocks()), Some(false));
    assert_eq!(tables.judge_name(1, "bad.ads.example").map(|ruling| ruling.blocks()), Some(true));
    assert_eq!(
        tables.judge_address(1, "192.0.2.7".parse().unwrap()).map(|ruling| ruling.blocks()),
        Some(true)
    );
    assert_eq!(tables.subscribed["a"], Counts { hosts: 0, domains: 2, addresses: 1 });
}

#[test]
fn what_is_only_below_a_name_in_a_response_policy_zone_does_not_block_the_name() {
    let policy = "name = \"a\"\n[[list]]\npath = \"zone.rpz\"\nformat = \"rpz\"";
    let zone = "$TTL 300\n@ SOA localhost. root.localhost. 1 2 3 4 5\n*.ads.example CNAME .\n";
    let tables = compiled(&[policy], &[("zone.rpz", zone)]).unwrap();
    assert_eq!(tables.judge_name(1, "ads.example"), None);
    assert_eq!(tables.judge_name(1, "www.ads.example").map(|ruling| ruling.blocks()), Some(true));
}

#[test]
fn a_list_that_has_gone_since_it_was_checked_is_an_error_and_not_an_empty_list() {
    let policy = "name = \"a\"\n[[list]]\npath = \"gone.txt\"\nmatch = \"hosts\"";
    let error = compiled(&[policy], &[("gone.txt", "x.example\n")]).unwrap_err();
    assert!(error.to_string().starts_with("the list `gone.txt` of the policy `a` cannot be read"), "{error}");
}
