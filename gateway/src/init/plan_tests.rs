//! What is said, what is guessed, and what is refused before anything is asked.

use super::super::survey::Kind;
use super::super::testing::{home, interface, machine, seen, shipped, wan};
use super::*;

fn guess(survey: &Survey, answers: Answers) -> Result<Plan, Stop> {
    plan(survey, &shipped(), answers, &mut Guess)
}

/// Nobody can be asked.
struct Nobody;

impl Asker for Nobody {
    fn interfaces(&mut self, _: &Survey) -> Result<Vec<String>, Stop> {
        panic!("asked for interfaces")
    }

    fn devices(&mut self, _: &Survey, _: &[&Seen], _: &Catalogue) -> Result<Vec<Choice>, Stop> {
        panic!("asked for devices")
    }

    fn defaults(&mut self, _: &Catalogue) -> Result<Vec<String>, Stop> {
        panic!("asked for defaults")
    }
}

#[test]
fn the_guess_lists_the_devices_for_which_there_is_a_policy() {
    let plan = guess(&home(), Answers::default()).unwrap();
    assert_eq!(plan.interfaces, ["br-lan"]);
    let devices: Vec<_> =
        plan.devices.iter().map(|one| (one.name.as_str(), one.policies.join(" "))).collect();
    let [xiaomi, samsung] = ["xiaomi-telemetry", "samsung-tv"].map(String::from);
    assert_eq!(devices, [("Redmi-1S", xiaomi), ("samsung-aa-bb-cc", samsung)]);
    assert!(plan.defaults.is_empty());
}

#[test]
fn two_devices_that_call_themselves_alike_get_names_of_their_own() {
    let mut survey = home();
    let double = Seen { mac: "8c:be:be:00:00:01".parse().unwrap(), ..survey.devices[0].clone() };
    survey.devices.push(double);
    let plan = guess(&survey, Answers::default()).unwrap();
    assert_eq!(choose::names(&plan.devices), ["Redmi-1S", "samsung-aa-bb-cc", "Redmi-1S-2"]);
}

#[test]
fn devices_elsewhere_than_on_the_lan_are_not_listed() {
    let mut survey = home();
    survey.devices.push(Seen {
        vendor: Some(String::from("Roku, Inc.")),
        ..seen("wan0", "02:00:00:00:00:01", "203.0.113.9")
    });
    let plan = guess(&survey, Answers::default()).unwrap();
    assert_eq!(plan.devices.len(), 2);
}

#[test]
fn where_nothing_tells_the_lan_the_guess_names_the_option() {
    let survey =
        machine(vec![wan("eth0", Kind::Wired, &["192.168.1.2/24"]), interface("eth1", Kind::Wired, &[])]);
    let stop = guess(&survey, Answers::default()).unwrap_err().to_string();
    assert_eq!(stop, "none of the interfaces is clearly the LAN; name it with --interface");
    let interfaces = Some(vec![String::from("eth1")]);
    assert!(guess(&survey, Answers { interfaces, ..Answers::default() }).is_ok());
}

#[test]
fn nobody_is_asked_for_what_was_said() {
    let device: Choice = "tv=f0:70:4f:aa:bb:cc=samsung-tv".parse().unwrap();
    let answers = Answers {
        interfaces: Some(vec![String::from("lan1"), String::from("lan2")]),
        devices: Some(vec![device.clone()]),
        defaults: Some(vec![String::from("roku")]),
    };
    assert!(answers.missing().is_empty());
    let plan = plan(&home(), &shipped(), answers, &mut Nobody).unwrap();
    assert_eq!(plan.policies().collect::<Vec<_>>(), ["samsung-tv", "roku"]);
    assert_eq!((plan.interfaces.len(), plan.devices), (2, vec![device]));
}

#[test]
fn what_was_said_wrongly_is_refused_with_its_option_before_anything_is_asked() {
    let refused = |answers: Answers| plan(&home(), &shipped(), answers, &mut Nobody).unwrap_err().to_string();
    let interfaces = Some(vec![String::from("eth7")]);
    let told = refused(Answers { interfaces, ..Answers::default() });
    assert!(told.starts_with("--interface: there is no interface `eth7`; "), "{told}");
    let devices = Some(vec!["tv=f0:70:4f:aa:bb:cc=x".parse().unwrap()]);
    let told = refused(Answers { devices, ..Answers::default() });
    assert!(told.starts_with("--device: there is no policy `x`; "), "{told}");
    let defaults = Some(vec![String::from("y")]);
    let told = refused(Answers { defaults, ..Answers::default() });
    assert!(told.starts_with("--default-policies: there is no policy `y`; "), "{told}");
}

#[test]
fn what_is_missing_is_told_with_every_option() {
    let told = Stop::Missing(Answers::default().missing()).to_string();
    let expected = "there is no terminal to ask on; say --interface IF and --device NAME=MAC=POLICY or --no-devices and \
                    --default-policies POLICY (or \"\" for none), or --yes for what is probably right";
    assert_eq!(told, expected);
}
