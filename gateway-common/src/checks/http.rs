//! Requests: cut anywhere, and as httparse reads them.

use std::string::String;

use super::pieces::same_in_pieces;
use crate::abi::MAX_NAME;
use crate::http::{MAX_REQUEST_LINE, Progress, Request, may_begin};
use crate::name::WireName;
use crate::tls::{PIECE_BYTES, Piece};

/// What reading came to, with the host if there is one: in Latin-1, so that every byte can be told.
pub type Outcome = (Progress, String);

/// Checks everything of a stream.
pub fn check(stream: &[u8]) {
    let whole =
        same_in_pieces(stream, read_pieces, |part, whole| part.0 == Progress::Hungry || part == whole);
    assert_ne!(whole.0, Progress::Going);
    if whole.0 != Progress::NotHttp
        && let Some(start) = stream.first_chunk()
    {
        assert!(may_begin(*start), "a request that is not looked at: {start:02x?}");
    }
    let folded: String = latin1(stream).to_ascii_lowercase();
    assert!(folded.contains(&whole.1), "{:?} is invented", whole.1);
    if let Some(request) = oracle(stream) {
        agrees(stream, &whole, &request);
    }
}

/// Asserts that a request that httparse accepts is read alike, or is refused for one of the reasons for which this reader
/// is stricter.
fn agrees(stream: &[u8], ours: &Outcome, theirs: &Theirs) {
    let expected = theirs.outcome();
    let too_long = stream.len() > MAX_REQUEST_LINE as usize;
    let stricter = match ours.0 {
        // Methods that nobody has registered: httparse takes any token.
        Progress::NotHttp => {
            theirs.method.len() > 17 || !theirs.method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-')
        }
        Progress::TooLong => too_long,
        _ => false,
    };
    assert!(*ours == expected || stricter, "{ours:?} is read, {expected:?} is what {theirs:?} comes to");
}

/// Reads the stream in these pieces. Asserts of every host what all of them promise.
pub fn read_pieces(pieces: &[&[u8]]) -> Outcome {
    let (mut request, mut name) = (Request::START, WireName::EMPTY);
    for piece in pieces.iter().flat_map(|piece| piece.chunks(PIECE_BYTES)) {
        let progress = request.feed(&mut Piece::new(piece), &mut name);
        if progress != Progress::Hungry {
            return outcome(progress, &name);
        }
    }
    (Progress::Hungry, String::new())
}

/// The outcome; asserts of every host what all of them promise.
pub fn outcome(progress: Progress, name: &WireName) -> Outcome {
    if !matches!(progress, Progress::Named | Progress::Literal) {
        return (progress, String::new());
    }
    let name = name.as_bytes();
    assert!((1..=MAX_NAME).contains(&name.len()), "a name of {} bytes", name.len());
    assert!(!name.iter().any(u8::is_ascii_uppercase), "{name:?}");
    assert!(!name.iter().any(|byte| byte.is_ascii_control() || b" /?#@\\[]".contains(byte)), "{name:?}");
    (progress, latin1(name))
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// A request as httparse reads it, in Latin-1.
#[derive(Debug)]
pub struct Theirs {
    method: String,
    target: String,
    /// The value of the first Host.
    pub host: Option<String>,
}

/// The request that the stream begins with, if httparse accepts the whole header.
pub fn oracle(stream: &[u8]) -> Option<Theirs> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut fields);
    request.parse(stream).ok()?.is_complete().then(|| Theirs {
        method: request.method.unwrap_or_default().into(),
        target: latin1(request.path.unwrap_or_default().as_bytes()),
        host: request
            .headers
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case("host"))
            .map(|field| latin1(field.value)),
    })
}

impl Theirs {
    /// What the request comes to: its authority decides, or else its Host.
    fn outcome(&self) -> Outcome {
        if self.method == "CONNECT" {
            return host(until_path(&self.target));
        }
        if let Some((scheme, rest)) = self.target.split_once("://")
            && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        {
            return host(until_path(rest));
        }
        match self.host.as_deref() {
            None | Some("") => (Progress::Nameless, String::new()),
            Some(value) if until_path(value) != value => (Progress::Malformed, String::new()),
            Some(value) => host(value),
        }
    }
}

fn until_path(authority: &str) -> &str {
    let ends = |c: char| "/?# ".contains(c) || c < ' ' || c == '\x7f';
    authority.split(ends).next().unwrap_or_default()
}

/// The host of an authority (RFC 3986, 3.2): behind the last `@`, before the port.
fn host(authority: &str) -> Outcome {
    const MALFORMED: Outcome = (Progress::Malformed, String::new());
    let (userinfo, host_port) = authority.rsplit_once('@').unwrap_or(("", authority));
    // No userinfo holds a bracket, and what begins with one is more like a literal address.
    if userinfo.split('@').any(|part| part.trim_start_matches(['%', '\\', ']']).starts_with('[')) {
        return MALFORMED;
    }
    let (progress, host, port) = if let Some(literal) = host_port.strip_prefix('[') {
        let Some((address, port)) = literal.split_once(']') else { return MALFORMED };
        (Progress::Literal, address, port)
    } else {
        let (name, port) = host_port.split_at(host_port.find(':').unwrap_or(host_port.len()));
        (Progress::Named, name, port)
    };
    let digits = port.strip_prefix(':').unwrap_or(port);
    let port_is_none =
        port.is_empty() || (port.starts_with(':') && digits.bytes().all(|b| b.is_ascii_digit()));
    let never = if progress == Progress::Named { "%\\[]" } else { "@\\[" };
    if !port_is_none || host.contains(|c| never.contains(c)) {
        return MALFORMED;
    }
    let host = host.to_ascii_lowercase();
    match host.strip_suffix('.').unwrap_or(&host) {
        "" => MALFORMED,
        host if host.chars().count() > MAX_NAME => (Progress::TooLong, String::new()),
        host => (progress, host.into()),
    }
}
