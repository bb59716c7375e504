//! Words that are taken, and those that are refused with the reason.

use super::super::testing::{home, shipped};
use super::*;

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| String::from(*word)).collect()
}

fn places_of(answer: &str) -> Result<Vec<usize>, String> {
    places(answer, &["lan1", "lan2", "wlan0"], INTERFACES).map_err(|refused| refused.to_string())
}

#[test]
fn numbers_ranges_and_names_are_taken_between_commas_and_each_once() {
    for (answer, taken) in [
        ("1", vec![0]),
        ("3, 1", vec![2, 0]),
        ("1-3", vec![0, 1, 2]),
        ("2-2,lan2", vec![1]),
        ("wlan0,1-2", vec![2, 0, 1]),
        ("all", vec![0, 1, 2]),
        ("none", vec![]),
        ("", vec![]),
        (" , ,", vec![]),
    ] {
        assert_eq!(places_of(answer), Ok(taken), "{answer:?}");
    }
}

#[test]
fn a_word_that_stands_for_nothing_is_refused_with_what_there_is() {
    let known = "the interfaces are `lan1`, `lan2`, `wlan0`";
    for (answer, told) in [
        ("0", String::from("`0` is not one of the numbers 1 to 3")),
        ("4", String::from("`4` is not one of the numbers 1 to 3")),
        ("2-1", String::from("`2-1` is not one of the numbers 1 to 3")),
        (
            "99999999999999999999999",
            String::from("`99999999999999999999999` is not one of the numbers 1 to 3"),
        ),
        (
            "lan3",
            String::from(
                "there is no interface `lan3`; did you mean `lan1`? The interfaces are `lan1`, `lan2`, `wlan0`",
            ),
        ),
        ("1-", format!("there is no interface `1-`; {known}")),
        ("-", format!("there is no interface `-`; {known}")),
        ("\u{1b}[2J", format!("there is no interface `\\u{{1b}}[2J`; {known}")),
    ] {
        assert_eq!(places_of(answer), Err(told), "{answer:?}");
    }
}

#[test]
fn interfaces_without_devices_and_two_with_the_same_frames_are_refused() {
    let survey = home();
    let refused = |names: &[&str]| interfaces(&survey, &owned(names)).unwrap_err().to_string();
    assert_eq!(refused(&["lo"]), "`lo` has no MAC addresses by which devices could be known");
    assert_eq!(refused(&[]), "name at least one interface");
    let twice = "frames of `br-lan` come through `lan1` and would be counted twice; name one of the two";
    assert_eq!(refused(&["br-lan", "lan1"]), twice);
    assert_eq!(refused(&["lan1", "br-lan"]), twice);
    assert!(refused(&["eth0"]).starts_with("there is no interface `eth0`; "));
    assert_eq!(interfaces(&survey, &owned(&["lan1", "wlan0", "lan1"])), Ok(owned(&["lan1", "wlan0"])));
}

#[test]
fn a_device_is_its_name_its_address_and_its_policies() {
    let device: Choice = "Anna's phone = 8C-BE-BE-12-34-56 = roku, lg-tv".parse().unwrap();
    assert_eq!(
        (device.name.as_str(), device.address.to_string().as_str()),
        ("Anna's phone", "8c:be:be:12:34:56")
    );
    assert_eq!(device.policies, ["roku", "lg-tv"]);
    let device: Choice = "xiaomi=8c:be:be:*".parse().unwrap();
    assert_eq!((device.address.to_string().as_str(), device.policies.len()), ("8c:be:be:*", 0));
    for (text, told) in [
        ("anna", "`anna` is not NAME=MAC or NAME=MAC=POLICY,POLICY"),
        ("a=8c:be:be:12:34:56=b=c", "is not NAME=MAC or"),
        ("=8c:be:be:12:34:56", "`` cannot be the name of a device"),
        ("a=b", "`b` is not a MAC address; write six bytes"),
        ("a=ff:ff:ff:ff:ff:ff", "is a group address"),
        ("other=8c:be:be:12:34:56", "`other` is the name under which"),
    ] {
        let refused = text.parse::<Choice>().unwrap_err().to_string();
        assert!(refused.contains(told), "{text}: {refused}");
    }
}

#[test]
fn names_that_the_configuration_would_not_take_are_refused() {
    assert_eq!(device_name("  tv  ", &[]).unwrap(), "tv");
    let refused = |text: &str| device_name(text, &["tv"]).unwrap_err().to_string();
    assert_eq!(refused("tv"), "another device is called `tv` already; take another name");
    assert!(refused("").contains("cannot be the name"));
    assert!(refused(&"x".repeat(65)).contains("cannot be the name"));
    assert!(refused("a\tb").starts_with("`a\\tb` cannot be the name"));
    assert!(device_name(&"x".repeat(64), &[]).is_ok());
}

#[test]
fn devices_stand_beside_each_other_with_names_and_addresses_of_their_own_and_policies_that_are() {
    let check = |texts: &[&str]| {
        let all: Vec<Choice> = texts.iter().map(|text| text.parse().unwrap()).collect();
        devices(&all, &shipped()).map_err(|refused| refused.to_string())
    };
    assert_eq!(check(&["a=02:00:00:00:00:01=roku", "b=02:00:00:00:00:02", "c=02:*=roku,lg-tv"]), Ok(()));
    let twice = "02:00:00:00:00:01 is named twice; name it once, with all its policies";
    assert_eq!(check(&["a=02:00:00:00:00:01", "b=02-00-00-00-00-01"]), Err(String::from(twice)));
    assert!(
        check(&["a=02:00:00:00:00:01", "a=02:00:00:00:00:02"]).unwrap_err().contains("is called `a` already")
    );
    let refused = check(&["a=02:00:00:00:00:01=rocu"]).unwrap_err();
    assert!(refused.starts_with("there is no policy `rocu`; did you mean `roku`?"), "{refused}");
}
