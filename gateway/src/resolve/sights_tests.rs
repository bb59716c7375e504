//! What is remembered, and for how long.

use super::*;

fn name(text: &str) -> HostName {
    text.parse().unwrap()
}

fn address(n: usize) -> IpAddr {
    std::net::Ipv4Addr::from(u32::try_from(n).unwrap()).into()
}

fn at(sights: &Sights, address: IpAddr, now: Instant) -> Vec<&str> {
    sights.at(address, now).map(HostName::as_str).collect()
}

#[test]
fn a_name_counts_for_a_day_since_it_was_last_seen() {
    let start = Instant::now();
    let mut sights = Sights::default();
    assert!(sights.see(address(1), &name("a.example"), start));
    assert!(!sights.see(address(1), &name("a.example"), start + RECENT / 2));
    assert!(sights.see(address(1), &name("b.example"), start + RECENT / 2));
    assert_eq!(at(&sights, address(1), start + RECENT), ["b.example", "a.example"]);
    assert_eq!(at(&sights, address(1), start + RECENT / 2 * 3), Vec::<&str>::new());
    assert_eq!(at(&sights, address(2), start), Vec::<&str>::new());
    assert!(sights.see(address(1), &name("a.example"), start + RECENT * 2), "it is news again");
}

#[test]
fn only_so_many_names_of_so_many_addresses_are_remembered_the_last_ones() {
    let start = Instant::now();
    let mut sights = Sights::default();
    for n in 0..ADDRESSES.get() + 10 {
        sights.see(address(n), &name("a.example"), start);
    }
    assert_eq!(at(&sights, address(9), start), Vec::<&str>::new());
    assert_eq!(at(&sights, address(10), start), ["a.example"]);
    for n in 0..NAMES + 3 {
        sights.see(address(10), &name(&format!("n{n}.example")), start);
    }
    let names = at(&sights, address(10), start);
    assert_eq!((names.len(), names[0]), (NAMES, "n10.example"));
    assert_eq!(sights.0.len(), ADDRESSES.get());
}
