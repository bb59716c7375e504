//! For tests: configurations and tables from a few lines of text.

use super::{Checks, Compiled, Config, Numbers};

/// Loads a configuration, given without its required keys, and the policies from their texts.
pub(crate) fn config(text: &str, policies: &[&str]) -> Config {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("gateway.toml");
    std::fs::write(&path, format!("interfaces = [\"lo\"]\npolicies = \"policies\"\n{text}")).unwrap();
    std::fs::create_dir(folder.path().join("policies")).unwrap();
    for (n, policy) in policies.iter().enumerate() {
        std::fs::write(folder.path().join(format!("policies/{n:02}.toml")), policy).unwrap();
    }
    Config::load(&path, &Checks::without_interfaces()).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// The tables of such a configuration.
pub(crate) fn compiled(text: &str, policies: &[&str]) -> Compiled {
    let config = config(text, policies);
    let numbers = Numbers::default().assign(&config).unwrap();
    Compiled::new(&config, numbers, 0).unwrap()
}
