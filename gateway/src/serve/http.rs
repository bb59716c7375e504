//! `/metrics` over TCP.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::{Registry, TEXT_FORMAT, TextEncoder};
use tokio::net::TcpListener;

/// Answers scrapes until the process ends.
///
/// # Errors
/// If the listener fails for good.
pub async fn serve(listener: TcpListener, registry: Registry) -> std::io::Result<()> {
    let router = Router::new().route("/metrics", get(metrics)).with_state(registry);
    axum::serve(listener, router).await
}

async fn metrics(State(registry): State<Registry>) -> Response {
    // Reading maps is system calls: off the threads that serve.
    let text =
        tokio::task::spawn_blocking(move || TextEncoder::new().encode_to_string(&registry.gather())).await;
    match text {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
