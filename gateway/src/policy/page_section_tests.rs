//! What `[page]` may say, and what is said of one that may not.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::policy::Config;

/// The section of a configuration with these lines below `[page]`, or what is told of it.
fn page(lines: &str, checks: &Checks) -> Result<Page, Vec<String>> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("gateway.toml");
    fs::create_dir(folder.path().join("p")).unwrap();
    fs::write(&path, format!("interfaces = [\"lo\"]\npolicies = \"p\"\n[page]\n{lines}\n")).unwrap();
    let folder = format!("{}/", folder.path().display());
    Config::load(&path, checks).map(|config| config.page).map_err(|mistakes| {
        mistakes.0.iter().map(|mistake| mistake.one_line().replace(&folder, "")).collect()
    })
}

fn elsewhere(lines: &str) -> Result<Page, Vec<String>> {
    page(lines, &Checks::without_interfaces())
}

fn here(lines: &str) -> Result<Page, Vec<String>> {
    page(lines, &Checks { interfaces: Some(vec![String::from("lo")]) })
}

#[test]
fn what_is_not_said_has_its_default() {
    let page = elsewhere("").unwrap();
    assert_eq!(page, Page::default());
    assert_eq!(page.listen, PageListen::Tcp("127.0.0.1:9470".parse().unwrap()));
    let config = crate::policy::testing::config("", &[]);
    assert_eq!(config.page, page);
}

#[test]
fn it_listens_at_an_address_on_a_socket_or_not_at_all() {
    for (text, expected) in [
        ("[::1]:80", PageListen::Tcp("[::1]:80".parse().unwrap())),
        ("127.8.0.1:0", PageListen::Tcp("127.8.0.1:0".parse().unwrap())),
        ("[::ffff:127.0.0.1]:1", PageListen::Tcp("[::ffff:127.0.0.1]:1".parse().unwrap())),
        ("/run/x.sock", PageListen::Unix(PathBuf::from("/run/x.sock"))),
        ("off", PageListen::Off),
    ] {
        let page = elsewhere(&format!("listen = \"{text}\"\nhosts = [\"GW.lan.\", \"router\"]")).unwrap();
        assert_eq!(page.listen, expected);
        assert_eq!(page.hosts.iter().map(HostName::as_str).collect::<Vec<_>>(), ["gw.lan", "router"]);
    }
}

#[test]
fn where_other_machines_can_open_it_a_token_is_needed() {
    for address in ["192.168.1.1:9470", "0.0.0.0:9470", "[::]:9470", "[fd00:1::1]:9470"] {
        let told = elsewhere(&format!("listen = \"{address}\"")).unwrap_err();
        assert_eq!(
            told,
            [format!(
                "gateway.toml:4:10: other machines can open the page at `{address}`, so it needs a token (write token_file = \
                 \"/etc/gateway/page.token\" below [page], and make the file: (umask 077; openssl rand -hex 24 > \
                 /etc/gateway/page.token))"
            )]
        );
        let with = elsewhere(&format!("listen = \"{address}\"\ntoken_file = \"/etc/t\"")).unwrap();
        assert_eq!(with.token_file.as_deref(), Some(Path::new("/etc/t")));
    }
}

#[test]
fn a_token_file_with_a_mistake_is_not_told_to_be_missing_as_well() {
    for line in ["token_file = 3", "token_fil = \"/x\"", "token_file = \"x\""] {
        let told = elsewhere(&format!("listen = \"0.0.0.0:1\"\n{line}")).unwrap_err();
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told.concat().starts_with("gateway.toml:5:"), "{told:#?}");
    }
}

#[test]
fn on_the_machine_that_it_is_for_the_token_is_looked_at() {
    let folder = TempDir::new().unwrap();
    let token = folder.path().join("token");
    let line = format!("token_file = {:?}", token.to_str().unwrap());
    let told = here(&line).unwrap_err().concat();
    assert!(
        told.contains(":4:14: the token in ")
            && told.contains("No such file")
            && told.contains("openssl rand"),
        "{told}"
    );
    assert!(elsewhere(&line).is_ok());
    fs::write(&token, "0123456789abcdef\n").unwrap();
    fs::set_permissions(&token, Permissions::from_mode(0o644)).unwrap();
    let told = here(&line).unwrap_err().concat();
    assert!(told.contains("open to every user") && told.contains("(chmod 600 "), "{told}");
    fs::set_permissions(&token, Permissions::from_mode(0o600)).unwrap();
    assert_eq!(here(&line).unwrap().token_file, Some(token));
}

#[test]
fn what_cannot_be_is_refused_with_the_cure() {
    for (line, expected) in [
        (
            "listen = \"localhost:9470\"",
            "4:10: `localhost:9470` is neither an address with a port nor the path of a socket (write listen",
        ),
        ("listen = \"on\"", "4:10: `on` is neither"),
        ("listen = \"\"", "4:10: `` is neither"),
        (
            "hosts = [\"http://gw.lan/\"]",
            "4:10: `http://gw.lan/` is more than a host name (write names without scheme",
        ),
        ("hosts = [\"gw.lan:9470\"]", "4:10: `gw.lan:9470` is more than a host name"),
        ("hosts = [\"192.168.1.1\"]", "4:10: `192.168.1.1` is an address"),
        ("hosts = [\"*.lan\"]", "4:10: `*.lan` is a pattern"),
        (
            "token_file = \"page.token\"",
            "4:14: `page.token` is not an absolute path (write token_file = \"/…\"",
        ),
        ("host = [\"x\"]", "4:1: unknown key `host` (did you mean `hosts`?"),
    ] {
        let told = elsewhere(line).unwrap_err();
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told.concat().starts_with(&format!("gateway.toml:{expected}")), "{told:#?}");
    }
    let long = elsewhere(&format!("listen = \"/{}\"", "a".repeat(107))).unwrap_err().concat();
    assert!(long.contains("has 108 bytes; that of a socket has at most 107"), "{long}");
}
