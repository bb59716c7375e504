//! Which interface is the LAN, on machines that were made up.

use super::super::testing::{home, interface, machine, port, seen, vlan, wan};
use super::*;

#[test]
fn of_a_home_router_the_bridge_is_guessed_and_neither_its_ports_nor_the_way_out() {
    assert_eq!(home().guess(), ["br-lan"]);
}

#[test]
fn of_a_raspberry_the_access_point_is_guessed_when_the_plug_leads_out() {
    let survey = machine(vec![
        wan("eth0", Kind::Wired, &["192.168.178.20/24"]),
        interface("wlan0", Kind::Wireless, &["10.3.141.1/24"]),
    ]);
    assert_eq!(survey.guess(), ["wlan0"]);
}

#[test]
fn every_vlan_with_private_addresses_is_guessed_and_not_what_carries_them() {
    let survey = machine(vec![
        interface("eth0", Kind::Wired, &[]),
        wan("eth0.10", Kind::Vlan, &["198.51.100.2/24"]),
        vlan("eth0.20", "eth0", &["192.168.20.1/24"]),
        vlan("eth0.30", "eth0", &["192.168.30.1/24"]),
    ]);
    assert_eq!(survey.guess(), ["eth0.20", "eth0.30"]);
}

#[test]
fn what_lies_on_another_that_is_guessed_is_left_out_for_its_frames_come_through_that() {
    let survey = machine(vec![
        wan("wan0", Kind::Wired, &[]),
        interface("eth0", Kind::Wired, &["192.168.1.1/24"]),
        Interface { bridge: Some(String::from("br-iot")), ..vlan("eth0.30", "eth0", &[]) },
        interface("br-iot", Kind::Bridge, &["192.168.30.1/24"]),
    ]);
    assert_eq!(survey.guess(), ["eth0"]);
    assert!(survey.lies_on("br-iot", "eth0") && survey.lies_on("br-iot", "eth0.30"));
    assert!(!survey.lies_on("eth0", "br-iot") && !survey.lies_on("eth0", "eth0"));
}

#[test]
fn of_a_router_with_one_leg_that_is_guessed_and_with_two_ways_out_nothing_is() {
    let leg = wan("eth0", Kind::Wired, &["192.168.1.2/24"]);
    assert_eq!(machine(vec![leg.clone()]).guess(), ["eth0"]);
    let other = wan("eth1", Kind::Wired, &["192.168.2.2/24"]);
    assert_eq!(machine(vec![leg, other]).guess(), [] as [&str; 0]);
    let rented = wan("eth0", Kind::Wired, &["203.0.113.9/24"]);
    assert_eq!(machine(vec![rented]).guess(), [] as [&str; 0]);
}

#[test]
fn nothing_is_guessed_where_there_is_nothing() {
    assert_eq!(machine(Vec::new()).guess(), [] as [&str; 0]);
}

#[test]
fn tunnels_containers_and_what_is_switched_off_are_not_guessed() {
    let survey = machine(vec![
        wan("wan0", Kind::Wired, &["203.0.113.7/24"]),
        interface("wg0", Kind::Tunnel, &["10.9.0.1/24"]),
        interface("docker0", Kind::Bridge, &["172.17.0.1/16"]),
        interface("br-0123456789ab", Kind::Bridge, &["172.18.0.1/16"]),
        Interface { state: State::Down, ..interface("eth1", Kind::Wired, &["192.168.1.1/24"]) },
    ]);
    assert_eq!(survey.guess(), [] as [&str; 0]);
    let without_plug =
        Interface { state: State::NoLink, ..interface("eth2", Kind::Wired, &["192.168.1.1/24"]) };
    let with_one =
        Survey { interfaces: survey.interfaces.iter().cloned().chain([without_plug]).collect(), ..survey };
    assert_eq!(with_one.guess(), ["eth2"]);
}

#[test]
fn a_lan_of_ipv6_alone_is_one() {
    let survey = machine(vec![
        wan("wan0", Kind::Wired, &["2001:db8::2/64"]),
        interface("lan0", Kind::Wired, &["fd00:1::1/64"]),
    ]);
    assert_eq!(survey.guess(), ["lan0"]);
}

#[test]
fn devices_of_a_bridge_are_behind_its_ports_and_those_of_a_vlan_behind_what_carries_it() {
    let mut survey = home();
    survey.interfaces.push(interface("eth9", Kind::Wired, &[]));
    survey.interfaces.push(vlan("eth9.7", "eth9", &["192.168.7.1/24"]));
    survey.devices.push(seen("eth9.7", "02:00:00:00:00:07", "192.168.7.7"));
    let behind =
        |names: &[&str]| survey.behind(&names.iter().map(ToString::to_string).collect::<Vec<_>>()).len();
    assert_eq!(behind(&["br-lan"]), 3);
    assert_eq!(behind(&["lan1"]), 3);
    assert_eq!(behind(&["eth9"]), 1);
    assert_eq!(behind(&["lan1", "eth9.7"]), 4);
    assert_eq!(behind(&["wan0"]), 0);
}

#[test]
fn the_note_says_what_a_table_does_not() {
    let mut survey = home();
    survey.interfaces.push(vlan("lan9.7", "lan9", &[]));
    survey.interfaces.push(port("docker1", Kind::Virtual, "br-lan"));
    survey.interfaces.push(interface("tun0", Kind::Tunnel, &[]));
    let note = |name: &str| survey.interface(name).unwrap().note(&survey);
    assert_eq!(note("br-lan"), "ports lan1, lan2, wlan0, docker1; generic mode only");
    assert_eq!(note("lan1"), "port of br-lan");
    assert_eq!(note("wan0"), "way to the internet");
    assert_eq!(note("lan9.7"), "on lan9; generic mode only");
    assert_eq!(note("docker1"), "port of br-lan; of containers or virtual machines");
    assert_eq!(note("tun0"), "no MAC addresses");
}
