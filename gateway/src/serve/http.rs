//! `/metrics` over TCP.

use std::convert::Infallible;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::{Registry, TEXT_FORMAT, TextEncoder};
use tokio::net::TcpListener;

use super::listen::{self, Limits};

/// Answers scrapes until it is dropped.
pub async fn serve(listener: TcpListener, registry: Registry) -> Infallible {
    let router = Router::new().route("/metrics", get(metrics)).with_state(registry);
    listen::serve(listener, router, Limits::STRANGERS).await
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
