//! What the configuration may say, and what is said of one that may not.

use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::policy::PolicyAction;

const MAC: &str = "8c:be:be:12:34:56";

/// A folder with `gateway.toml` and `policies/`.
struct Site(TempDir);

impl Site {
    fn new(config: &str, policies: &[(&str, &str)]) -> Self {
        let site = Self(TempDir::new().unwrap());
        fs::write(site.path("gateway.toml"), config).unwrap();
        fs::create_dir(site.path("policies")).unwrap();
        for (file, text) in policies {
            fs::write(site.path("policies").join(file), text).unwrap();
        }
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load(&self) -> Result<Config, Mistakes> {
        let there = ["lo", "br-lan", "eth0"].map(String::from).to_vec();
        Config::load(&self.path("gateway.toml"), &Checks { interfaces: Some(there) })
    }

    /// What is told, a line each, with paths as seen from the folder.
    fn told(&self) -> Vec<String> {
        let folder = format!("{}/", self.0.path().display());
        let Err(mistakes) = self.load() else { return Vec::new() };
        mistakes.0.iter().map(|mistake| mistake.one_line().replace(&folder, "")).collect()
    }
}

/// What is told of a configuration with this text behind the required keys, which take two lines.
fn told(rest: &str) -> Vec<String> {
    let text = format!("interfaces = [\"br-lan\"]\npolicies = \"policies\"\n{rest}");
    Site::new(&text, &[("a.toml", "name = \"a\""), ("b.toml", "name = \"doh-bypass\"")]).told()
}

#[test]
fn a_full_configuration_is_read() {
    let site = Site::new(
        "interfaces = [\"br-lan\", \"eth0\"]\npolicies = \"policies\"\npin = \"/sys/fs/bpf/lab\"\n\
         [metrics]\nlisten = \"[::1]:9000\"\n[control]\nsocket = \"/run/lab.sock\"\n\
         [names]\nleases = [\"/a.csv\", \"/b\", \"/a.csv\"]\nvendors = \"/usr/share/oui.txt\"\n\
         [defaults]\npolicies = [\"a\"]\n\
         [[device]]\nname = \"anna-phone\"\nmac = \"8C-BE-BE-12-34-56\"\npolicies = [\"b\", \"a\", \"b\"]\n\
         [[device]]\nname = \"Bob's TV 📺\"\nmac = \"02:00:00:00:00:01\"\n",
        &[
            ("2.toml", "name = \"a\"\naction = \"observe\""),
            ("1.toml", "name = \"b\""),
            ("readme.txt", "x"),
            (".#1.toml", "x"),
        ],
    );
    let config = site.load().unwrap();
    assert_eq!(config.file, site.path("gateway.toml"));
    assert_eq!(config.folder, site.path("policies"));
    assert_eq!(config.interfaces, ["br-lan", "eth0"]);
    assert_eq!(config.pin, Path::new("/sys/fs/bpf/lab"));
    assert_eq!(config.listen, "[::1]:9000".parse().unwrap());
    assert_eq!(config.socket, Path::new("/run/lab.sock"));
    assert_eq!(config.names.leases, [Path::new("/a.csv"), Path::new("/b")]);
    assert_eq!(config.names.vendors.as_deref(), Some(Path::new("/usr/share/oui.txt")));
    assert_eq!(config.default_policies, ["a"]);
    let names: Vec<&str> = config.policies.iter().map(|policy| policy.name.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    assert_eq!(config.policies.last().unwrap().action, PolicyAction::Observe);
    let expected = Device {
        name: String::from("anna-phone"),
        address: MAC.parse().unwrap(),
        policies: vec![String::from("b"), String::from("a")],
    };
    assert_eq!(config.devices.first(), Some(&expected));
    assert_eq!(config.devices.last().unwrap().policies, [""; 0]);
}

#[test]
fn what_is_not_said_has_its_default() {
    let config = Site::new("interfaces = [\"lo\"]\npolicies = \"policies\"", &[]).load().unwrap();
    assert_eq!(config.pin, Path::new("/sys/fs/bpf/gateway"));
    assert_eq!(config.listen.to_string(), "127.0.0.1:9469");
    assert_eq!(config.socket, Path::new("/run/gateway/control.sock"));
    assert_eq!(config.cache, Path::new("/var/cache/gateway"));
    assert_eq!(config.default_policies, [""; 0]);
    assert_eq!(config.names, NameFiles::default());
    assert!(config.devices.is_empty() && config.policies.is_empty());
}

#[test]
fn the_files_of_names_are_named_from_the_root_on() {
    assert_eq!(
        told("[names]\nleases = [\"/var/x\", \"leases\"]\nvendors = \"\"\nlease = 1\n"),
        [
            "gateway.toml:4:21: `leases` is not an absolute path (write leases = [\"/…\"], each from the root on)",
            "gateway.toml:5:11: `` is not an absolute path (write vendors = \"/…\", from the root on)",
            "gateway.toml:6:1: unknown key `lease` (did you mean `leases`? The keys here are `leases`, `vendors`)"
        ]
    );
}

#[test]
fn a_configuration_that_is_missing_or_not_utf_8_is_refused() {
    let site = Site::new("", &[]);
    fs::write(site.path("gateway.toml"), b"# a\n# k\xf6ln").unwrap();
    let told = site.told();
    assert_eq!(
        told,
        [
            "gateway.toml:2:4: this is not UTF-8 (save the file as UTF-8; names beyond ASCII can also be written as \
          punycode)"
        ]
    );
    fs::remove_file(site.path("gateway.toml")).unwrap();
    assert_eq!(
        site.told(),
        [
            "gateway.toml: cannot be read: No such file or directory (os error 2) (create the file, or let the user that \
          runs gateway read it)"
        ]
    );
}

#[test]
fn a_configuration_without_interfaces_or_policies_is_refused() {
    assert_eq!(
        Site::new("", &[]).told(),
        [
            "gateway.toml:1:1: `policies` is missing (write policies = \"policies\", the folder of the policies, above \
             the first [table])",
            "gateway.toml:1:1: `interfaces` is missing (write interfaces = [\"…\"], the interface behind which the \
             devices are, such as \"br-lan\")",
        ]
    );
    let told = Site::new("interfaces = []\npolicies = \"policies\"", &[]).told();
    assert!(
        told.first().unwrap().starts_with("gateway.toml:1:14: no interface is named (write interfaces = ")
    );
}

#[test]
fn a_key_with_a_mistake_is_not_told_to_be_missing_as_well() {
    for text in
        ["interface = []\npolicies = 3", "interfaces = [3]\npolices = \"x\"\n[[device]]\nnam = 1\nmac = 1"]
    {
        let told = Site::new(text, &[]).told();
        assert!(told.iter().all(|line| !line.contains("missing") && !line.contains("has no")), "{told:#?}");
        assert_eq!(told.len(), text.matches('=').count());
    }
}

#[test]
fn an_interface_that_does_not_exist_is_refused_with_those_that_do() {
    let site = Site::new("interfaces = [\"br-lan\", \"br-lna\", \"wlan7\"]\npolicies = \"policies\"", &[]);
    assert_eq!(
        site.told(),
        [
            "gateway.toml:1:25: there is no interface `br-lna` (did you mean `br-lan`? The interfaces are `lo`, \
             `br-lan`, `eth0`; or run `gateway check --skip-interfaces` on another machine)",
            "gateway.toml:1:35: there is no interface `wlan7` (the interfaces are `lo`, `br-lan`, `eth0`; or run \
             `gateway check --skip-interfaces` on another machine)",
        ]
    );
    assert!(Config::load(&site.path("gateway.toml"), &Checks::without_interfaces()).is_ok());
}

#[test]
fn the_interfaces_of_this_machine_are_found() {
    let checks = Checks::of_this_machine().unwrap();
    assert!(checks.interfaces.unwrap().contains(&String::from("lo")));
}

#[test]
fn an_interface_named_twice_or_oddly_is_refused() {
    let site = Site::new(
        "interfaces = [\"lo\", \"lo\", \"\", \"eth0@if3 x\", \"a234567890123456\"]\npolicies = \"policies\"",
        &[],
    );
    let told = site.told();
    assert_eq!(told.len(), 4, "{told:#?}");
    assert_eq!(told[0], "gateway.toml:1:21: the interface `lo` is named twice (take one of them out)");
    assert!(
        told[1].starts_with(
            "gateway.toml:1:27: `` cannot be the name of an interface (write a name as `ip link`"
        )
    );
}

#[test]
fn a_folder_of_policies_that_does_not_exist_is_refused() {
    let site = Site::new("interfaces = [\"lo\"]\npolicies = \"rules\"\n[defaults]\npolicies = [\"x\"]", &[]);
    assert_eq!(
        site.told(),
        [
            "gateway.toml:2:12: the folder `rules` cannot be read: No such file or directory (os error 2) (create the \
          folder, or name another; the path counts from the folder of this file)"
        ]
    );
}

#[test]
fn more_policies_than_there_are_bits_are_refused() {
    let policies: Vec<(String, String)> =
        (0..65).map(|n| (format!("{n}.toml"), format!("name = \"p{n}\""))).collect();
    let mut policies: Vec<(&str, &str)> =
        policies.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
    let config = "interfaces = [\"lo\"]\npolicies = \"policies\"";
    assert_eq!(
        Site::new(config, &policies).told(),
        [
            "gateway.toml:2:12: the folder holds 65 policies, 1 too many (keep at most 64 *.toml files: put policies \
          together, or take some away)"
        ]
    );
    policies.pop();
    assert_eq!(Site::new(config, &policies).load().unwrap().policies.len(), 64);
}

#[test]
fn two_policies_of_one_name_are_refused_with_both_places() {
    let site = Site::new(
        "interfaces = [\"lo\"]\npolicies = \"policies\"",
        &[("a.toml", "name = \"x\""), ("b.toml", "\nname = \"x\"")],
    );
    assert_eq!(
        site.told(),
        ["policies/b.toml:2:8: two policies are named `x` (give one of them another name)"]
    );
    let rendered = site.load().unwrap_err().to_string();
    assert!(rendered.contains("policies/a.toml:1:8") && rendered.contains("first here"), "{rendered}");
}

#[test]
fn a_policy_that_does_not_exist_is_refused_with_those_that_do() {
    let device = format!("[[device]]\nname = \"x\"\nmac = \"{MAC}\"\npolicies = [\"a\", \"doh-bypas\"]\n");
    assert_eq!(
        told(&format!("[defaults]\npolicies = [\"xiaomi\"]\n{device}")),
        [
            "gateway.toml:4:13: there is no policy `xiaomi` (the policies are `a`, `doh-bypass`)",
            "gateway.toml:8:18: there is no policy `doh-bypas` (did you mean `doh-bypass`? The policies are `a`, \
             `doh-bypass`)",
        ]
    );
    let none = Site::new("interfaces = [\"lo\"]\npolicies = \"policies\"\ndefaults.policies = [\"a\"]", &[]);
    assert_eq!(
        none.told(),
        ["gateway.toml:3:22: there is no policy `a` (there are no policies in the folder yet)"]
    );
}

#[test]
fn a_policy_whose_file_has_mistakes_is_not_told_to_be_missing() {
    for (name, text) in [
        ("x", "name = \"x\"\naction = \"deny\""),
        ("x", "name = \"x\"\n[block\n"),
        ("x y", "name = \"x y\""),
        ("x", "about = 3"),
        ("x", "\u{0}"),
    ] {
        let config =
            format!("interfaces = [\"lo\"]\npolicies = \"policies\"\ndefaults.policies = [\"{name}\"]");
        let told = Site::new(&config, &[("x.toml", text), ("y.toml", "name = \"y\"")]).told();
        assert!(
            !told.is_empty() && told.iter().all(|line| line.starts_with("policies/x.toml:")),
            "{told:#?}"
        );
    }
}

#[test]
fn two_devices_of_one_mac_are_refused_with_both_places() {
    let devices = "[[device]]\nname = \"x\"\nmac = \"8c:be:be:12:34:56\"\n\
                   [[device]]\nname = \"y\"\nmac = \"8C-BE-BE-12-34-56\"\n";
    assert_eq!(
        told(devices),
        [
            "gateway.toml:8:7: two devices have the MAC address 8c:be:be:12:34:56 (keep one [[device]] for this address, \
          with the policies of both)"
        ]
    );
    let site = Site::new(&format!("interfaces = [\"lo\"]\npolicies = \"policies\"\n{devices}"), &[]);
    let rendered = site.load().unwrap_err().to_string();
    assert!(rendered.contains("- first here") && rendered.contains("^ again here"), "{rendered}");
}

#[test]
fn a_prefix_of_mac_addresses_stands_beside_longer_ones_but_not_beside_itself() {
    let device = |name: &str, mac: &str| format!("[[device]]\nname = \"{name}\"\nmac = \"{mac}\"\n");
    let all = device("a", "8c:be:be:*") + &device("b", "8c:be:*") + &device("c", "8c:be:be:00:00:00");
    assert_eq!(told(&all), [""; 0]);
    assert_eq!(
        told(&(all + &device("d", "8C-BE-BE-*"))),
        [
            "gateway.toml:14:7: two devices have the MAC address 8c:be:be:* (keep one [[device]] for this address, with \
             the policies of both)"
        ]
    );
}

#[test]
fn a_mac_address_that_no_device_sends_from_is_refused() {
    for (mac, title) in [
        ("8c:be:be:12:34", "`8c:be:be:12:34` is not a MAC address"),
        ("8c:be:b*", "`8c:be:b*` is not the beginning of a MAC address"),
        ("01:00:5e:00:00:fb", "`01:00:5e:00:00:fb` is a group address, from which no device sends"),
        ("ff:ff:ff:ff:ff:ff", "`ff:ff:ff:ff:ff:ff` is a group address, from which no device sends"),
        ("00:00:00:00:00:00", "no device has the address of all zeros"),
    ] {
        let told = told(&format!("[[device]]\nname = \"x\"\nmac = \"{mac}\"\n"));
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told[0].starts_with(&format!("gateway.toml:5:7: {title} (write ")), "{told:#?}");
    }
}

#[test]
fn a_device_without_name_or_mac_is_refused() {
    assert_eq!(
        told("[[device]]\n"),
        [
            "gateway.toml:3:1: the device has no `name` (write name = \"…\", what you call the device, below [[device]])",
            "gateway.toml:3:1: the device has no `mac` (write mac = \"…\", as `ip neigh` shows it, below [[device]])",
        ]
    );
}

#[test]
fn a_device_with_an_unusable_name_is_refused() {
    let device = |name: &str, last: u8| {
        format!("[[device]]\nname = \"{name}\"\nmac = \"8c:be:be:12:34:{last:02x}\"\n")
    };
    for name in ["", "a\\nb", &"é".repeat(33)] {
        let told = told(&device(name, 1));
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(
            told[0]
                .ends_with("cannot be the name of a device (write 1 to 64 bytes without control characters)")
        );
    }
    assert_eq!(
        told(&device("other", 1)),
        [
            "gateway.toml:4:8: `other` is the name under which unlisted devices are counted (give the device another \
          name)"
        ]
    );
    assert_eq!(
        told(&(device("x", 1) + &device("x", 2))),
        ["gateway.toml:7:8: two devices are named `x` (give one of them another name)"]
    );
    assert_eq!(told(&device(&"é".repeat(32), 1)), [""; 0]);
}

#[test]
fn more_devices_than_can_be_told_apart_are_refused() {
    let devices = |count: u32| -> String {
        (1..=count)
            .map(|n| {
                format!(
                    "[[device]]\nname = \"d{n}\"\nmac = \"02:00:00:00:{:02x}:{:02x}\"\n",
                    n >> 8,
                    n & 0xff
                )
            })
            .collect()
    };
    assert_eq!(told(&devices(16_383)), [""; 0]);
    assert_eq!(
        told(&devices(16_385)),
        [
            "gateway.toml:49152:1: there are 16385 devices, 2 more than can be told apart (keep at most 16383; the others \
          are counted together and follow [defaults])"
        ]
    );
}

#[test]
fn so_many_devices_can_be_tracked_and_no_more() {
    for number in ["-1", "1025", "99999999999"] {
        assert_eq!(
            told(&format!("[defaults]\ntrack = {number}\n")),
            [format!(
                "gateway.toml:4:9: {number} devices cannot be tracked (write a number from 0 (none) to 1024, or a \
                 [[device]] for each that matters)"
            )]
        );
    }
    assert_eq!(
        told("[defaults]\ntrack = \"20\"\n"),
        [
            "gateway.toml:4:9: string \"20\" stands where a number belongs (write a whole number, without quotes)"
        ]
    );
    assert_eq!(told("[defaults]\ntrack = 1024\n"), [""; 0]);
}

#[test]
fn paths_and_addresses_that_cannot_be_are_refused() {
    assert_eq!(
        told(
            "pin = \"bpf\"\n[metrics]\nlisten = \"localhost:9469\"\n[control]\nsocket = \"control.sock\"\n[lists]\ncache = \"x\"\n"
        ),
        [
            "gateway.toml:3:7: `bpf` is not an absolute path (write pin = \"/…\", from the root on)",
            "gateway.toml:5:10: `localhost:9469` is not an address with a port (write listen = \"127.0.0.1:9469\", or \
             \"[::1]:9469\" for IPv6)",
            "gateway.toml:7:10: `control.sock` is not an absolute path (write socket = \"/…\", from the root on)",
            "gateway.toml:9:9: `x` is not an absolute path (write cache = \"/…\", from the root on)",
        ]
    );
    let long = format!("control.socket = \"/{}\"", "a".repeat(107));
    assert_eq!(
        told(&long),
        [
            "gateway.toml:3:18: the path has 108 bytes; that of a socket has at most 107 (write a shorter one, such as \
          \"/run/gateway/control.sock\")"
        ]
    );
}

#[test]
fn the_mistakes_of_all_files_are_told_in_one_run_in_the_order_of_reading() {
    let site = Site::new(
        "interfaces = [\"nope\"]\npolicies = \"policies\"\nmetric = 1\n[[device]]\nname = 3\nmac = \"x\"\n",
        &[
            ("b.toml", "name = \"b\"\n[block]\nhosts = [\"a b\", 3, \"c d\"]\n"),
            ("a.toml", "name = \"a\"\n[block\n"),
            ("c.toml", "name = \"c\"\n[inspect]\nquic = \"drop\"\n"),
        ],
    );
    let told = site.told();
    let places: Vec<&str> = told.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(
        places,
        [
            "gateway.toml:1:15",
            "gateway.toml:3:1",
            "gateway.toml:5:8",
            "gateway.toml:6:7",
            "policies/a.toml:2:7",
            "policies/b.toml:3:10",
            "policies/b.toml:3:17",
            "policies/b.toml:3:20",
            "policies/c.toml:3:8",
        ]
    );
}

#[test]
fn the_policies_are_checked_even_when_the_configuration_is_not_toml() {
    let site = Site::new("policies = \"policies\"\ninterfaces = [", &[("a.toml", "name = \"a\"\nx = 1")]);
    let told = site.told();
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(
        told[0].starts_with("gateway.toml:2:") && told[1].starts_with("policies/a.toml:2:1"),
        "{told:#?}"
    );
}

#[test]
fn the_policies_that_ship_can_be_used() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    let mut mistakes = Vec::new();
    let folder = Folder::read(&folder, &mut mistakes).unwrap();
    assert!(mistakes.is_empty(), "{}", Mistakes(mistakes));
    assert!(!folder.policies.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_configuration_is_checked_and_its_mistakes_can_be_shown(
        lines in prop::collection::vec(prop_oneof![
            Just(String::from("interfaces = [\"lo\"]")),
            Just(String::from("policies = \"policies\"")),
            Just(String::from("policies = [\"a\"]")),
            Just(String::from("[[device]]")),
            Just(String::from("[metrics]")),
            Just(String::from("[defaults]")),
            Just(format!("mac = \"{MAC}\"")),
            "name = \"\\PC{0,70}\"",
            "(name|mac|listen|pin|track|policies|interfaces|device|x\\.y) = [\\[\\]\"a3{}=]{1,6}",
            "\\PC{0,20}",
        ], 0..8),
    ) {
        let site = Site::new(&lines.join("\n"), &[("a.toml", "name = \"a\"")]);
        if let Err(mistakes) = site.load() {
            prop_assert!(!mistakes.0.is_empty());
            prop_assert!(mistakes.to_string().contains("gateway.toml"));
        }
    }
}

#[test]
fn servers_are_given_by_address_with_a_port_or_with_that_of_dns() {
    let config = crate::policy::testing::config(
        "[resolve]\nservers = [\"192.0.2.53\", \"192.0.2.53:5353\", \"2001:db8::53\", \"[2001:db8::53]:5353\"]",
        &[],
    );
    let servers: Vec<String> = config.servers.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["192.0.2.53:53", "192.0.2.53:5353", "[2001:db8::53]:53", "[2001:db8::53]:5353"]);
    for (text, column) in [("dns.example", 12), ("192.0.2.53:x", 12)] {
        let told = told(&format!("[resolve]\nservers = [\"{text}\"]\n")).concat();
        assert!(told.contains(&format!(":4:{column}: `{text}` is not the address of a server")), "{told}");
    }
}
