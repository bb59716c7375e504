//! What goes to the devices: it is counted for each and goes on as it is, and answers of DNS are remembered.

use std::net::{IpAddr, Ipv6Addr};

use gateway_common::abi::{ALSO_ASKED, MAX_LIFE, MIN_LIFE};
use gateway_common::name;
use gateway_common::wire::MacAddr;

use crate::harness::*;

const SETUP: &str = "[block]\nhosts = [\"blocked.example\"]";

/// What of the filter moved by a packet towards a device.
#[track_caller]
fn moved(filter: &mut Filter, frame: &Frame) -> Vec<(String, i128)> {
    filter.down(frame, None).into_iter().collect()
}

fn counted(device: &str, packets: i128, bytes: usize) -> Vec<(String, i128)> {
    let bytes = i128::try_from(bytes).unwrap();
    vec![(of_device(device, "bytes down"), bytes), (of_device(device, "packets down"), packets)]
}

/// The phone's name for the address, as hashes: the last that it asked for and those before.
#[track_caller]
fn asked(filter: &Filter, mac: MacAddr, address: &str) -> Option<Vec<u64>> {
    let asked = filter.maps.read_asked(mac, mapped(address)).unwrap()?;
    let before = asked.before.into_iter().filter(|hash| *hash != 0);
    Some([asked.name().unwrap()].into_iter().chain(before).collect())
}

/// How many seconds it is remembered, if it was written just now.
#[track_caller]
fn life(filter: &Filter, address: &str) -> u64 {
    filter.maps.read_asked(PHONE, mapped(address)).unwrap().unwrap().until - now() / 1_000_000_000
}

fn hashes(filter: &Filter, names: &[&str]) -> Vec<u64> {
    let seed = filter.maps.read_generation().unwrap().hash_seed;
    names.iter().map(|text| name::hash(seed, text.as_bytes())).collect()
}

fn mapped(address: &str) -> [u8; 16] {
    match address.parse().unwrap() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => Ipv6Addr::octets(&v6),
    }
}

#[test]
fn a_packet_towards_a_device_is_counted_for_it_and_for_no_other() {
    let setup = Setup::phone(SETUP).device("tv", TV, &[]);
    let mut filter = Filter::new(&setup);
    for (mac, device) in [(PHONE, "phone"), (TV, "tv"), (STRANGER, "other")] {
        for path in [Path::v4(), Path::v6()] {
            let frame = down(path).towards(mac).udp(&[7; 100]);
            assert_eq!(moved(&mut filter, &frame), counted(device, 1, frame.bytes.len()));
        }
    }
    let arp = down(Path::v4()).frame(0x0806, &[0; 28]);
    assert_eq!(moved(&mut filter, &arp), counted("phone", 1, arp.bytes.len()));
}

#[test]
fn what_goes_to_a_group_is_counted_for_nobody() {
    let mut filter = Filter::phone(SETUP);
    for group in [[0xff; 6], [0x01, 0x00, 0x5e, 0, 0, 0xfb], [0x33, 0x33, 0, 0, 0, 1]] {
        assert_eq!(moved(&mut filter, &down(Path::v4()).towards(MacAddr(group)).udp(b"x")), []);
    }
}

#[test]
fn a_segment_that_is_cut_up_behind_the_filter_is_counted_as_what_it_is_cut_into() {
    let mut filter = Filter::phone(SETUP);
    let frame = down(Path::v4()).udp(&[7; 3000]);
    let wire = u32::try_from(frame.bytes.len()).unwrap() + 2 * 42;
    let moved: Vec<_> = filter.down(&frame, Some((3, wire))).into_iter().collect();
    assert_eq!(moved, counted("phone", 3, frame.bytes.len() + 2 * 42));
}

#[test]
fn a_filter_without_a_policy_lets_everything_through_to_the_devices() {
    let mut filter = Filter::empty();
    let frame = down(Path::v4()).udp(b"x");
    assert_eq!(moved(&mut filter, &frame), counted("other", 1, frame.bytes.len()));
}

#[test]
fn the_addresses_of_an_answer_are_remembered_with_the_name_that_the_device_asked_for() {
    let mut filter = Filter::phone(SETUP);
    let alias = Record::alias("edge.cdn.example", 900);
    let records = [alias, Record::address("192.0.2.7", 300), Record::address("2001:db8::7", 600)];
    for path in [Path::v4(), Path::v6()] {
        filter.down(&answer(path, "WWW.Example.org", &records), None);
        let name = hashes(&filter, &["www.example.org"]);
        for address in ["192.0.2.7", "2001:db8::7"] {
            assert_eq!(asked(&filter, PHONE, address), Some(name.clone()));
        }
        assert!((299..=300).contains(&life(&filter, "192.0.2.7")), "{}", life(&filter, "192.0.2.7"));
        assert!((599..=600).contains(&life(&filter, "2001:db8::7")));
        assert_eq!(asked(&filter, PHONE, "192.0.2.8"), None);
        assert_eq!(asked(&filter, TV, "192.0.2.7"), None);
    }
}

#[test]
fn an_answer_is_remembered_for_a_minute_at_least_and_a_day_at_most() {
    let mut filter = Filter::phone(SETUP);
    let records = [Record::address("192.0.2.7", 0), Record::address("192.0.2.8", 10_000_000)];
    filter.down(&answer(Path::v4(), "www.example.org", &records), None);
    let (least, most) = (u64::from(MIN_LIFE), u64::from(MAX_LIFE));
    assert!((least - 1..=least).contains(&life(&filter, "192.0.2.7")));
    assert!((most - 1..=most).contains(&life(&filter, "192.0.2.8")));
}

#[test]
fn names_of_one_address_are_remembered_the_last_first_and_each_once() {
    let mut filter = Filter::phone(SETUP);
    let names = ["a.example", "b.example", "c.example", "d.example", "e.example"];
    let ask = |filter: &mut Filter, name: &str| {
        filter.down(&answer(Path::v4(), name, &[Record::address("192.0.2.7", 300)]), None);
    };
    let mut expected: Vec<&str> = Vec::new();
    for name in names.into_iter().chain(["d.example", "b.example", "b.example", "e.example"]) {
        ask(&mut filter, name);
        expected.retain(|before| *before != name);
        expected.insert(0, name);
        expected.truncate(1 + ALSO_ASKED);
        assert_eq!(asked(&filter, PHONE, "192.0.2.7"), Some(hashes(&filter, &expected)), "{name}");
    }
}

#[test]
fn an_answer_behind_options_extension_headers_and_a_tag_is_found() {
    let padded = Extension::of_len(60, 24);
    let paths = [
        Path::v4().options(&[1; 8]),
        Path::v4().tagged(&[(C_TAG, 7)]),
        Path::v6().extensions([padded]),
        Path::v6().tagged(&[(S_TAG, 3), (C_TAG, 7)]),
    ];
    for path in paths {
        let mut filter = Filter::phone(SETUP);
        filter.down(&answer(path.clone(), "www.example.org", &[Record::address("192.0.2.7", 300)]), None);
        assert_eq!(
            asked(&filter, PHONE, "192.0.2.7"),
            Some(hashes(&filter, &["www.example.org"])),
            "{path:?}"
        );
    }
}

#[test]
fn what_is_no_answer_to_a_device_with_policies_is_not_remembered() {
    let mut filter = Filter::new(&Setup::phone(SETUP).device("tv", TV, &[]));
    let records = [Record::address("192.0.2.7", 300)];
    let good = answer(Path::v4(), "www.example.org", &records);
    let payload = good.path.transport_at() + 8;
    let broken = [
        // A query, an error, no question.
        good.clone().patched(payload + 2, &[0x01]),
        good.clone().patched(payload + 3, &[0x83]),
        good.clone().patched(payload + 4, &[0, 0]),
        // A name with a pointer.
        good.clone().patched(payload + 12, &[0xc0, 0x0c]),
    ];
    for frame in &broken {
        filter.down(frame, None);
        assert_eq!(asked(&filter, PHONE, "192.0.2.7"), None);
    }
    let message = &good.bytes[payload..];
    filter.down(&down(Path::v4()).source_port(5353).udp(message), None);
    filter.down(&down(Path::v4()).fragment(0, true).udp(message), None);
    filter.down(&down(Path::v4()).towards(TV).udp(message), None);
    for (len, mac) in (0..message.len()).map(|len| (len, PHONE)) {
        filter.down(&down(Path::v4()).udp(&message[..len]), None);
        assert_eq!(asked(&filter, mac, "192.0.2.7"), None, "{len} bytes");
    }
    assert_eq!(asked(&filter, TV, "192.0.2.7"), None);
    filter.down(&good, None);
    assert!(asked(&filter, PHONE, "192.0.2.7").is_some());
}
