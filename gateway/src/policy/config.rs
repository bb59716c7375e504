//! The configuration of the gateway: its file and the policies beside it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use gateway_common::abi::MAX_POLICIES;
use nix::net::if_::if_nameindex;

use super::device::{Device, check_devices, check_policies};
use super::escape::Shown;
use super::events_section::{Events, check_events};
use super::file::Policy;
use super::folder::{Folder, read_file, sort_by_place};
use super::mistake::{Mistake, Mistakes};
use super::names_section::{NameFiles, check_names};
use super::nearest::did_you_mean;
use super::page_section::{Page, check_page};
use super::raw::{RawConfig, Text};
use super::reading::{Checker, Reading, read, text_of};
use super::track::check_track;

/// Where the programs, links and maps are pinned if `pin` does not say otherwise.
pub const DEFAULT_PIN: &str = "/sys/fs/bpf/gateway";

/// Where metrics are served if `[metrics] listen` does not say otherwise.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9469);

/// Where the daemon is spoken to if `[control] socket` does not say otherwise.
pub const DEFAULT_SOCKET: &str = "/run/gateway/control.sock";

/// Where the daemon keeps what outlives it if `state` does not say otherwise.
pub const DEFAULT_STATE: &str = "/var/lib/gateway";

/// Where servers of names listen (RFC 1035, 4.2).
const DNS_PORT: u16 = 53;
/// Where copies of lists are kept if `[lists] cache` does not say otherwise.
pub const DEFAULT_CACHE: &str = "/var/cache/gateway";

/// Longest name of an interface in bytes (`IFNAMSIZ` less the NUL).
const MAX_INTERFACE: usize = 15;

/// Longest path of a UNIX socket in bytes (`sun_path` less the NUL).
pub(super) const MAX_SOCKET: usize = 107;

/// The checked configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    /// Names of the interfaces behind which the devices are, at least one, each once.
    pub interfaces: Vec<String>,
    /// The folder of the policies.
    pub folder: PathBuf,
    /// Folder in a BPF file system for the programs, links and maps; absolute.
    pub pin: PathBuf,
    /// Folder for what outlives the daemon; absolute.
    pub state: PathBuf,
    /// Where metrics are served.
    pub listen: SocketAddr,
    /// Servers that are asked for the addresses of hosts; none for those of this machine.
    pub servers: Vec<SocketAddr>,
    /// UNIX socket on which the daemon is spoken to; absolute.
    pub socket: PathBuf,
    /// The page.
    pub page: Page,
    /// Folder for the copies of lists that come from a URL; absolute.
    pub cache: PathBuf,
    /// Where events are written to.
    pub events: Events,
    /// Files that tell of devices.
    pub names: NameFiles,
    /// Names of the policies of a device that is not listed.
    pub default_policies: Vec<String>,
    /// How many devices that are not listed are counted on their own.
    pub track: usize,
    /// The devices, in the order of the file.
    pub devices: Vec<Device>,
    /// The policies, in the order of their files' names.
    pub policies: Vec<Policy>,
}

/// What the configuration is checked against, apart from itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checks {
    /// The interfaces that there are; `None` if it does not matter whether they exist.
    pub interfaces: Option<Vec<String>>,
}

impl Checks {
    /// Against the interfaces of this machine, more precisely of this thread's network namespace.
    ///
    /// # Errors
    /// If the kernel does not list them.
    pub fn of_this_machine() -> io::Result<Self> {
        let interfaces = if_nameindex()?;
        let names =
            interfaces.iter().map(|interface| interface.name().to_string_lossy().into_owned()).collect();
        Ok(Self { interfaces: Some(names) })
    }

    /// Without regard to the interfaces: of a configuration for another machine.
    pub const fn without_interfaces() -> Self {
        Self { interfaces: None }
    }
}

/// What was found in the files, right and wrong.
pub struct Examined {
    /// The configuration, if nothing is wrong in any file.
    pub config: Option<Config>,
    /// If there is none, the policies in which nothing is wrong, in the order of their files' names.
    policies: Vec<Policy>,
    /// Everything that is wrong.
    pub mistakes: Vec<Mistake>,
}

impl Examined {
    /// The policies in which nothing is wrong.
    pub fn policies(&self) -> &[Policy] {
        self.config.as_ref().map_or(&self.policies, |config| &config.policies)
    }
}

impl Config {
    /// Reads and checks the configuration and every policy.
    ///
    /// # Errors
    /// Everything that is wrong in any of the files.
    pub fn load(path: &Path, checks: &Checks) -> Result<Self, Mistakes> {
        let Examined { config, mistakes, .. } = Self::examine(path, checks);
        config.ok_or(Mistakes(mistakes))
    }

    /// Whether a policy wants the addresses of its hosts.
    pub fn resolves(&self) -> bool {
        self.policies.iter().any(|policy| policy.resolve)
    }

    /// Reads and checks the configuration and every policy, and keeps what is right beside what is wrong.
    pub fn examine(path: &Path, checks: &Checks) -> Examined {
        let source = match read_file(path) {
            Ok(source) => source,
            Err(mistake) => {
                return Examined { config: None, policies: Vec::new(), mistakes: vec![*mistake] };
            }
        };
        let mut mistakes = Vec::new();
        let mut mistakes_of_policies = Vec::new();
        let (config, policies) = match read::<RawConfig>(&source, &mut mistakes) {
            Some(reading) => {
                let mut checker = Checker { source: &source, mistakes: &mut mistakes };
                let (path, folder) = check_folder(&mut checker, &reading, &mut mistakes_of_policies);
                (check(&mut checker, &reading, checks, path, &folder), folder.policies)
            }
            // The policies can be checked all the same, if their folder can be made out.
            None => {
                let folder = text_of(&source, "policies").map(|text| beside(path, text.get_ref()));
                let folder = folder.and_then(|path| Folder::read(&path, &mut mistakes_of_policies).ok());
                (None, folder.map(|folder| folder.policies).unwrap_or_default())
            }
        };
        sort_by_place(&mut mistakes);
        mistakes.append(&mut mistakes_of_policies);
        match config {
            Some(config) if mistakes.is_empty() => {
                Examined { config: Some(Self { policies, ..config }), policies: Vec::new(), mistakes }
            }
            _ => Examined { config: None, policies, mistakes },
        }
    }
}

/// The path as seen from the folder of the configuration file.
fn beside(config: &Path, path: &str) -> PathBuf {
    config.parent().unwrap_or(Path::new("")).join(path)
}

/// Checks the file, its folder of policies being read; the policies themselves are left to the caller.
fn check(
    checker: &mut Checker<'_>,
    reading: &Reading<RawConfig>,
    checks: &Checks,
    path: Option<PathBuf>,
    folder: &Folder,
) -> Option<Config> {
    let raw = &reading.raw;
    let interfaces = check_interfaces(checker, reading, checks);
    let pin =
        raw.pin.as_ref().map_or(Some(PathBuf::from(DEFAULT_PIN)), |text| absolute(checker, "pin", text));
    let state = raw
        .state
        .as_ref()
        .map_or(Some(PathBuf::from(DEFAULT_STATE)), |text| absolute(checker, "state", text));
    let listen = raw.metrics.as_ref().and_then(|metrics| metrics.0.listen.as_ref());
    let listen = listen.map_or(Some(DEFAULT_LISTEN), |text| check_listen(checker, text));
    let socket = raw.control.as_ref().and_then(|control| control.0.socket.as_ref());
    let socket = socket.map_or(Some(PathBuf::from(DEFAULT_SOCKET)), |text| check_socket(checker, text));
    let page = check_page(checker, reading, checks);
    let servers = raw.resolve.as_ref().map(|resolve| check_servers(checker, &resolve.0.servers));
    let cache = raw.lists.as_ref().and_then(|lists| lists.0.cache.as_ref());
    let cache = cache.map_or(Some(PathBuf::from(DEFAULT_CACHE)), |text| absolute(checker, "cache", text));
    let events = check_events(checker, reading);
    let names = check_names(checker, raw.names.as_ref());
    let mut default_policies = Vec::new();
    if let Some(defaults) = &raw.defaults {
        default_policies = check_policies(checker, &defaults.0.policies, folder);
    }
    let devices = check_devices(checker, reading, folder);
    let track = raw.defaults.as_ref().and_then(|defaults| defaults.0.track.as_ref());
    let track = track.map_or(Some(0), |number| check_track(checker, number, devices.len()));
    Some(Config {
        file: checker.source.path().to_path_buf(),
        interfaces: interfaces?,
        folder: path?,
        pin: pin?,
        state: state?,
        listen: listen?,
        servers: servers.unwrap_or_default(),
        socket: socket?,
        page: page?,
        cache: cache?,
        events: events?,
        names,
        default_policies,
        track: track?,
        devices,
        policies: Vec::new(),
    })
}

fn check_interfaces(
    checker: &mut Checker<'_>,
    reading: &Reading<RawConfig>,
    checks: &Checks,
) -> Option<Vec<String>> {
    const CURE: &str =
        "write interfaces = [\"…\"], the interface behind which the devices are, such as \"br-lan\"";
    let texts = match &reading.raw.interfaces {
        Some(texts) if !texts.get_ref().is_empty() => texts.get_ref(),
        _ if reading.was_struck(None, "interfaces") => return None,
        Some(texts) => {
            checker.refuse(texts.span(), "no interface is named", CURE);
            return None;
        }
        None => {
            checker.refuse(0..0, "`interfaces` is missing", CURE);
            return None;
        }
    };
    let mut names: Vec<(String, &Text)> = Vec::new();
    for text in texts {
        if let Some((name, first)) = names.iter().find(|(name, _)| name == text.get_ref()) {
            let title = format!("the interface {} is named twice", Shown(name));
            let mistake = checker.source.mistake(text.span(), title, "take one of them out");
            checker.mistakes.push(mistake.label("again here").other(
                checker.source,
                first.span(),
                "first here",
            ));
        } else if check_interface(checker, text, checks) {
            names.push((text.get_ref().clone(), text));
        }
    }
    Some(names.into_iter().map(|(name, _)| name).collect())
}

fn check_interface(checker: &mut Checker<'_>, text: &Text, checks: &Checks) -> bool {
    let name = text.get_ref().as_str();
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | ':');
    if name.is_empty() || name.len() > MAX_INTERFACE || matches!(name, "." | "..") || name.contains(odd) {
        let title = format!("{} cannot be the name of an interface", Shown(name));
        checker.refuse(
            text.span(),
            title,
            "write a name as `ip link` shows it, without `@` and what follows",
        );
        return false;
    }
    let Some(there) = &checks.interfaces else { return true };
    if there.iter().any(|known| known == name) {
        return true;
    }
    let cure = did_you_mean(name, "interfaces", there.iter().map(String::as_str));
    let cure = format!("{cure}; or run `gateway check --skip-interfaces` on another machine");
    let mistake = checker.source.mistake(text.span(), format!("there is no interface {}", Shown(name)), cure);
    checker.mistakes.push(mistake.label("not on this machine"));
    false
}

fn check_folder(
    checker: &mut Checker<'_>,
    reading: &Reading<RawConfig>,
    mistakes_of_policies: &mut Vec<Mistake>,
) -> (Option<PathBuf>, Folder) {
    let Some(text) = &reading.raw.policies else {
        if !reading.was_struck(None, "policies") {
            let cure = "write policies = \"policies\", the folder of the policies, above the first [table]";
            checker.refuse(0..0, "`policies` is missing", cure);
        }
        return (None, Folder::unknown());
    };
    let path = beside(checker.source.path(), text.get_ref());
    let folder = match Folder::read(&path, mistakes_of_policies) {
        Ok(folder) => folder,
        Err(error) => {
            let title = format!("the folder {} cannot be read: {error}", Shown(&path.to_string_lossy()));
            let cure = "create the folder, or name another; the path counts from the folder of this file";
            checker.refuse(text.span(), title, cure);
            return (None, Folder::unknown());
        }
    };
    if folder.files > MAX_POLICIES {
        let title =
            format!("the folder holds {} policies, {} too many", folder.files, folder.files - MAX_POLICIES);
        let cure =
            format!("keep at most {MAX_POLICIES} *.toml files: put policies together, or take some away");
        checker.refuse(text.span(), title, cure);
    }
    (Some(path), folder)
}

pub(super) fn absolute(checker: &mut Checker<'_>, key: &str, text: &Text) -> Option<PathBuf> {
    absolute_or(checker, text, format!("write {key} = \"/…\", from the root on"))
}

/// A path from the root on, or a mistake with this cure.
pub(super) fn absolute_or(checker: &mut Checker<'_>, text: &Text, cure: String) -> Option<PathBuf> {
    let path = text.get_ref();
    if !path.starts_with('/') || path.contains(char::is_control) {
        let title = format!("{} is not an absolute path", Shown(path));
        checker.refuse(text.span(), title, cure);
        return None;
    }
    Some(PathBuf::from(path))
}

fn check_socket(checker: &mut Checker<'_>, text: &Text) -> Option<PathBuf> {
    let path = absolute(checker, "socket", text)?;
    if text.get_ref().len() > MAX_SOCKET {
        let title =
            format!("the path has {} bytes; that of a socket has at most {MAX_SOCKET}", text.get_ref().len());
        checker.refuse(text.span(), title, format!("write a shorter one, such as \"{DEFAULT_SOCKET}\""));
        return None;
    }
    Some(path)
}

fn check_listen(checker: &mut Checker<'_>, text: &Text) -> Option<SocketAddr> {
    let address = text.get_ref().parse().ok();
    if address.is_none() {
        let title = format!("{} is not an address with a port", Shown(text.get_ref()));
        checker.refuse(
            text.span(),
            title,
            format!("write listen = \"{DEFAULT_LISTEN}\", or \"[::1]:9469\" for IPv6"),
        );
    }
    address
}

/// Servers by their addresses, with a port or with that of DNS.
fn check_servers(checker: &mut Checker<'_>, texts: &[Text]) -> Vec<SocketAddr> {
    let address = |text: &str| {
        text.parse().ok().or_else(|| Some(SocketAddr::new(text.parse::<IpAddr>().ok()?, DNS_PORT)))
    };
    let mut servers = Vec::new();
    for text in texts {
        match address(text.get_ref()) {
            Some(server) => servers.push(server),
            None => {
                let title = format!("{} is not the address of a server", Shown(text.get_ref()));
                let cure = "write an address, such as \"192.0.2.53\", \"192.0.2.53:5353\" or \"[2001:db8::53]:5353\"";
                checker.refuse(text.span(), title, cure);
            }
        }
    }
    servers
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
