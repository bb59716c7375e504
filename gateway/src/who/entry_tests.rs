//! The lines are read by the real reader of the configuration.

use proptest::prelude::*;

use super::*;
use crate::observe::event::escape;
use crate::policy::testing;

fn entry<'a>(mac: &str, host: Option<&'a str>, vendor: Option<&'a str>) -> Entry<'a> {
    Entry { mac: mac.parse().unwrap(), host, vendor, addresses: &[], last_seen: None }
}

fn name(host: Option<&str>, vendor: Option<&str>) -> String {
    entry("8c:be:be:12:34:56", host, vendor).name(&HashSet::new())
}

/// Names and addresses of the devices of a configuration with these lines in it.
fn devices(lines: &str) -> Vec<(String, String)> {
    let config = testing::config(lines, &[]);
    config.devices.iter().map(|device| (device.name.clone(), device.address.to_string())).collect()
}

#[test]
fn a_device_is_called_as_it_calls_itself_or_after_its_maker_or_by_its_address() {
    assert_eq!(name(Some("Redmi-1S"), Some("Xiaomi Communications Co Ltd")), "redmi-1s");
    assert_eq!(name(Some("annas phone.example.org"), None), "annas-phone-example-org");
    assert_eq!(name(None, Some("Xiaomi Communications Co Ltd")), "xiaomi-3456");
    assert_eq!(name(Some("***"), Some("Xiaomi")), "xiaomi-3456");
    assert_eq!(name(None, Some("小米")), "device-123456");
    assert_eq!(name(None, None), "device-123456");
    assert_eq!(name(Some("other"), None), "other-2");
    assert_eq!(name(Some(&"x-".repeat(5000)), None).len(), MAX_NAME - 1);
}

#[test]
fn names_that_are_taken_get_a_number() {
    let mut taken = HashSet::from(["redmi-1s".to_owned()]);
    let first = entry("8c:be:be:12:34:56", Some("Redmi-1S"), None).lines(&mut taken);
    let second = entry("8c:be:be:12:34:57", Some("redmi_1s"), None).lines(&mut taken);
    let expected = [("redmi-1s-2", "8c:be:be:12:34:56"), ("redmi-1s-3", "8c:be:be:12:34:57")];
    assert_eq!(devices(&format!("{first}{second}")), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn the_comment_tells_what_is_known() {
    let addresses = ["192.168.1.5".parse().unwrap(), "2001:db8::5".parse().unwrap()];
    let mut taken = HashSet::new();
    let whole = Entry {
        addresses: &addresses,
        last_seen: Some("12:34".into()),
        ..entry("8c:be:be:12:34:56", Some("Redmi-1S"), Some("Xiaomi"))
    };
    assert_eq!(
        whole.lines(&mut taken),
        "# \"Redmi-1S\", Xiaomi, 192.168.1.5, 2001:db8::5, last seen 12:34\n\
         [[device]]\nname = \"redmi-1s\"\nmac = \"8c:be:be:12:34:56\"\npolicies = []\n"
    );
    let random = entry("da:a1:19:12:34:56", None, None).lines(&mut taken);
    assert!(random.starts_with("# random address, which may change\n"), "{random}");
    let unknown = entry("8c:be:be:12:34:57", None, None).lines(&mut taken);
    assert!(unknown.starts_with("# nothing else is known of it\n"), "{unknown}");
}

#[test]
fn a_name_that_wants_to_end_the_comment_or_the_text_does_neither() {
    for host in [
        "a\n[[device]]",
        "\"\nmac = \"",
        "\r\n",
        "\u{1b}[2J",
        "\u{2028}x",
        "<b>&'\"\\",
        "\u{0}\u{7f}",
        "\u{202e}",
    ] {
        let mut taken = HashSet::new();
        let lines = entry("8c:be:be:12:34:56", Some(host), Some(host)).lines(&mut taken);
        assert_eq!(lines.lines().count(), 5, "{lines}");
        assert_eq!(devices(&lines).len(), 1, "{lines}");
        assert!(!lines.contains(['\u{1b}', '\u{202e}', '\u{0}']), "{lines}");
    }
}

proptest! {
    #[test]
    fn whatever_devices_call_themselves_the_lines_are_read_as_devices_with_different_names(
        hosts: [Vec<u8>; 3], vendor: Option<String>
    ) {
        let mut taken = HashSet::new();
        let mut lines = String::new();
        for (n, host) in hosts.iter().enumerate() {
            let host = escape(host);
            lines += &entry(&format!("8c:be:be:12:34:0{n}"), Some(&host), vendor.as_deref()).lines(&mut taken);
        }
        prop_assert_eq!(devices(&lines).len(), 3, "{}", lines);
    }
}
