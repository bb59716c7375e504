//! A request to the running daemon over its control socket.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

/// Nobody answers on the control socket.
#[derive(Debug, thiserror::Error)]
#[error("no daemon answers on {}; is `gateway run` running, and are you root?", .0.display())]
pub struct NoDaemon(PathBuf);

/// The daemon went away in the middle of an answer.
#[derive(Debug, thiserror::Error)]
#[error("the daemon broke off")]
pub struct BrokeOff;

/// How long a daemon may take to say what it knows already.
const AT_ONCE: Duration = Duration::from_secs(10);

/// Sends a request without a body and hands each piece of the answer to `piece` as it comes.
///
/// # Errors
/// If no daemon answers, or it refuses: its words are the error.
pub fn request(
    socket: &Path,
    method: Method,
    path: &str,
    piece: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    request_with(socket, method, path, Vec::new(), piece)
}

/// Asks for something that is told as JSON and at once.
///
/// # Errors
/// As [`request`], if the daemon does not answer in time, or if it is of another version and tells something else.
pub fn read<T: DeserializeOwned>(socket: &Path, path: &str) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = async {
        let response = send(socket, Method::GET, path, Vec::new()).await?;
        let refused = !response.status().is_success();
        let body = response.into_body().collect().await.context(BrokeOff)?.to_bytes();
        if refused {
            bail!("{}", String::from_utf8_lossy(&body).trim_end());
        }
        serde_json::from_slice(&body).context("the daemon is of another version; restart it")
    };
    runtime.block_on(async {
        tokio::time::timeout(AT_ONCE, answer).await.context("the daemon does not answer")?
    })
}

/// Posts an order and returns what the daemon says to it.
///
/// # Errors
/// If no daemon answers, or it refuses: its words are the error.
pub fn order(socket: &Path, path: &str, body: Vec<u8>) -> anyhow::Result<String> {
    let mut report = Vec::new();
    request_with(socket, Method::POST, path, body, |piece| Ok(report.write_all(piece)?))?;
    Ok(String::from_utf8_lossy(&report).into_owned())
}

fn request_with(
    socket: &Path,
    method: Method,
    path: &str,
    body: Vec<u8>,
    mut piece: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let response = send(socket, method, path, body).await?;
        let refused = !response.status().is_success();
        let mut body = response.into_body();
        let mut refusal = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.context(BrokeOff)?;
            match frame.data_ref() {
                Some(data) if refused => refusal.write_all(data)?,
                Some(data) => piece(data)?,
                None => {}
            }
        }
        if refused {
            bail!("{}", String::from_utf8_lossy(&refusal).trim_end());
        }
        Ok(())
    })
}

async fn send(
    socket: &Path,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> anyhow::Result<Response<Incoming>> {
    let stream = UnixStream::connect(socket).await.with_context(|| NoDaemon(socket.to_owned()))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.context(BrokeOff)?;
    // Ends with the response; an error shows in the response itself.
    tokio::spawn(connection);
    let body = Full::new(Bytes::from(body));
    let request = Request::builder().method(method).uri(path).header("host", "gateway").body(body)?;
    sender.send_request(request).await.context(BrokeOff)
}
