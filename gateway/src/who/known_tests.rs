//! What the sources say together.

use std::fs;

use super::*;
use crate::policy::DeviceAddress;

const NOW: u64 = 1_764_000_000;

fn key(address: &str) -> DeviceKey {
    address.parse::<DeviceAddress>().unwrap().key()
}

fn lease(mac: &str, address: &str, host: Option<&str>, expires: Option<u64>) -> Lease {
    Lease { mac: key(mac).mac, address: address.parse().unwrap(), host: host.map(String::from), expires }
}

fn neighbour(mac: &str, address: &str) -> Neighbour {
    Neighbour { interface: "lan1".into(), mac: key(mac).mac, address: address.parse().unwrap() }
}

fn addresses(directory: &Directory, mac: &str) -> Vec<String> {
    directory.addresses(key(mac)).iter().map(ToString::to_string).collect()
}

const ANNA: &str = "8c:be:be:12:34:56";

#[test]
fn addresses_of_leases_and_neighbours_are_told_once_and_those_of_one_link_last() {
    let leases = [lease(ANNA, "192.168.1.5", None, None), lease(ANNA, "192.168.1.4", None, Some(NOW))];
    let neighbours =
        ["fe80::1", "2001:db8::5", "192.168.1.5", "10.0.0.1"].map(|address| neighbour(ANNA, address));
    let directory = Directory::new(Arc::default(), &leases, &neighbours, NOW);
    assert_eq!(addresses(&directory, ANNA), ["10.0.0.1", "192.168.1.5", "2001:db8::5", "fe80::1"]);
    assert_eq!(addresses(&directory, "8c:be:be:12:34:57"), [""; 0]);
    assert_eq!(addresses(&directory, "8c:be:be:*"), [""; 0]);
}

#[test]
fn the_name_of_the_lease_that_ends_last_counts_and_one_that_has_ended_does_not() {
    let host = |leases: &[Lease]| {
        let directory = Directory::new(Arc::default(), leases, &[], NOW);
        directory.host(key(ANNA)).map(String::from)
    };
    let old = lease(ANNA, "192.168.1.4", Some("z-old"), Some(NOW + 1));
    let new = lease(ANNA, "192.168.1.5", Some("new"), Some(NOW + 2));
    let nameless = lease(ANNA, "192.168.1.6", None, Some(NOW + 3));
    assert_eq!(host(&[old.clone(), new.clone(), nameless.clone()]).as_deref(), Some("new"));
    assert_eq!(host(&[nameless, new, old]).as_deref(), Some("new"));
    assert_eq!(host(&[lease(ANNA, "192.168.1.4", Some("gone"), Some(NOW))]), None);
    let forever = lease(ANNA, "192.168.1.4", Some("forever"), None);
    assert_eq!(
        host(&[forever, lease(ANNA, "192.168.1.5", Some("later"), Some(NOW + 9))]).as_deref(),
        Some("forever")
    );
}

#[test]
fn a_device_with_thousands_of_addresses_has_a_few() {
    let neighbours: Vec<Neighbour> = (0..5000)
        .map(|n| neighbour(ANNA, &format!("2001:db8::{n:x}")))
        .chain([neighbour(ANNA, "192.168.1.5")])
        .collect();
    let known = addresses(&Directory::new(Arc::default(), &[], &neighbours, NOW), ANNA);
    assert_eq!(known.len(), MAX_ADDRESSES);
    assert_eq!(known.first().unwrap(), "192.168.1.5");
}

#[test]
fn a_changed_lease_file_is_noticed_and_other_files_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (leases, oui) = (folder.path().join("leases"), folder.path().join("oui.txt"));
    fs::write(&leases, format!("0 {ANNA} 192.168.1.5 first *\n")).unwrap();
    fs::write(&oui, "8CBEBE     (base 16)\t\tXiaomi\n").unwrap();
    let mut known = Known::new(&NameFiles { leases: vec![leases.clone()], vendors: Some(oui) });
    let look = |known: &mut Known| {
        let directory = known.look(NOW);
        (directory.host(key(ANNA)).map(String::from), directory.vendor(key(ANNA)).map(String::from))
    };
    let told = |host: &str| (Some(String::from(host)), Some(String::from("Xiaomi")));
    assert_eq!(look(&mut known), told("first"));
    fs::write(&leases, format!("0 {ANNA} 192.168.1.5 another *\n")).unwrap();
    assert_eq!(look(&mut known), told("another"));
    known.follow(&NameFiles { leases: Vec::new(), vendors: Some("/nonexistent/oui.txt".into()) });
    assert_eq!(look(&mut known), (None, None));
}
