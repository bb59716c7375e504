//! ClientHellos: of rustls, and some that rustls would not write.

use std::sync::Arc;

use rustls::client::ClientConnection;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

type Versions = &'static [&'static SupportedProtocolVersion];

static BOTH: Versions = &[&TLS13, &TLS12];
static ONLY_12: Versions = &[&TLS12];
static ONLY_13: Versions = &[&TLS13];

/// A rustls client, ready to say hello.
pub struct Client {
    versions: Versions,
    alpn: Vec<Vec<u8>>,
    sends_name: bool,
}

impl Client {
    /// TLS 1.3 and 1.2, no ALPN, with a server name.
    pub fn new() -> Self {
        Self { versions: BOTH, alpn: Vec::new(), sends_name: true }
    }

    /// Only TLS 1.2.
    pub fn tls12(self) -> Self {
        Self { versions: ONLY_12, ..self }
    }

    /// Only TLS 1.3.
    pub fn tls13(self) -> Self {
        Self { versions: ONLY_13, ..self }
    }

    pub fn alpn(self, protocols: &[&[u8]]) -> Self {
        Self { alpn: protocols.iter().map(|protocol| protocol.to_vec()).collect(), ..self }
    }

    pub fn without_name(self) -> Self {
        Self { sends_name: false, ..self }
    }

    /// The first bytes that this client sends to a server of this name (or address, which is no server name).
    pub fn hello(self, name: &str) -> Vec<u8> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions)
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        config.enable_sni = self.sends_name;
        config.alpn_protocols = self.alpn;
        let name = ServerName::try_from(String::from(name)).unwrap();
        let mut stream = Vec::new();
        ClientConnection::new(Arc::new(config), name).unwrap().write_tls(&mut stream).unwrap();
        stream
    }
}

/// The hello of an ordinary client to this name.
pub fn hello(name: &str) -> Vec<u8> {
    Client::new().alpn(&[b"h2", b"http/1.1"]).hello(name)
}

/// The hello of a client that sends no name.
pub fn nameless() -> Vec<u8> {
    Client::new().without_name().hello("example.org")
}

/// `stream` with the one place where `from` stands changed to `to`, which is as long.
pub fn replaced(mut stream: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = position(&stream, from);
    stream[at..at + to.len()].copy_from_slice(to);
    stream
}

/// Where `part` stands in `stream`.
pub fn position(stream: &[u8], part: &[u8]) -> usize {
    let places: Vec<usize> = stream
        .windows(part.len())
        .enumerate()
        .filter(|(_, window)| *window == part)
        .map(|(at, _)| at)
        .collect();
    assert_eq!(places.len(), 1, "{part:?} stands at {places:?}");
    places[0]
}

/// A hello with these bytes as name, whatever they are.
pub fn crafted(name: &[u8]) -> Vec<u8> {
    late_name(name, 0)
}

/// The same with the name behind an extension of this many bytes, such as the key of X25519MLKEM768.
pub fn late_name(name: &[u8], before: usize) -> Vec<u8> {
    let share = vec![0x33; before];
    with_extensions(&[(51, &share), (0, &server_name(name)), (13, &[0, 4, 4, 3, 8, 4])])
}

/// A hello with these extensions, by type and body, in this order.
pub fn with_extensions(extensions: &[(u16, &[u8])]) -> Vec<u8> {
    let extensions: Vec<u8> = extensions
        .iter()
        .flat_map(|(kind, body)| [&kind.to_be_bytes()[..], &prefixed(2, body)].concat())
        .collect();
    let mut body = vec![3, 3];
    body.extend([0x77; 32]);
    body.extend(prefixed(1, &[0xa5; 32]));
    body.extend(prefixed(2, &[0x13, 0x01, 0xc0, 0x2f]));
    body.extend(prefixed(1, &[0]));
    body.extend(prefixed(2, &extensions));
    let message = [&[1][..], &prefixed(3, &body)].concat();
    [&[22, 3, 1][..], &prefixed(2, &message)].concat()
}

/// The body of a server_name extension with this name.
pub fn server_name(name: &[u8]) -> Vec<u8> {
    prefixed(2, &[&[0][..], &prefixed(2, name)].concat())
}

/// `bytes` behind their length in `width` bytes.
fn prefixed(width: usize, bytes: &[u8]) -> Vec<u8> {
    let len = bytes.len().to_be_bytes();
    [&len[len.len() - width..], bytes].concat()
}
