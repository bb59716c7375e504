//! The kernel half of gateway: the entry points, and what each verdict becomes.
//!
//! Only this file knows the numbers that the kernel gives to actions. `ingress` is the fast path: it finds the device, the
//! address and the flow. A packet that may carry a name goes on to an inspector, a program of its own behind a tail call,
//! so that each is verified alone and a packet of a decided flow never pays for one.
#![no_std]
#![no_main]
#![expect(missing_docs, reason = "the attribute macros make functions that cannot be given a doc comment")]

mod budget;
mod clock;
mod egress;
mod flow;
mod ingress;
mod inspect;
mod judge;
mod maps;
mod opaque;
mod packet;
mod reject;
mod settle;
mod tell;

use aya_ebpf::bindings::{TC_ACT_UNSPEC, xdp_action};
use aya_ebpf::macros::{classifier, xdp};
use aya_ebpf::programs::{TcContext, XdpContext};
use gateway_common::abi::{Action, Answer, Stage};

use crate::ingress::Outcome;

/// The fast path: every frame that arrives on an interface.
#[xdp(frags)]
pub fn ingress(ctx: XdpContext) -> u32 {
    match ingress::run(&ctx) {
        Outcome::Done(action) => act(&ctx, action),
        Outcome::Inspect(stage) => {
            go_to(&ctx, stage);
            act(&ctx, inspect::missing(&ctx, stage) as u32)
        }
    }
}

/// The inspector of TLS: the fast path found what may be the start of a ClientHello, or the rest of one.
#[xdp(frags)]
pub fn inspect_tls(ctx: XdpContext) -> u32 {
    act(&ctx, inspect::stream::run::<inspect::tls::Tls>(&ctx) as u32)
}

/// The inspector of HTTP/1.
#[xdp(frags)]
pub fn inspect_http(ctx: XdpContext) -> u32 {
    act(&ctx, inspect::stream::run::<inspect::http::Http>(&ctx) as u32)
}

/// The inspector of DNS.
#[xdp(frags)]
pub fn inspect_dns(ctx: XdpContext) -> u32 {
    act(&ctx, inspect::dns::run(&ctx) as u32)
}

/// The inspector of QUIC: the fast path found what may be an Initial.
#[xdp(frags)]
pub fn inspect_quic(ctx: XdpContext) -> u32 {
    act(&ctx, inspect::quic::run(&ctx) as u32)
}

/// The end of a packet that is rejected: it becomes the answer to its sender.
#[xdp(frags)]
pub fn reject(ctx: XdpContext) -> u32 {
    match reject::run(&ctx) {
        Answer::Sent => xdp_action::XDP_TX,
        Answer::None | Answer::Limited | Answer::Mute => xdp_action::XDP_DROP,
    }
}

/// The way to the devices: every packet that leaves on an interface. It goes on in any case, to programs of others if there are.
#[classifier]
pub fn egress(ctx: TcContext) -> i32 {
    if egress::run(&ctx) {
        // SAFETY: the map holds classifiers only, loaded from this object, and nothing here waits to be dropped.
        unsafe { maps::EGRESS_STAGES.tail_call(&ctx, 0) };
    }
    TC_ACT_UNSPEC
}

/// The reader of what DNS answers to a device.
#[classifier]
pub fn inspect_answers(ctx: TcContext) -> i32 {
    inspect::answers::run(&ctx);
    TC_ACT_UNSPEC
}

#[inline(always)]
fn act(ctx: &XdpContext, action: u32) -> u32 {
    if action == Action::Pass as u32 || action == Action::Observe as u32 {
        return xdp_action::XDP_PASS;
    }
    if action == Action::Reject as u32 {
        go_to(ctx, Stage::Reject as u32);
    }
    xdp_action::XDP_DROP
}

/// Goes on in another program; comes back only if that is not loaded.
#[inline(always)]
fn go_to(ctx: &XdpContext, stage: u32) {
    // SAFETY: the map holds XDP programs only, loaded from this object, and nothing here waits to be dropped.
    unsafe { maps::STAGES.tail_call(ctx, stage) };
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
