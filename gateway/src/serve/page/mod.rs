//! The page for a browser: what the daemon knows, to look at. It reads the same JSON as the commands do and changes nothing.

mod assets;
mod guard;
mod login;
mod names;
#[cfg(test)]
mod testing;

use std::convert::Infallible;
use std::fs;
use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use tokio::net::{TcpListener, UnixListener};
use tracing::info;

use self::guard::{API, Guard, watch};
use self::login::{Door, LOGIN};
use self::names::Names;
use super::control;
use super::listen::{self, Limits};
use crate::policy::{Page, PageListen, PageToken, Refusal as _};

/// The page's server, before it serves.
pub struct Server {
    listener: Listener,
    guard: Guard,
}

enum Listener {
    Off,
    Tcp(TcpListener),
    Unix(UnixListener, Socket),
}

/// A socket in the file system, which goes with its server.
struct Socket(PathBuf);

impl Drop for Socket {
    fn drop(&mut self) {
        // One that is left behind is replaced at the next start.
        let _ = fs::remove_file(&self.0);
    }
}

/// Listens, and reads the token.
///
/// # Errors
/// If the place is taken or not to be had, or the token cannot be used.
pub fn bind(page: &Page) -> anyhow::Result<Server> {
    let token = page
        .token_file
        .as_deref()
        .map(|path| PageToken::read(path).map_err(|error| anyhow::anyhow!("{error} ({})", error.cure())));
    let token = token.transpose()?;
    let (listener, address) = match &page.listen {
        PageListen::Off => (Listener::Off, None),
        PageListen::Tcp(address) => {
            let listener = listen::bind(*address).with_context(|| {
                format!("cannot serve the page on {address}; change [page] listen, or make it \"off\"")
            })?;
            // The port is the kernel's choice where none was named.
            let address = listener.local_addr()?;
            info!(
                "the page is on http://{address}/{}",
                if token.is_some() { ", behind a token" } else { "" }
            );
            (Listener::Tcp(listener), Some(address))
        }
        // Mode 0600, as the control socket: a group would be root's all the same, and a proxy of another user has loopback.
        PageListen::Unix(path) => {
            let listener = control::bind(path)?;
            info!("the page is on {}", path.display());
            (Listener::Unix(listener, Socket(path.clone())), None)
        }
    };
    let door = token.map(|token| Door::new(token, address.map(|address| address.port())));
    Ok(Server { listener, guard: Guard { names: Names::new(address, page.hosts.clone()), door } })
}

/// Serves the page, with `api` as what it reads, until it is dropped; waits for ever where there is none.
pub async fn serve(server: Server, api: Router) -> Infallible {
    let Server { listener, guard } = server;
    let router = router(guard, api);
    match listener {
        Listener::Off => pending().await,
        Listener::Tcp(listener) => listen::serve(listener, router, Limits::STRANGERS).await,
        Listener::Unix(listener, _socket) => listen::serve(listener, router, Limits::STRANGERS).await,
    }
}

fn router(guard: Guard, api: Router) -> Router {
    let guard = Arc::new(guard);
    Router::new()
        .route(LOGIN, post(login))
        .with_state(Arc::clone(&guard))
        .merge(assets::routes())
        .nest(API, api)
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is no such page\n") })
        .layer(from_fn_with_state(guard, watch))
}

async fn login(State(guard): State<Arc<Guard>>, body: Bytes) -> Response {
    match &guard.door {
        Some(door) => door.post(&body),
        None => Redirect::to("/").into_response(),
    }
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
