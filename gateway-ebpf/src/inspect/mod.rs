//! Inspectors: one program for each protocol that carries a name, reached by a tail call from the fast path.
//!
//! The fast path leaves what it knows of the packet in the scratch memory; an inspector reads the name, judges it, and
//! ends the packet.

pub mod answers;
pub mod dns;
pub mod http;
pub mod quic;
pub mod stream;
pub mod tls;

use aya_ebpf::programs::XdpContext;
use gateway_common::abi::{Action, FlowState, Stage};
use gateway_common::reason::Reason;

use crate::maps::{self, Tables};
use crate::{flow, judge, settle};

/// Ends a packet whose inspector is not loaded. It passes, counted for that reason, and its flow stays undecided; but QUIC
/// that cannot be read is blocked by the policies that would have it read, since clients then fall back to TCP.
#[inline(always)]
pub fn missing(ctx: &XdpContext, stage: u32) -> Action {
    let Some(scratch) = maps::scratch() else { return Action::Pass };
    // SAFETY: this CPU's element, checked, which the fast path filled for this packet; nobody else writes it now.
    let packet = unsafe { &mut (*scratch).packet };
    let Some(tables) = Tables::of_slot(packet.slot) else { return Action::Pass };
    let policies = packet.device.policies;
    let blocking = if stage == Stage::Quic as u32 {
        // Of the others the fast path has done so.
        let so_far = packet.so_far;
        flow::remember(packet, FlowState::Datagrams as u8, tables.generation.number, so_far);
        policies
    } else {
        0
    };
    let verdict = judge::by_kind(blocking, policies, tables.generation, Reason::NoInspector);
    settle::finish(ctx, packet, verdict, Reason::NoInspector, false)
}
