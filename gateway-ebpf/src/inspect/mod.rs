//! Inspectors: one program for each protocol that carries a name, reached by a tail call from the fast path.
//!
//! The fast path leaves what it knows of the packet in the scratch memory; an inspector reads the name, judges it, and
//! ends the packet.

pub mod dns;
pub mod http;
pub mod stream;
pub mod tls;

use aya_ebpf::programs::XdpContext;
use gateway_common::abi::{Action, Verdict};
use gateway_common::reason::Reason;

use crate::{maps, settle};

/// Ends a packet whose inspector is not loaded: it passes, counted for that reason, and its flow stays undecided.
#[inline(always)]
pub fn missing(ctx: &XdpContext) -> Action {
    let Some(scratch) = maps::scratch() else { return Action::Pass };
    // SAFETY: this CPU's element, checked, which the fast path filled for this packet; nobody else writes it now.
    let packet = unsafe { &(*scratch).packet };
    settle::finish(ctx, packet, Verdict::pass(Reason::NoInspector), Reason::NoInspector, false)
}
