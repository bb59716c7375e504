//! For tests: the page with an API that is none, asked without a network.

use axum::Router;
use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::routing::get;
use http_body_util::BodyExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use super::guard::Guard;
use super::login::Door;
use super::names::Names;
use super::router;
use crate::policy::PageToken;

/// A token.
pub const TOKEN: &str = "0123456789abcdef+/=";

/// What came of a request.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// The only value of a header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map(|value| value.to_str().unwrap());
        assert!(values.next().is_none(), "{name} is there twice");
        value.unwrap_or_default()
    }
}

/// A request as a browser makes it that has the page open.
pub fn get_request(path: &str) -> Builder {
    Request::get(path).header(header::HOST, "127.0.0.1:9470")
}

/// Asks the page of a daemon on loopback.
pub async fn ask(request: Builder) -> Answer {
    answer(None, request.body(Body::empty()).unwrap()).await
}

/// Asks the page of a daemon that wants [`TOKEN`].
pub async fn ask_with_token(request: Request<Body>) -> Answer {
    answer(Some(Door::new(PageToken::new(TOKEN).unwrap(), Some(9470))), request).await
}

async fn answer(door: Option<Door>, request: Request<Body>) -> Answer {
    let names = Names::new(Some("127.0.0.1:9470".parse().unwrap()), Vec::new());
    let api = Router::new().route("/v1/status", get(|| async { "{\"daemon\":true}" }));
    let service = TowerToHyperService::new(router(Guard { names, door }, api));
    let (head, body) = service.call(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: head.status, headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}
