//! What is doubtful is told, and what is not doubtful is not.

use std::fmt::Write as _;

use super::super::testing::config;
use super::*;
use crate::policy::Severity;

/// Line and title of each warning of these policies, one device having all of them.
fn told(policies: &[&str]) -> Vec<(Option<usize>, String)> {
    let mut names = String::new();
    for policy in policies {
        let name = policy.lines().find_map(|line| line.strip_prefix("name = ")).unwrap();
        write!(names, "{name}, ").unwrap();
    }
    told_of(&format!("[defaults]\npolicies = [{names}]"), policies)
}

fn told_of(text: &str, policies: &[&str]) -> Vec<(Option<usize>, String)> {
    let config = config(text, policies);
    let mut warnings = warnings_of_policies(&config.policies);
    warnings.extend(warnings_of_config(&config));
    assert!(warnings.iter().all(|warning| warning.severity == Severity::Warning && !warning.cure.is_empty()));
    warnings.into_iter().map(|warning| (warning.at.line_column().map(|at| at.0), warning.title)).collect()
}

fn one(line: usize, title: &str) -> Vec<(Option<usize>, String)> {
    vec![(Some(line), String::from(title))]
}

#[test]
fn a_blocked_public_suffix_is_told_and_the_name_alone_or_a_name_below_it_is_not() {
    let suffix = |name: &str| {
        one(3, &format!("`{name}` is a public suffix: all that anyone registers below it is blocked"))
    };
    for name in ["co.uk", "com", "github.io", "xn--p1ai"] {
        let policy = format!("name = \"a\"\n[block]\ndomains = [\"{name}\"]");
        assert_eq!(told(&[&policy]), suffix(name));
    }
    let plain = "name = \"a\"\n[block]\ndomains = [\"example.co.uk\", \"lan\"]\nhosts = [\"co.uk\"]";
    assert_eq!(told(&[plain]), []);
}

#[test]
fn a_name_that_the_same_policy_allows_is_blocked_without_effect() {
    let policy = "name = \"a\"\n[block]\nhosts = [\"x.example.org\"]\n[allow]\ndomains = [\"example.org\"]";
    let title = "`x.example.org` is blocked and allowed at once: allow wins, so blocking it has no effect";
    assert_eq!(told(&[policy]), one(3, title));
    let ports = "name = \"a\"\n[block]\nports = [\"tcp/853\"]\n[allow]\nports = [\"tcp/853\", \"udp/853\"]";
    assert_eq!(told(&[ports])[0].0, Some(3));
}

#[test]
fn an_exception_is_no_contradiction() {
    let names = "name = \"a\"\n[block]\ndomains = [\"example.org\"]\n[allow]\nhosts = [\"example.org\"]\ndomains = [\"x.example.org\"]";
    assert_eq!(told(&[names]), []);
    let nets = "name = \"a\"\n[block]\naddresses = [\"10.0.0.0/8\"]\n[allow]\naddresses = [\"10.1.0.0/16\"]";
    assert_eq!(told(&[nets]), []);
    let longer =
        "name = \"a\"\n[block]\naddresses = [\"10.1.0.0/16\"]\n[allow]\naddresses = [\"10.0.0.0/8\"]";
    assert_eq!(told(&[longer]), []);
}

#[test]
fn a_name_that_another_policy_of_the_device_allows_is_told_with_the_devices() {
    let block = "name = \"a\"\n[block]\ndomains = [\"x.example.org\"]\naddresses = [\"10.0.0.0/8\"]";
    let allow = "name = \"b\"\n[allow]\ndomains = [\"example.org\"]\naddresses = [\"10.0.0.0/8\"]";
    let device = |n: usize, policies: &str| {
        format!("[[device]]\nname = \"d{n}\"\nmac = \"02:00:00:00:00:0{n}\"\npolicies = [{policies}]\n")
    };
    let apart = format!("{}{}", device(1, "\"a\""), device(2, "\"b\""));
    assert_eq!(told_of(&apart, &[block, allow]), []);
    let both: String = (1..=5).map(|n| device(n, "\"a\", \"b\"")).collect();
    let title = |what: &str| {
        format!(
            "`{what}` is allowed by the policy `b`: blocking it has no effect on `d1`, `d2`, `d3` and 2 more"
        )
    };
    let expected = vec![(Some(3), title("x.example.org")), (Some(4), title("10.0.0.0/8"))];
    assert_eq!(told_of(&both, &[block, allow]), expected);
    let at_times = format!("{allow}\n[[schedule]]\nfrom = \"18:00\"");
    assert_eq!(told_of(&both, &[block, &at_times]), []);
}

#[test]
fn an_entry_that_another_one_covers_is_needless() {
    let covered =
        |line, what: &str| one(line, &format!("`{what}` is covered by another entry of this policy"));
    let below = "name = \"a\"\n[block]\ndomains = [\"example.org\"]\nhosts = [\"A.Example.org\"]";
    assert_eq!(told(&[below]), covered(4, "A.Example.org"));
    let twice = "name = \"a\"\n[allow]\ndomains = [\"example.org\",\n\"example.org.\"]";
    assert_eq!(told(&[twice]), covered(4, "example.org."));
    let nets = "name = \"a\"\n[block]\naddresses = [\"10.1.0.0/16\",\n\"10.0.0.0/8\",\n\"2001:db8::\"]";
    assert_eq!(told(&[nets]), covered(3, "10.1.0.0/16"));
    let ports = "name = \"a\"\n[block]\nports = [\"tcp/853\",\n\"tcp/853\"]";
    assert_eq!(told(&[ports]), covered(4, "tcp/853"));
    let different = "name = \"a\"\n[block]\nhosts = [\"example.org\"]\ndomains = [\"a.example.org\"]";
    assert_eq!(told(&[different]), []);
}

#[test]
fn a_net_is_not_needless_where_another_one_in_between_would_decide() {
    let own = "name = \"a\"\n[block]\naddresses = [\"10.0.0.0/8\", \"10.1.2.0/24\"]";
    let exception = format!("{own}\n[allow]\naddresses = [\"10.1.0.0/16\"]");
    assert_eq!(told(&[&exception]), []);
    for net in ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24"] {
        let other = format!("name = \"b\"\naction = \"observe\"\n[block]\naddresses = [\"{net}\"]");
        assert_eq!(told(&[own, &other]), []);
    }
    let outside = "name = \"b\"\n[block]\naddresses = [\"10.1.2.3\", \"0.0.0.0/0\"]";
    assert_eq!(told(&[own, outside]).len(), 1);
}

#[test]
fn a_policy_that_no_device_has_is_told() {
    let policies = ["name = \"a\"", "name = \"b\""];
    let used = "[[device]]\nname = \"d\"\nmac = \"02:00:00:00:00:01\"\npolicies = [\"b\"]";
    assert_eq!(told_of(used, &policies), [(None, String::from("no device has the policy `a`"))]);
    assert_eq!(told(&policies), []);
}

#[test]
fn a_warning_looks_like_a_mistake_and_says_that_it_is_none() {
    let config = config("", &["name = \"a\"\n[block]\nhosts = [\"a.example\", \"a.example\"]"]);
    let warnings = warnings_of_policies(&config.policies);
    let shown = warnings[0].render();
    let expected = "00.toml:3:23: warning: `a.example` is covered by another entry of this policy
  |
3 | hosts = [\"a.example\", \"a.example\"]
  |          -----------  ^^^^^^^^^^^ needless
  |          |
  |          covers it
  |
  = help: take it out: it changes nothing";
    assert!(shown.ends_with(expected), "{shown}");
}

#[test]
fn a_policy_that_resolves_and_names_no_host_is_told_of_it() {
    let warned = |hosts: &str| {
        let text = format!(
            "name = \"p\"\n[block]\ndomains = [\"a.example.org\"]\nhosts = [{hosts}]\nresolve = true"
        );
        warnings_of_policies(&crate::policy::testing::config("", &[&text]).policies)
            .iter()
            .any(|warning| warning.one_line().contains("`resolve` finds out nothing"))
    };
    assert!(warned("") && !warned("\"b.example.org\""));
}
