//! Hellos of rustls, and rustls as the judge of what a server would read.

use std::string::ToString;
use std::sync::Arc;

use proptest::prelude::*;
use rustls::client::ClientConnection;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use super::builder::{parts, records};
use super::cuts::hellos;
use super::*;
use crate::checks::tls::{Server, agreed, server};

const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// The first bytes of a rustls client that connects to `name`.
fn client_hello(
    name: &str,
    versions: &[&'static SupportedProtocolVersion],
    sni: bool,
    alpn: &[&[u8]],
) -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.enable_sni = sni;
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    let name = ServerName::try_from(name.to_string()).unwrap();
    let mut stream = Vec::new();
    ClientConnection::new(Arc::new(config), name).unwrap().write_tls(&mut stream).unwrap();
    stream
}

/// Asserts that of a hello that a server accepts the same is read here.
fn assert_agrees_with_a_server(stream: &[u8]) {
    let ours = read_all(stream);
    match server(stream) {
        Server::Accepts(name) => assert_eq!(ours, agreed(name.as_deref(), &ours)),
        Server::Refuses | Server::Waits => {}
    }
}

/// Asserts the same of bytes that no honest client sent, where being stricter than a server is right too: rustls passes
/// over what follows the first name in a list, which we take for malformed.
fn assert_agrees_with_a_server_or_is_stricter(stream: &[u8]) {
    if read_all(stream) != without_name(Progress::Malformed) {
        assert_agrees_with_a_server(stream);
    }
}

#[test]
fn the_name_in_a_hello_of_rustls_is_read_whatever_versions_and_protocols_it_offers() {
    let name = "api.account.xiaomi.com";
    for versions in [BOTH, &[&TLS12], &[&TLS13]] {
        for alpn in [&[][..], &[b"h2".as_slice(), b"http/1.1"], &[[b'p'; 255].as_slice(); 6]] {
            let stream = client_hello(name, versions, true, alpn);
            assert_eq!(read_all(&stream), named(NAME));
            assert_eq!(server(&stream), Server::Accepts(Some(name.to_string())));
        }
    }
}

#[test]
fn a_hello_of_rustls_without_server_name_is_nameless() {
    for versions in [BOTH, &[&TLS12], &[&TLS13]] {
        for (name, sni) in [("api.account.xiaomi.com", false), ("192.0.2.1", true), ("2001:db8::1", true)] {
            let stream = client_hello(name, versions, sni, &[b"h2"]);
            assert_eq!(read_all(&stream), without_name(Progress::Nameless));
            assert_eq!(server(&stream), Server::Accepts(None));
        }
    }
}

#[test]
fn a_hello_of_rustls_is_read_from_pieces_of_any_size_and_its_prefixes_are_hungry() {
    for versions in [BOTH, &[&TLS12], &[&TLS13]] {
        let stream = client_hello("api.account.xiaomi.com", versions, true, &[b"h2"]);
        let begin = stream.windows(NAME.len()).position(|window| window == NAME).unwrap();
        for len in 0..=stream.len() {
            let expected = if len < begin + NAME.len() { Progress::Hungry } else { Progress::Named };
            assert_eq!(read_all(&stream[..len]).0, expected);
        }
        for size in 1..=stream.len() {
            assert_eq!(read_pieces(&stream.chunks(size).collect::<Vec<_>>()), named(NAME));
        }
    }
}

#[test]
fn the_names_that_a_server_takes_are_read_up_to_the_longest() {
    for len in [1, 62, 100, 200, 250, 251, 252, 253] {
        let name = String::from_utf8(long_name(len)).unwrap();
        let stream = client_hello(&name, BOTH, true, &[]);
        assert_eq!(read_all(&stream), named(name.as_bytes()));
        assert_eq!(server(&stream), Server::Accepts(Some(name)));
    }
}

#[test]
fn a_hello_of_the_builder_is_one_that_a_server_accepts() {
    let mut extensions: Vec<Extension> = others(5, 9).collect();
    extensions.insert(2, Extension::Name(b"API.Account.Xiaomi.COM".to_vec()));
    let message = Builder::new(extensions).message().bytes;
    for cuts in [vec![], vec![1], vec![3, 50, 51, 90]] {
        let stream = records(&message, &cuts);
        assert_eq!(server(&stream), Server::Accepts(Some("api.account.xiaomi.com".to_string())));
        assert_eq!(read_all(&stream), named(NAME));
    }
}

/// The names and the order of extensions that [`hellos`] makes, made such that a server accepts them: known extensions
/// replaced by unknown ones, each there once, and one of them with what looks like a server_name extension inside.
fn acceptable(hello: Builder) -> Builder {
    let decoy = [&[0, 0, 0, 10, 0, 8, 0, 0, 5][..], b"decoy", &[0; 8]].concat();
    let mut extensions = vec![Extension::Other(0x5000, decoy)];
    for (kind, extension) in (0x4000..).zip(hello.extensions.unwrap_or_default()) {
        extensions.push(match extension {
            Extension::Other(_, body) => Extension::Other(kind, body),
            name => name,
        });
    }
    extensions.push(Extension::signature_algorithms());
    Builder { compressions: vec![0], extensions: Some(extensions), ..hello }
}

proptest! {
    #[test]
    fn a_name_that_rustls_sends_is_the_name_that_is_read(
        name in "[a-zA-Z0-9]([a-zA-Z0-9-]{0,20}[a-zA-Z0-9])?(\\.[a-zA-Z]([a-zA-Z0-9-]{0,20}[a-zA-Z0-9])?){1,5}",
    ) {
        let stream = client_hello(&name, BOTH, true, &[]);
        prop_assert_eq!(read_all(&stream), named(name.to_ascii_lowercase().as_bytes()));
        prop_assert_eq!(server(&stream), Server::Accepts(Some(name.to_ascii_lowercase())));
    }

    #[test]
    fn of_a_hello_in_any_records_the_name_is_read_that_a_server_reads((hello, cuts) in hellos()) {
        let message = acceptable(hello).message().bytes;
        prop_assume!(message.len() <= 16_384);
        assert_agrees_with_a_server(&records(&message, &cuts));
    }

    #[test]
    fn of_a_hello_of_rustls_that_was_tampered_with_the_name_is_read_that_a_server_reads(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut stream = client_hello("api.account.xiaomi.com", BOTH, true, &[b"h2"]);
        for (at, value) in changes {
            let at = at.index(stream.len());
            stream[at] = value;
        }
        assert_agrees_with_a_server_or_is_stricter(&stream);
    }

    #[test]
    fn of_a_hello_whose_records_lie_the_name_is_read_that_a_server_reads(
        (hello, cuts) in hellos(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..5, any::<u8>()), 1..3),
    ) {
        let message = acceptable(hello).message().bytes;
        prop_assume!(message.len() <= 16_384);
        let mut stream = records(&message, &cuts);
        let mut headers = vec![0];
        for part in parts(&message, &cuts) {
            headers.push(headers[headers.len() - 1] + 5 + part.len());
        }
        headers.pop();
        for (which, at, value) in changes {
            stream[headers[which.index(headers.len())] + at] = value;
        }
        assert_agrees_with_a_server_or_is_stricter(&stream);
    }

    #[test]
    fn of_a_hello_whose_lengths_lie_the_name_is_read_that_a_server_reads(
        (hello, cuts) in hellos(),
        lies in prop::collection::vec((any::<prop::sample::Index>(), -24_isize..24), 1..4),
    ) {
        let mut message = acceptable(hello).message();
        prop_assume!(message.bytes.len() <= 16_384);
        for (which, change) in lies {
            let field = message.lengths[which.index(message.lengths.len())];
            if let Some(lie) = message.get(field).checked_add_signed(change)
                && lie < 1 << (8 * field.width)
            {
                message.set(field, lie);
            }
        }
        assert_agrees_with_a_server_or_is_stricter(&records(&message.bytes, &cuts));
    }
}

#[test]
fn a_change_of_any_one_byte_of_a_hello_leads_to_what_a_server_reads() {
    let honest = Builder::new(others(1, 12).chain([Extension::Name(b"a.example".to_vec())])).message();
    let name_len = honest.lengths.iter().find(|field| field.of == "name").unwrap();
    let name_len = 5 + name_len.at..5 + name_len.at + name_len.width;
    let honest = record(&honest.bytes);
    for at in 0..honest.len() {
        for value in 0..=u8::MAX {
            let mut stream = honest.clone();
            stream[at] = value;
            if name_len.contains(&at) {
                assert_agrees_with_a_server_or_is_stricter(&stream);
            } else {
                assert_agrees_with_a_server(&stream);
            }
        }
    }
}
