//! Machines that were made up, for tests.

use std::borrow::Cow;
use std::path::Path;

use super::catalogue::{Catalogue, Copy, Offer};
use super::survey::{Interface, Kind, Seen, State, Survey};

/// An interface that is up.
pub(super) fn interface(name: &str, kind: Kind, addresses: &[&str]) -> Interface {
    Interface {
        name: String::from(name),
        kind,
        state: State::Up,
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        default_route: false,
        bridge: None,
        parent: None,
    }
}

/// A port of a bridge.
pub(super) fn port(name: &str, kind: Kind, bridge: &str) -> Interface {
    Interface { bridge: Some(String::from(bridge)), ..interface(name, kind, &[]) }
}

/// The way to the internet.
pub(super) fn wan(name: &str, kind: Kind, addresses: &[&str]) -> Interface {
    Interface { default_route: true, ..interface(name, kind, addresses) }
}

/// A VLAN.
pub(super) fn vlan(name: &str, parent: &str, addresses: &[&str]) -> Interface {
    Interface { parent: Some(String::from(parent)), ..interface(name, Kind::Vlan, addresses) }
}

/// A device with one address.
pub(super) fn seen(interface: &str, mac: &str, address: &str) -> Seen {
    Seen {
        mac: mac.parse().unwrap(),
        interfaces: [String::from(interface)].into(),
        addresses: [address.parse().unwrap()].into(),
        vendor: None,
        host: None,
    }
}

/// A machine with these interfaces, and loopback.
pub(super) fn machine(interfaces: Vec<Interface>) -> Survey {
    let mut all = vec![interface("lo", Kind::Loopback, &["127.0.0.1/8", "::1/128"])];
    all.extend(interfaces);
    Survey { interfaces: all, ..Survey::default() }
}

/// A router with a bridge, behind which are a phone by Xiaomi, a television by Samsung, and a phone with a made-up
/// address.
pub(super) fn home() -> Survey {
    let phone = Seen {
        vendor: Some(String::from("Xiaomi Communications Co Ltd")),
        host: Some(String::from("Redmi-1S")),
        ..seen("br-lan", "8c:be:be:12:34:56", "192.168.1.5")
    };
    let television = Seen {
        vendor: Some(String::from("Samsung Electronics Co.,Ltd")),
        ..seen("br-lan", "f0:70:4f:aa:bb:cc", "192.168.1.9")
    };
    let private = seen("br-lan", "da:a1:19:01:02:03", "192.168.1.20");
    Survey {
        devices: vec![phone, television, private],
        ..machine(vec![
            wan("wan0", Kind::Wired, &["203.0.113.7/24"]),
            port("lan1", Kind::Wired, "br-lan"),
            port("lan2", Kind::Wired, "br-lan"),
            port("wlan0", Kind::Wireless, "br-lan"),
            interface("br-lan", Kind::Bridge, &["192.168.1.1/24", "fd00:1::1/64"]),
        ])
    }
}

/// The policies that ship.
pub(super) fn shipped() -> Catalogue {
    Catalogue::read(None, Path::new("/nonexistent")).unwrap()
}

/// Three policies that are read in no time.
pub(super) fn few() -> Catalogue {
    let offer = |name: &str| {
        let text = Cow::Owned(format!("name = \"{name}\"\n"));
        let copy = Some(Copy { file: format!("{name}.toml").into(), text });
        Offer { name: String::from(name), about: String::new(), copy }
    };
    Catalogue(["lg-tv", "roku", "xiaomi-telemetry"].map(offer).into())
}
