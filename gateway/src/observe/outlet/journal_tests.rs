//! What the journal gets.

use std::collections::BTreeMap;
use std::fs;

use super::*;
use crate::observe::testing::{HARMLESS, hostile, record};

/// The fields of a datagram, read as the protocol says.
fn fields(mut entry: &[u8]) -> BTreeMap<String, Vec<String>> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while !entry.is_empty() {
        let end = entry.iter().position(|byte| matches!(byte, b'=' | b'\n')).unwrap();
        let (name, rest) = entry.split_at(end);
        let (value, rest) = if rest[0] == b'=' {
            let rest = &rest[1..];
            rest.split_at(rest.iter().position(|byte| *byte == b'\n').unwrap())
        } else {
            let (length, rest) = rest[1..].split_first_chunk::<8>().unwrap();
            rest.split_at(usize::try_from(u64::from_le_bytes(*length)).unwrap())
        };
        entry = rest.strip_prefix(b"\n").unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        fields.entry(text(name)).or_default().push(text(value));
    }
    fields
}

/// What a journal at a socket gets of a record.
fn received(record: &Record) -> BTreeMap<String, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let socket = UnixDatagram::bind(&path).unwrap();
    let mut journal = Journal::new(path);
    journal.open().unwrap();
    journal.write(record).unwrap();
    let mut entry = [0; 8192];
    let length = socket.recv(&mut entry).unwrap();
    fields(&entry[..length])
}

#[test]
fn an_entry_has_a_message_and_a_field_for_each_part_of_the_event() {
    let fields = received(&Record { vlan: vec![10, 20], ..record() });
    let expected = [
        (
            "MESSAGE",
            "anna-phone  reject by xiaomi-telemetry  api.account.xiaomi.com  (161.117.94.131 tcp/443, tls_sni)",
        ),
        ("PRIORITY", "5"),
        ("SYSLOG_IDENTIFIER", "gateway-events"),
        ("GATEWAY_TIME", "1700000000.25"),
        ("GATEWAY_DEVICE", "anna-phone"),
        ("GATEWAY_MAC", "8c:be:be:12:34:56"),
        ("GATEWAY_PROTO", "tcp"),
        ("GATEWAY_SRC", "192.168.1.5"),
        ("GATEWAY_SPORT", "50322"),
        ("GATEWAY_DST", "161.117.94.131"),
        ("GATEWAY_DPORT", "443"),
        ("GATEWAY_KIND", "tls_sni"),
        ("GATEWAY_NAME", "api.account.xiaomi.com"),
        ("GATEWAY_VERDICT", "reject"),
        ("GATEWAY_POLICY", "xiaomi-telemetry"),
        ("GATEWAY_REASON", "tls_sni"),
    ];
    let mut expected: BTreeMap<String, Vec<String>> =
        expected.map(|(name, value)| (name.to_owned(), vec![value.to_owned()])).into();
    expected.insert("GATEWAY_VLAN".into(), vec!["10".into(), "20".into()]);
    assert_eq!(fields, expected);
}

#[test]
fn what_passes_is_mere_information_and_what_is_absent_is_no_field() {
    let record = Record { verdict: "pass".into(), policy: None, name: None, kind: None, ..record() };
    let fields = received(&record);
    assert_eq!(fields["PRIORITY"], ["6"]);
    assert!(
        fields
            .keys()
            .all(|name| !["GATEWAY_POLICY", "GATEWAY_NAME", "GATEWAY_KIND"].contains(&name.as_str()))
    );
}

#[test]
fn a_value_of_several_lines_cannot_become_a_field_of_its_own() {
    let device = "x\nPRIORITY=0\nMESSAGE=y".to_owned();
    let fields = received(&Record { device: device.clone(), ..record() });
    assert_eq!(fields["GATEWAY_DEVICE"], [device]);
    assert_eq!((fields["PRIORITY"].len(), fields["MESSAGE"].len()), (1, 1));
}

#[test]
fn a_name_that_means_harm_is_harmless_and_readable_in_the_journal() {
    let fields = received(&hostile());
    assert_eq!(fields["GATEWAY_NAME"], [HARMLESS]);
    assert!(fields["MESSAGE"][0].contains(HARMLESS) && !fields["MESSAGE"][0].contains(char::is_control));
}

#[test]
fn without_a_journal_nothing_is_written_and_one_that_comes_again_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let mut journal = Journal::new(path.clone());
    assert!(journal.open().is_err());
    assert!(journal.write(&record()).is_err());
    for _ in 0..2 {
        let socket = UnixDatagram::bind(&path).unwrap();
        journal.write(&record()).unwrap();
        assert!(socket.recv(&mut [0; 8192]).unwrap() > 0);
        fs::remove_file(&path).unwrap();
        drop(socket);
        assert!(journal.write(&record()).is_err());
    }
}
