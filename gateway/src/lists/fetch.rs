//! A list from its server: over HTTP or HTTPS, within limits, and only if it has changed.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::bufread::MultiGzDecoder;
use hyper::StatusCode;
use hyper::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED,
};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// The first bytes of a gzip stream (RFC 1952, 2.3.1).
const GZIP: &[u8] = b"\x1f\x8b";

/// Longest `ETag` and `Last-Modified` that is kept, in bytes.
const MAX_VALIDATOR: usize = 1024;

/// What a server may cost us.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// Between two pieces of the answer.
    pub silence: Duration,
    /// For all of it, redirects included.
    pub whole: Duration,
    /// How long a server may be slower than `floor`.
    pub grace: Duration,
    /// Bytes a second, on the average from the beginning.
    pub floor: u64,
    /// Bytes on the wire.
    pub wire: u64,
    /// Bytes when unpacked.
    pub text: u64,
    /// Redirects, one after the other.
    pub redirects: u32,
}

impl Default for Limits {
    /// The largest public lists have about 60 MB.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            silence: Duration::from_secs(30),
            whole: Duration::from_secs(10 * 60),
            grace: Duration::from_secs(30),
            floor: 1024,
            wire: 64 << 20,
            text: 256 << 20,
            redirects: 10,
        }
    }
}

/// By what a server knows whether its list has changed; sent back as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
}

impl Validators {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| {
            let value = headers.get(name)?.to_str().ok()?;
            (value.len() <= MAX_VALIDATOR).then(|| value.to_owned())
        };
        Self { etag: text(ETAG), last_modified: text(LAST_MODIFIED) }
    }
}

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The list is what it was.
    Same,
    /// Another list, which has been written.
    New(Validators),
}

/// Why a list did not come. The words may hold text of the server's, not escaped.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Neither 200 nor, where that was asked for, 304.
    #[error("the server answers {0}")]
    Status(StatusCode),
    /// A loop, or nearly.
    #[error("the server redirects more than {0} times")]
    Redirects(u32),
    /// From HTTPS to HTTP.
    #[error("the server redirects from https to {0}, which anybody on the way could change")]
    Downgrade(String),
    /// No answer in time.
    #[error("the server takes too long ({0})")]
    Timeout(ureq::Timeout),
    /// It drips.
    #[error("the server sends less than {0} bytes a second")]
    Slow(u64),
    /// More on the wire than a list has.
    #[error("the answer is longer than {0} bytes")]
    Long(u64),
    /// More when unpacked than a list has.
    #[error("the list is longer than {0} bytes when unpacked")]
    Bomb(u64),
    /// Neither as is nor gzip.
    #[error("the answer is packed as `{0}`, which was not asked for")]
    Packed(String),
    /// It broke off, or is no gzip after all.
    #[error("the answer cannot be read to its end: {0}")]
    Broken(io::Error),
    /// A full disk, say.
    #[error("cannot write the list: {0}")]
    Write(io::Error),
    /// Without them no server can prove who it is.
    #[error("this machine has no certificates of authorities; install ca-certificates")]
    NoRoots,
    /// No connection, no TLS, no HTTP.
    #[error("{0}")]
    Http(ureq::Error),
}

impl From<ureq::Error> for FetchError {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::Timeout(what) => Self::Timeout(what),
            ureq::Error::RequireHttpsOnly(url) => Self::Downgrade(url),
            other => Self::Http(other),
        }
    }
}

/// Errors of a reader, among which are ours and those of the library in the clothes of [`io::Error`].
impl From<io::Error> for FetchError {
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(ours) => ours,
            Err(error) => match ureq::Error::from(error) {
                ureq::Error::Io(error) => Self::Broken(error),
                other => other.into(),
            },
        }
    }
}

/// Whose word is taken for who a server is.
#[derive(Clone, Debug)]
pub enum Trust {
    /// The authorities of this machine: they are updated with it, and the owner can add one.
    System,
    /// These and no others.
    Only(Vec<CertificateDer<'static>>),
}

impl Trust {
    fn roots(&self) -> Vec<Certificate<'static>> {
        let certificates = match self {
            Self::System => rustls_native_certs::load_native_certs().certs,
            Self::Only(certificates) => certificates.clone(),
        };
        certificates.iter().map(|der| Certificate::from_der(der).to_owned()).collect()
    }
}

/// Fetches lists.
#[derive(Clone, Debug)]
pub struct Fetcher {
    limits: Limits,
    roots: Arc<Vec<Certificate<'static>>>,
}

impl Fetcher {
    /// Reads the certificates.
    pub fn new(limits: Limits, trust: &Trust) -> Self {
        Self { limits, roots: Arc::new(trust.roots()) }
    }

    /// Asks for the list, unless it is still the one of `known`, and writes it to `out`, unpacked. What has been
    /// written is worth nothing after an error. Takes as long as [`Limits::whole`] at most.
    ///
    /// # Errors
    /// [`FetchError`]
    pub fn fetch(&self, url: &str, known: &Validators, out: &mut dyn Write) -> Result<Answer, FetchError> {
        let started = Instant::now();
        let response = self.ask(url, known)?;
        let (parts, body) = response.into_parts();
        let is_conditional = known.etag.is_some() || known.last_modified.is_some();
        match parts.status {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED if is_conditional => return Ok(Answer::Same),
            other => return Err(FetchError::Status(other)),
        }
        self.refuse_at_once(&parts.headers)?;
        let wire = Wire { body: body.into_reader(), limits: &self.limits, started, read: 0 };
        let mut wire = BufReader::with_capacity(64 << 10, wire);
        // By content: there are servers that say gzip and send text, and lists that are files ending in `.gz`.
        if wire.fill_buf()?.starts_with(GZIP) {
            self.copy(&mut MultiGzDecoder::new(wire), out)?;
        } else {
            self.copy(&mut wire, out)?;
        }
        Ok(Answer::New(Validators::of(&parts.headers)))
    }

    fn ask(&self, url: &str, known: &Validators) -> Result<hyper::Response<ureq::Body>, FetchError> {
        let is_https = url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
        if is_https && self.roots.is_empty() {
            return Err(FetchError::NoRoots);
        }
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::clone(&self.roots)))
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
            .build();
        let agent = ureq::Agent::config_builder()
            .tls_config(tls)
            .https_only(is_https)
            .http_status_as_error(false)
            .max_redirects(self.limits.redirects)
            // A server may close behind a redirect; a connection of its own for each request cannot meet that.
            .max_idle_connections(0)
            .max_idle_connections_per_host(0)
            .user_agent(concat!("gateway/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("gzip")
            .timeout_connect(Some(self.limits.connect))
            .timeout_per_read(Some(self.limits.silence))
            .timeout_per_write(Some(self.limits.silence))
            .timeout_global(Some(self.limits.whole))
            .build()
            .new_agent();
        let mut request = agent.get(url);
        if let Some(etag) = &known.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(since) = &known.last_modified {
            request = request.header(IF_MODIFIED_SINCE, since);
        }
        request.call().map_err(|error| match error {
            ureq::Error::TooManyRedirects => FetchError::Redirects(self.limits.redirects),
            other => other.into(),
        })
    }

    /// What the headers already tell.
    fn refuse_at_once(&self, headers: &HeaderMap) -> Result<(), FetchError> {
        if let Some(packed) = headers.get(CONTENT_ENCODING)
            && !["gzip", "x-gzip", "identity"].iter().any(|known| packed == known)
        {
            return Err(FetchError::Packed(String::from_utf8_lossy(packed.as_bytes()).into_owned()));
        }
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        match length {
            Some(length) if length > self.limits.wire => Err(FetchError::Long(self.limits.wire)),
            _ => Ok(()),
        }
    }

    fn copy(&self, from: &mut dyn Read, out: &mut dyn Write) -> Result<(), FetchError> {
        let mut buffer = vec![0; 64 << 10];
        let mut written = 0_u64;
        loop {
            let read = from.read(&mut buffer)?;
            let piece = buffer.get(..read).unwrap_or_default();
            if piece.is_empty() {
                return Ok(());
            }
            written += piece.len() as u64;
            if written > self.limits.text {
                return Err(FetchError::Bomb(self.limits.text));
            }
            out.write_all(piece).map_err(FetchError::Write)?;
        }
    }
}

/// The bytes as they come, and a watch on how many and how fast.
struct Wire<'a, R> {
    body: R,
    limits: &'a Limits,
    started: Instant,
    read: u64,
}

impl<R: Read> Read for Wire<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.body.read(buffer)?;
        self.read += read as u64;
        let Limits { wire, grace, floor, .. } = *self.limits;
        let elapsed = self.started.elapsed();
        let is_slow = u128::from(self.read) * 1_000_000_000 < u128::from(floor) * elapsed.as_nanos();
        if self.read > wire {
            Err(io::Error::other(FetchError::Long(wire)))
        } else if read > 0 && elapsed > grace && is_slow {
            Err(io::Error::other(FetchError::Slow(floor)))
        } else {
            Ok(read)
        }
    }
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
