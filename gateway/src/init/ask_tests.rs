//! Conversations.

use super::super::plan::{Answers, plan};
use super::super::survey::Kind;
use super::super::testing::{home, interface, machine, shipped};
use super::*;

/// What comes of these lines of answers, and what was asked.
fn talk(survey: &Survey, answers: &str) -> (Result<Plan, Stop>, String) {
    talk_after(survey, Answers::default(), answers)
}

fn talk_after(survey: &Survey, said: Answers, answers: &str) -> (Result<Plan, Stop>, String) {
    let mut output = Vec::new();
    let mut dialogue = Dialogue::new(answers.as_bytes(), &mut output);
    let made = plan(survey, &shipped(), said, &mut dialogue)
        .and_then(|plan| dialogue.confirm(&plan, "Write it").map(|()| plan));
    (made, String::from_utf8(output).unwrap())
}

#[test]
fn enter_takes_the_guess_at_every_question() {
    let (plan, asked) = talk(&home(), "\n\n\n\n\n\n\n\n");
    let plan = plan.unwrap();
    assert_eq!(plan.interfaces, ["br-lan"]);
    let devices: Vec<_> =
        plan.devices.iter().map(|one| (one.name.as_str(), one.policies.join(" "))).collect();
    let [xiaomi, samsung] = ["xiaomi-telemetry", "samsung-tv"].map(String::from);
    assert_eq!(devices, [("Redmi-1S", xiaomi), ("samsung-aa-bb-cc", samsung)]);
    assert!(plan.defaults.is_empty());
    assert!(asked.contains("Where are the devices? Numbers or names: [br-lan] "), "{asked}");
    assert!(asked.ends_with("Other devices: none\nWrite it? [yes] "), "{asked}");
}

#[test]
fn the_tables_show_what_there_is_with_numbers_and_the_guess_marked() {
    let mut survey = home();
    survey.asked_from = "192.168.1.20".parse().ok();
    let (_, asked) = talk(&survey, "\n");
    let columns = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = asked.lines().map(columns).collect();
    for line in [
        "2 wan0 wired up 203.0.113.7/24 way to the internet",
        "3 lan1 wired up port of br-lan",
        "*6 br-lan bridge up 192.168.1.1/24 fd00:1::1/64 ports lan1, lan2, wlan0; generic mode only",
        "1 192.168.1.5 8c:be:be:12:34:56 Xiaomi Communications Co Ltd Redmi-1S xiaomi-telemetry",
        "3 192.168.1.20 da:a1:19:01:02:03 random (you are on it now)",
    ] {
        assert!(lines.iter().any(|one| one == line), "no `{line}` in\n{asked}");
    }
}

#[test]
fn every_question_can_be_answered_otherwise() {
    let answers = "3,lan2\n3, 8c:be:be:*\nAnna's phone\n2,xiaomi-account\nothers by xiaomi\nall\nroku\nyes\n";
    let (plan, asked) = talk(&home(), answers);
    let plan = plan.unwrap_or_else(|stop| panic!("{stop}\n{asked}"));
    assert_eq!(plan.interfaces, ["lan1", "lan2"]);
    let [anna, others] = plan.devices.as_slice() else { panic!("{:?}", plan.devices) };
    assert_eq!(
        (anna.name.as_str(), anna.address.to_string()),
        ("Anna's phone", String::from("da:a1:19:01:02:03"))
    );
    assert_eq!(anna.policies, ["doh-bypass", "xiaomi-account"]);
    assert_eq!(
        (others.address.to_string(), others.policies.len()),
        (String::from("8c:be:be:*"), shipped().0.len())
    );
    assert_eq!(plan.defaults, ["roku"]);
}

#[test]
fn the_policies_are_listed_once_with_what_they_are_for() {
    let (_, asked) = talk(&home(), "\n\n\n\n\n\n\n\n");
    let about = "Roku players and televisions: recognition of what is on the screen";
    assert_eq!(asked.matches(about).count(), 1, "{asked}");
}

#[test]
fn a_wrong_answer_is_asked_again_with_the_reason() {
    let answers = "lo\nbr-lan,lan1\neth0\n7\nbr-lan\n\
                   4\n00:00:00:00:00:00\n1\n\
                   other\n\
                   phone\nrocu\nroku\n\
                   42\nnone\n\
                   perhaps\nYES\n";
    let (plan, asked) = talk(&home(), answers);
    let plan = plan.unwrap_or_else(|stop| panic!("{stop}\n{asked}"));
    assert_eq!((plan.devices.len(), plan.devices[0].name.as_str()), (1, "phone"));
    for reason in [
        "`lo` has no MAC addresses",
        "frames of `br-lan` come through `lan1`",
        "there is no interface `eth0`; the interfaces are ",
        "`7` is not one of the numbers 1 to 6.",
        "`4` is not one of the numbers 1 to 3.",
        "no device has the address of all zeros; ",
        "`other` is the name under which",
        "there is no policy `rocu`; did you mean `roku`?",
        "`42` is not one of the numbers 1 to 10.",
        "`perhaps` is neither `yes` nor `no`.",
    ] {
        assert!(asked.contains(reason), "no `{reason}` in\n{asked}");
    }
}

#[test]
fn where_nothing_is_guessed_enter_is_no_answer() {
    let survey = machine(vec![interface("eth0", Kind::Wired, &[]), interface("eth1", Kind::Wired, &[])]);
    let (plan, asked) = talk(&survey, "\neth1\n\n\n\n");
    assert_eq!(plan.unwrap().interfaces, ["eth1"]);
    assert!(asked.contains("Numbers or names:   name at least one interface.\n"), "{asked}");
    assert!(asked.contains("No device was seen behind the LAN."), "{asked}");
}

#[test]
fn the_second_device_cannot_have_the_name_of_the_first() {
    let (plan, asked) = talk(&home(), "\n1,2\ntv\nnone\ntv\ntv2\nnone\nnone\n\n");
    assert_eq!(choose::names(&plan.unwrap().devices), ["tv", "tv2"]);
    assert!(asked.contains("another device is called `tv` already"), "{asked}");
}

#[test]
fn a_number_and_the_address_that_it_stands_for_are_one_device() {
    let (plan, _) = talk(&home(), "\n1,8c:be:be:12:34:56,1-1\n\n\n\n\n");
    assert_eq!(plan.unwrap().devices.len(), 1);
}

#[test]
fn what_an_option_has_said_is_not_asked() {
    let said = Answers { defaults: Some(Vec::new()), devices: Some(Vec::new()), ..Answers::default() };
    let (plan, asked) = talk_after(&home(), said, "6\n\n");
    assert!(plan.is_ok() && !asked.contains("shall be listed") && !asked.contains("every other"), "{asked}");
}

#[test]
fn the_end_of_the_answers_and_a_no_are_no_plan() {
    let whole = "\n\n\n\n\n\n\nyes\n";
    assert!(talk(&home(), whole).0.is_ok());
    for len in 0..whole.len() {
        let (plan, asked) = talk(&home(), &whole[..len]);
        assert!(matches!(plan, Err(Stop::Ended)), "after {len} bytes: {asked}");
    }
    assert!(matches!(talk(&home(), "\n\n\n\n\n\n\nno\n").0, Err(Stop::Declined)));
}

#[test]
fn nothing_that_a_device_says_of_itself_reaches_the_terminal_as_it_is() {
    let mut survey = home();
    survey.devices[0].host = Some(String::from("\u{1b}]0;x\u{7}\u{202e}evil\n2"));
    survey.devices[0].vendor = Some(String::from("Xiaomi\u{1b}[31m"));
    let (plan, asked) = talk(&survey, "\n\n\u{1b}[2J\nphone\n\n\n\n\n\n");
    let harmful = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    assert!(!asked.contains(harmful), "{asked:?}");
    assert!(
        asked.contains("\\u{1b}]0;x\\u{7}\\u{202e}evil\\n2") && asked.contains("`\\u{1b}[2J`"),
        "{asked}"
    );
    assert_eq!(plan.unwrap().devices[0].name, "phone");
}

#[test]
fn an_answer_that_is_no_text_is_asked_again() {
    let mut output = Vec::new();
    let mut dialogue = Dialogue::new(&b"\xff\xfe\nwlan0\n"[..], &mut output);
    assert_eq!(dialogue.interfaces(&home()).unwrap(), ["wlan0"]);
}
