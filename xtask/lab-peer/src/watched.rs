//! A UDP socket that tells what the network refused. quinn overlooks it when it sends, and gives no cause when it receives.

use std::fmt::{self, Debug};
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, Runtime as _, TokioRuntime, UdpPoller};
use tokio::sync::watch;

/// A socket connected to one peer: the kernel hands "port unreachable" only to such a one.
pub struct Watched {
    inner: Arc<dyn AsyncUdpSocket>,
    /// The same socket, for its pending error, which whoever asks first gets.
    socket: UdpSocket,
    failed: watch::Sender<Option<i32>>,
}

impl Watched {
    /// A socket for one connection to `peer`.
    pub fn connect(peer: SocketAddr) -> io::Result<Arc<Self>> {
        let any: SocketAddr = match peer {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any)?;
        socket.connect(peer)?;
        let inner = TokioRuntime.wrap_udp_socket(socket.try_clone()?)?;
        Ok(Arc::new(Self { inner, socket, failed: watch::Sender::new(None) }))
    }

    /// Returns once the network has refused a datagram.
    pub async fn error(&self) -> io::Error {
        match self.failed.subscribe().wait_for(Option::is_some).await.map(|code| *code) {
            Ok(Some(code)) => io::Error::from_raw_os_error(code),
            // Neither happens: what is waited for is there, and `self` holds the sender.
            Ok(None) | Err(_) => io::ErrorKind::Other.into(),
        }
    }

    fn note(&self, error: &io::Error) {
        if let Some(code) = error.raw_os_error() {
            self.failed.send_replace(Some(code));
        }
    }

    fn look(&self) {
        if let Ok(Some(error)) = self.socket.take_error() {
            self.note(&error);
        }
    }
}

impl Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl AsyncUdpSocket for Watched {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Arc::clone(&self.inner).create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.look();
        let sent = self.inner.try_send(transmit);
        self.look();
        sent
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let polled = self.inner.poll_recv(context, buffers, meta);
        if let Poll::Ready(Err(error)) = &polled {
            self.note(error);
        }
        polled
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.inner.max_transmit_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.inner.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.inner.may_fragment()
    }
}
