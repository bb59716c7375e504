use std::fs;
use std::net::SocketAddr;
use std::sync::Mutex;

use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;

use super::*;

/// Longer than anything here takes, so that a hang is a failure.
const LIMIT: Duration = Duration::from_secs(20);
/// A scrape that takes longer than this was kept waiting, even on a machine that does much else.
const SOON: Duration = Duration::from_secs(5);

/// Limits that a test can wait for.
const TIGHT: Limits = Limits {
    connections: 4,
    head: Duration::from_millis(300),
    answer: Duration::from_millis(300),
    stall: Duration::from_millis(300),
    head_bytes: 8192,
    body_bytes: 1000,
};

/// So that only pushing out makes room in time.
const PATIENT: Limits = Limits { head: LIMIT, answer: LIMIT, stall: LIMIT, ..TIGHT };

async fn start(router: Router, limits: Limits) -> SocketAddr {
    let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, router.route("/metrics", get(|| async { "well\n" })), limits));
    address
}

/// Scrapes as a client does that knows what it wants.
async fn scrape(address: SocketAddr) {
    let answer = timeout(SOON, ask(address, "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    let answer = answer.await.expect("the scrape was kept waiting");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("well\n"), "{answer:?}");
}

/// Everything that the server says to `request` until it closes.
async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    rest(&mut stream).await
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset ends it as an end does: what matters is what came before.
    let _ = timeout(LIMIT, stream.read_to_end(&mut answer)).await.expect("the connection was left open");
    String::from_utf8(answer).unwrap()
}

/// Sends `piece` again and again until the server will not have it any more; returns the bytes and what it said.
async fn send_without_end(stream: &mut TcpStream, piece: &[u8]) -> (usize, String) {
    let sending = async {
        let mut sent = 0;
        while stream.write_all(piece).await.is_ok() {
            sent += piece.len();
        }
        sent
    };
    let sent = timeout(LIMIT, sending).await.expect("the server took all of it");
    (sent, rest(stream).await)
}

#[tokio::test]
async fn connections_that_say_nothing_take_no_place_from_a_scrape_and_end() {
    let address = start(Router::new(), PATIENT).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    scrape(address).await;

    let address = start(Router::new(), TIGHT).await;
    let mut half_open = TcpStream::connect(address).await.unwrap();
    half_open.write_all(b"GET /metrics HTTP/1.1\r\nHos").await.unwrap();
    assert_eq!(rest(&mut half_open).await, "");
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_does_not_keep_its_connection() {
    let address = start(Router::new(), TIGHT).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nX: ").await.unwrap();
    let trickling = async {
        // Each byte is followed by a moment in which the server may hang up.
        while timeout(Duration::from_millis(20), stream.read_u8()).await.is_err() {
            if stream.write_all(b"x").await.is_err() {
                break;
            }
        }
    };
    timeout(LIMIT, trickling).await.expect("the head was read for ever");
    scrape(address).await;
}

#[tokio::test]
async fn a_head_without_end_is_cut() {
    let address = start(Router::new(), PATIENT).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nX: ").await.unwrap();
    let (sent, answer) = send_without_end(&mut stream, &[b'x'; 1024]).await;
    // The buffers of both ends take some that nobody reads.
    assert!(sent < 16 << 20, "{sent}");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer:?}");
    scrape(address).await;
}

#[tokio::test]
async fn a_body_without_end_is_cut_whether_it_is_read_or_not() {
    let router = Router::new().route("/read", post(|body: Bytes| async move { body.len().to_string() }));
    let address = start(router, PATIENT).await;
    for (head, status) in [("POST /read", "HTTP/1.1 413"), ("GET /metrics", "HTTP/1.1 200")] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("{head} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
        let (sent, answer) = send_without_end(&mut stream, chunk.as_bytes()).await;
        assert!(sent < 16 << 20, "{sent}");
        // The reset that ends it may overtake the answer.
        assert!(answer.is_empty() || answer.starts_with(status), "{answer:?}");
    }
    let within = "POST /read HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfour";
    assert!(ask(address, within).await.ends_with("\r\n\r\n4"));
}

#[tokio::test]
async fn a_body_that_stops_ends_in_an_answer() {
    let router = Router::new().route("/read", post(|body: Bytes| async move { body.len().to_string() }));
    let address = start(router, TIGHT).await;
    let answer = ask(address, "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nfour").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer:?}");
}

/// Tells when it is dropped.
struct Gone(mpsc::Sender<()>);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = self.0.try_send(());
    }
}

/// A handler of answers without end, and what tells that one was dropped.
fn endless() -> (Router, mpsc::Receiver<()>) {
    let (sender, dropped) = mpsc::channel(100);
    let handler = move || {
        let gone = Gone(sender.clone());
        async move {
            let chunks = tokio_stream::iter(std::iter::repeat_with(move || {
                let _held = &gone;
                Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 64 * 1024]))
            }));
            Body::from_stream(chunks)
        }
    };
    (Router::new().route("/endless", get(handler)), dropped)
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_dropped() {
    let (router, mut dropped) = endless();
    let address = start(router, TIGHT).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    timeout(LIMIT, dropped.recv()).await.expect("the answer was kept for ever");
    scrape(address).await;
}

#[tokio::test]
async fn clients_that_do_not_read_take_no_place_from_a_scrape() {
    let (router, _dropped) = endless();
    let address = start(router, PATIENT).await;
    let mut deaf = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        deaf.push(stream);
        scrape(address).await;
    }
}

#[tokio::test]
async fn a_stream_that_has_nothing_to_say_is_not_cut() {
    let (say, said) = mpsc::channel::<Result<Bytes, Infallible>>(1);
    let said = Arc::new(Mutex::new(Some(said)));
    let stream = move || {
        let said = said.lock().unwrap().take();
        async move { said.map(|said| Body::from_stream(ReceiverStream::new(said))).unwrap_or_default() }
    };
    let (router, mut dropped) = endless();
    let address = start(router.route("/events", get(stream)), TIGHT).await;
    let mut events = TcpStream::connect(address).await.unwrap();
    events.write_all(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut head = [0; 12];
    timeout(LIMIT, events.read_exact(&mut head)).await.unwrap().unwrap();
    // A client that came later is dropped for doing nothing; the stream has said nothing for longer than that.
    let mut deaf = TcpStream::connect(address).await.unwrap();
    deaf.write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    timeout(LIMIT, dropped.recv()).await.expect("the answer was kept for ever");
    say.send(Ok(Bytes::from_static(b"an event"))).await.unwrap();
    drop(say);
    let answer = async {
        let mut answer = Vec::new();
        while !answer.ends_with(b"an event\r\n0\r\n\r\n") {
            answer.push(events.read_u8().await.unwrap());
        }
    };
    timeout(LIMIT, answer).await.expect("the event did not come");
}

#[tokio::test]
async fn a_request_that_is_being_answered_is_not_pushed_out() {
    let (begun, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (begun, release) = (Arc::clone(&begun), Arc::clone(&release));
        move || async move {
            begun.notify_one();
            release.notified().await;
            "at last\n"
        }
    };
    let address = start(Router::new().route("/slow", get(handler)), PATIENT).await;
    let slow = tokio::spawn(async move {
        ask(address, "GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await
    });
    timeout(LIMIT, begun.notified()).await.unwrap();
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(address).await.unwrap());
        scrape(address).await;
    }
    release.notify_one();
    assert!(timeout(LIMIT, slow).await.unwrap().unwrap().ends_with("at last\n"));
}

#[tokio::test]
async fn the_one_that_holds_the_most_loses_a_place_first() {
    let address = start(Router::new(), PATIENT).await;
    let mut polite = {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        socket.connect(address).await.unwrap()
    };
    let mut greedy = Vec::new();
    for _ in 0..100 {
        greedy.push(TcpStream::connect(address).await.unwrap());
    }
    scrape(address).await;
    polite.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(rest(&mut polite).await.ends_with("well\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_connections_leave_a_scrape_its_place() {
    let address = start(Router::new(), Limits { connections: 64, ..PATIENT }).await;
    let mut crowd = Vec::new();
    for number in 0..10_000 {
        let socket = TcpSocket::new_v4().unwrap();
        // A port of its own each, and many have been closed by the server.
        socket.set_reuseaddr(true).unwrap();
        crowd.push(timeout(LIMIT, socket.connect(address)).await.unwrap().unwrap());
        // Fewer than the kernel keeps until they are taken: a client that finds no room there tries again after a second only.
        if number % 100 == 99 {
            scrape(address).await;
        }
    }
    // Those of other tests that run beside this one count too.
    let descriptors = fs::read_dir("/proc/self/fd").unwrap().count();
    assert!(descriptors < crowd.len() + 64 + 500, "{descriptors} descriptors");
}

/// A listener that has no room for the first few connections.
struct Full(TcpListener, Mutex<Vec<i32>>);

impl Listener for Full {
    type Io = TcpStream;

    async fn next(&self) -> io::Result<(TcpStream, Option<IpAddr>)> {
        let failure = self.1.lock().unwrap().pop();
        match failure {
            Some(code) => Err(io::Error::from_raw_os_error(code)),
            None => self.0.next().await,
        }
    }
}

#[tokio::test]
async fn a_system_without_room_for_a_connection_is_tried_again() {
    use nix::libc::{ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPROTO};
    let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let failures = vec![ENOMEM, ENOBUFS, ENFILE, EMFILE, EPROTO, ECONNABORTED];
    let router = Router::new().route("/metrics", get(|| async { "well\n" }));
    tokio::spawn(serve(Full(listener, Mutex::new(failures)), router, TIGHT));
    scrape(address).await;
}

#[tokio::test]
async fn a_unix_socket_is_served_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let router = Router::new().route("/metrics", get(|| async { "well\n" }));
    tokio::spawn(serve(UnixListener::bind(&path).unwrap(), router, PATIENT));
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(UnixStream::connect(&path).await.unwrap());
    }
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    timeout(LIMIT, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.ends_with("well\n"), "{answer:?}");
}

#[test]
fn the_addresses_of_one_network_count_together() {
    let of = |text: &str| Neighbourhood::of(Some(text.parse().unwrap()));
    assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
    assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
}
