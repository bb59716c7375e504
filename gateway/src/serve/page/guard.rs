//! Who is let in to the page, and the headers that every answer gets.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::login::{self, Door};
use super::names::{Misdirected, Names};
use crate::policy::Shown;

/// What is served below this is data.
pub const API: &str = "/api";

/// What may be had without the token: it is the same on every machine that runs this program, and the form for the token wants it.
const PUBLIC: [&str; 3] = [login::LOGIN, "/style.css", "/icon.svg"];

/// Nothing but what this server itself serves: no inline script or style, no frame, no form elsewhere, no markup made by scripts.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types 'none'";

/// The headers of every answer, errors included. Nothing is kept, since it tells who visits what.
const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "camera=(), microphone=(), geolocation=(), payment=(), usb=(), clipboard-read=(), clipboard-write=(self)",
        ),
    ),
];

/// Where a browser says what page a request comes from (Fetch Metadata). Other programs say nothing.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Who is let in.
pub struct Guard {
    /// The names by which the page may be asked for.
    pub names: Names,
    /// The token, if one is needed.
    pub door: Option<Door>,
}

/// Lets a request pass or answers it, and puts the headers on whatever is answered.
pub async fn watch(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.answer(&request) {
        Some(answer) => answer,
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, value);
    }
    response
}

impl Guard {
    /// What is answered in place of what was asked for; `None` if nothing is wrong with the request.
    fn answer(&self, request: &Request) -> Option<Response> {
        let (method, path) = (request.method(), request.uri().path());
        if let Err(misdirected) = self.names.check(request.uri(), request.headers()) {
            return Some(self.tell_names(&misdirected));
        }
        let is_login = method == Method::POST && path == login::LOGIN;
        if !is_login && method != Method::GET && method != Method::HEAD {
            let allow = [(header::ALLOW, "GET, HEAD")];
            return Some((StatusCode::METHOD_NOT_ALLOWED, allow, "this page only reads\n").into_response());
        }
        if (is_login || is_below(path, API)) && is_from_elsewhere(request.headers()) {
            return Some((StatusCode::FORBIDDEN, "not for pages of other origins\n").into_response());
        }
        let door = self.door.as_ref().filter(|_| !PUBLIC.contains(&path))?;
        door.answer(request)
    }

    fn tell_names(&self, misdirected: &Misdirected) -> Response {
        match misdirected {
            Misdirected::Unclear => {
                (StatusCode::BAD_REQUEST, "a request names one host in one `Host` header\n").into_response()
            }
            Misdirected::Unknown(host) => {
                let text = format!(
                    "The page does not go by the name {}: it guards against pages of strangers that have their name lead \
                     here (DNS rebinding).\nOpen {}; or write the name under `hosts` below [page] in gateway.toml.\n",
                    Shown(host),
                    self.names.example()
                );
                (StatusCode::MISDIRECTED_REQUEST, text).into_response()
            }
        }
    }
}

/// Whether the path is `folder` or something in it.
pub fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a browser says that a page of another origin asks. To be of the same site is not enough: another port of this host is.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get_all(FETCH_SITE).iter().any(|site| site != "same-origin" && site != "none")
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
