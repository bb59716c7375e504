//! Every metric with its name, help and labels, read from the kernel at scrape time.

use std::sync::{Arc, Mutex, PoisonError};

use gateway_common::abi::{ABI_VERSION, Answer, Kind};
use gateway_common::reason::Reason;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Gauge, GaugeVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts};

use crate::daemon::{Health, State};
use crate::datapath::maps::Maps;
use crate::observe::snapshot::{DeviceRow, Snapshot};
use crate::subscriptions::keeper::Keeper;

/// Reads the maps when it is asked. It has handles of its own, so that a scrape and a reload do not wait for each other.
pub struct KernelCollector {
    maps: Mutex<Maps>,
    health: Arc<Health>,
    lists: Arc<Keeper>,
}

impl KernelCollector {
    /// A collector of what is in `maps`, in `health` and of `lists`.
    pub fn new(maps: Maps, health: Arc<Health>, lists: Arc<Keeper>) -> Self {
        Self { maps: Mutex::new(maps), health, lists }
    }

    fn gather(&self) -> anyhow::Result<Vec<MetricFamily>> {
        let snapshot = Snapshot::read(&self.maps.lock().unwrap_or_else(PoisonError::into_inner))?;
        let mut families = Vec::new();
        device_traffic(&snapshot, &mut families)?;
        device_blocked(&snapshot, &mut families)?;
        names(&snapshot, &mut families)?;
        answers(&snapshot, &mut families)?;
        let lost =
            IntCounter::new("gateway_events_lost_total", "Events that found no room in the ring buffer.")?;
        lost.inc_by(snapshot.events_lost);
        families.extend(lost.collect());
        let state = self.health.read();
        standing(&state, &mut families)?;
        resolved(&state, &mut families)?;
        health_of_daemon(&state, &mut families)?;
        super::lists::gather(&self.lists, &mut families)?;
        Ok(families)
    }
}

impl Collector for KernelCollector {
    fn desc(&self) -> Vec<&Desc> {
        // Unchecked: what there is depends on the devices of the moment.
        Vec::new()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.gather().unwrap_or_else(|error| {
            tracing::error!("cannot read the counters: {error:#}");
            Vec::new()
        })
    }
}

fn health_of_daemon(state: &State, families: &mut Vec<MetricFamily>) -> prometheus::Result<()> {
    let entries = int_gauges(
        "gateway_policy_entries",
        "Entries of a policy, of what it blocks and what it allows.",
        &["policy", "kind"],
    )?;
    for (policy, kind, count) in &state.entries {
        entries.with_label_values(&[policy.as_str(), kind]).set(i64::try_from(*count).unwrap_or(i64::MAX));
    }
    let reloads = counters("gateway_policy_reloads_total", "Times that policies were loaded.", &["result"])?;
    reloads.with_label_values(&["ok"]).inc_by(state.reloads_ok);
    reloads.with_label_values(&["failed"]).inc_by(state.reloads_failed);
    let successful = IntGauge::new(
        "gateway_policy_last_reload_successful",
        "0 if the last attempt to load configuration, policies or lists was refused, and what was in force stays; else 1.",
    )?;
    successful.set(i64::from(!state.files_refused && !state.lists_refused));
    let loaded = Gauge::new(
        "gateway_policy_loaded_timestamp_seconds",
        "When the policies in force were loaded, in seconds since 1970.",
    )?;
    loaded.set(state.loaded_at);
    let attached = int_gauges(
        "gateway_interface_attached",
        "1 if the filter is on the interface, 0 if it should be and is not.",
        &["interface", "mode"],
    )?;
    let answers = int_gauges(
        "gateway_interface_answers",
        "1 if what policies reject on the interface is answered, 0 if the interface cannot send and it is dropped.",
        &["interface"],
    )?;
    for interface in &state.interfaces {
        let name = interface.name.as_str();
        attached.with_label_values(&[name, interface.mode]).set(i64::from(interface.filtered));
        answers.with_label_values(&[name]).set(i64::from(interface.answers));
    }
    let build = GaugeVec::new(
        Opts::new("gateway_build_info", "Always 1; the labels say what is running."),
        &["version", "abi"],
    )?;
    build.with_label_values(&[env!("CARGO_PKG_VERSION"), &ABI_VERSION.to_string()]).set(1.0);
    for collected in [
        entries.collect(),
        reloads.collect(),
        successful.collect(),
        loaded.collect(),
        attached.collect(),
        answers.collect(),
        build.collect(),
    ] {
        families.extend(collected);
    }
    Ok(())
}

/// Whether each policy is in its schedule, and who is paused.
fn standing(state: &State, families: &mut Vec<MetricFamily>) -> prometheus::Result<()> {
    let active = int_gauges(
        "gateway_policy_active",
        "1 if the policy is in its schedule, or has none; 0 if it does not apply now.",
        &["policy"],
    )?;
    for (policy, is_on) in &state.policies {
        active.with_label_values(&[policy.as_str()]).set(i64::from(*is_on));
    }
    let paused = int_gauges(
        "gateway_device_paused",
        "1 if the device is paused, so that no policy applies to it; else 0.",
        &["device", "mac"],
    )?;
    for (device, mac, is_paused) in &state.devices {
        paused.with_label_values(&[device.as_str(), mac.as_str()]).set(i64::from(*is_paused));
    }
    families.extend(active.collect());
    families.extend(paused.collect());
    Ok(())
}

/// The addresses of hosts.
fn resolved(state: &State, families: &mut Vec<MetricFamily>) -> prometheus::Result<()> {
    let addresses = int_gauges(
        "gateway_resolved_addresses",
        "Addresses that the policy blocks because hosts that it blocks resolve to them.",
        &["policy"],
    )?;
    let shared = int_gauges(
        "gateway_resolved_shared",
        "Addresses of such hosts that are not blocked, because they also serve a name that the policy does not block.",
        &["policy"],
    )?;
    for (policy, blocked, spared) in &state.resolved {
        addresses.with_label_values(&[policy.as_str()]).set(i64::try_from(*blocked).unwrap_or(i64::MAX));
        shared.with_label_values(&[policy.as_str()]).set(i64::try_from(*spared).unwrap_or(i64::MAX));
    }
    families.extend(addresses.collect());
    families.extend(shared.collect());
    Ok(())
}

fn device_traffic(snapshot: &Snapshot, families: &mut Vec<MetricFamily>) -> prometheus::Result<()> {
    let of_device = ["device", "mac"];
    let by_direction = ["device", "mac", "direction"];
    let packets = counters("gateway_device_packets_total", "Frames of a device.", &by_direction)?;
    let bytes = counters("gateway_device_bytes_total", "Bytes of a device's frames.", &by_direction)?;
    let flows = counters(
        "gateway_device_flows_total",
        "Flows that a device with policies began; flows of one without are not told apart.",
        &of_device,
    )?;
    for device in &snapshot.devices {
        let mac = mac(device);
        let name = device.name.as_str();
        packets.with_label_values(&[name, mac.as_str(), "up"]).inc_by(device.counters.packets);
        bytes.with_label_values(&[name, mac.as_str(), "up"]).inc_by(device.counters.bytes);
        flows.with_label_values(&[name, mac.as_str()]).inc_by(device.counters.flows);
    }
    families.extend(packets.collect());
    families.extend(bytes.collect());
    families.extend(flows.collect());
    Ok(())
}

fn device_blocked(snapshot: &Snapshot, families: &mut Vec<MetricFamily>) -> prometheus::Result<()> {
    let labels = ["device", "mac", "policy", "reason", "action"];
    let packets = counters(
        "gateway_device_blocked_packets_total",
        "Frames that a policy blocked or, with action=observe, would have blocked.",
        &labels,
    )?;
    let flows = counters(
        "gateway_device_blocked_flows_total",
        "Flows that a policy blocked or, with action=observe, would have blocked.",
        &labels,
    )?;
    for row in &snapshot.blocked {
        let Some(device) = snapshot.devices.get(row.device) else { continue };
        let mac = mac(device);
        let values =
            [device.name.as_str(), mac.as_str(), row.policy.as_str(), row.reason.label(), row.action.label()];
        packets.with_label_values(&values).inc_by(row.packets);
        flows.with_label_values(&values).inc_by(row.flows);
    }
    families.extend(packets.collect());
    families.extend(flows.collect());
    Ok(())
}

fn names(snapshot: &Snapshot, families: &mut Vec<MetricFamily>) -> prometheus::Result<()> {
    let total = |reason: Reason| -> u64 {
        snapshot.devices.iter().filter_map(|device| device.counters.reasons.get(reason as usize)).sum()
    };
    let learned =
        counters("gateway_names_total", "Names that were read from traffic and judged.", &["kind"])?;
    let kinds = [
        (Kind::TlsSni, Reason::TlsSni),
        (Kind::QuicSni, Reason::QuicSni),
        (Kind::HttpHost, Reason::HttpHost),
        (Kind::DnsQname, Reason::DnsQname),
    ];
    for (kind, reason) in kinds {
        learned.with_label_values(&[kind.label().unwrap_or_default()]).inc_by(total(reason));
    }
    let gave_up = counters(
        "gateway_gave_up_total",
        "Flows, or frames that belong to none, whose name could not be learned, by why.",
        &["reason"],
    )?;
    for reason in Reason::ALL.iter().filter(|reason| reason.gave_up()) {
        gave_up.with_label_values(&[reason.label()]).inc_by(total(*reason));
    }
    families.extend(learned.collect());
    families.extend(gave_up.collect());
    Ok(())
}

fn answers(snapshot: &Snapshot, families: &mut Vec<MetricFamily>) -> prometheus::Result<()> {
    let answers = counters(
        "gateway_answers_total",
        "Frames that policies rejected, by whether an answer was handed to the interface, and if not, why.",
        &["result"],
    )?;
    for (answer, count) in Answer::ALL.iter().zip(&snapshot.answers) {
        answers.with_label_values(&[answer.label()]).inc_by(*count);
    }
    families.extend(answers.collect());
    Ok(())
}

fn mac(device: &DeviceRow) -> String {
    device.address.map(String::from).unwrap_or_default()
}

pub(super) fn counters(name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
    IntCounterVec::new(Opts::new(name, help), labels)
}

pub(super) fn int_gauges(name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
    IntGaugeVec::new(Opts::new(name, help), labels)
}
