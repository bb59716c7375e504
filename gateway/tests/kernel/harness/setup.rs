//! A configuration from a few lines.

use std::fmt::Write as _;
use std::fs;

use gateway::policy::{Checks, Config};
use gateway_common::wire::MacAddr;
use tempfile::TempDir;

/// The device of most tests.
pub const PHONE: MacAddr = MacAddr([0x8c, 0xbe, 0xbe, 0x12, 0x34, 0x56]);
/// A device beside it.
pub const TV: MacAddr = MacAddr([0x00, 0x1b, 0x63, 0xaa, 0xbb, 0xcc]);
/// One more.
pub const LAPTOP: MacAddr = MacAddr([0x3c, 0x22, 0xfb, 0x01, 0x02, 0x03]);
/// A device that no configuration lists.
pub const STRANGER: MacAddr = MacAddr([0x02, 0x00, 0x5e, 0x10, 0x00, 0x01]);

/// Devices and policies. Policies get their numbers in the order in which they are given.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    policies: Vec<String>,
    devices: String,
    defaults: Vec<String>,
    track: usize,
}

impl Setup {
    /// Nobody and nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The device `phone` with one policy `p`; `text` is the policy's file without its name.
    pub fn phone(text: &str) -> Self {
        Self::new().policy("p", text).device("phone", PHONE, &["p"])
    }

    /// A policy; `text` is its file without its name.
    pub fn policy(mut self, name: &str, text: &str) -> Self {
        self.policies.push(format!("name = {name:?}\n{text}\n"));
        self
    }

    /// A device with these policies.
    pub fn device(self, name: &str, mac: MacAddr, policies: &[&str]) -> Self {
        self.devices(name, &mac.to_string(), policies)
    }

    /// Likewise all whose address begins like this.
    pub fn devices(mut self, name: &str, mac: &str, policies: &[&str]) -> Self {
        writeln!(self.devices, "[[device]]\nname = {name:?}\nmac = \"{mac}\"\npolicies = {policies:?}")
            .unwrap();
        self
    }

    /// Policies of devices that are not listed.
    pub fn defaults(mut self, policies: &[&str]) -> Self {
        self.defaults.extend(policies.iter().map(|policy| String::from(*policy)));
        self
    }

    /// How many devices that are not listed are counted on their own.
    pub fn track(self, track: usize) -> Self {
        Self { track, ..self }
    }

    /// The configuration, written to files and read back as the daemon reads it.
    pub fn config(&self) -> Config {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("gateway.toml");
        let Self { policies, devices, defaults, track } = self;
        let head = "interfaces = [\"lo\"]\npolicies = \"policies\"";
        fs::write(&path, format!("{head}\n[defaults]\npolicies = {defaults:?}\ntrack = {track}\n{devices}"))
            .unwrap();
        fs::create_dir(folder.path().join("policies")).unwrap();
        for (n, policy) in policies.iter().enumerate() {
            fs::write(folder.path().join(format!("policies/{n:02}.toml")), policy).unwrap();
        }
        Config::load(&path, &Checks::without_interfaces()).unwrap_or_else(|mistakes| panic!("{mistakes}"))
    }
}
