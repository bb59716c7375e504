//! What ships is compiled in, and what is in the folder comes first.

use super::*;

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies")
}

#[test]
fn every_policy_that_ships_is_compiled_in_as_it_is() {
    let compiled_in = Catalogue::read(None, Path::new("/nonexistent")).unwrap();
    let in_folder = Catalogue::read(Some(&shipped()), Path::new("/nonexistent")).unwrap();
    assert!(!in_folder.0.is_empty());
    assert_eq!(compiled_in, in_folder);
}

#[test]
fn a_policy_in_the_folder_comes_before_one_that_ships_with_its_name_and_is_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tv.toml"), "name = \"roku\"\nabout = \"mine\"\n").unwrap();
    fs::write(folder.path().join("a.toml"), "name = \"zoo\"\n").unwrap();
    fs::write(folder.path().join("broken.toml"), "name = [").unwrap();
    let catalogue = Catalogue::read(None, folder.path()).unwrap();
    assert_eq!(catalogue.0.len(), SHIPPED.len() + 1);
    let offer = |name: &str| catalogue.0.iter().find(|offer| offer.name == name).unwrap();
    assert_eq!((offer("roku").about.as_str(), &offer("roku").copy), ("mine", &None));
    assert_eq!(offer("zoo").copy, None);
    assert!(offer("lg-tv").copy.is_some());
}

#[test]
fn a_folder_that_was_named_and_is_not_there_is_told() {
    let error = Catalogue::read(Some(Path::new("/nonexistent")), Path::new("/nonexistent")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read the policies in /nonexistent");
}
