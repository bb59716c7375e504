//! The state of the filter, the devices and the flows, as JSON.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;

use super::api::told;
use crate::daemon::Daemon;
use crate::observe::flows::FlowQuery;

/// Path of the state of the filter, as a [`Status`](crate::observe::status::Status).
pub const STATUS: &str = "/v1/status";

/// Path of the devices, as a list of [`DeviceView`](crate::observe::devices::DeviceView).
pub const DEVICES: &str = "/v1/devices";

/// Path of the flows, as a list of [`FlowView`](crate::observe::flows::FlowView); asked by a [`FlowQuery`].
pub const FLOWS: &str = "/v1/flows";

pub(super) async fn status(State(daemon): State<Arc<Daemon>>) -> Response {
    told(move || Ok(daemon.status()?)).await
}

pub(super) async fn devices(State(daemon): State<Arc<Daemon>>) -> Response {
    told(move || Ok(daemon.devices()?)).await
}

pub(super) async fn flows(State(daemon): State<Arc<Daemon>>, Query(query): Query<FlowQuery>) -> Response {
    told(move || Ok(daemon.flows(&query)?)).await
}
