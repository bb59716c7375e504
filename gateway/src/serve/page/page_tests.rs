//! The page's server over real sockets.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use super::*;

const LIMIT: Duration = Duration::from_secs(20);

fn page(listen: PageListen) -> Page {
    Page { listen, ..Page::default() }
}

fn loopback() -> PageListen {
    PageListen::Tcp("127.0.0.1:0".parse().unwrap())
}

fn address(server: &Server) -> std::net::SocketAddr {
    let Listener::Tcp(listener) = &server.listener else { panic!("not over TCP") };
    listener.local_addr().unwrap()
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    let talk = async {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    tokio::time::timeout(LIMIT, talk).await.expect("the connection was left open")
}

#[tokio::test]
async fn it_serves_over_tcp_by_the_port_that_it_got() {
    let server = bind(&page(loopback())).unwrap();
    let at = address(&server);
    tokio::spawn(serve(server, Router::new()));
    let get = |host: String| async move {
        let stream = TcpStream::connect(at).await.unwrap();
        ask(stream, &format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await
    };
    let answer = get(at.to_string()).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("<title>gateway</title>"), "{answer}");
    assert!(get(format!("localhost:{}", at.port())).await.starts_with("HTTP/1.1 200"));
    assert!(get(String::from("localhost:1")).await.starts_with("HTTP/1.1 421"));
    let stream = TcpStream::connect(at).await.unwrap();
    assert!(ask(stream, "GET / HTTP/1.0\r\n\r\n").await.starts_with("HTTP/1.0 400"));
}

#[tokio::test]
async fn a_socket_is_for_its_owner_alone_and_goes_with_its_server() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("run/page.sock");
    let server = bind(&page(PageListen::Unix(path.clone()))).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let serving = tokio::spawn(serve(server, Router::new()));
    let stream = UnixStream::connect(&path).await.unwrap();
    let answer = ask(stream, "GET /icon.svg HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    serving.abort();
    assert!(serving.await.unwrap_err().is_cancelled());
    assert!(!path.exists());
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_with_the_cure_and_off_takes_none() {
    let first = bind(&page(loopback())).unwrap();
    let at = address(&first);
    let error = format!("{:#}", bind(&page(PageListen::Tcp(at))).err().unwrap());
    let told = format!("cannot serve the page on {at}; change [page] listen, or make it \"off\": ");
    assert!(error.starts_with(&told) && error.contains("in use"), "{error}");
    let off = bind(&page(PageListen::Off)).unwrap();
    assert!(matches!(off.listener, Listener::Off));
    assert!(tokio::time::timeout(Duration::from_millis(1), serve(off, Router::new())).await.is_err());
}

#[tokio::test]
async fn the_token_is_read_when_it_is_bound_and_one_that_is_none_refuses_the_start() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("token");
    let page = Page { token_file: Some(path.clone()), ..page(loopback()) };
    let refused = |page: &Page| format!("{:#}", bind(page).err().unwrap());
    assert!(refused(&page).contains("No such file") && refused(&page).contains("(make it: "));
    fs::write(&path, "0123456789abcdef\n").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o604)).unwrap();
    assert!(refused(&page).contains("chmod 600"));
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let server = bind(&page).unwrap();
    let at = address(&server);
    tokio::spawn(serve(server, Router::new()));
    for (header, status) in [("", "401"), ("Authorization: Bearer 0123456789abcdef\r\n", "200")] {
        let stream = TcpStream::connect(at).await.unwrap();
        let request = format!("GET / HTTP/1.1\r\nHost: {at}\r\n{header}Connection: close\r\n\r\n");
        let answer = ask(stream, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
}
