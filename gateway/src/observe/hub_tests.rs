//! Events on their way to all who listen.

use super::*;
use crate::observe::testing::{HARMLESS, HOSTILE, event};

const SEED: u64 = 42;

fn take(hub: &Hub, name: &[u8]) {
    hub.take(&event(name), &Labels::default(), BootClock::read(), SEED);
}

#[test]
fn a_name_that_means_harm_is_harmless_and_readable_for_everyone_who_asks() {
    let hub = Hub::default();
    let (_, mut to_come) = hub.listen();
    take(&hub, HOSTILE);
    let (kept, _) = hub.listen();
    for record in [&kept[0], &to_come.try_recv().unwrap()] {
        assert_eq!(record.name.as_deref(), Some(HARMLESS));
        let printable = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        assert!(record.line().contains(HARMLESS) && printable(&record.line()), "{}", record.line());
        let json = serde_json::to_string(&**record).unwrap();
        assert!(printable(&json), "{json}");
        assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), **record);
    }
    assert_eq!(hub.hosts().view(1).hosts[0].name, HARMLESS);
    assert_eq!(hub.dictionary().name(hash(SEED, HOSTILE)).as_deref(), Some(HARMLESS));
}

#[test]
fn a_name_that_looks_like_an_escaped_one_is_another() {
    let hub = Hub::default();
    take(&hub, b"\xff.example");
    take(&hub, b"\\xff.example");
    let names: Vec<String> = hub.hosts().view(9).hosts.into_iter().map(|host| host.name).collect();
    assert_eq!(names.len(), 2);
    assert!(names.contains(&r"\xff.example".to_owned()) && names.contains(&r"\x5cxff.example".to_owned()));
}

#[test]
fn the_last_events_are_kept() {
    let hub = Hub::default();
    (0..KEPT + 5).for_each(|number| take(&hub, number.to_string().as_bytes()));
    let (kept, _) = hub.listen();
    assert_eq!(kept.len(), KEPT);
    assert_eq!((kept[0].name.as_deref(), kept[KEPT - 1].name.as_deref()), (Some("5"), Some("1004")));
}

#[test]
fn an_event_that_cannot_be_one_is_told_to_nobody() {
    let hub = Hub::default();
    let nonsense = Event { action: 200, ..event(b"a.example") };
    hub.take(&nonsense, &Labels::default(), BootClock::read(), SEED);
    assert!(hub.listen().0.is_empty());
    assert_eq!(hub.dictionary().name(hash(SEED, b"a.example")), None);
}
