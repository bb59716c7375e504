//! HTTP/1 with bounds: whatever clients do or leave undone, connections, memory and descriptors stay few, and whoever asks is
//! answered.
//!
//! There are so many places for connections and no more. One that comes when all are taken gets the place of another that waits
//! for its client: of the address that holds the most, the one that has waited longest. So a client that holds connections, or
//! makes them without end, pushes out its own. A connection whose request is being answered is never pushed out; how long that
//! takes has a limit of its own.

mod watched;

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};
use tokio::task::{AbortHandle, Id, JoinSet};
use tracing::warn;

use watched::{Activity, Watched};

/// How long to wait when the system has no room for another connection, or no connection can be pushed out.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How many connections the kernel keeps until they are taken. One that finds no room there is tried again by its client, but
/// only after a second.
const BACKLOG: u32 = 1024;

/// The least that hyper takes for the limit of a head.
const LEAST_HEAD: usize = 8192;

/// What a server grants its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; at least 1.
    pub connections: usize,
    /// Time for the head of a request, from the connection or the end of the answer before.
    pub head: Duration,
    /// Time from the head of a request to that of its answer; reading the request's body counts, sending the answer does not.
    pub answer: Duration,
    /// Time in which a client must take something of what is sent to it. A stream that has nothing to say is not cut.
    pub stall: Duration,
    /// Bytes of a request's head; less than [`LEAST_HEAD`] counts as that.
    pub head_bytes: usize,
    /// Bytes of a request's body that a handler is given.
    pub body_bytes: usize,
}

impl Limits {
    /// For clients that may be anybody.
    pub const STRANGERS: Self = Self {
        connections: 64,
        head: Duration::from_secs(10),
        answer: Duration::from_secs(30),
        stall: Duration::from_secs(10),
        head_bytes: 16 * 1024,
        body_bytes: 64 * 1024,
    };

    /// For root on this machine, whose requests may take as long as fetching all lists does.
    pub const ROOT: Self = Self {
        connections: 256,
        head: Duration::from_secs(60),
        answer: Duration::from_secs(3600),
        stall: Duration::from_secs(60),
        ..Self::STRANGERS
    };
}

/// Where connections come from.
pub trait Listener: Send + 'static {
    /// A connection.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next connection, and where it comes from if that can differ. Cancel safe.
    ///
    /// # Errors
    /// If this connection ended too early, or there is no room for it in the system.
    fn next(&self) -> impl Future<Output = io::Result<(Self::Io, Option<IpAddr>)>> + Send;
}

impl Listener for TcpListener {
    type Io = TcpStream;

    async fn next(&self) -> io::Result<(TcpStream, Option<IpAddr>)> {
        let (stream, peer) = self.accept().await?;
        // An answer goes out whole; a client that waits for its last bytes should not wait for an acknowledgement first.
        let _ = stream.set_nodelay(true);
        Ok((stream, Some(peer.ip())))
    }
}

impl Listener for UnixListener {
    type Io = UnixStream;

    async fn next(&self) -> io::Result<(UnixStream, Option<IpAddr>)> {
        Ok((self.accept().await?.0, None))
    }
}

/// Listens on a TCP port.
///
/// # Errors
/// If the address is not one of this machine, or the port is taken.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Connections of the daemon before this one, which linger, do not count.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Answers until it is dropped, and all its connections with it.
pub async fn serve(listener: impl Listener, router: Router, limits: Limits) -> Infallible {
    let router = router.layer(DefaultBodyLimit::max(limits.body_bytes));
    let mut places = Places::default();
    let mut had_room = true;
    loop {
        let next = tokio::select! {
            next = listener.next() => next,
            () = places.one_ends() => continue,
        };
        match next {
            Ok((io, peer)) => {
                had_room = true;
                places.make_room(limits.connections).await;
                places.take(io, Neighbourhood::of(peer), router.clone(), limits);
            }
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                if had_room {
                    warn!("cannot take a connection, and tries on: {error}");
                }
                had_room = false;
                places.push_one_out();
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }
}

/// Whether only this connection has failed, and the next may be had at once.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted, NotConnected};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted | NotConnected
    )
}

/// Whose connections count together: those of an IPv4 address, of the 64 bits of IPv6 that one network gets, or all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Neighbourhood(Option<IpAddr>);

impl Neighbourhood {
    fn of(peer: Option<IpAddr>) -> Self {
        Self(peer.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
            v4 @ IpAddr::V4(_) => v4,
        }))
    }
}

/// A place that is taken.
struct Held {
    from: Neighbourhood,
    activity: Arc<Activity>,
    task: AbortHandle,
}

/// The connections that there are.
#[derive(Default)]
struct Places {
    tasks: JoinSet<()>,
    held: HashMap<Id, Held>,
}

impl Places {
    fn take(
        &mut self,
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        from: Neighbourhood,
        router: Router,
        limits: Limits,
    ) {
        let activity = Arc::new(Activity::new());
        let io = Watched::new(io, Arc::clone(&activity), limits.stall);
        let task = self.tasks.spawn(converse(io, router, limits, Arc::clone(&activity)));
        self.held.insert(task.id(), Held { from, activity, task });
    }

    /// Waits until fewer than `most` places are taken, and pushes out whom it can.
    async fn make_room(&mut self, most: usize) {
        while self.held.len() >= most.max(1) {
            if self.push_one_out() {
                self.one_ends().await;
            } else {
                // All are being answered. One of them may end or come to wait for its client.
                let _ = tokio::time::timeout(LOOK_AGAIN, self.one_ends()).await;
            }
        }
    }

    /// Ends the connection that can best be spared; false if each is being answered.
    fn push_one_out(&self) -> bool {
        let mut shares: HashMap<Neighbourhood, usize> = HashMap::new();
        for held in self.held.values() {
            *shares.entry(held.from).or_default() += 1;
        }
        let waiting = self.held.values().filter_map(|held| Some((held, held.activity.waits_since()?)));
        let spare =
            waiting.min_by_key(|(held, since)| (std::cmp::Reverse(shares.get(&held.from).copied()), *since));
        if let Some((held, _)) = spare {
            held.task.abort();
        }
        spare.is_some()
    }

    /// Returns when a connection has ended; never if there is none.
    async fn one_ends(&mut self) {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            // Pushed out, or a handler panicked, which was told where it happened.
            Some(Err(error)) => error.id(),
            None => return std::future::pending().await,
        };
        self.held.remove(&id);
    }
}

/// Answers the requests of one connection.
async fn converse<Io: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    io: Watched<Io>,
    router: Router,
    limits: Limits,
    activity: Arc<Activity>,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let handler = TowerToHyperService::new(router.clone());
        let activity = &activity;
        async move {
            let _answering = activity.answering();
            let answer = tokio::time::timeout(limits.answer, handler.call(request)).await;
            answer.unwrap_or_else(|_| Ok(too_late()))
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(limits.head_bytes.max(LEAST_HEAD));
    // What goes wrong here is its client's doing: there is nobody to tell.
    let _ = http.serve_connection(TokioIo::new(io), service).await;
}

fn too_late() -> Response {
    let close = [(header::CONNECTION, HeaderValue::from_static("close"))];
    (StatusCode::REQUEST_TIMEOUT, close, "the request took too long\n").into_response()
}

#[cfg(test)]
#[path = "listen_tests.rs"]
mod tests;
