//! The last good copy stays, whatever happens to the disk.

use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

const URL: &str = "https://example.org/lists/ads.txt?format=hosts";

/// The name of its files, less the end.
const STEM: &str = "example.org_lists_ads.txt-a820d52695eca3bf";

fn store() -> (TempDir, Store) {
    let folder = TempDir::new().unwrap();
    let store = Store::new(folder.path().join("deep/cache"));
    (folder, store)
}

fn keep(store: &Store, url: &str, text: &str) {
    let mut draft = store.draft(url).unwrap();
    draft.write_all(text.as_bytes()).unwrap();
    store.keep(url, &draft).unwrap();
}

fn text(store: &Store, url: &str) -> Option<String> {
    let file = store.open(&Source::Url(url.to_owned())).unwrap();
    file.map(|file| io::read_to_string(file).unwrap())
}

fn files(store: &Store) -> Vec<String> {
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = fs::read_dir(&store.folder).unwrap().map(name).collect();
    names.sort();
    names
}

fn make_old(path: &Path) {
    let year_2020 = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_577_836_800);
    File::options().append(true).open(path).unwrap().set_modified(year_2020).unwrap();
}

#[test]
fn a_copy_is_there_once_it_is_kept_and_not_before() {
    let (_folder, store) = store();
    assert_eq!(text(&store, URL), None);
    let mut draft = store.draft(URL).unwrap();
    draft.write_all(b"old").unwrap();
    assert_eq!(text(&store, URL), None);
    store.keep(URL, &draft).unwrap();
    drop(draft);
    assert_eq!(text(&store, URL).unwrap(), "old");
    store.draft(URL).unwrap().write_all(b"half of the n").unwrap();
    assert_eq!(text(&store, URL).unwrap(), "old");
    assert_eq!(files(&store), [format!("{STEM}.list")]);
}

#[test]
fn whoever_reads_the_old_copy_reads_it_to_its_end() {
    let (_folder, store) = store();
    keep(&store, URL, "old");
    let old = store.open(&Source::Url(URL.to_owned())).unwrap().unwrap();
    keep(&store, URL, "another");
    assert_eq!(io::read_to_string(old).unwrap(), "old");
    assert_eq!(text(&store, URL).unwrap(), "another");
}

#[test]
fn two_urls_have_two_copies_however_alike_they_are() {
    let (_folder, store) = store();
    let others = ["https://example.org/lists/ads.txt", "http://example.org/lists/ads.txt?format=hosts"];
    keep(&store, URL, URL);
    others.iter().for_each(|url| keep(&store, url, url));
    assert_eq!(text(&store, URL).unwrap(), URL);
    others.iter().for_each(|url| assert_eq!(text(&store, url).unwrap(), *url));
}

#[test]
fn a_name_of_a_file_is_plain_whatever_the_url() {
    let long = format!("https://example.org/../..//\u{1b}[31m/{}", "x".repeat(5000));
    let stem = stem(&long);
    assert!(stem.len() < 100 && !stem.contains(['/', '\u{1b}']), "{stem}");
    assert!(parts(Path::new(&format!("/c/{stem}.list"))).is_some());
}

#[test]
fn a_note_is_read_as_it_was_kept() {
    let (_folder, store) = store();
    keep(&store, URL, "x");
    let mut note = Note::new(URL);
    note.confirm(1_700_000_000);
    note.fetched_at = Some(1_600_000_000);
    note.validators.etag = Some("\"x\"".to_owned());
    note.fail(1_700_000_100, "broken".to_owned());
    store.keep_note(&note).unwrap();
    assert_eq!(store.note(URL), note);
    assert_eq!(files(&store), [format!("{STEM}.json"), format!("{STEM}.list")]);
}

#[test]
fn a_damaged_note_costs_a_fetch_and_not_the_copy() {
    let (_folder, store) = store();
    keep(&store, URL, "x");
    make_old(&store.path(URL, COPY));
    for damage in ["", "{", "[]", "{\"url\": \"https://another/\"}", "{\"failures\": -1}", "\u{0}\u{0}"] {
        fs::write(store.path(URL, NOTE), damage).unwrap();
        let at = Some(1_577_836_800);
        assert_eq!(store.note(URL), Note { fetched_at: at, checked_at: at, ..Note::new(URL) }, "{damage:?}");
    }
    assert_eq!(text(&store, URL).unwrap(), "x");
}

#[test]
fn without_the_copy_the_server_is_not_asked_whether_it_has_changed() {
    let (_folder, store) = store();
    let mut note = Note::new(URL);
    note.fail(1_700_000_000, "broken".to_owned());
    note.confirm(1_700_000_000);
    note.validators.etag = Some("\"x\"".to_owned());
    fs::create_dir_all(&store.folder).unwrap();
    store.keep_note(&note).unwrap();
    assert_eq!(store.note(URL), Note { errors: 1, ..Note::new(URL) });
}

#[test]
fn a_full_disk_leaves_copy_and_note_as_they_were() {
    let (_folder, store) = store();
    keep(&store, URL, "old");
    let note = Note { entries: 7, ..Note::new(URL) };
    store.keep_note(&note).unwrap();
    for end in ["part", "json.part"] {
        symlink("/dev/full", store.folder.join(format!("{STEM}.{end}"))).unwrap();
    }
    let error = store.draft(URL).unwrap().write_all(b"new").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    let error = store.keep_note(&Note { entries: 8, ..note.clone() }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(text(&store, URL).unwrap(), "old");
    assert_eq!(store.note(URL), note);
    assert_eq!(files(&store), [format!("{STEM}.json"), format!("{STEM}.list")]);
}

#[test]
fn what_was_left_half_written_is_swept_away_and_others_files_are_not() {
    let (_folder, store) = store();
    keep(&store, URL, "x");
    let gone = [format!("{STEM}.part"), format!("{STEM}.json.part")];
    let theirs = ["notes.part", "a-b.list", "a-0123456789abcdeX.json", "README"];
    for name in gone.iter().map(String::as_str).chain(theirs) {
        fs::write(store.folder.join(name), "").unwrap();
        make_old(&store.folder.join(name));
    }
    store.sweep([URL].into_iter()).unwrap();
    let files = files(&store);
    assert_eq!(files.len(), theirs.len() + 1, "{files:?}");
    assert!(gone.iter().all(|name| !files.contains(name)));
}

#[test]
fn a_copy_that_nobody_wants_is_kept_for_a_month() {
    let (_folder, store) = store();
    let other = "https://example.org/other";
    for url in [URL, other] {
        keep(&store, url, "x");
        store.keep_note(&Note::new(url)).unwrap();
        make_old(&store.path(url, COPY));
    }
    store.sweep([other].into_iter()).unwrap();
    assert!(text(&store, URL).is_some(), "its note is young");
    for url in [URL, other] {
        make_old(&store.path(url, NOTE));
    }
    store.sweep([other].into_iter()).unwrap();
    assert!(text(&store, URL).is_none());
    assert!(text(&store, other).is_some(), "it is wanted");
}

#[test]
fn a_path_is_opened_where_it_is() {
    let (folder, store) = store();
    let path = folder.path().join("own.txt");
    assert!(store.open(&Source::Path(path.clone())).is_err());
    fs::write(&path, "x").unwrap();
    assert!(store.open(&Source::Path(path)).unwrap().is_some());
}

#[test]
fn files_are_compared_byte_by_byte() {
    let file = |text: &[u8]| {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        io::Seek::rewind(&mut file).unwrap();
        file
    };
    let long = vec![b'x'; 200_000];
    let mut other = long.clone();
    other[150_000] = b'y';
    assert!(is_same(&mut file(&long), &mut file(&long)).unwrap());
    assert!(!is_same(&mut file(&long), &mut file(&other)).unwrap());
    assert!(!is_same(&mut file(&long), &mut file(&long[1..])).unwrap());
}
