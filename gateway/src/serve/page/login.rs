//! The token: how a browser comes to know it once, and how each request shows it.

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use percent_encoding::percent_decode_str;

use super::guard::{API, is_below};
use crate::policy::PageToken;

/// Where the form for the token goes.
pub const LOGIN: &str = "/login";

/// The form.
const FORM: &str = include_str!("assets/login.html");

/// Seconds for which a browser knows the token: a year. Another token in the file ends it sooner.
const REMEMBERED: u32 = 365 * 86_400;

/// The token, and the cookie in which browsers keep it.
pub struct Door {
    token: PageToken,
    /// Cookies do not heed ports: the name does, so that two gateways on one machine do not take each other's place.
    cookie: String,
}

impl Door {
    /// The door of a server at this port; `None` on a socket.
    pub fn new(token: PageToken, port: Option<u16>) -> Self {
        let port = port.map(|port| format!("-{port}")).unwrap_or_default();
        Self { token, cookie: format!("gateway-token{port}") }
    }

    /// What is answered to a request that does not know the token, or has it in its target; `None` if it knows it.
    pub fn answer(&self, request: &Request) -> Option<Response> {
        if request.uri().path() == "/"
            && let Some(claimed) = request.uri().query().and_then(claimed_in)
        {
            return Some(self.enter(&claimed));
        }
        if self.is_known_to(request.headers()) {
            return None;
        }
        Some(if is_below(request.uri().path(), API) {
            (StatusCode::UNAUTHORIZED, "the token is missing: Authorization: Bearer TOKEN\n").into_response()
        } else {
            form()
        })
    }

    /// Answers the form.
    pub fn post(&self, body: &Bytes) -> Response {
        let claimed = std::str::from_utf8(body).ok().and_then(claimed_in);
        self.enter(&claimed.unwrap_or_default())
    }

    /// With the right token, the browser keeps it and goes to the page itself, so that the token leaves the address bar.
    fn enter(&self, claimed: &[u8]) -> Response {
        if !self.token.is(claimed.trim_ascii()) {
            return form();
        }
        let Self { token, cookie } = self;
        let cookie =
            format!("{cookie}={}; Path=/; Max-Age={REMEMBERED}; HttpOnly; SameSite=Strict", token.reveal());
        match HeaderValue::try_from(cookie) {
            Ok(mut cookie) => {
                cookie.set_sensitive(true);
                let to_page =
                    [(header::LOCATION, HeaderValue::from_static("/")), (header::SET_COOKIE, cookie)];
                (StatusCode::SEE_OTHER, to_page).into_response()
            }
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }

    fn is_known_to(&self, headers: &HeaderMap) -> bool {
        let bearers =
            headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| bearer(value.as_bytes()));
        let cookies = headers
            .get_all(header::COOKIE)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
        let ours = cookies.filter_map(|cookie| {
            cookie.trim_ascii().strip_prefix(self.cookie.as_bytes())?.strip_prefix(b"=")
        });
        bearers.chain(ours).any(|claimed| self.token.is(claimed))
    }
}

/// The credentials of `Bearer` (RFC 6750, 2.1), a word that is read without regard to case.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| rest.trim_ascii())
}

/// The token in `token=…&…`. A `+` is one, as in base64: tokens hold no spaces, for which it stands in forms.
fn claimed_in(pairs: &str) -> Option<Vec<u8>> {
    let value = pairs.split('&').find_map(|pair| pair.strip_prefix("token="))?;
    Some(percent_decode_str(value).collect())
}

fn form() -> Response {
    let bearer = [(header::WWW_AUTHENTICATE, "Bearer")];
    (StatusCode::UNAUTHORIZED, bearer, Html(FORM)).into_response()
}

#[cfg(test)]
#[path = "login_tests.rs"]
mod tests;
