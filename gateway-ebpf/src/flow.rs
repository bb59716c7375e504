//! The flow table: what is remembered of a connection between its packets.

use aya_ebpf::bindings::BPF_ANY;
use gateway_common::abi::{Action, Flow, FlowKey, FlowState, Verdict};
use gateway_common::reason::Reason;

use crate::maps::FLOWS;

/// What is remembered of a flow.
#[inline(always)]
pub fn look_up(key: &FlowKey) -> Option<Flow> {
    // SAFETY: copied at once. The element may be evicted and reused meanwhile, then a packet is judged by the verdict of
    // another flow of the same CPU at worst; the kernel gives map values back only after a grace period.
    unsafe { FLOWS.get(key) }.copied()
}

/// Remembers that a flow began, and the verdict that its destination brought: a pass, or one that only observes.
#[inline(always)]
pub fn open(key: &FlowKey, state: FlowState, generation: u64, so_far: Verdict) {
    remember(key, state, generation, so_far);
}

/// Remembers the verdict of a flow.
#[inline(always)]
pub fn decide(key: &FlowKey, generation: u64, verdict: Verdict) {
    remember(key, FlowState::Decided, generation, verdict);
}

#[inline(always)]
fn remember(key: &FlowKey, state: FlowState, generation: u64, verdict: Verdict) {
    #[expect(clippy::cast_possible_truncation, reason = "the low half is what is kept")]
    let flow = Flow {
        state: state as u8,
        action: verdict.action as u8,
        reason: verdict.reason as u8,
        policy: verdict.policy,
        generation: generation as u32,
    };
    // A full table makes room by itself. Should the update fail all the same, the flow is judged anew at its next packet.
    let _ = FLOWS.insert(key, flow, u64::from(BPF_ANY));
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
