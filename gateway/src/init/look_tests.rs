//! Lines of the kernel's files, and what this machine says of itself.

use super::super::testing::interface;
use super::*;

fn neighbour(interface: &str, mac: &str, address: &str) -> Neighbour {
    Neighbour {
        interface: String::from(interface),
        mac: mac.parse().unwrap(),
        address: address.parse().unwrap(),
    }
}

#[test]
fn default_routes_are_told_with_their_routers_and_others_are_not() {
    let route = |interface: &str, next: &str| {
        Some(Route { interface: String::from(interface), next: next.parse().ok() })
    };
    let number = |address: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(address));
    let line = format!("eth0\t00000000\t{}\t0003\t0\t0\t0\t00000000\t0\t0\t0", number([192, 0, 2, 1]));
    assert_eq!(route_v4(&line), route("eth0", "192.0.2.1"));
    assert_eq!(route_v4("ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0"), route("ppp0", ""));
    for other in [
        "",
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
        "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
        "*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0",
    ] {
        assert_eq!(route_v4(other), None, "{other}");
    }

    let zero = "0".repeat(32);
    let line = format!(
        "{zero} 00 {zero} 00 fd000000000000000000000000000001 00000400 00000002 00000000 00000003     eth0"
    );
    assert_eq!(route_v6(&line), route("eth0", "fd00::1"));
    for other in [
        String::new(),
        format!(
            "fd000000000000000000000000000000 40 {zero} 00 {zero} 00000100 00000001 00000000 00000001     eth0"
        ),
        format!("{zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200       lo"),
        format!("{zero} 00 {zero} 00 {zero} 00000400 00000001 00000000 00000201     eth0"),
    ] {
        assert_eq!(route_v6(&other), None, "{other}");
    }
}

#[test]
fn a_device_is_told_once_with_all_its_addresses_and_the_router_is_none() {
    let neighbours = [
        neighbour("br-lan", "8c:be:be:12:34:56", "fe80::1"),
        neighbour("br-lan", "8c:be:be:12:34:56", "fd00:1::5"),
        neighbour("br-lan", "8c:be:be:12:34:56", "192.168.1.5"),
        neighbour("br-lan", "02:00:00:00:00:04", "192.168.1.4"),
        neighbour("wan0", "02:00:00:00:00:01", "203.0.113.1"),
        neighbour("wan0", "02:00:00:00:00:01", "fe80::2"),
    ];
    let interfaces = [
        interface("lo", Kind::Loopback, &["127.0.0.1/8"]),
        interface("br-lan", Kind::Bridge, &["192.168.1.1/24"]),
    ];
    let lease = |mac: &str, address: &str| Lease {
        mac: mac.parse().unwrap(),
        address: address.parse().unwrap(),
        host: Some(String::from("tv")),
        expires: None,
    };
    let leases = [lease("02:00:00:00:00:09", "192.168.1.9"), lease("02:00:00:00:00:04", "192.168.1.4")];
    let directory = Directory::new(Arc::default(), &leases, &neighbours, 0);
    let next = "203.0.113.1".parse().ok();
    let route = Route { interface: String::from("wan0"), next };
    let devices = devices(places(&interfaces, &neighbours, leases.iter()), &directory, &[route]);
    let told: Vec<_> = devices
        .iter()
        .map(|one| {
            (
                one.mac.to_string(),
                one.addresses.len(),
                one.host.as_deref(),
                one.interfaces.iter().cloned().collect::<String>(),
            )
        })
        .collect();
    let row = |mac: &str, addresses, host| (String::from(mac), addresses, host, String::from("br-lan"));
    let expected = [
        row("02:00:00:00:00:04", 1, Some("tv")),
        row("8c:be:be:12:34:56", 3, None),
        row("02:00:00:00:00:09", 1, Some("tv")),
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_interface_is_what_its_hardware_and_its_driver_say() {
    let up = InterfaceFlags::IFF_UP;
    let kind = |hardware, link, wireless| kind(up, hardware, link, || wireless);
    assert_eq!(kind(Some(1), None, false), Kind::Wired);
    assert_eq!(kind(Some(1), None, true), Kind::Wireless);
    assert_eq!(kind(Some(1), Some("bridge"), false), Kind::Bridge);
    assert_eq!(kind(Some(1), Some("vlan"), false), Kind::Vlan);
    assert_eq!(kind(Some(1), Some("veth"), false), Kind::Virtual);
    assert_eq!(kind(Some(0xfffe), Some("wireguard"), false), Kind::Tunnel);
    assert_eq!(kind(None, None, false), Kind::Tunnel);
    assert_eq!(state(up), State::NoLink);
    assert_eq!(state(up | InterfaceFlags::IFF_RUNNING), State::Up);
    assert_eq!(state(InterfaceFlags::IFF_RUNNING), State::Down);
}

#[test]
fn this_machine_has_a_loopback_interface_that_is_no_lan() {
    let survey = look().unwrap();
    let lo = survey.interface("lo").unwrap();
    assert_eq!((lo.kind, lo.default_route, &lo.bridge), (Kind::Loopback, false, &None));
    assert!(!survey.guess().contains(&String::from("lo")));
}
