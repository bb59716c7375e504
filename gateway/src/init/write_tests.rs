//! All of it or nothing.

use std::borrow::Cow;

use super::*;

const CONFIG: &str = "interfaces = [\"lan1\"]\npolicies = \"policies\"\n[defaults]\npolicies = [\"a\"]\n";

fn policy(name: &str, text: &'static str) -> Copy {
    Copy { file: OsString::from(format!("{name}.toml")), text: Cow::Borrowed(text) }
}

fn put(config: &Path, text: &str, policies: &[&Copy], force: bool) -> Result<Written, WriteError> {
    write(config, text, policies, force, &Checks::without_interfaces())
}

/// Everything below the folder, with what files say.
fn contents(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.push((path.clone(), fs::read_to_string(&path).unwrap_or_default()));
        if path.is_dir() {
            found.extend(contents(&path));
        }
    }
    found.sort();
    found
}

#[test]
fn folders_policies_and_configuration_are_made_and_others_may_read_them() {
    let root = tempfile::tempdir().unwrap();
    let config = root.path().join("etc/gateway/gateway.toml");
    let written = put(&config, CONFIG, &[&policy("a", "name = \"a\"\n")], false).unwrap();
    let copied = root.path().join("etc/gateway/policies/a.toml");
    assert_eq!(written, Written { policies: vec![copied.clone()], backup: None });
    assert_eq!(fs::read_to_string(&config).unwrap(), CONFIG);
    let files: Vec<_> =
        contents(root.path()).into_iter().map(|(path, _)| path).filter(|path| path.is_file()).collect();
    assert_eq!(files, [config.clone(), copied]);
    let mode = fs::metadata(&config).unwrap().permissions().mode();
    assert_eq!(mode & 0o700, 0o600, "{mode:o}");
    assert!(Config::load(&config, &Checks::without_interfaces()).is_ok());
}

#[test]
fn a_configuration_that_is_there_stays_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    let config = root.path().join("gateway.toml");
    fs::write(&config, "mine").unwrap();
    let before = contents(root.path());
    let error = put(&config, CONFIG, &[&policy("a", "name = \"a\"\n")], false).unwrap_err();
    assert!(
        error.to_string().ends_with("is there already; --force writes a new one and keeps that as a backup")
    );
    assert_eq!(contents(root.path()), before);

    // So does a link that leads nowhere.
    fs::remove_file(&config).unwrap();
    std::os::unix::fs::symlink("nowhere", &config).unwrap();
    assert!(matches!(put(&config, CONFIG, &[], false), Err(WriteError::Exists(_))));
}

#[test]
fn with_force_the_configuration_is_replaced_and_kept_as_a_backup() {
    let root = tempfile::tempdir().unwrap();
    let config = root.path().join("gateway.toml");
    for old in ["first", "second"] {
        fs::write(&config, old).unwrap();
        fs::remove_dir_all(root.path().join("policies")).unwrap_or_default();
        let written = put(&config, CONFIG, &[&policy("a", "name = \"a\"\n")], true).unwrap();
        let backup = root.path().join("gateway.toml.bak");
        assert_eq!(written.backup, Some(backup.clone()));
        assert_eq!(fs::read_to_string(backup).unwrap(), old);
        assert_eq!(fs::read_to_string(&config).unwrap(), CONFIG);
    }
}

#[test]
fn with_mistakes_in_what_would_be_there_nothing_is_left_behind() {
    let root = tempfile::tempdir().unwrap();
    let config = root.path().join("etc/gateway/gateway.toml");
    let broken = policy("b", "name = 7\n");
    let error =
        put(&config, CONFIG, &[&policy("a", "name = \"a\"\n"), &broken], false).unwrap_err().to_string();
    assert!(error.contains("b.toml:1:8: error: ") && error.ends_with("\nnothing was written"), "{error}");
    assert_eq!(contents(root.path()), []);

    // A policy that was there before, and the configuration with it.
    fs::create_dir_all(root.path().join("policies")).unwrap();
    fs::write(root.path().join("policies/mine.toml"), "name = \"a\"\n").unwrap();
    fs::write(root.path().join("gateway.toml"), "old").unwrap();
    let before = contents(root.path());
    let config = root.path().join("gateway.toml");
    let error = put(&config, CONFIG, &[&policy("a", "name = \"a\"\n")], true).unwrap_err();
    assert!(matches!(error, WriteError::Mistakes(_)), "{error}");
    assert_eq!(contents(root.path()), before);
}

#[test]
fn a_file_of_the_same_name_as_a_policy_stays_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("policies")).unwrap();
    fs::write(root.path().join("policies/a.toml"), "name = \"mine\"\n").unwrap();
    let before = contents(root.path());
    let error = put(&root.path().join("gateway.toml"), CONFIG, &[&policy("a", "name = \"a\"\n")], false);
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("cannot write ") && error.ends_with("policies/a.toml"), "{error}");
    assert_eq!(contents(root.path()), before);
}

#[test]
fn what_cannot_be_written_is_told_with_its_place() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), "").unwrap();
    let error = put(&root.path().join("file/gateway.toml"), CONFIG, &[], false).unwrap_err().to_string();
    assert!(error.starts_with("cannot write ") && error.contains("/file/"), "{error}");
    let folder = root.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let error = put(&folder, CONFIG.replace("[\"a\"]", "[]").as_str(), &[], true).unwrap_err().to_string();
    assert!(error.ends_with("/folder"), "{error}");
    assert_eq!(contents(&folder), []);
    assert!(!root.path().join("policies").exists());
}

#[test]
fn a_name_without_a_folder_is_one_in_the_folder_of_now() {
    assert_eq!(parent(Path::new("gateway.toml")), Path::new("."));
    assert_eq!(folder_of(Path::new("gateway.toml")), Path::new("policies"));
    assert_eq!(folder_of(Path::new("/etc/gateway/gateway.toml")), Path::new("/etc/gateway/policies"));
}
