use std::io::Read as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flate2::read::GzDecoder;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;
use crate::serve::metrics::catalogue as metric;
use crate::serve::metrics::family::Family;

const LIMIT: Duration = Duration::from_secs(20);

/// A server whose counter tells how often it was asked; of so many devices.
async fn start(devices: usize) -> std::net::SocketAddr {
    let asked = AtomicU64::new(0);
    let gather = move || {
        let count = asked.fetch_add(1, Ordering::Relaxed);
        let mut flows = Family::new(&metric::DEVICE_FLOWS);
        (0..devices).for_each(|number| flows.add([&format!("device {number}"), ""], count));
        Ok(vec![Family::single(&metric::EVENTS_LOST, [], count), flows.into()])
    };
    serve_at_once(router(gather)).await
}

async fn serve_at_once(router: Router) -> std::net::SocketAddr {
    let listener = listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(listen::serve(listener, router, Limits::STRANGERS));
    address
}

/// The head of the answer; its body is not read.
async fn ask(address: std::net::SocketAddr, headers: &[(&str, &str)]) -> Response<Incoming> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::get("/metrics").header("host", "a");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(String::new()).unwrap();
    timeout(LIMIT, sender.send_request(request)).await.unwrap().unwrap()
}

async fn body(response: Response<Incoming>) -> Vec<u8> {
    timeout(LIMIT, response.into_body().collect()).await.unwrap().unwrap().to_bytes().to_vec()
}

#[tokio::test]
async fn each_client_gets_the_form_that_it_wishes() {
    let address = start(1000).await;
    let plain = ask(address, &[]).await;
    assert_eq!(plain.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert!(!plain.headers().contains_key("content-encoding"));
    let text = String::from_utf8(body(plain).await).unwrap();
    assert!(text.contains("\ngateway_events_lost_total 0\n"), "{text}");

    let wishes = [("accept", "application/openmetrics-text"), ("accept-encoding", "gzip")];
    let packed = ask(address, &wishes).await;
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert_eq!(
        packed.headers()["content-type"],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let mut text = String::new();
    GzDecoder::new(body(packed).await.as_slice()).read_to_string(&mut text).unwrap();
    assert!(text.contains("device=\"device 999\"") && text.ends_with("# EOF\n"), "{text}");

    let small = ask(start(1).await, &wishes).await;
    assert!(!small.headers().contains_key("content-encoding"));
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_and_not_half_a_page() {
    let address = serve_at_once(router(|| anyhow::bail!("no such map"))).await;
    let response = ask(address, &[]).await;
    assert_eq!(response.status(), 500);
    assert_eq!(body(response).await, b"no such map\n");
}

/// The count in a page.
fn count(page: &[u8]) -> u64 {
    let text = std::str::from_utf8(page).unwrap();
    let line = text.lines().find(|line| line.starts_with("gateway_events_lost_total")).unwrap();
    line.split(' ').next_back().unwrap().parse().unwrap()
}

#[tokio::test]
async fn every_scrape_is_new_unless_too_many_pages_are_not_taken() {
    // Of some megabytes, so that they do not fit into the buffers of a connection.
    let address = start(100_000).await;
    for expected in 0..5 {
        assert_eq!(count(&body(ask(address, &[]).await).await), expected);
    }
    let mut deaf = Vec::new();
    for _ in 0..MOST_UNDER_WAY {
        deaf.push(ask(address, &[]).await);
    }
    // As many as may be under way were made: 5, 6 and 7. The last of them is given again.
    assert_eq!(count(&body(ask(address, &[]).await).await), 7);
    let other = [("accept", "application/openmetrics-text")];
    assert_eq!(count(&body(ask(address, &other).await).await), 8);
    for (expected, response) in (5..).zip(deaf) {
        assert_eq!(count(&body(response).await), expected);
    }
    assert_eq!(count(&body(ask(address, &[]).await).await), 9);
}
