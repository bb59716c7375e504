//! A client that seals Initials with rustls, in any shape. Used by the checks, and by the tests of both halves.

use std::string::ToString as _;
use std::sync::Arc;
use std::vec::Vec;

use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::pki_types::ServerName;
use rustls::quic::{ClientConnection, Keys, Version};
use rustls::{ClientConfig, RootCertStore, Side};

/// The connection ID of RFC 9001, A.1.
pub const CONNECTION_ID: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

/// An Initial before it is sealed.
#[derive(Clone, Debug)]
pub struct Initial {
    /// In the header; keys are those of the draft or version that has its salt, and of version 1 for all others.
    pub version: u32,
    /// The version whose keys it is sealed with, if it is not `version`.
    pub key_version: Option<u32>,
    /// The destination connection ID.
    pub destination: Vec<u8>,
    /// The source connection ID.
    pub source: Vec<u8>,
    /// The connection ID that the keys are made from, if it is not `destination`.
    pub key_id: Option<Vec<u8>>,
    /// The token, of a client that was sent a Retry.
    pub token: Vec<u8>,
    /// The packet number.
    pub number: u32,
    /// How many bytes of it are sent, 1 to 4.
    pub number_len: usize,
    /// The frames, at least four bytes.
    pub payload: Vec<u8>,
    /// The reserved bits of the first byte, which must be 0 (RFC 9000, 17.2).
    pub reserved: u8,
}

impl Initial {
    /// A client's first packet, with these frames.
    pub fn new(payload: Vec<u8>) -> Self {
        Self {
            version: 1,
            key_version: None,
            destination: CONNECTION_ID.to_vec(),
            source: Vec::new(),
            key_id: None,
            token: Vec::new(),
            number: 0,
            number_len: 2,
            payload,
            reserved: 0,
        }
    }

    fn keys(&self) -> Keys {
        let version = match self.key_version.unwrap_or(self.version) {
            0x6b33_43cf => Version::V2,
            0xff00_001d..=0xff00_0020 => Version::V1Draft,
            _ => Version::V1,
        };
        keys(version, self.key_id.as_ref().unwrap_or(&self.destination))
    }

    /// The packet as it is sent.
    pub fn seal(&self) -> Vec<u8> {
        let kind = if self.version == 0x6b33_43cf { 0x10 } else { 0 };
        let mut packet =
            Vec::from([0xc0 | kind | self.reserved << 2 | u8::try_from(self.number_len - 1).expect("fits")]);
        packet.extend(self.version.to_be_bytes());
        for id in [&self.destination, &self.source] {
            packet.push(u8::try_from(id.len()).expect("fits"));
            packet.extend(id);
        }
        packet.extend(varint(self.token.len() as u64));
        packet.extend(&self.token);
        let length = self.number_len + self.payload.len() + 16;
        packet.extend((u16::try_from(length).expect("fits") | 0x4000).to_be_bytes());
        let number_at = packet.len();
        packet.extend(&self.number.to_be_bytes()[4 - self.number_len..]);
        let keys = self.keys().local;
        let mut payload = self.payload.clone();
        let tag = keys.packet.encrypt_in_place(u64::from(self.number), &packet, &mut payload).expect("fits");
        packet.extend(&payload);
        packet.extend(tag.as_ref());
        let sample = packet[number_at + 4..number_at + 20].to_vec();
        let (head, rest) = packet.split_at_mut(number_at);
        keys.header.encrypt_in_place(&sample, &mut head[0], &mut rest[..self.number_len]).expect("fits");
        packet
    }
}

/// The keys of the Initials of a connection that a client begins with this ID.
pub fn keys(version: Version, id: &[u8]) -> Keys {
    let suite =
        TLS13_AES_128_GCM_SHA256.tls13().and_then(|suite| suite.quic_suite()).expect("rustls has QUIC");
    suite.keys(id, Side::Client, version)
}

/// A variable-length integer, as short as it can be.
pub fn varint(value: u64) -> Vec<u8> {
    let width = match value {
        0..0x40 => 0,
        0x40..0x4000 => 1,
        0x4000..0x4000_0000 => 2,
        _ => 3,
    };
    wide_varint(value, width)
}

/// A variable-length integer of 2^`width` bytes.
pub fn wide_varint(value: u64, width: u32) -> Vec<u8> {
    let bytes = (value | u64::from(width) << ((8 << width) - 2)).to_be_bytes();
    bytes[8 - (1 << width)..].to_vec()
}

/// A CRYPTO frame.
pub fn crypto(offset: usize, data: &[u8]) -> Vec<u8> {
    [&[6], &varint(offset as u64)[..], &varint(data.len() as u64), data].concat()
}

/// `payload` with padding behind it, so that a datagram of a short header comes to 1200 bytes.
pub fn padded(mut payload: Vec<u8>) -> Vec<u8> {
    let len = payload.len().max(1162);
    payload.resize(len, 0);
    payload
}

/// The hello of a rustls client of QUIC.
pub fn rustls_hello(name: &str) -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("fits")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_string()).expect("fits");
    let mut client =
        ClientConnection::new(Arc::new(config), Version::V1, name, Vec::from([1, 2, 0x67, 0x10]))
            .expect("fits");
    let mut hello = Vec::new();
    client.write_hs(&mut hello);
    hello
}

/// A hello with extensions of these lengths before and behind the server name, which is left out if it is empty.
pub fn hello(name: &[u8], before: &[usize], behind: &[usize]) -> Vec<u8> {
    let other = |len: &usize| {
        let len16 = u16::try_from(*len).expect("fits").to_be_bytes();
        let body = (0..*len).map(|at| u8::try_from(at % 251).expect("fits"));
        [0x12, 0x34].into_iter().chain(len16).chain(body).collect::<Vec<u8>>()
    };
    let mut extensions: Vec<u8> = before.iter().flat_map(other).collect();
    if !name.is_empty() {
        extensions.extend(server_name(name));
    }
    extensions.extend(behind.iter().flat_map(other));
    with_extensions(&extensions)
}

/// The extension server_name.
pub fn server_name(name: &[u8]) -> Vec<u8> {
    let len = u16::try_from(name.len()).expect("fits");
    let mut extension = Vec::from([0, 0]);
    extension.extend((len + 5).to_be_bytes());
    extension.extend((len + 3).to_be_bytes());
    extension.push(0);
    extension.extend(len.to_be_bytes());
    extension.extend(name);
    extension
}

/// A hello with these extensions.
pub fn with_extensions(extensions: &[u8]) -> Vec<u8> {
    let mut body = Vec::from([3, 3]);
    body.extend([0x77; 32]);
    body.extend([0, 0, 6, 0x13, 1, 0x13, 2, 0x13, 3, 1, 0]);
    body.extend(u16::try_from(extensions.len()).expect("fits").to_be_bytes());
    body.extend(extensions);
    let mut message = u32::try_from(body.len()).expect("fits").to_be_bytes().to_vec();
    message[0] = 1;
    message.extend(body);
    message
}
