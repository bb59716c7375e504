//! Names from hostile devices, and policies by makers.

use proptest::prelude::*;

use super::super::testing::{home, seen, shipped};
use super::*;

fn device(vendor: &str, host: &str) -> Seen {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Seen { vendor: some(vendor), host: some(host), ..seen("br-lan", "8c:be:be:12:34:56", "192.168.1.5") }
}

#[test]
fn makers_are_known_by_a_word_of_their_name() {
    for (vendor, policy) in [
        ("Xiaomi Communications Co Ltd", "xiaomi-telemetry"),
        ("Beijing Xiaomi Mobile Software Co., Ltd", "xiaomi-telemetry"),
        ("SAMSUNG ELECTRO-MECHANICS(THAILAND)", "samsung-tv"),
        ("LG Innotek", "lg-tv"),
        ("Roku, Inc.", "roku"),
        ("Amazon Technologies Inc.", "amazon-devices"),
        ("HUAWEI TECHNOLOGIES CO.,LTD", "huawei-telemetry"),
        ("GUANGDONG OPPO MOBILE TELECOMMUNICATIONS CORP.,LTD", "oppo-realme-telemetry"),
        ("Realme Chongqing Mobile Telecommunications Corp.,Ltd.", "oppo-realme-telemetry"),
        ("OnePlus Technology (Shenzhen) Co., Ltd", "oppo-realme-telemetry"),
    ] {
        assert_eq!(policies(&device(vendor, ""), &shipped()), [policy], "{vendor}");
    }
    for other in ["Apple, Inc.", "Elgato", "LGS Innovations", ""] {
        assert!(policies(&device(other, ""), &shipped()).is_empty(), "{other}");
    }
}

#[test]
fn a_device_whose_maker_is_not_known_may_be_known_by_the_name_it_came_with() {
    assert_eq!(policies(&device("", "DESKTOP-4F2A1B0"), &shipped()), ["windows-telemetry"]);
    assert_eq!(policies(&device("Intel Corporate", "LAPTOP-4F2A1B0"), &shipped()), ["windows-telemetry"]);
    assert!(policies(&device("", "desktop"), &shipped()).is_empty());
}

#[test]
fn every_policy_that_is_suggested_ships_and_one_that_is_not_there_is_not_suggested() {
    let names = shipped();
    for (_, policies) in MAKERS.iter().chain(&HOSTS) {
        assert!(policies.iter().all(|policy| names.names().contains(policy)), "{policies:?}");
    }
    assert!(policies(&device("Roku, Inc.", ""), &Catalogue(Vec::new())).is_empty());
}

#[test]
fn a_device_is_called_as_it_calls_itself_or_by_its_maker_and_the_end_of_its_address() {
    assert_eq!(name(&device("Xiaomi Communications Co Ltd", "Redmi-1S"), &[]), "Redmi-1S");
    assert_eq!(name(&device("Xiaomi Communications Co Ltd", ""), &[]), "xiaomi-12-34-56");
    assert_eq!(name(&device("", ""), &[]), "device-12-34-56");
    assert_eq!(name(&device("", "\u{1b}[31m\n\""), &[]), "31m");
    assert_eq!(name(&device("", "..."), &[]), "device-12-34-56");
}

#[test]
fn a_name_that_is_taken_gets_a_number() {
    assert_eq!(name(&device("", "tv"), &["tv", "tv-2"]), "tv-3");
    assert_eq!(name(&device("", "other"), &[]), "other-2");
    assert_eq!(name(&home().devices[0], &["Redmi-1S"]), "Redmi-1S-2");
}

proptest! {
    #[test]
    fn whatever_devices_and_makers_are_called_a_name_is_harmless_and_short(host: String, vendor: String) {
        let name = name(&device(&vendor, &host), &[]);
        prop_assert!(!name.is_empty() && name.len() <= 64);
        let clean = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        prop_assert!(clean, "{}", name);
    }
}
