//! What a list says counts as if the policy said it.

use std::cell::Cell;
use std::fs::{self, File};
use std::io;

use jiff::Zoned;
use proptest::prelude::*;
use tempfile::TempDir;

use super::super::who::Who;
use super::super::{Explanation, Question, explain};
use super::*;
use crate::lists::Source;
use crate::policy::testing::config;
use crate::policy::{Config, HostName, Ruling};

fn open(source: &Source) -> io::Result<Option<File>> {
    match source {
        Source::Path(path) => File::open(path).map(Some),
        Source::Url(_) => Ok(None),
    }
}

/// A file with a list.
fn list(folder: &TempDir, name: &str, content: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    format!("[[list]]\npath = {path:?}\n")
}

fn one(policy: &str) -> Config {
    config("[defaults]\npolicies = [\"p\"]", &[&format!("name = \"p\"\n{policy}")])
}

fn ask<'a>(config: &'a Config, host: &str) -> Explanation<'a> {
    let host = host.parse().map_or_else(|_| Asked::Name(host.parse::<HostName>().unwrap()), Asked::Address);
    let question = Question { host, port: None, now: Zoned::now() };
    explain(config, Who::find(config, "other").unwrap(), question, &open)
}

fn ruling(explanation: &Explanation<'_>) -> Option<Ruling> {
    let found = explanation.decides.as_ref()?;
    Some(Ruling { policy: found.number, action: explanation.verdict })
}

#[test]
fn a_rule_of_a_list_decides_and_is_told_with_list_and_line() {
    let folder = TempDir::new().unwrap();
    let list = list(&folder, "list.txt", "# x\nother.example.org\nads.example.org\nads.example.org\n");
    let config = one(&format!("{list}match = \"domains\""));
    let label = folder.path().join("list.txt");
    let shown = ask(&config, "x.ads.example.org").to_string();
    let expected = format!(
        "a device that is not listed to x.ads.example.org: drop
  because of block domains \"ads.example.org\", policy p, list {}, line 3
  note: ",
        label.display()
    );
    assert!(shown.starts_with(&expected), "{shown}");
    let row = serde_json::to_value(ask(&config, "ads.example.org").row()).unwrap();
    assert_eq!((&row["entry"]["list"], &row["entry"]["line"]), (&label.to_str().unwrap().into(), &3.into()));
    assert!(row["entry"]["file"].is_null());
    assert!(ask(&config, "example.org").decides.is_none());
}

#[test]
fn a_star_in_a_response_policy_zone_means_only_what_is_below() {
    let folder = TempDir::new().unwrap();
    let zone =
        list(&folder, "zone", "$TTL 60\n@ SOA a.example. b.example. 1 2 3 4 5\n*.ads.example.org CNAME .\n");
    let config = one(&format!("{zone}format = \"rpz\""));
    assert!(ask(&config, "ads.example.org").decides.is_none());
    let below = ask(&config, "x.ads.example.org");
    assert_eq!(below.decides.unwrap().subject, Subject::Below(String::from("ads.example.org")));
}

#[test]
fn of_addresses_in_lists_the_longest_net_decides() {
    let folder = TempDir::new().unwrap();
    let list = list(&folder, "nets", "203.0.113.0/24\n203.0.0.0/16\n2001:db8::/32\n");
    let config = one(&format!("[allow]\naddresses = [\"203.0.113.7\"]\n{list}format = \"addresses\""));
    let allowed = ask(&config, "203.0.113.7");
    assert_eq!((allowed.verdict, allowed.also.len()), (gateway_common::abi::Action::Pass, 2));
    assert_eq!(ask(&config, "203.0.113.8").decides.unwrap().subject.text(), "203.0.113.0/24");
    assert_eq!(ask(&config, "2001:db8::1").decides.unwrap().subject.text(), "2001:db8::/32");
}

#[test]
fn a_list_that_was_never_fetched_is_told_to_be_unknown() {
    let config = one("[[list]]\nurl = \"https://x.example/l.txt\"\nmatch = \"hosts\"");
    let explanation = ask(&config, "ads.example.org");
    let unread =
        Unread { policy: "p", list: "https://x.example/l.txt", why: String::from("it was never fetched") };
    assert_eq!(explanation.unread, [unread]);
    let note = "note: What the list https://x.example/l.txt of p says is not known: it was never fetched.\n";
    assert!(explanation.to_string().contains(note), "{explanation}");
}

#[test]
fn a_list_of_two_policies_is_read_once_and_counts_for_both() {
    let folder = TempDir::new().unwrap();
    let list = list(&folder, "list.txt", "ads.example.org\n");
    let policies = ["p", "q"].map(|name| format!("name = \"{name}\"\n{list}match = \"hosts\""));
    let config = config("[defaults]\npolicies = [\"p\", \"q\"]", &policies.each_ref().map(String::as_str));
    let opened = Cell::new(0);
    let counting = |source: &Source| {
        opened.set(opened.get() + 1);
        open(source)
    };
    let host = Asked::Name("ads.example.org".parse().unwrap());
    let question = Question { host, port: None, now: Zoned::now() };
    let explanation = explain(&config, Who::find(&config, "other").unwrap(), question, &counting);
    assert_eq!((explanation.decides.unwrap().policy.name.as_str(), explanation.also.len()), ("p", 1));
    assert_eq!(opened.get(), 1);
}

#[test]
fn what_is_kept_of_a_long_list_is_short() {
    let folder = TempDir::new().unwrap();
    let list = list(&folder, "list.txt", &"example.org\nads.example.org\n".repeat(10_000));
    let config = one(&format!("{list}match = \"domains\""));
    let explanation = ask(&config, "ads.example.org");
    assert_eq!(explanation.decides.unwrap().subject.text(), "ads.example.org");
    assert_eq!(explanation.also.len(), 1);
}

fn names() -> impl Strategy<Value = Vec<String>> {
    let name = prop::collection::vec("[ab]", 2..4).prop_map(|labels| labels.join("."));
    prop::collection::vec(name, 0..5)
}

proptest! {
    #[test]
    fn names_in_lists_mean_what_they_mean_as_entries(domains in names(), hosts in names(), allowed in names()) {
        let folder = TempDir::new().unwrap();
        let written = |name: &str, rules: &[String], keys: &str| {
            let content: String = rules.iter().map(|rule| format!("{rule}\n")).collect();
            format!("{}{keys}\n", list(&folder, name, &content))
        };
        let exceptions: Vec<String> = allowed.iter().map(|name| format!("@@||{name}^")).collect();
        let in_lists = one(&[
            written("domains", &domains, "format = \"domains\"\nmatch = \"domains\""),
            written("hosts", &hosts, "format = \"domains\"\nmatch = \"hosts\""),
            written("exceptions", &exceptions, "format = \"adblock\""),
        ].concat());
        let entries = one(&format!("[block]\ndomains = {domains:?}\nhosts = {hosts:?}\n[allow]\ndomains = {allowed:?}"));
        for name in ["a.a", "a.b", "b.a", "b.b.a", "a.b.a", "a.a.b.b", "ab.a", "a.a.a.a"] {
            prop_assert_eq!(ruling(&ask(&in_lists, name)), ruling(&ask(&entries, name)), "{}", name);
        }
    }
}
