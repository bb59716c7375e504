//! Asks the daemon over its control socket, and takes orders to it. One connection is kept as long as it holds.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::wire::{Device, Flow, Hosts, Record, Status};
use crate::serve::control::{PAUSE, PauseOrder, RESUME, ResumeOrder};

/// How long the daemon may take for one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest answer, in bytes: ten times that of a full table of devices.
const LONGEST: usize = 64 << 20;

/// How many names, events and flows are asked for: more than the largest screen has lines.
const ROWS: usize = 200;

/// All that the daemon told at one moment.
#[derive(Clone, Debug)]
pub struct Poll {
    /// When it told the totals.
    pub taken: Instant,
    /// The state of the filter.
    pub status: Status,
    /// The devices, in the daemon's order.
    pub devices: Vec<Device>,
    /// The names, most blocked first.
    pub hosts: Hosts,
    /// The last events, oldest first.
    pub events: Vec<Record>,
}

/// What the daemon is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// To let a device pass everything for so many seconds.
    Pause {
        /// Its name or address.
        device: String,
        /// How long.
        seconds: i64,
    },
    /// To filter it again.
    Resume {
        /// Its name or address.
        device: String,
    },
}

/// Why the daemon told nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nobody listens.
    #[error("no daemon answers on {}; is `gateway run` running?", .0.display())]
    NotThere(PathBuf),
    /// The socket is there for others.
    #[error("only root may use {}; run `sudo gateway top`", .0.display())]
    Denied(PathBuf),
    /// Anything else that keeps from connecting.
    #[error("cannot connect to {}: {source}", path.display())]
    Connect {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It answered, and then no more.
    #[error("the daemon broke off")]
    Broken(#[from] hyper::Error),
    /// It does not answer.
    #[error("the daemon has not answered for {} seconds", PATIENCE.as_secs())]
    Slow,
    /// It refuses, in its own words.
    #[error("{0}")]
    Refused(String),
    /// It knows no such question.
    #[error("the running daemon does not know {0}: it is of another version, restart it")]
    Unknown(String),
    /// It says what has another shape.
    #[error("what the daemon says to {path} is not understood; is it of another version? {source}")]
    Unreadable {
        /// What it was asked.
        path: String,
        /// What is wrong with the answer.
        source: serde_json::Error,
    },
    /// It does not come to an end.
    #[error("the daemon's answer to {0} is too long")]
    TooLong(String),
}

impl Failure {
    /// Whether there is no daemon to talk to; it may come back.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::NotThere(_) | Self::Connect { .. } | Self::Broken(_) | Self::Slow)
    }
}

/// The way to the daemon.
#[derive(Debug)]
pub struct Feed {
    socket: PathBuf,
    kept: Option<SendRequest<Full<Bytes>>>,
}

impl Feed {
    /// A way to the daemon that listens here; nothing is sent yet.
    pub fn new(socket: PathBuf) -> Self {
        Self { socket, kept: None }
    }

    /// Asks for everything.
    ///
    /// # Errors
    /// If one of the questions is not answered.
    pub async fn poll(&mut self) -> Result<Poll, Failure> {
        let devices = self.get("/v1/devices").await?;
        let taken = Instant::now();
        let status = self.get("/v1/status").await?;
        let hosts = self.get(&format!("/v1/hosts?limit={ROWS}")).await?;
        let path = format!("/v1/events?limit={ROWS}");
        let lines = self.ask(Method::GET, &path, Vec::new()).await?;
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let events = lines.map(|line| read(&path, line)).collect::<Result<_, _>>()?;
        Ok(Poll { taken, status, devices, hosts, events })
    }

    /// The connections of a device, newest first.
    ///
    /// # Errors
    /// If the daemon does not say.
    pub async fn flows(&mut self, device: &str) -> Result<Vec<Flow>, Failure> {
        self.get(&format!("/v1/flows?device={}&limit={ROWS}", in_query(device))).await
    }

    /// Gives an order; returns what the daemon says to it.
    ///
    /// # Errors
    /// If it does not obey.
    pub async fn order(&mut self, order: Order) -> Result<String, Failure> {
        let (path, body) = match order {
            Order::Pause { device, seconds } => (PAUSE, serde_json::to_vec(&PauseOrder { device, seconds })),
            Order::Resume { device } => (RESUME, serde_json::to_vec(&ResumeOrder { device })),
        };
        let unreadable = |source| Failure::Unreadable { path: path.to_owned(), source };
        let report = self.ask(Method::POST, path, body.map_err(unreadable)?).await?;
        Ok(String::from_utf8_lossy(&report).into_owned())
    }

    async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, Failure> {
        read(path, &self.ask(Method::GET, path, Vec::new()).await?)
    }

    /// One question and its whole answer. A connection that failed is not used again.
    async fn ask(&mut self, method: Method, path: &str, body: Vec<u8>) -> Result<Bytes, Failure> {
        let mut sender = match self.kept.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.connect().await?,
        };
        let asked = timeout(PATIENCE, exchange(&mut sender, method, path, body)).await;
        let (status, body) = asked.map_err(|_| Failure::Slow)??;
        self.kept = Some(sender);
        match status {
            status if status.is_success() => Ok(body),
            StatusCode::NOT_FOUND if body.is_empty() => Err(Failure::Unknown(path.to_owned())),
            _ => Err(Failure::Refused(String::from_utf8_lossy(&body).trim_end().to_owned())),
        }
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Failure> {
        let path = || self.socket.clone();
        let stream = UnixStream::connect(&self.socket).await.map_err(|source| match source.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => Failure::NotThere(path()),
            ErrorKind::PermissionDenied => Failure::Denied(path()),
            _ => Failure::Connect { path: path(), source },
        })?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends with the connection; an error shows in the answer itself.
        tokio::spawn(connection);
        Ok(sender)
    }
}

async fn exchange(
    sender: &mut SendRequest<Full<Bytes>>,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> Result<(StatusCode, Bytes), Failure> {
    let request = Request::builder().method(method).uri(path).header("host", "gateway");
    let Ok(request) = request.body(Full::new(Bytes::from(body))) else {
        return Err(Failure::Unknown(path.to_owned()));
    };
    sender.ready().await?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    match Limited::new(response.into_body(), LONGEST).collect().await {
        Ok(body) => Ok((status, body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Err(Failure::TooLong(path.to_owned())),
        Err(error) => Err(error.downcast::<hyper::Error>().map_or(Failure::Slow, |error| (*error).into())),
    }
}

fn read<T: DeserializeOwned>(path: &str, body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|source| Failure::Unreadable { path: path.to_owned(), source })
}

/// The text as a value in a query (RFC 3986, 2.1): all but unreserved characters as `%NN`.
fn in_query(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
