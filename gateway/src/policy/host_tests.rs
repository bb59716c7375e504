//! What is a host name, what is not, and what to write in its place.

use proptest::prelude::*;

use super::*;

fn normal(text: &str) -> String {
    text.parse::<HostName>().unwrap().to_string()
}

fn refusal(text: &str) -> (String, String) {
    let error = text.parse::<HostName>().unwrap_err();
    (error.to_string(), error.cure())
}

#[test]
fn a_name_becomes_lower_case_and_loses_one_trailing_dot() {
    assert_eq!(normal("API.Account.Xiaomi.COM."), "api.account.xiaomi.com");
    assert_eq!(normal("localhost"), "localhost");
}

#[test]
fn underscores_and_hyphens_anywhere_and_all_digit_labels_are_names() {
    for name in ["_dmarc.example.org", "-a-.example.org", "a--b.example.org", "163.com", "1.2.3.4.example"] {
        assert_eq!(normal(name), name);
    }
}

#[test]
fn letters_beyond_ascii_become_punycode() {
    assert_eq!(normal("bücher.example"), "xn--bcher-kva.example");
    assert_eq!(normal("BÜCHER.example."), "xn--bcher-kva.example");
    assert_eq!(normal("例え。テスト"), "xn--r8jz45g.xn--zckzah");
}

#[test]
fn a_name_and_a_label_may_be_as_long_as_in_dns_and_no_longer() {
    let label = "a".repeat(63);
    let name = format!("{label}.{label}.{label}.{}", "b".repeat(61));
    assert_eq!(name.len(), 253);
    assert_eq!(normal(&name), name);
    let (title, cure) = refusal(&format!("{name}b"));
    assert!(title.ends_with("has 254 bytes; names have at most 253"), "{title}");
    assert!(cure.contains("take the entry out"));
    assert!(refusal(&".".repeat(1_000_000)).0.ends_with("has 1000000 bytes; names have at most 253"));
    assert!(refusal(&"ü".repeat(1_000_000)).0.ends_with("has 2000000 bytes; names have at most 253"));
    let (title, _) = refusal(&format!("{label}a.example"));
    assert!(title.ends_with("has a part of 64 bytes; names have parts of at most 63"), "{title}");
}

#[test]
fn an_empty_name_is_refused() {
    for text in ["", "."] {
        assert_eq!(refusal(text).0, "a host name cannot be empty");
    }
    for text in ["a..b", "..", "a..", "..a"] {
        let (title, cure) = refusal(text);
        assert!(title.ends_with("has an empty part between two dots"), "{text}: {title}");
        assert_eq!(cure, "write one dot between two parts");
    }
}

#[test]
fn white_space_and_signs_are_refused() {
    assert_eq!(refusal("a b.example").0, "`a b.example` holds ` `, which no host name does");
    assert_eq!(refusal(" a.example").0, "` a.example` holds ` `, which no host name does");
    assert_eq!(refusal("a\u{1b}.example").0, "`a\\u{1b}.example` holds `\\u{1b}`, which no host name does");
    assert_eq!(refusal("a,b").0, "`a,b` holds `,`, which no host name does");
    assert_eq!(refusal("a*.example").0, "`a*.example` holds `*`, which no host name does");
    assert!(refusal("a,b").1.starts_with("write the name as it is asked for in DNS"));
}

#[test]
fn of_a_url_only_the_host_is_asked_for() {
    for text in [
        "https://data.example.org/v1?x#y",
        "data.example.org/v1",
        "data.example.org:443",
        "http://user:pass@data.example.org:8080/",
    ] {
        let (title, cure) = refusal(text);
        assert_eq!(title, format!("`{text}` is more than a host name"));
        assert_eq!(cure, "write only the host: \"data.example.org\"");
    }
}

#[test]
fn a_pattern_is_sent_to_domains() {
    for text in ["*.example.org", ".example.org", "||example.org^"] {
        let (title, cure) = refusal(text);
        assert_eq!(title, format!("`{text}` is a pattern, not a host name"));
        assert_eq!(cure, "put \"example.org\" under `domains`, which means the name and everything below it");
    }
}

#[test]
fn an_address_is_sent_to_addresses() {
    for text in ["203.0.113.7", "203.0.113.0/24", "2001:db8::1", "2001:db8::/32"] {
        let (title, cure) = refusal(text);
        assert_eq!(title, format!("`{text}` is an address, not a host name"));
        assert_eq!(cure, format!("put \"{text}\" under `addresses`"));
    }
    assert_eq!(refusal("203.0.113.7.").1, "put \"203.0.113.7\" under `addresses`");
    assert_eq!(refusal("２０３.0.113.7").1, "put \"203.0.113.7\" under `addresses`");
}

#[test]
fn letters_without_punycode_are_refused() {
    let (title, _) = refusal("a\u{fffd}b.example");
    assert_eq!(title, "`a\u{fffd}b.example` cannot be written as punycode");
}

proptest! {
    #[test]
    fn the_normal_form_of_the_normal_form_is_itself(text in "[a-zA-Zäßİ0-9_.。-]{1,40}|\\PC{1,20}") {
        if let Ok(name) = text.parse::<HostName>() {
            prop_assert_eq!(name.as_str().parse::<HostName>(), Ok(name.clone()));
            prop_assert!(name.as_str().len() <= MAX_NAME);
        }
    }

    #[test]
    fn any_text_is_taken_or_refused_with_a_cure(text: String) {
        if let Err(error) = text.parse::<HostName>() {
            prop_assert!(!error.to_string().is_empty() && !error.cure().is_empty());
        }
    }
}
