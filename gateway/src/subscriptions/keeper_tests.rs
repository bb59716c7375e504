//! Lists from servers on the loopback, through outages, restarts and bad days of their publishers.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::lists::server::{Server, ok, send, wait_for_the_end};
use crate::policy::Checks;

/// A configuration with policies `p0`, `p1`, …, each with these lists.
struct Site(TempDir);

impl Site {
    fn new(lists: &[&str]) -> Self {
        let site = Self(TempDir::new().unwrap());
        fs::create_dir(site.path("policies")).unwrap();
        site.subscribe(lists);
        site
    }

    fn subscribe(&self, lists: &[&str]) {
        for (number, list) in lists.iter().enumerate() {
            let text = format!("name = \"p{number}\"\n[[list]]\n{list}\nmatch = \"hosts\"\n");
            fs::write(self.path("policies").join(format!("p{number}.toml")), text).unwrap();
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn config(&self) -> Config {
        let cache = self.path("cache");
        let text = format!("interfaces = [\"lo\"]\npolicies = \"policies\"\nlists.cache = {cache:?}\n");
        fs::write(self.path("gateway.toml"), text).unwrap();
        Config::load(&self.path("gateway.toml"), &Checks::without_interfaces()).unwrap()
    }

    /// A daemon that starts.
    fn keeper(&self) -> Keeper {
        self.keeper_with(Limits::default())
    }

    fn keeper_with(&self, limits: Limits) -> Keeper {
        let keeper = Keeper::new(limits, Trust::Only(Vec::new()));
        keeper.follow(&self.config());
        keeper.count();
        keeper
    }

    /// What a policy's list would block.
    fn copy(&self, url: &str) -> Option<String> {
        let copy = Store::new(self.path("cache")).open(&Source::Url(url.to_owned())).unwrap();
        copy.map(|file| io::read_to_string(file).unwrap())
    }
}

fn of_url(server: &Server) -> String {
    format!("url = \"{}\"", server.url())
}

fn names(count: usize) -> String {
    (0..count).map(|n| format!("0.0.0.0 n{n}.example.org\n")).collect()
}

fn round(keeper: &Keeper, which: Which) -> Round {
    let round = keeper.round(which);
    keeper.count();
    round
}

fn row(keeper: &Keeper) -> Row {
    keeper.rows().remove(0)
}

#[test]
fn a_list_is_empty_until_it_comes_and_then_has_its_numbers() {
    let server = Server::with_text(&(names(5) + "not a \u{1b}[31mline\n"));
    let site = Site::new(&[&of_url(&server)]);
    let keeper = site.keeper();
    let before = row(&keeper);
    assert_eq!(
        (before.entries, before.age_seconds, before.next_seconds, before.format),
        (0, None, Some(0), None)
    );
    let outcome = round(&keeper, Which::Due);
    assert!(outcome.has_changed());
    let after = row(&keeper);
    assert_eq!((after.policy.as_str(), after.list), ("p0", server.url()));
    assert_eq!((after.entries, after.skipped_lines, after.errors, after.last_error), (5, 1, 0, None));
    assert_eq!(after.format.as_deref(), Some("hosts"));
    assert!(after.age_seconds.unwrap() < 60 && after.next_seconds.unwrap() > 86_000);
    assert_eq!((after.examples[0].line, after.examples[0].text.as_str()), (6, "not a \\u{1b}[31mline"));
}

#[test]
fn a_copy_survives_a_restart_with_its_age_and_is_not_fetched_before_its_time() {
    let server = Server::with_text(&names(3));
    let site = Site::new(&[&of_url(&server)]);
    round(&site.keeper(), Which::Due);
    let again = site.keeper();
    assert_eq!(row(&again).entries, 3);
    assert!(row(&again).age_seconds.is_some());
    assert!(round(&again, Which::Due).outcomes.is_empty());
    assert!(again.pause(Duration::from_secs(60)) == Duration::from_secs(60));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_list_that_has_not_changed_changes_nothing_with_and_without_validators() {
    let server = Server::new(|head, wire| {
        if head.contains("if-none-match: \"1\"") {
            send(wire, b"HTTP/1.1 304 Not Modified\r\n\r\n");
        } else {
            send(wire, &ok("etag: \"1\"\r\n", names(3).as_bytes()));
        }
    });
    let site = Site::new(&[&of_url(&server)]);
    round(&site.keeper(), Which::Due);
    let keeper = site.keeper();
    let all = Which::All { force: false };
    let unchanged = round(&keeper, all);
    assert_eq!((unchanged.has_changed(), unchanged.outcomes[0].entries), (false, Some(3)));
    server.turn_to(&names(3));
    assert!(!round(&keeper, all).has_changed(), "the same once more");
    server.turn_to(&names(4));
    assert!(round(&keeper, all).has_changed());
    assert_eq!(row(&keeper).entries, 4);
}

#[test]
fn through_every_failure_the_last_good_copy_stays_and_the_error_is_shown() {
    let server = Server::with_text(&names(100));
    let site = Site::new(&[&of_url(&server)]);
    let keeper = site.keeper();
    round(&keeper, Which::Due);
    let failures: [(&str, Vec<u8>); 6] = [
        ("500", b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n".to_vec()),
        ("web page", ok("", b"<!doctype html><p>Please log in")),
        ("no rule", ok("", b"# Title: nothing\n")),
        ("only 10 rules", ok("", names(10).as_bytes())),
        (
            "read to its end",
            b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0.0.0.0 x.example.org\n".to_vec(),
        ),
        (
            "redirects more",
            b"HTTP/1.1 302 Found\r\nlocation: /list.txt\r\ncontent-length: 0\r\n\r\n".to_vec(),
        ),
    ];
    for (count, (words, response)) in (1..).zip(failures) {
        server.turn(move |_, wire| send(wire, &response));
        assert!(!round(&keeper, Which::All { force: false }).has_changed());
        let row = row(&keeper);
        assert!(row.last_error.as_ref().unwrap().contains(words), "{words}: {row:?}");
        assert_eq!((row.entries, row.errors), (100, count));
        assert_eq!(site.copy(&server.url()).unwrap(), names(100));
        assert!(round(&keeper, Which::Due).outcomes.is_empty(), "not again at once");
    }
    assert_eq!(row(&site.keeper()).errors, 6, "counted over restarts");
    server.turn_to(&names(90));
    assert!(round(&keeper, Which::All { force: false }).has_changed());
    assert_eq!((row(&keeper).last_error, row(&keeper).entries), (None, 90));
}

#[test]
fn a_list_that_is_suddenly_tiny_is_taken_by_force() {
    let server = Server::with_text(&names(100));
    let site = Site::new(&[&of_url(&server)]);
    let keeper = site.keeper();
    round(&keeper, Which::Due);
    server.turn_to(&names(2));
    assert!(!round(&keeper, Which::All { force: false }).has_changed());
    assert!(round(&keeper, Which::All { force: true }).has_changed());
    assert_eq!(row(&keeper).entries, 2);
}

#[test]
fn while_a_server_is_silent_everything_else_is_told_and_fetched() {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = Mutex::new(released);
    let slow = Server::new(move |_, wire| {
        released.lock().unwrap().recv().unwrap();
        send(wire, &ok("", names(1).as_bytes()));
    });
    let fast = Server::with_text(&names(2));
    let site = Site::new(&[&of_url(&slow), &of_url(&fast)]);
    let keeper = Keeper::new(Limits::default(), Trust::Only(Vec::new()));
    keeper.follow(&site.config());
    thread::scope(|scope| {
        let round = scope.spawn(|| keeper.round(Which::Due));
        while site.copy(&fast.url()).is_none() {
            thread::yield_now();
        }
        assert!(!round.is_finished());
        assert_eq!(keeper.rows().len(), 2);
        keeper.follow(&site.config());
        release.send(()).unwrap();
        assert_eq!(round.join().unwrap().outcomes.len(), 2);
    });
}

#[test]
fn a_server_that_hangs_is_left() {
    let server = Server::new(|_, wire| wait_for_the_end(wire));
    let site = Site::new(&[&of_url(&server)]);
    let keeper = site.keeper_with(Limits { silence: Duration::from_millis(50), ..Limits::default() });
    round(&keeper, Which::Due);
    assert!(row(&keeper).last_error.unwrap().contains("too long"));
    assert_eq!(row(&keeper).age_seconds, None);
}

#[test]
fn a_full_disk_is_told_and_the_copy_stays() {
    let server = Server::with_text(&names(3));
    let site = Site::new(&[&of_url(&server)]);
    let keeper = site.keeper();
    round(&keeper, Which::Due);
    let copy = fs::read_dir(site.path("cache")).unwrap().map(|entry| entry.unwrap().path());
    let copy = copy.into_iter().find(|path| path.extension().unwrap() == "list").unwrap();
    for end in ["part", "json.part"] {
        symlink("/dev/full", copy.with_extension(end)).unwrap();
    }
    server.turn_to(&names(4));
    assert!(!round(&keeper, Which::All { force: false }).has_changed());
    let row = row(&keeper);
    assert!(row.last_error.unwrap().contains("No space left"));
    assert_eq!((row.entries, site.copy(&server.url()).unwrap()), (3, names(3)));
}

#[test]
fn a_cache_that_cannot_be_made_is_an_error_of_the_list_and_of_nothing_else() {
    let server = Server::with_text(&names(3));
    let site = Site::new(&[&of_url(&server)]);
    fs::write(site.path("cache"), "a file").unwrap();
    let keeper = site.keeper();
    round(&keeper, Which::Due);
    assert!(row(&keeper).last_error.unwrap().contains("cannot keep the copy"));
}

#[test]
fn a_list_of_two_policies_is_fetched_once_as_often_as_the_more_eager_one_asks() {
    let server = Server::with_text(&names(3));
    let list = of_url(&server);
    let site = Site::new(&[&format!("{list}\nrefresh = \"1w\""), &format!("{list}\nrefresh = \"1h\"")]);
    let keeper = site.keeper();
    round(&keeper, Which::Due);
    assert_eq!(server.requests().len(), 1);
    let rows = keeper.rows();
    assert_eq!(
        rows.iter().map(|row| (row.policy.as_str(), row.entries)).collect::<Vec<_>>(),
        [("p0", 3), ("p1", 3)]
    );
    assert!(rows.iter().all(|row| row.next_seconds.unwrap() <= 3600 + 360), "{rows:?}");
}

#[test]
fn a_list_that_nobody_follows_any_more_is_not_shown_and_not_fetched() {
    let (one, two) = (Server::with_text(&names(1)), Server::with_text(&names(2)));
    let site = Site::new(&[&of_url(&one)]);
    let keeper = site.keeper();
    round(&keeper, Which::Due);
    site.subscribe(&[&of_url(&two)]);
    keeper.follow(&site.config());
    round(&keeper, Which::Due);
    assert_eq!((keeper.rows().len(), row(&keeper).entries), (1, 2));
    assert_eq!((one.requests().len(), two.requests().len()), (1, 1));
}

#[test]
fn a_file_of_this_machine_has_numbers_too_and_is_looked_at_again() {
    let site = Site::new(&["path = \"../own.txt\""; 0]);
    fs::write(site.path("own.txt"), names(3)).unwrap();
    site.subscribe(&["path = \"../own.txt\""]);
    let keeper = site.keeper();
    assert!(!round(&keeper, Which::Due).has_changed());
    assert!(round(&keeper, Which::Due).outcomes.is_empty(), "not before its time");
    fs::write(site.path("own.txt"), names(4)).unwrap();
    assert!(round(&keeper, Which::All { force: false }).has_changed());
    let row = row(&keeper);
    assert_eq!((row.entries, row.next_seconds), (4, None));
    assert!(row.age_seconds.unwrap() < 60);
    fs::remove_file(site.path("own.txt")).unwrap();
    let gone = round(&keeper, Which::All { force: false });
    assert!(gone.outcomes[0].error.is_some());
    assert!(keeper.rows()[0].last_error.is_some());
}
