//! A connection of which is known whether it waits for its client, and since when.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// What a connection is doing.
pub(super) struct Activity {
    start: Instant,
    /// When it last got rid of something, in microseconds from `start`.
    moved: AtomicU64,
    is_answering: AtomicBool,
}

impl Activity {
    /// Of a connection that begins.
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), moved: AtomicU64::new(0), is_answering: AtomicBool::new(false) }
    }

    /// When it began to wait for its client: for a request or for room to send; `None` while it is the client who waits.
    /// What the client sends piece by piece does not count, or it could keep its place that way.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        let moved = Duration::from_micros(self.moved.load(Ordering::Relaxed));
        (!self.is_answering.load(Ordering::Relaxed)).then(|| self.start + moved)
    }

    /// The client waits for as long as what is returned lives.
    pub(super) fn answering(&self) -> Answering<'_> {
        self.is_answering.store(true, Ordering::Relaxed);
        Answering(self)
    }

    fn moved(&self) {
        let elapsed = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.moved.store(elapsed, Ordering::Relaxed);
    }
}

/// A request is being answered.
pub(super) struct Answering<'a>(&'a Activity);

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.moved();
        self.0.is_answering.store(false, Ordering::Relaxed);
    }
}

/// A connection that fails when its client takes nothing of what is sent to it for too long.
pub(super) struct Watched<Io> {
    io: Io,
    activity: Arc<Activity>,
    stall: Duration,
    /// Runs while there is no room to send.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<Io> Watched<Io> {
    pub(super) const fn new(io: Io, activity: Arc<Activity>, stall: Duration) -> Self {
        Self { io, activity, stall, deadline: None }
    }

    fn watch(&mut self, cx: &mut Context<'_>, sent: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if sent.is_ready() {
            self.deadline = None;
            self.activity.moved();
            return sent;
        }
        let stall = self.stall;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Watched<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Watched<Io> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.watch(cx, sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.io).poll_write_vectored(cx, pieces);
        self.watch(cx, sent)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
