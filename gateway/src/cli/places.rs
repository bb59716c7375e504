//! Where things are: the configuration, and of the running filter the folder of pins and the control socket.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::policy::{Checks, Config, DEFAULT_PIN, DEFAULT_SOCKET, DEFAULT_STATE, NameFiles};
use crate::present::pauses::Pauses;

/// Where the configuration is if nothing else is said.
pub const DEFAULT_CONFIG: &str = "/etc/gateway/gateway.toml";

/// The option that every command has which talks to the filter.
#[derive(Debug, clap::Args)]
pub struct ConfigArg {
    /// Configuration file of the filter
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    pub config: PathBuf,
}

impl ConfigArg {
    /// The configuration, or nothing if it has mistakes, which are told. It may be that of another machine: the interfaces are
    /// not asked for.
    ///
    /// # Errors
    /// If standard error takes nothing.
    pub fn load_for_any_machine(&self) -> io::Result<Option<Config>> {
        match Config::load(&self.config, &Checks::without_interfaces()) {
            Ok(config) => Ok(Some(config)),
            Err(mistakes) => {
                writeln!(io::stderr().lock(), "{mistakes}")?;
                Ok(None)
            }
        }
    }
}

/// A few keys of the configuration, read without a look at the rest: whoever wants to see or remove the filter can do so
/// while the configuration or a policy is broken.
#[derive(Debug, PartialEq, Eq)]
pub struct Places {
    /// Folder of pins.
    pub pin: PathBuf,
    /// Control socket.
    pub socket: PathBuf,
    /// Folder of what outlives the daemon.
    pub state: PathBuf,
    /// Files that tell of devices.
    pub names: NameFiles,
}

impl Places {
    /// Reads them from `file`. Without the default file, the defaults hold.
    ///
    /// # Errors
    /// If a file that was named cannot be read, or the file is no TOML at all.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && file == Path::new(DEFAULT_CONFIG) => {
                String::new()
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        };
        let table: toml::Table = toml::from_str(&text)
            .with_context(|| format!("{} is no TOML; run `gateway check`", file.display()))?;
        let at_top =
            |key: &str, default| table.get(key).and_then(toml::Value::as_str).unwrap_or(default).into();
        let control = table.get("control").and_then(toml::Value::as_table);
        let socket = control
            .and_then(|control| control.get("socket"))
            .and_then(toml::Value::as_str)
            .unwrap_or(DEFAULT_SOCKET);
        let names = table.get("names").and_then(toml::Value::as_table);
        Ok(Self {
            names: names.map(names_of).unwrap_or_default(),
            pin: at_top("pin", DEFAULT_PIN),
            socket: socket.into(),
            state: at_top("state", DEFAULT_STATE),
        })
    }

    /// The pauses that the daemon has written down. If they cannot be read, that is told, and what else there is to see
    /// can be seen.
    pub fn pauses(&self) -> Pauses {
        Pauses::read(&self.state).unwrap_or_else(|error| {
            eprintln!("gateway: cannot read who is paused, in {}: {error}", self.state.display());
            Pauses::default()
        })
    }
}

/// What `[names]` says, as far as it can be made out.
fn names_of(names: &toml::Table) -> NameFiles {
    let leases = names.get("leases").and_then(toml::Value::as_array);
    let paths = leases.into_iter().flatten().filter_map(toml::Value::as_str);
    NameFiles {
        leases: paths.map(PathBuf::from).collect(),
        vendors: names.get("vendors").and_then(toml::Value::as_str).map(PathBuf::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_with_mistakes_elsewhere_still_says_where_the_filter_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gateway.toml");
        fs::write(&file, "pin = \"/sys/fs/bpf/x\"\nnonsense = 1\n[control]\nsocket = \"/tmp/s\"\n[names]\nleases = [1, \"/l\"]\nvendors = \"/v\"\n").unwrap();
        let places = Places::read(&file).unwrap();
        let state = DEFAULT_STATE.into();
        let names = NameFiles { leases: vec!["/l".into()], vendors: Some("/v".into()) };
        assert_eq!(places, Places { pin: "/sys/fs/bpf/x".into(), socket: "/tmp/s".into(), state, names });
    }

    #[test]
    fn a_named_file_that_is_not_there_is_an_error() {
        assert!(Places::read(Path::new("/nonexistent/gateway.toml")).is_err());
    }
}
