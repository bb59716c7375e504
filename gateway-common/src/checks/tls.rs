//! ClientHellos: cut anywhere, and as a plain reader and rustls read them.

use std::string::{String, ToString};
use std::vec::Vec;

use rustls::server::Acceptor;

use super::pieces::same_in_pieces;
use crate::abi::{MAX_NAME, NAME_BYTES};
use crate::name::WireName;
use crate::tls::{Hello, MAX_HELLO, PIECE_BYTES, Piece, Progress, may_begin};

/// What reading came to, with the name if there is one.
pub type Outcome = (Progress, Vec<u8>);

/// Checks everything of a stream.
pub fn check(stream: &[u8]) {
    let whole =
        same_in_pieces(stream, read_pieces, |part, whole| part.0 == Progress::Hungry || part == whole);
    assert_eq!(whole, reference(stream), "right: read from one buffer");
    if matches!(whole.0, Progress::Named | Progress::Nameless)
        && let Some(start) = stream.first_chunk()
    {
        assert!(may_begin(*start), "a hello that is not looked at: {start:02x?}");
    }
    // What follows the first name in a list rustls passes over; and it follows longer hellos.
    if !matches!(whole.0, Progress::Malformed | Progress::TooLong)
        && let Server::Accepts(name) = server(stream)
    {
        assert_eq!(whole, agreed(name.as_deref(), &whole), "right: as rustls reads it");
    }
}

/// Reads the stream in these pieces. Asserts of every name what all of them promise.
pub fn read_pieces(pieces: &[&[u8]]) -> Outcome {
    let (mut hello, mut name) = (Hello::START, WireName::EMPTY);
    for piece in pieces.iter().flat_map(|piece| piece.chunks(PIECE_BYTES)) {
        let progress = hello.feed(&mut Piece::new(piece), &mut name);
        if progress != Progress::Hungry {
            return outcome(progress, &name);
        }
    }
    (Progress::Hungry, Vec::new())
}

/// The outcome; asserts of every name what all of them promise.
pub fn outcome(progress: Progress, name: &WireName) -> Outcome {
    if progress != Progress::Named {
        return (progress, Vec::new());
    }
    let name = name.as_bytes().to_vec();
    assert!((1..=MAX_NAME).contains(&name.len()), "a name of {} bytes", name.len());
    assert!(!name.iter().any(u8::is_ascii_uppercase), "{name:?}");
    (progress, name)
}

/// What rustls as a server makes of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    /// The hello is complete and valid; its server name, if there is one.
    Accepts(Option<String>),
    /// It answers with an alert.
    Refuses,
    /// The hello is not complete.
    Waits,
}

/// Gives the stream to rustls.
pub fn server(mut stream: &[u8]) -> Server {
    let mut acceptor = Acceptor::default();
    while !stream.is_empty() {
        if acceptor.read_tls(&mut stream).is_err() {
            return Server::Refuses;
        }
        match acceptor.accept() {
            Ok(None) => {}
            Ok(Some(accepted)) => {
                return Server::Accepts(accepted.client_hello().server_name().map(ToString::to_string));
            }
            Err(_) => return Server::Refuses,
        }
    }
    Server::Waits
}

/// The outcome that agrees with a server that accepts a hello with this name, or without one.
pub fn agreed(name: Option<&str>, ours: &Outcome) -> Outcome {
    match name {
        Some(name) => {
            let name = name.to_ascii_lowercase();
            (Progress::Named, name.strip_suffix('.').unwrap_or(&name).into())
        }
        // rustls takes an address for no name.
        None if std::str::from_utf8(&ours.1).is_ok_and(|name| name.parse::<std::net::IpAddr>().is_ok()) => {
            ours.clone()
        }
        None => (Progress::Nameless, Vec::new()),
    }
}

/// What the stream comes to, read without an automaton: the records are put together first.
fn reference(stream: &[u8]) -> Outcome {
    let (handshake, end) = handshake(stream);
    let mut message = Message { bytes: &handshake, at: 0, left: 0, end };
    match message.name() {
        Ok(name) => (Progress::Named, name),
        Err(progress) => (progress, Vec::new()),
    }
}

/// The bytes in the records, and what the stream comes to for whoever needs more of them.
fn handshake(mut stream: &[u8]) -> (Vec<u8>, Progress) {
    let mut handshake = Vec::new();
    let mut broken = Progress::NotHello;
    loop {
        let Some(([content, major, minor, high, low], rest)) = stream.split_first_chunk() else {
            return (handshake, Progress::Hungry);
        };
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        // TLS, or TLCP.
        if *content != 22 || (*major != 3 && (*major, *minor) != (1, 1)) {
            return (handshake, broken);
        }
        broken = Progress::Malformed;
        if !(1..=1 << 14).contains(&len) {
            return (handshake, broken);
        }
        let (record, rest) = rest.split_at(len.min(rest.len()));
        handshake.extend(record);
        stream = rest;
    }
}

/// A handshake message in one buffer.
struct Message<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Bytes left as the message announces them.
    left: usize,
    /// What it comes to where bytes are missing.
    end: Progress,
}

impl Message<'_> {
    fn name(&mut self) -> Result<Vec<u8>, Progress> {
        self.left = 4;
        if self.integer(1)? != 1 {
            // The whole header is read before it is looked at.
            self.integer(3)?;
            return Err(Progress::NotHello);
        }
        self.left = self.integer(3)?;
        if self.left > usize::try_from(MAX_HELLO).unwrap_or(usize::MAX) {
            return Err(Progress::TooLong);
        }
        self.skip(2 + 32)?;
        let session_id = self.integer(1)?;
        self.skip(in_range(session_id, 0, 32)?)?;
        let suites = self.integer(2)?;
        self.skip(if suites % 2 == 0 {
            in_range(suites, 2, 0xffff)?
        } else {
            return Err(Progress::Malformed);
        })?;
        let methods = self.integer(1)?;
        self.skip(in_range(methods, 1, 255)?)?;
        if self.left == 0 {
            return Err(Progress::Nameless);
        }
        let extensions = self.integer(2)?;
        // A hello that contradicts itself here is read as far as both lengths allow.
        let odd = extensions != self.left;
        self.left = extensions.min(self.left);
        while self.left > 0 {
            let extension = self.integer(4)?;
            let (kind, len) = (extension >> 16, extension & 0xffff);
            in_range(len, 0, self.left)?;
            if kind == 0 {
                return self.server_name(len);
            }
            self.skip(len)?;
        }
        Err(if odd { Progress::Malformed } else { Progress::Nameless })
    }

    /// The body of a server_name extension.
    fn server_name(&mut self, len: usize) -> Result<Vec<u8>, Progress> {
        in_range(len, 6, 0xffff)?;
        let list = self.integer(2)?;
        in_range(list, len - 2, len - 2)?;
        let kind_len = self.integer(3)?;
        // Kind 0 is the highest byte.
        in_range(kind_len, list - 3, list - 3)?;
        let there = &self.bytes[self.at..];
        let name = &there[..kind_len.min(there.len())];
        if name.len() > NAME_BYTES {
            return Err(Progress::TooLong);
        }
        if name.len() < kind_len {
            return Err(self.end);
        }
        match name.strip_suffix(b".").unwrap_or(name) {
            [] => Err(Progress::Malformed),
            name if name.len() > MAX_NAME => Err(Progress::TooLong),
            name => Ok(name.to_ascii_lowercase()),
        }
    }

    /// The integer in the next `width` bytes.
    fn integer(&mut self, width: usize) -> Result<usize, Progress> {
        let bytes = self.bytes.get(self.at..self.at + width).ok_or(self.end)?;
        self.skip(width)?;
        Ok(bytes.iter().fold(0, |value, byte| value << 8 | usize::from(*byte)))
    }

    /// Passes over bytes, which must lie within the message but may still be to come.
    fn skip(&mut self, bytes: usize) -> Result<(), Progress> {
        self.left = self.left.checked_sub(bytes).ok_or(Progress::Malformed)?;
        self.at += bytes;
        Ok(())
    }
}

fn in_range(value: usize, least: usize, most: usize) -> Result<usize, Progress> {
    if (least..=most).contains(&value) { Ok(value) } else { Err(Progress::Malformed) }
}
