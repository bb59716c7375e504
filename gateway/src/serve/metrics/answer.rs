//! The page over HTTP: in the format and the encoding that the client wants.

use std::convert::Infallible;
use std::io::{self, Write as _};
use std::sync::{Arc, Weak};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use prometheus::proto::MetricFamily;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tracing::error;

use super::Metrics;
use super::exposition::write;
use super::wishes::Wishes;
use crate::serve::listen::{self, Limits};

/// Pages below this many bytes are sent as they are.
const WORTH_PACKING: usize = 16 * 1024;

/// How many pages of one form may be on their way to clients; one that comes then gets the last of them once more. A page of
/// ten thousand devices takes ten megabytes, and a client that does not read keeps it for seconds.
const MOST_UNDER_WAY: usize = 3;

/// Answers scrapes until it is dropped.
pub async fn serve(listener: TcpListener, metrics: Metrics) -> Infallible {
    listen::serve(listener, routes(metrics), Limits::STRANGERS).await
}

/// `/metrics`.
pub fn routes(metrics: Metrics) -> Router {
    router(move || metrics.gather())
}

/// What gives the families of the moment.
trait Gather: FnMut() -> anyhow::Result<Vec<MetricFamily>> + Send + 'static {}

impl<F: FnMut() -> anyhow::Result<Vec<MetricFamily>> + Send + 'static> Gather for F {}

fn router<G: Gather>(gather: G) -> Router {
    let pages = Pages { gather, under_way: Vec::new() };
    Router::new().route("/metrics", get(metrics_page::<G>)).with_state(Arc::new(Mutex::new(pages)))
}

async fn metrics_page<G: Gather>(State(pages): State<Arc<Mutex<Pages<G>>>>, headers: HeaderMap) -> Response {
    let (asked, wishes) = (Instant::now(), Wishes::of(&headers));
    // One at a time: who waits here gets a page that was begun after he asked, if there is one then.
    let mut pages = pages.lock_owned().await;
    // Reading maps is system calls: off the threads that serve.
    let made = tokio::task::spawn_blocking(move || pages.page(wishes, asked)).await;
    match made.map_err(anyhow::Error::from).flatten() {
        Ok(page) => page.into_response(wishes),
        Err(error) => {
            error!("a scrape got no answer: {error:#}");
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}\n")).into_response()
        }
    }
}

/// A page as it is sent.
#[derive(Clone)]
struct Page {
    bytes: Arc<Vec<u8>>,
    is_packed: bool,
}

impl AsRef<[u8]> for Page {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Page {
    fn new(text: String, wishes: Wishes) -> io::Result<Self> {
        let is_packed = wishes.gzip && text.len() >= WORTH_PACKING;
        let bytes = if is_packed { pack(text.as_bytes())? } else { text.into_bytes() };
        Ok(Self { bytes: Arc::new(bytes), is_packed })
    }

    fn into_response(self, wishes: Wishes) -> Response {
        let is_packed = self.is_packed;
        let mut response = Bytes::from_owner(self).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(wishes.format.content_type()));
        headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        if is_packed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    // Samples are so alike that the fastest way makes a twentieth of them.
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 16), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// A page that may not have reached its clients yet.
struct UnderWay {
    begun: Instant,
    wishes: Wishes,
    is_packed: bool,
    bytes: Weak<Vec<u8>>,
}

struct Pages<G> {
    gather: G,
    /// The last comes last.
    under_way: Vec<UnderWay>,
}

impl<G: Gather> Pages<G> {
    /// The page as it is now, at the latest when it was `asked` for, unless too many are under way.
    fn page(&mut self, wishes: Wishes, asked: Instant) -> anyhow::Result<Page> {
        self.under_way.retain(|page| page.bytes.strong_count() > 0);
        let alike = || self.under_way.iter().filter(|page| page.wishes == wishes);
        let is_crowded = alike().count() >= MOST_UNDER_WAY;
        if let Some(page) = alike().next_back()
            && (is_crowded || page.begun >= asked)
            && let Some(bytes) = page.bytes.upgrade()
        {
            return Ok(Page { bytes, is_packed: page.is_packed });
        }
        let begun = Instant::now();
        let families = (self.gather)()?;
        let text = write(&families, wishes.format);
        let page = Page::new(text, wishes);
        // A million small pieces, whose end takes as long as their writing: not while the client waits.
        tokio::task::spawn_blocking(move || drop(families));
        let page = page?;
        let (bytes, is_packed) = (Arc::downgrade(&page.bytes), page.is_packed);
        self.under_way.push(UnderWay { begun, wishes, is_packed, bytes });
        Ok(page)
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
