//! Control over a Unix socket that only root can open. All that can be read is there, too.

use std::convert::Infallible;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;

use super::api::{self, act};
use super::listen::{self, Limits};
use super::lists::{UPDATE, update};
use crate::daemon::Daemon;

/// Path that reloads when it is posted to.
pub const RELOAD: &str = "/v1/reload";

/// Path that pauses a device when a [`PauseOrder`] is posted to it.
pub const PAUSE: &str = "/v1/pause";
/// Path that ends a pause when a [`ResumeOrder`] is posted to it.
pub const RESUME: &str = "/v1/resume";

/// Which device to pause, and for how long.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PauseOrder {
    /// Its name or address.
    pub device: String,
    /// How long, in seconds.
    pub seconds: i64,
}

/// Which device is to be filtered again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResumeOrder {
    /// Its name or address.
    pub device: String,
}

/// Makes the socket. A socket that nobody answers any more is replaced.
///
/// # Errors
/// If another daemon answers on it, or it cannot be made.
pub fn bind(path: &Path) -> anyhow::Result<UnixListener> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    if UnixStream::connect(path).is_ok() {
        bail!("another gateway answers on {}; stop it first", path.display());
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", path.display()));
        }
        _ => {}
    }
    let listener = UnixListener::bind(path).with_context(|| format!("cannot bind {}", path.display()))?;
    fs::set_permissions(path, Permissions::from_mode(0o600))
        .with_context(|| format!("cannot set the mode of {}", path.display()))?;
    Ok(listener)
}

/// Answers until it is dropped.
pub async fn serve(listener: UnixListener, daemon: Arc<Daemon>) -> Infallible {
    let router = api::routes()
        .route(RELOAD, post(reload))
        .route(PAUSE, post(pause))
        .route(RESUME, post(resume))
        .route(UPDATE, post(update))
        .with_state(daemon);
    listen::serve(listener, router, Limits::ROOT).await
}

async fn reload(State(daemon): State<Arc<Daemon>>) -> Response {
    act(move || daemon.reload()).await
}

async fn pause(State(daemon): State<Arc<Daemon>>, body: Bytes) -> Response {
    order(&body, move |PauseOrder { device, seconds }| {
        daemon.pause(&device, SignedDuration::from_secs(seconds))
    })
    .await
}

async fn resume(State(daemon): State<Arc<Daemon>>, body: Bytes) -> Response {
    order(&body, move |ResumeOrder { device }| daemon.resume(&device)).await
}

/// Does what the body orders.
async fn order<T: DeserializeOwned + Send + 'static>(
    body: &[u8],
    obey: impl FnOnce(T) -> anyhow::Result<String> + Send + 'static,
) -> Response {
    match serde_json::from_slice(body) {
        Ok(order) => act(move || obey(order)).await,
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}
