//! The flow table: what is remembered of a connection between its packets.

use aya_ebpf::bindings::BPF_ANY;
use gateway_common::abi::{Action, Flow, FlowKey, Verdict};
use gateway_common::reason::Reason;

use crate::clock;
use crate::maps::{FLOWS, PARTIAL, Packet, Partial};

/// What is remembered of a flow.
#[inline(always)]
pub fn look_up(key: &FlowKey) -> Option<&'static Flow> {
    // SAFETY: read only. Should the element be evicted and reused at this moment, the packet is judged by the verdict of the
    // flow that came instead; memory stays valid, the kernel gives it back only after a grace period.
    unsafe { FLOWS.get(key) }
}

/// Remembers how far the filter is with the flow of `packet`, a [`gateway_common::abi::FlowState`], and the verdict that it
/// has, so far or for good.
#[inline(always)]
pub fn remember(packet: &mut Packet, state: u8, generation: u64, verdict: Verdict) {
    let next_sequence = packet.next_sequence;
    let record = &mut packet.record;
    record.state = state;
    record.action = verdict.action as u8;
    record.reason = verdict.reason as u8;
    record.policy = verdict.policy;
    #[expect(clippy::cast_possible_truncation, reason = "the low half is what is kept")]
    let generation = generation as u32;
    record.generation = generation;
    record.sequence = next_sequence;
    #[expect(clippy::cast_possible_truncation, reason = "fits for 136 years")]
    let since = clock::second() as u32;
    record.since = since;
    // By reference: there is no room for them on the stack.
    let (key, record): (&FlowKey, &Flow) = (&packet.flow, &packet.record);
    // A full table makes room by itself. Should the update fail all the same, the flow is judged anew at its next packet.
    let _ = FLOWS.insert(key, record, u64::from(BPF_ANY));
}

/// The verdict that a decided flow has, or that an undecided one has so far.
#[inline(always)]
pub fn verdict(flow: &Flow) -> Verdict {
    Verdict {
        action: Action::from_index(flow.action).unwrap_or(Action::Pass),
        reason: Reason::from_index(flow.reason).unwrap_or(Reason::Internal),
        policy: flow.policy,
    }
}

/// Fetches what was read of the flow's message; false if it was forgotten to make room.
#[inline(always)]
pub fn resume(key: &FlowKey, partial: &mut Partial) -> bool {
    // SAFETY: as in `look_up`.
    let Some(kept) = (unsafe { PARTIAL.get(key) }) else { return false };
    partial.hello = kept.hello;
    partial.request = kept.request;
    partial.questions = kept.questions;
    partial.name.copy_from(&kept.name);
    true
}

/// Keeps what was read of the flow's message until its next segment.
#[inline(always)]
pub fn suspend(key: &FlowKey, partial: &Partial) {
    // Should it fail, the next segment finds nothing and says so.
    let _ = PARTIAL.insert(key, partial, u64::from(BPF_ANY));
}

/// Forgets what was read of the flow's message.
#[inline(always)]
pub fn forget(key: &FlowKey) {
    // An error only says that it was forgotten before.
    let _ = PARTIAL.remove(key);
}
