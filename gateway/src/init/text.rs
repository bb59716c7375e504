//! The plan as a `gateway.toml` that explains itself: every key is in it, those with their default commented out. Pure.

use std::fmt::Write as _;

use super::catalogue::Catalogue;
use super::plan::{Choice, Plan};
use super::suggest;
use super::survey::{Kind, Seen, Survey};
use crate::policy::{DeviceAddress, Escaped, Shown};

/// Name of the folder of policies, beside the file.
pub const FOLDER: &str = "policies";

const HEAD: &str = "\
# Configuration of gateway, by `gateway init`. What is commented out is the default, or an example.
# `gateway check` tells every mistake in it; `systemctl reload gateway` puts it in force.

# The interfaces where the devices are. The source MAC address of a frame there must be the device's own: name LAN ports,
# a bridge or the Wi-Fi access point, not the WAN side.
";

const KEYS: &str = r#"
# Where the filter lives in the kernel.
# pin = "/sys/fs/bpf/gateway"

# What outlives the daemon, such as pauses.
# state = "/var/lib/gateway"

# Where Prometheus finds /metrics.
# [metrics]
# listen = "127.0.0.1:9469"

# Where the commands reach the daemon; for root alone.
# [control]
# socket = "/run/gateway/control.sock"

# Who is asked for the addresses of hosts, for policies with `resolve = true`. Without it, the servers of /etc/resolv.conf.
# [resolve]
# servers = ["192.0.2.53"]

# Copies of the lists to which policies subscribe.
# [lists]
# cache = "/var/cache/gateway"

# The page with devices, hosts and events: an address, a UNIX socket, or "off". Beyond loopback it wants a token.
# [page]
# listen = "127.0.0.1:9470"
# token_file = "/etc/gateway/page.token"
# hosts = ["gateway.lan"]

# Where events go as well. A file is begun anew at this size, and so many old ones are kept.
# [events]
# journald = false
# file = "/var/log/gateway/events.jsonl"
# rotate_at = "10MB"
# keep = 5
"#;

const NAMES: &str = "
# What devices call themselves, by the lease files of dnsmasq or Kea, and who made them, by the list of the IEEE.
";

const TRACK: &str = "\
# The first so many of them get counters of their own, under their addresses; the others are counted together, as `other`.
# track = 20
";

const RANDOM: &str = "\
# An address that a device made up, for privacy, may change, and the device is then another one to the filter. To keep it, in
# the settings of this Wi-Fi on the device: Android: Privacy, \"Use device MAC\"; iPhone and Mac: Private Wi-Fi Address, \"Off\"
# or \"Fixed\"; Windows: Random hardware addresses, \"Off\".
";

const EXAMPLE: &str = r#"
# Every device whose address begins so, counted as one. One that is listed by its whole address is not among them.
# [[device]]
# name = "other xiaomi"
# mac = "8c:be:be:*"
# policies = []
"#;

/// Writes the plan down, with what the survey and the catalogue know beside it.
pub fn text(plan: &Plan, survey: &Survey, catalogue: &Catalogue) -> String {
    let mut text = String::from(HEAD);
    for name in &plan.interfaces {
        text.push_str(&about_interface(name, survey));
    }
    text.push_str(&format!("interfaces = {}\n\n", array(&plan.interfaces)));
    text.push_str("# Every *.toml in this folder is one policy.\n");
    text.push_str(&about_policies(plan, catalogue));
    text.push_str(&format!("policies = {}\n", quoted(FOLDER)));
    text.push_str(KEYS);
    text.push_str(&names(survey));
    text.push_str("\n# What holds for a device that no [[device]] names.\n[defaults]\n");
    text.push_str(&format!("policies = {}\n{TRACK}", array(&plan.defaults)));
    text.push_str(&devices(plan, survey));
    text
}

fn names(survey: &Survey) -> String {
    let leases = match survey.leases.as_slice() {
        [] => String::from(
            "# [names]\n# leases = [\"/var/lib/misc/dnsmasq.leases\", \"/var/lib/kea/kea-leases4.csv\"]\n",
        ),
        found => format!("[names]\nleases = {}\n", array(found)),
    };
    format!("{NAMES}{leases}# vendors = \"/usr/share/ieee-data/oui.txt\"\n")
}

fn about_interface(name: &str, survey: &Survey) -> String {
    let interface = survey.interface(name);
    let ports = survey.ports(name).join(", ");
    match interface.map(|one| (one.kind, one.default_route)) {
        Some((Kind::Bridge, _)) if !ports.is_empty() => format!(
            "# {} is a bridge, which takes generic mode only. Its ports may do better, if all of them are named in its place:\n\
             #   {}\n",
            Shown(name),
            Escaped(&ports)
        ),
        Some((Kind::Bridge | Kind::Vlan, _)) => {
            format!("# {} takes generic mode only, which costs more CPU.\n", Shown(name))
        }
        Some((_, true)) => format!("# {} is also the way to the internet.\n", Shown(name)),
        _ => String::new(),
    }
}

/// Names of those that ship and are not copied.
fn about_policies(plan: &Plan, catalogue: &Catalogue) -> String {
    let is_left = |name: &&str| !plan.policies().any(|chosen| chosen == *name);
    let left = catalogue.0.iter().filter(|offer| offer.copy.is_some()).map(|offer| offer.name.as_str());
    let left: Vec<&str> = left.filter(is_left).collect();
    if left.is_empty() {
        return String::new();
    }
    format!("# More of them ship (`gateway init --all-policies` copies them):\n#   {}\n", left.join(", "))
}

fn devices(plan: &Plan, survey: &Survey) -> String {
    let mut text = String::new();
    let listed = |seen: &&Seen| plan.devices.iter().any(|one| one.address == seen.address());
    let (listed, others): (Vec<&Seen>, Vec<&Seen>) =
        survey.behind(&plan.interfaces).into_iter().partition(listed);
    let is_random = |address: DeviceAddress| address.is_random();
    if plan.devices.iter().any(|one| is_random(one.address))
        || others.iter().any(|one| is_random(one.address()))
    {
        text.push('\n');
        text.push_str(RANDOM);
    }
    for choice in &plan.devices {
        let seen = listed.iter().find(|seen| seen.address() == choice.address);
        text.push_str(&format!("\n{}{}", about_device(choice.address, seen.copied()), entry(choice)));
    }
    if !others.is_empty() {
        text.push_str(
            "\n# Seen as well. To list one, take the `# ` away before the four lines from [[device]] on.\n",
        );
    }
    let mut taken: Vec<String> = plan.devices.iter().map(|one| one.name.clone()).collect();
    for seen in others {
        let name = suggest::name(seen, &taken.iter().map(String::as_str).collect::<Vec<_>>());
        taken.push(name.clone());
        let choice = Choice { name, address: seen.address(), policies: Vec::new() };
        let entry = entry(&choice).lines().fold(String::new(), |text, line| text + "# " + line + "\n");
        text.push_str(&format!("\n{}{entry}", about_device(choice.address, Some(seen))));
    }
    // Whoever lists the beginning of an address knows how.
    if plan.devices.iter().all(|one| one.address.key().bytes == 6) {
        text.push_str(EXAMPLE);
    }
    text
}

/// A comment with what is known of a device beside its name and its address; what it says of itself is made harmless.
fn about_device(address: DeviceAddress, seen: Option<&Seen>) -> String {
    let mut about = Vec::new();
    if let Some(seen) = seen {
        about.extend(seen.vendor.as_deref().map(|vendor| format!("made by {}", Shown(vendor))));
        about.extend(seen.host.as_deref().map(|host| format!("calls itself {}", Shown(host))));
        about.extend(seen.addresses.first().map(|address| format!("seen as {address}")));
    }
    if address.is_random() {
        about.push(String::from("its address is made up"));
    }
    if about.is_empty() { String::new() } else { format!("# {}\n", about.join(", ")) }
}

fn entry(Choice { name, address, policies }: &Choice) -> String {
    let mut text = String::from("[[device]]\n");
    // A string takes every text.
    let _ = write!(text, "name = {}\nmac = \"{address}\"\npolicies = {}\n", quoted(name), array(policies));
    text
}

fn array(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}

/// As TOML has a text.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
