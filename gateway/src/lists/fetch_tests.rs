//! What comes from a server, and what does not, whatever the server does.

use std::io::ErrorKind;
use std::net::TcpListener;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::lists::server::{Server, ok, send, send_for_ever, wait_for_the_end};

const TEXT: &[u8] = b"0.0.0.0 ads.example.org\n";

/// Everything small, except the time for what should succeed.
fn limits() -> Limits {
    Limits { wire: 100_000, text: 1_000_000, redirects: 3, ..Limits::default() }
}

fn fetch_with(limits: Limits, url: &str, known: &Validators) -> (Result<Answer, FetchError>, Vec<u8>) {
    let mut out = Vec::new();
    let result = Fetcher::new(limits, &Trust::Only(Vec::new())).fetch(url, known, &mut out);
    (result, out)
}

fn fetch(server: &Server) -> (Result<Answer, FetchError>, Vec<u8>) {
    fetch_with(limits(), &server.url(), &Validators::default())
}

fn error(server: &Server) -> FetchError {
    fetch(server).0.unwrap_err()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A server that answers with these bytes.
fn with(response: Vec<u8>) -> Server {
    Server::new(move |_, wire| send(wire, &response))
}

#[test]
fn a_list_is_fetched_under_our_name_and_may_be_packed() {
    let server = with(ok("etag: \"x\"\r\nlast-modified: yesterday\r\n", TEXT));
    let (answer, out) = fetch(&server);
    let validators = Validators { etag: Some("\"x\"".into()), last_modified: Some("yesterday".into()) };
    assert_eq!((answer.unwrap(), out.as_slice()), (Answer::New(validators), TEXT));
    let request = server.requests()[0].to_ascii_lowercase();
    assert!(
        request.contains(concat!("user-agent: gateway/", env!("CARGO_PKG_VERSION"), "\r\n")),
        "{request}"
    );
    assert!(request.contains("accept-encoding: gzip\r\n"), "{request}");
    assert!(!request.contains("if-none-match") && !request.contains("if-modified-since"), "{request}");
}

#[test]
fn a_list_that_has_not_changed_does_not_come_again() {
    let server = Server::new(|head, wire| {
        let is_known = head.contains("if-none-match: \"x\"") && head.contains("if-modified-since: yesterday");
        let status = if is_known { "304 Not Modified" } else { "412 Precondition Failed" };
        send(wire, format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes());
    });
    let known = Validators { etag: Some("\"x\"".into()), last_modified: Some("yesterday".into()) };
    let (answer, out) = fetch_with(limits(), &server.url(), &known);
    assert_eq!((answer.unwrap(), out.len()), (Answer::Same, 0));
}

#[test]
fn not_modified_is_no_answer_to_who_has_nothing() {
    let server = with(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec());
    assert!(matches!(error(&server), FetchError::Status(StatusCode::NOT_MODIFIED)));
}

#[test]
fn a_packed_list_is_unpacked_whether_or_not_the_server_says_so() {
    for headers in ["content-encoding: gzip\r\n", ""] {
        let (answer, out) = fetch(&with(ok(headers, &gzip(TEXT))));
        assert!(answer.is_ok());
        assert_eq!(out, TEXT);
    }
    let (answer, out) = fetch(&with(ok("content-encoding: gzip\r\n", TEXT)));
    assert!(answer.is_ok());
    assert_eq!(out, TEXT, "a server that says gzip and sends text");
}

#[test]
fn pieces_are_put_together() {
    let mut response = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for piece in TEXT.chunks(5) {
        response.extend(format!("{:x}\r\n", piece.len()).as_bytes());
        response.extend(piece);
        response.extend(b"\r\n");
    }
    response.extend(b"0\r\n\r\n");
    let (answer, out) = fetch(&with(response));
    assert!(answer.is_ok());
    assert_eq!(out, TEXT);
}

#[test]
fn a_bomb_of_gzip_is_stopped_at_the_limit() {
    let bomb = gzip(&vec![b'a'; 10_000_000]);
    assert!(bomb.len() < 100_000, "it fits the limit of the wire");
    let (result, out) = fetch(&with(ok("content-encoding: gzip\r\n", &bomb)));
    assert!(matches!(result, Err(FetchError::Bomb(1_000_000))), "{result:?}");
    assert!(out.len() <= 1_000_000);
}

#[test]
fn an_endless_answer_is_stopped_at_the_limit() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n";
    let server = Server::new(|_, wire| send_for_ever(wire, head, &[b'a'; 1000]));
    assert!(matches!(error(&server), FetchError::Long(100_000)));
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let server = Server::new(|_, wire| send_for_ever(wire, chunked, b"4\r\naaaa\r\n"));
    assert!(matches!(error(&server), FetchError::Long(100_000)));
}

#[test]
fn endless_packed_nothing_is_stopped_at_the_limit() {
    let nothing = gzip(b"");
    let server = Server::new(move |_, wire| send_for_ever(wire, b"HTTP/1.1 200 OK\r\n\r\n", &nothing));
    let (result, out) = fetch(&server);
    assert!(matches!(result, Err(FetchError::Long(100_000))), "{result:?}");
    assert!(out.is_empty());
}

#[test]
fn an_answer_that_says_it_is_too_long_is_not_waited_for() {
    let server = Server::new(|_, wire| {
        send(wire, b"HTTP/1.1 200 OK\r\ncontent-length: 100001\r\n\r\n");
        wait_for_the_end(wire);
    });
    assert!(matches!(error(&server), FetchError::Long(100_000)));
}

#[test]
fn a_server_that_falls_silent_is_left() {
    for head in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"] {
        let server = Server::new(move |_, wire| {
            send(wire, head.as_bytes());
            wait_for_the_end(wire);
        });
        let short = Limits { silence: Duration::from_millis(50), ..limits() };
        let (result, _) = fetch_with(short, &server.url(), &Validators::default());
        assert!(matches!(result, Err(FetchError::Timeout(_))), "{head:?}: {result:?}");
    }
}

#[test]
fn a_server_that_never_ends_is_left_in_time() {
    let server = Server::new(|_, wire| send_for_ever(wire, b"HTTP/1.1 200 OK\r\n\r\n", b"a"));
    let short = Limits { whole: Duration::from_millis(100), wire: u64::MAX, text: u64::MAX, ..limits() };
    let (result, _) = fetch_with(short, &server.url(), &Validators::default());
    assert!(matches!(result, Err(FetchError::Timeout(_))), "{result:?}");
}

#[test]
fn a_server_that_drips_is_left() {
    let server = with(ok("", TEXT));
    let fast = Limits { grace: Duration::ZERO, floor: 1 << 50, ..limits() };
    let (result, _) = fetch_with(fast, &server.url(), &Validators::default());
    assert!(matches!(result, Err(FetchError::Slow(_))), "{result:?}");
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let target = with(ok("", TEXT));
    let moved = format!("HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", target.url());
    let (answer, out) = fetch(&with(moved.into_bytes()));
    assert!(answer.is_ok());
    assert_eq!(out, TEXT);
    let ring = with(b"HTTP/1.1 301 Moved\r\nlocation: /list.txt\r\ncontent-length: 0\r\n\r\n".to_vec());
    assert!(matches!(error(&ring), FetchError::Redirects(3)));
    assert_eq!(ring.requests().len(), 4);
}

#[test]
fn a_redirect_to_another_kind_of_place_is_not_followed() {
    let file =
        with(b"HTTP/1.1 302 Found\r\nlocation: file:///etc/passwd\r\ncontent-length: 0\r\n\r\n".to_vec());
    let (result, out) = fetch(&file);
    assert!(result.is_err() && out.is_empty(), "{result:?}");
}

#[test]
fn what_is_not_the_list_is_an_error() {
    for status in ["500 Oops", "404 Not Found", "204 No Content", "206 Partial Content", "429 Too Many"] {
        let server = with(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").into_bytes());
        let error = error(&server);
        assert!(matches!(error, FetchError::Status(_)), "{status}: {error:?}");
        assert!(error.to_string().contains(&status[..3]));
    }
    for nonsense in ["", "SSH-2.0-dropbear\r\n", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"] {
        assert!(fetch(&with(nonsense.into())).0.is_err(), "{nonsense:?}");
    }
    let error = error(&with(ok("content-encoding: br\r\n", TEXT)));
    assert_eq!(error.to_string(), "the answer is packed as `br`, which was not asked for");
}

#[test]
fn an_answer_that_breaks_off_is_an_error() {
    let packed = gzip(TEXT);
    let cut = packed.get(..packed.len() - 3).unwrap();
    for response in [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0.0.0.0 ads".to_vec(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n".to_vec(),
        ok("content-encoding: gzip\r\n", cut),
        ok("content-encoding: gzip\r\n", &[&packed[..20], b"garbage"].concat()),
    ] {
        let (result, _) = fetch(&with(response.clone()));
        assert!(result.is_err(), "{:?}", String::from_utf8_lossy(&response));
    }
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (result, _) = fetch_with(limits(), &format!("http://{address}/"), &Validators::default());
    assert!(matches!(result, Err(FetchError::Http(_))), "{result:?}");
}

#[test]
fn a_disk_that_is_full_is_told_as_such() {
    let mut full = std::fs::File::create("/dev/full").unwrap();
    let server = with(ok("", TEXT));
    let fetcher = Fetcher::new(limits(), &Trust::Only(Vec::new()));
    let error = fetcher.fetch(&server.url(), &Validators::default(), &mut full).unwrap_err();
    assert!(
        matches!(&error, FetchError::Write(error) if error.kind() == ErrorKind::StorageFull),
        "{error:?}"
    );
}

#[test]
fn a_server_proves_who_it_is_to_those_who_know_its_authority() {
    let (server, certificate) = Server::with_tls(|_, wire| send(wire, &ok("", TEXT)));
    let (_, stranger) = Server::with_tls(|_, _| {});
    let mut out = Vec::new();
    let fetcher = Fetcher::new(limits(), &Trust::Only(vec![certificate]));
    fetcher.fetch(&server.url(), &Validators::default(), &mut out).unwrap();
    assert_eq!(out, TEXT);
    let fetcher = Fetcher::new(limits(), &Trust::Only(vec![stranger]));
    let error = fetcher.fetch(&server.url(), &Validators::default(), &mut out).unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    let (result, _) = fetch_with(limits(), &server.url(), &Validators::default());
    assert!(matches!(result, Err(FetchError::NoRoots)), "{result:?}");
}

#[test]
fn a_redirect_out_of_https_is_refused() {
    let plain = with(ok("", TEXT));
    let moved = format!("HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", plain.url());
    let (server, certificate) = Server::with_tls(move |_, wire| send(wire, moved.as_bytes()));
    let fetcher = Fetcher::new(limits(), &Trust::Only(vec![certificate]));
    let error = fetcher.fetch(&server.url(), &Validators::default(), &mut Vec::new()).unwrap_err();
    assert!(matches!(error, FetchError::Downgrade(_)), "{error:?}");
    assert!(plain.requests().is_empty());
}
