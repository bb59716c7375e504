//! The policies that ship: that they hold, and that they keep to what their comments promise.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests may fail by a panic as the tests do")]

#[path = "policies/makers.rs"]
mod makers;

use std::fs;
use std::path::{Path, PathBuf};

use gateway::policy::{Checks, Compiled, Config, Mistake, Numbers, PolicyAction, warnings_of_policies};
use gateway_common::abi::{Action, PortKey};
use gateway_common::wire::{TCP, UDP};
use tempfile::TempDir;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies")
}

/// Everything that ships, as a router with all of it would load it.
fn shipped() -> Config {
    let site = TempDir::new().unwrap();
    let path = site.path().join("gateway.toml");
    fs::write(&path, format!("interfaces = [\"lo\"]\npolicies = {:?}\n", folder())).unwrap();
    Config::load(&path, &Checks::without_interfaces()).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// The tables of one of them alone, as bit 0.
fn tables(name: &str) -> Compiled {
    let mut config = shipped();
    config.policies.retain(|policy| policy.name == name);
    assert_eq!(config.policies.len(), 1, "no policy {name}");
    let numbers = Numbers::default().assign(&config).unwrap();
    Compiled::new(&config, numbers, 0).unwrap()
}

/// The file of a policy as it is written.
fn text(policy: &str) -> String {
    fs::read_to_string(folder().join(policy).with_extension("toml")).unwrap()
}

#[test]
fn every_file_that_ships_is_a_policy_named_like_its_file_that_says_what_it_is_for() {
    let config = shipped();
    let mut names: Vec<_> = config.policies.iter().map(|policy| policy.name.clone()).collect();
    names.sort();
    let mut files: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    assert_eq!(names, files);
    assert!(config.policies.iter().all(|policy| !policy.about.is_empty()));
}

#[test]
fn the_readme_tells_of_every_policy_that_ships() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    for policy in shipped().policies {
        let link = format!("(policies/{}.toml)", policy.name);
        assert!(readme.contains(&link), "no link {link}");
    }
}

#[test]
fn no_policy_that_ships_has_a_needless_or_doubtful_entry() {
    let warnings: Vec<_> = warnings_of_policies(&shipped().policies).iter().map(Mistake::render).collect();
    assert!(warnings.is_empty(), "{}", warnings.join("\n\n"));
}

#[test]
fn doh_bypass_refuses_resolvers_relays_and_the_names_that_ask_whether_to_do_without() {
    let tables = tables("doh-bypass");
    for name in [
        "dns.google",
        "dns64.dns.google",
        "cloudflare-dns.com",
        "mozilla.cloudflare-dns.com",
        "chrome.cloudflare-dns.com",
        "one.one.one.one",
        "dns.quad9.net",
        "doh.opendns.com",
        "dns.adguard-dns.com",
        "abcdef.dns.nextdns.io",
        "doh.cleanbrowsing.org",
        "adblock.dns.mullvad.net",
        "p2.freedns.controld.com",
        "doh.dns.sb",
        "dns.alidns.com",
        "doh.pub",
        "doh.xfinity.com",
        "use-application-dns.net",
        "mask.icloud.com",
        "mask-h2.icloud.com",
        "_dns.resolver.arpa",
    ] {
        let ruling = tables.judge_name(1, name);
        assert_eq!(ruling.map(|ruling| ruling.action), Some(Action::Reject), "{name}");
    }
    for protocol in [TCP, UDP] {
        let port = PortKey { port: 853_u16.to_be_bytes(), protocol, reserved: 0 };
        assert_eq!(tables.judge_port(1, port).map(|ruling| ruling.action), Some(Action::Reject));
    }
    for address in ["185.71.138.138", "2001:67c:930::1", "194.242.2.4", "2a07:e340::9"] {
        let ruling = tables.judge_address(1, address.parse().unwrap());
        assert_eq!(ruling.map(|ruling| ruling.action), Some(Action::Reject), "{address}");
    }
}

#[test]
fn doh_bypass_leaves_plain_dns_and_the_operators_other_names_alone() {
    let tables = tables("doh-bypass");
    for name in [
        "google.com",
        "www.google.com",
        "cloudflare.com",
        "www.cloudflare.com",
        "icloud.com",
        "www.icloud.com",
        "gateway.icloud.com",
        "apple.com",
        "quad9.net",
        "www.quad9.net",
        "opendns.com",
        "www.opendns.com",
        "adguard.com",
        "adguard-dns.io",
        "nextdns.io",
        "my.nextdns.io",
        "mullvad.net",
        "controld.com",
        "cleanbrowsing.org",
        "alidns.com",
        "dns.sb",
        "check.wikimedia-dns.org",
        "wikipedia.org",
        "xfinity.com",
    ] {
        assert_eq!(tables.judge_name(1, name), None, "{name}");
    }
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "9.9.9.9",
        "208.67.222.222",
        "94.140.14.14",
        "2606:4700:4700::1111",
        "2001:4860:4860::8888",
        "2620:fe::fe",
    ] {
        assert_eq!(tables.judge_address(1, address.parse().unwrap()), None, "{address}");
    }
    for (number, protocol) in [(53_u16, UDP), (53, TCP), (443, TCP), (443, UDP)] {
        let port = PortKey { port: number.to_be_bytes(), protocol, reserved: 0 };
        assert_eq!(tables.judge_port(1, port), None, "{number}");
    }
}

#[test]
fn firmware_updates_stay_open_with_the_telemetry_policy() {
    let tables = tables("xiaomi-telemetry");
    for name in ["update.miui.com", "update.intl.miui.com", "ultimateota.d.miui.com"] {
        let ruling = tables.judge_name(1, name);
        assert_eq!(ruling.map(|ruling| ruling.action), Some(Action::Pass), "{name}");
    }
    assert_eq!(tables.judge_name(1, "api.account.xiaomi.com"), None);
}

#[test]
fn every_policy_that_ships_tells_the_client_that_it_is_refused() {
    assert!(shipped().policies.iter().all(|policy| policy.action == PolicyAction::Reject));
}

#[test]
fn no_policy_that_ships_lets_pass_what_it_blocks() {
    for config in shipped().policies {
        let blocked: Vec<_> = config.block.domains.iter().chain(&config.block.hosts).collect();
        for allowed in config.allow.domains.iter().chain(&config.allow.hosts) {
            let same = blocked.iter().find(|blocked| blocked.value == allowed.value);
            assert_eq!(same, None, "blocked and allowed at once in {}", config.name);
        }
    }
}

/// The lines of a file from which one "#" is to be taken to subscribe to the lists that it proposes, with the line before
/// each `[[list]]`.
fn proposals(text: &str) -> (Vec<&str>, String) {
    let lines: Vec<_> = text.lines().collect();
    let heads: Vec<_> = lines.windows(2).filter(|pair| pair[1] == "#[[list]]").map(|pair| pair[0]).collect();
    let taken: Vec<_> = lines.iter().map(|line| without_mark(line)).collect();
    (heads, taken.join("\n"))
}

/// A setting that stands behind "#" and no space, without the mark; every other line as it is.
fn without_mark(line: &str) -> &str {
    line.strip_prefix('#')
        .filter(|rest| rest.starts_with(|first: char| !first.is_whitespace()))
        .unwrap_or(line)
}

#[test]
fn the_proposed_subscriptions_are_lists_once_uncommented_and_name_their_licence() {
    for policy in shipped().policies {
        let text = text(&policy.name);
        let (heads, uncommented) = proposals(&text);
        for head in &heads {
            let licence = head.strip_prefix("# Licence: ").and_then(|rest| rest.split_once(", "));
            let known = ["MIT", "GPL-3.0", "CC BY 4.0"];
            assert!(licence.is_some_and(|(name, _)| known.contains(&name)), "{}: {head}", policy.name);
        }
        let file: toml::Table =
            toml::from_str(&uncommented).unwrap_or_else(|e| panic!("{}: {e}", policy.name));
        let lists = file.get("list").map(|lists| lists.as_array().unwrap().clone()).unwrap_or_default();
        assert_eq!(lists.len(), heads.len(), "{}", policy.name);
        // Only the one that blocks a single host proposes none: no list is about it.
        assert_eq!(lists.is_empty(), policy.name == "xiaomi-account", "{}", policy.name);
        for list in lists {
            let list = list.as_table().unwrap();
            let mut keys: Vec<_> = list.keys().map(String::as_str).collect();
            keys.sort_unstable();
            assert_eq!(keys, ["format", "match", "refresh", "url"], "{}", policy.name);
            let value = |key: &str| list[key].as_str().unwrap();
            assert!(value("url").starts_with("https://"), "{}", value("url"));
            assert_eq!(value("format"), "auto");
            assert!(["hosts", "domains"].contains(&value("match")), "{}", value("match"));
            assert!(["1d", "7d"].contains(&value("refresh")), "{}", value("refresh"));
        }
    }
}
