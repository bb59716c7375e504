//! The end of a packet: its verdict is remembered, told and counted.

use aya_ebpf::programs::XdpContext;
use aya_log_ebpf::debug;
use gateway_common::abi::{Action, FlowState, Kind, Verdict};
use gateway_common::reason::Reason;

use crate::maps::{Packet, Scratch};
use crate::{flow, tell};

/// What decides a flow.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Finding {
    pub verdict: Verdict,
    pub kind: Kind,
    /// Length of the name in `scratch.name`, 0 without one.
    pub name_len: u32,
}

impl Finding {
    /// A verdict without a name.
    #[inline(always)]
    pub const fn nameless(verdict: Verdict) -> Self {
        Self { verdict, kind: Kind::None, name_len: 0 }
    }
}

/// Ends a packet whose finding holds for itself alone, and tells of it if there is something to say.
#[inline(always)]
pub fn told(ctx: &XdpContext, scratch: &mut Scratch, finding: &Finding) -> Action {
    let verdict = finding.verdict.or(scratch.packet.so_far);
    if finding.name_len > 0 || !matches!(verdict.action, Action::Pass) {
        let kind = match (finding.kind, verdict.reason) {
            (Kind::None, Reason::Address) => Kind::Address,
            (kind, _) => kind,
        };
        tell::event(scratch, verdict, kind, finding.name_len);
    }
    finish(ctx, &scratch.packet, verdict, finding.verdict.reason, true)
}

/// Ends a packet that brings the verdict of its flow.
///
/// A verdict to observe that the destination brought stays, unless the finding blocks.
#[inline(always)]
pub fn settle(ctx: &XdpContext, element: *mut Scratch, generation: u64, finding: &Finding) -> Action {
    remember(ctx, element, FlowState::Decided, generation, finding)
}

/// Ends a packet whose finding is that of its flow, which is in `state` then.
#[inline(always)]
pub fn remember(
    ctx: &XdpContext,
    element: *mut Scratch,
    state: FlowState,
    generation: u64,
    finding: &Finding,
) -> Action {
    // SAFETY: the caller got this CPU's element from the map and checked it; nobody else writes it now.
    let scratch = unsafe { &mut *element };
    let verdict = finding.verdict.or(scratch.packet.so_far);
    // What brought these was the destination, or is noted with what else was learned.
    if !matches!(
        finding.verdict.reason,
        Reason::Address | Reason::Port | Reason::Quic | Reason::Ech | Reason::Asked
    ) {
        scratch.packet.record.learned.reason = finding.verdict.reason as u8;
    }
    flow::remember(&mut scratch.packet, state as u8, generation, verdict);
    told(ctx, scratch, finding)
}

/// Ends a packet: counts it under `counted`, and under its policy if that blocks or observes.
#[inline(never)]
pub fn finish(ctx: &XdpContext, packet: &Packet, verdict: Verdict, counted: Reason, decides: bool) -> Action {
    tell::count(packet.device, packet.frame_len, counted, packet.begins);
    tell::count_blocked(packet.device, verdict, decides);
    debug!(ctx, "{:mac} {} by policy {}", packet.flow.mac.0, counted.label(), verdict.policy);
    verdict.action
}
