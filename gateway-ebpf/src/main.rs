//! The kernel half of gateway: the entry points, and what each verdict becomes.
//!
//! Only this file knows the numbers that the kernel gives to actions. `ingress` is the fast path: it finds the device, the
//! address and the flow. A packet that may carry a name goes on to an inspector, a program of its own behind a tail call,
//! so that each is verified alone and a packet of a decided flow never pays for one.
#![no_std]
#![no_main]
#![expect(missing_docs, reason = "the attribute macros make functions that cannot be given a doc comment")]

mod flow;
mod ingress;
mod inspect;
mod judge;
mod maps;
mod opaque;
mod packet;
mod settle;
mod tell;

use aya_ebpf::bindings::xdp_action;
use aya_ebpf::macros::xdp;
use aya_ebpf::programs::XdpContext;
use gateway_common::abi::{Action, Inspector};

use crate::ingress::Outcome;

/// The fast path: every frame that arrives on an interface.
#[xdp(frags)]
pub fn ingress(ctx: XdpContext) -> u32 {
    match ingress::run(&ctx) {
        Outcome::Done(action) => xdp(action),
        Outcome::Inspect(inspector) => inspect_or_go_on(&ctx, inspector),
    }
}

/// The inspector of TLS: the fast path found what may be the start of a ClientHello.
#[xdp(frags)]
pub fn inspect_tls(ctx: XdpContext) -> u32 {
    xdp(inspect::tls::run(&ctx))
}

fn inspect_or_go_on(ctx: &XdpContext, inspector: Inspector) -> u32 {
    // SAFETY: the map holds XDP programs only, loaded from this object, and nothing here waits to be dropped.
    unsafe { maps::INSPECTORS.tail_call(ctx, inspector as u32) };
    // Only reached when that inspector is not loaded.
    xdp(inspect::missing(ctx))
}

const fn xdp(action: Action) -> u32 {
    match action {
        Action::Pass | Action::Observe => xdp_action::XDP_PASS,
        Action::Drop => xdp_action::XDP_DROP,
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // The build refuses an object in which a panic is left, so this is never linked; a program that loops would also be
    // refused by the verifier.
    loop {}
}

/// What the kernel asks of a program that calls GPL-only helpers.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
