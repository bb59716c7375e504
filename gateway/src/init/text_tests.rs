//! What the file says, and that it can be read with and without its comments.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::super::ask::Dialogue;
use super::super::plan::{Answers, Guess, plan};
use super::super::survey::{Kind, Seen};
use super::super::testing::{few, home, interface, machine, seen, shipped};
use super::*;
use crate::policy::{CONFIG_SCHEMA, Checks, Config};

fn guessed(survey: &Survey) -> (Plan, String) {
    let plan = plan(survey, &shipped(), Answers::default(), &mut Guess).unwrap();
    let text = text(&plan, survey, &shipped());
    (plan, text)
}

/// A folder with every policy, in which configurations can be read.
struct Site(tempfile::TempDir);

impl Site {
    fn new(catalogue: Catalogue) -> Self {
        let root = tempfile::tempdir().unwrap();
        let policies = root.path().join(FOLDER);
        fs::create_dir(&policies).unwrap();
        for offer in catalogue.0 {
            let copy = offer.copy.unwrap();
            fs::write(policies.join(copy.file), copy.text.as_ref()).unwrap();
        }
        Self(root)
    }

    /// The file as the reader understands it.
    fn load(&self, text: &str) -> Config {
        let config = self.0.path().join("gateway.toml");
        fs::write(&config, text).unwrap();
        Config::load(&config, &Checks::without_interfaces())
            .unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}"))
    }
}

fn load(text: &str) -> Config {
    Site::new(shipped()).load(text)
}

/// The setting that is commented out in a line, if there is one.
fn setting(line: &str) -> Option<&str> {
    let line = line.strip_prefix("# ")?;
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let is_key = rest.starts_with("= ") && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    (line.starts_with('[') || is_key).then_some(line)
}

/// The file with the settings that are commented out.
fn uncommented(text: &str) -> String {
    text.lines().map(|line| setting(line).unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_file_says_what_was_chosen() {
    let (plan, text) = guessed(&home());
    let config = load(&text);
    assert_eq!(config.interfaces, plan.interfaces);
    assert!(config.folder.ends_with("policies"));
    let devices: Vec<_> = config.devices.iter().map(|one| (&one.name, one.address, &one.policies)).collect();
    let planned: Vec<_> = plan.devices.iter().map(|one| (&one.name, one.address, &one.policies)).collect();
    assert_eq!(devices, planned);
    let ports = "Its ports may do better, if all of them are named in its place:\n\
                 #   lan1, lan2, wlan0\ninterfaces = [\"br-lan\"]\n";
    assert!(text.contains(ports), "{text}");
    let phone = "\n# made by `Xiaomi Communications Co Ltd`, calls itself `Redmi-1S`, seen as 192.168.1.5\n[[device]]\n\
                 name = \"Redmi-1S\"\nmac = \"8c:be:be:12:34:56\"\npolicies = [\"xiaomi-telemetry\"]\n";
    assert!(text.contains(phone), "{text}");
    assert!(
        text.contains("copies them):\n#   amazon-devices, doh-bypass, huawei-telemetry, lg-tv, "),
        "{text}"
    );
}

#[test]
fn a_device_that_is_not_listed_is_there_to_be_uncommented_and_a_made_up_address_is_told() {
    let (_, text) = guessed(&home());
    let private = "\n# seen as 192.168.1.20, its address is made up\n# [[device]]\n# name = \"device-01-02-03\"\n\
                   # mac = \"da:a1:19:01:02:03\"\n# policies = []\n";
    assert!(text.contains(private) && text.contains("Private Wi-Fi Address"), "{text}");
    let mut survey = home();
    survey.devices.truncate(2);
    let (_, text) = guessed(&survey);
    assert!(!text.contains("Private Wi-Fi Address") && !text.contains("Seen as well"), "{text}");
}

#[test]
fn with_every_comment_that_is_a_setting_taken_off_the_file_is_read_and_the_defaults_are_the_same() {
    let (_, text) = guessed(&home());
    let [before, after] = [load(&text), load(&uncommented(&text))];
    assert_eq!(after.devices.len(), before.devices.len() + 2);
    let places = |config: &Config| {
        (config.pin.clone(), config.state.clone(), config.listen, config.socket.clone(), config.cache.clone())
    };
    assert_eq!(places(&after), places(&before));
}

#[test]
fn every_key_of_the_configuration_is_in_the_file() {
    let survey = machine(vec![interface("lan0", Kind::Wired, &["192.168.1.1/24"])]);
    let all: toml::Table = uncommented(&guessed(&survey).1).parse().unwrap();
    let schema: serde_json::Value = serde_json::from_str(CONFIG_SCHEMA).unwrap();
    for (key, of_key) in schema["properties"].as_object().unwrap() {
        let value = all.get(key).unwrap_or_else(|| panic!("no {key}"));
        let value = value.get(0).unwrap_or(value);
        let inner = of_key["properties"].as_object().or(of_key["items"]["properties"].as_object());
        for inner in inner.into_iter().flat_map(serde_json::Map::keys) {
            assert!(value.get(inner).is_some(), "no {inner} in {key}");
        }
    }
}

#[test]
fn lease_files_that_there_are_are_named() {
    let mut survey = home();
    survey.leases = vec![String::from("/var/lib/misc/dnsmasq.leases")];
    let (_, text) = guessed(&survey);
    assert_eq!(load(&text).names.leases, [Path::new("/var/lib/misc/dnsmasq.leases")]);
    assert!(load(&guessed(&home()).1).names.leases.is_empty());
}

#[test]
fn the_file_that_is_packaged_can_be_read() {
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/gateway.toml");
    load(&fs::read_to_string(packaged).unwrap());
}

/// Texts as devices and makers may have them, and worse.
fn hostile() -> impl Strategy<Value = Option<String>> {
    let some = prop_oneof![
        any::<String>(),
        Just(String::from("\"\n[[device]]\nname = \"x\"")),
        Just(String::from("\r\n\u{1b}[31m\\u{0}'''\"\"\"")),
        Just(String::from("Xiaomi Communications")),
    ];
    proptest::option::of(some)
}

fn devices() -> impl Strategy<Value = Vec<Seen>> {
    let device = (any::<[u8; 5]>(), hostile(), hostile()).prop_map(|([a, b, c, d, e], vendor, host)| {
        let mac = format!("02:{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}");
        Seen { vendor, host, ..seen("br-lan", &mac, "192.168.1.5") }
    });
    proptest::collection::vec(device, 0..6)
}

/// Words that mean something, and any.
fn answers() -> impl Strategy<Value = String> {
    let words = prop_oneof![
        4 => "(all|none|1|2|1-3|br-lan|lan1|lan1,lan2|wlan0|roku|yes|y|02:\\*|8c:be:be:12:34:56|tv|a \"b\" 'c' \\\\|)",
        1 => "\\PC{0,70}",
        1 => any::<String>(),
    ];
    proptest::collection::vec(words, 0..40).prop_map(|lines| lines.join("\n") + "\n")
}

#[test]
fn whatever_is_there_and_is_answered_the_file_is_one_that_the_reader_takes() {
    let site = Site::new(few());
    proptest!(|(devices in devices(), answers in answers())| {
        let survey = Survey { devices, ..home() };
        let mut dialogue = Dialogue::new(answers.as_bytes(), Vec::new());
        let made = plan(&survey, &few(), Answers::default(), &mut dialogue);
        if let Ok(plan) = made {
            let text = text(&plan, &survey, &few());
            let config = site.load(&text);
            prop_assert_eq!(config.interfaces, plan.interfaces);
            let addresses: Vec<_> = config.devices.iter().map(|one| one.address).collect();
            prop_assert_eq!(addresses, plan.devices.iter().map(|one| one.address).collect::<Vec<_>>());
            site.load(&uncommented(&text));
        }
        let guess = plan(&survey, &few(), Answers::default(), &mut Guess).unwrap();
        site.load(&text(&guess, &survey, &few()));
    });
}
