//! What the daemon knows of itself.

use gateway_common::abi::ABI_VERSION;
use prometheus::proto::MetricFamily;

use super::catalogue as metric;
use super::family::Family;
use crate::daemon::State;
use crate::observe::unwritten::{Unwritten, Way};
use crate::subscriptions::keeper::Keeper;

/// All of it but the lists.
pub(super) fn gather(state: &State, families: &mut Vec<MetricFamily>) {
    let mut entries = Family::new(&metric::POLICY_ENTRIES);
    for (policy, kind, count) in &state.entries {
        entries.add([kind, policy], *count);
    }
    let mut active = Family::new(&metric::POLICY_ACTIVE);
    for (policy, is_on) in &state.policies {
        active.add([policy], *is_on);
    }
    let mut paused = Family::new(&metric::DEVICE_PAUSED);
    for (device, mac, is_paused) in &state.devices {
        paused.add([device, mac], *is_paused);
    }
    let mut addresses = Family::new(&metric::RESOLVED_ADDRESSES);
    let mut shared = Family::new(&metric::RESOLVED_SHARED);
    for (policy, blocked, spared) in &state.resolved {
        addresses.add([policy], *blocked);
        shared.add([policy], *spared);
    }
    let mut reloads = Family::new(&metric::POLICY_RELOADS);
    reloads.add(["ok"], state.reloads_ok);
    reloads.add(["failed"], state.reloads_failed);
    families.extend([entries.into(), active.into(), paused.into()]);
    families.extend([addresses.into(), shared.into(), reloads.into()]);
    let is_accepted = !state.files_refused && !state.lists_refused;
    families.push(Family::single(&metric::POLICY_LAST_RELOAD, [], is_accepted));
    families.push(Family::single(&metric::POLICY_LOADED, [], state.loaded_at));
    let abi = ABI_VERSION.to_string();
    families.push(Family::single(&metric::BUILD_INFO, [&abi, env!("CARGO_PKG_VERSION")], true));
    interfaces(state, families);
}

fn interfaces(state: &State, families: &mut Vec<MetricFamily>) {
    let mut attached = Family::new(&metric::INTERFACE_ATTACHED);
    let mut answers = Family::new(&metric::INTERFACE_ANSWERS);
    let mut downlink = Family::new(&metric::INTERFACE_DOWNLINK);
    for interface in &state.interfaces {
        attached.add([&interface.name, interface.mode], interface.filtered);
        answers.add([&interface.name], interface.answers);
        let how = interface.downlink.filter(|_| interface.filtered);
        downlink.add([how.unwrap_or("none"), &interface.name], how.is_some());
    }
    families.extend([attached.into(), answers.into(), downlink.into()]);
}

/// The lists.
pub(super) fn lists(lists: &Keeper, families: &mut Vec<MetricFamily>) {
    let mut age = Family::new(&metric::LIST_AGE);
    let mut refresh = Family::new(&metric::LIST_REFRESH);
    let mut entries = Family::new(&metric::LIST_ENTRIES);
    let mut skipped = Family::new(&metric::LIST_SKIPPED);
    let mut errors = Family::new(&metric::LIST_ERRORS);
    for row in lists.rows() {
        let labels = [row.list.as_str(), row.policy.as_str()];
        if let Some(seconds) = row.age_seconds {
            age.add(labels, seconds);
        }
        refresh.add(labels, row.refresh_seconds);
        entries.add(labels, row.entries);
        skipped.add(labels, row.skipped_lines);
        errors.add(labels, row.errors);
    }
    families.extend([age.into(), refresh.into(), entries.into(), skipped.into(), errors.into()]);
}

/// The events that got lost on their way out.
pub(super) fn unwritten(unwritten: &Unwritten, families: &mut Vec<MetricFamily>) {
    let mut lost = Family::new(&metric::EVENTS_UNWRITTEN);
    for way in Way::ALL {
        lost.add([way.label()], unwritten.count(way));
    }
    families.push(lost.into());
}
