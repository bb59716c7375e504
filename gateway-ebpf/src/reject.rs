//! A packet that is rejected becomes the answer to its sender: a TCP reset, or ICMP "port unreachable".
//!
//! The Ethernet header and its VLAN tags stay, with the addresses exchanged; what follows is written anew and the frame
//! cut to its length. Whatever cannot be answered is dropped, and so is everything on an interface that cannot send: the
//! daemon finds that out and keeps it in `MUTE`. Only rejected packets pay for the question.

use core::ffi::c_void;

use aya_ebpf::helpers::generated::{bpf_xdp_adjust_tail, bpf_xdp_load_bytes, bpf_xdp_store_bytes};
use aya_ebpf::programs::XdpContext;
use gateway_common::abi::{Answer, REPLIES_A_SECOND};
use gateway_common::reply::{AnswerV4, AnswerV6, ResetV4, ResetV6, UnreachableV4, UnreachableV6, deny};
use gateway_common::tls::PIECE_LEN;
use gateway_common::wire::{TCP, UDP};

use crate::budget;
use crate::maps::{self, ANSWERS, MUTE, Packet, REPLIES, Reply, Scratch};
use crate::opaque::opaque;

/// TCP: a reset is never answered (RFC 9293, 3.10.7.1).
const RST: u8 = 0x04;

/// Turns the frame around if its sender can be answered, and counts what came of it.
#[inline(always)]
pub fn run(ctx: &XdpContext) -> Answer {
    let answer = turn(ctx);
    if let Some(count) = ANSWERS.get_ptr_mut(opaque(answer as u32)) {
        // SAFETY: an element of this CPU, checked; packets of one CPU follow each other.
        unsafe { *count += 1 };
    }
    answer
}

#[inline(always)]
fn turn(ctx: &XdpContext) -> Answer {
    let Some(element) = maps::scratch() else { return Answer::None };
    // SAFETY: this CPU's element, checked, which the fast path filled for this packet; nobody else writes it now.
    let scratch = unsafe { &mut *element };
    let (packet, reply) = (&scratch.packet, &mut scratch.reply);
    // Nobody answers what was sent to a group (RFC 1122, 3.2.2; RFC 9293, 3.9.2.3; RFC 4443, 2.4).
    if !packet.answerable
        || !load(ctx, 0, &mut reply.macs)
        || reply.macs[0].is_group()
        || (packet.flow.protocol == TCP && packet.segment.flags & RST != 0)
    {
        return Answer::None;
    }
    if is_mute(ctx) {
        return Answer::Mute;
    }
    // A device must not be able to make us flood.
    if !budget::take(&REPLIES, packet.device, REPLIES_A_SECOND) {
        return Answer::Limited;
    }
    let answered = match (packet.flow.protocol, packet.is_v4) {
        (TCP, true) => {
            reply.reset_v4 = ResetV4::new(&packet.flow, &packet.segment);
            write(ctx, packet, &reply.reset_v4)
        }
        (TCP, false) => {
            reply.reset_v6 = ResetV6::new(&packet.flow, &packet.segment);
            write(ctx, packet, &reply.reset_v6)
        }
        (UDP, _) if packet.question_end > 0 => answer(ctx, element),
        (UDP, true) => unreachable_v4(ctx, packet, reply),
        (UDP, false) => unreachable_v6(ctx, packet, reply),
        _ => false,
    };
    if !answered {
        return Answer::None;
    }
    // SAFETY: likewise.
    let macs = unsafe { &mut (*element).reply.macs };
    macs.reverse();
    if store(ctx, 0, &*macs) { Answer::Sent } else { Answer::None }
}

/// Whether the interface of this frame is known not to send what is turned around.
#[inline(always)]
fn is_mute(ctx: &XdpContext) -> bool {
    // SAFETY: the context of the running program, whose fields the verifier checks.
    let interface = unsafe { (*ctx.ctx).ingress_ifindex };
    MUTE.get_ptr(interface).is_some()
}

/// Quotes the header and eight bytes behind it. With options in between the quote would not fit: no answer.
#[inline(always)]
fn unreachable_v4(ctx: &XdpContext, packet: &Packet, reply: &mut Reply) -> bool {
    if packet.transport_offset != packet.network_offset + 20
        || !load(ctx, packet.network_offset, &mut reply.quote_v4)
    {
        return false;
    }
    reply.unreachable_v4 = UnreachableV4::new(&packet.flow, &reply.quote_v4);
    write(ctx, packet, &reply.unreachable_v4)
}

/// Likewise with extension headers.
#[inline(always)]
fn unreachable_v6(ctx: &XdpContext, packet: &Packet, reply: &mut Reply) -> bool {
    if packet.transport_offset != packet.network_offset + 40
        || !load(ctx, packet.network_offset, &mut reply.quote_v6)
    {
        return false;
    }
    reply.unreachable_v6 = UnreachableV6::new(&packet.flow, &reply.quote_v6);
    write(ctx, packet, &reply.unreachable_v6)
}

/// "No such name". The piece holds the query: a UDP payload that was read to the end of its question is one piece.
#[inline(always)]
fn answer(ctx: &XdpContext, element: *mut Scratch) -> bool {
    let sum = deny_question(element);
    // SAFETY: as in `run`.
    let scratch = unsafe { &mut *element };
    let (packet, reply) = (&scratch.packet, &mut scratch.reply);
    let end = packet.question_end;
    let headers = if packet.is_v4 {
        reply.answer_v4 = AnswerV4::new(&packet.flow, end, sum);
        if !cut(ctx, packet, len_of::<AnswerV4>() + end)
            || !store(ctx, packet.network_offset, &reply.answer_v4)
        {
            return false;
        }
        len_of::<AnswerV4>()
    } else {
        reply.answer_v6 = AnswerV6::new(&packet.flow, end, sum);
        if !cut(ctx, packet, len_of::<AnswerV6>() + end)
            || !store(ctx, packet.network_offset, &reply.answer_v6)
        {
            return false;
        }
        len_of::<AnswerV6>()
    };
    // A range of 1 to 2048 that also the verifier of 6.1 sees.
    let len = (opaque(end).wrapping_sub(1) & (PIECE_LEN - 1)) + 1;
    let from = scratch.piece.bytes.as_mut_ptr().cast::<c_void>();
    // SAFETY: the helper checks the place against the frame and only reads `len` bytes, at most the size of the array.
    unsafe { bpf_xdp_store_bytes(ctx.ctx, packet.network_offset + headers, from, len) == 0 }
}

/// Makes the query in the piece its answer; returns the sum of its words. A function of its own, so that the verifier goes
/// through its loop once.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn deny_question(scratch: *mut Scratch) -> u32 {
    // SAFETY: null or this CPU's element of SCRATCH, which outlives the program and which nobody else writes now.
    let Some(scratch) = (unsafe { scratch.as_mut() }) else { return 0 };
    deny(&mut scratch.piece, scratch.packet.question_end, scratch.partial.questions.left())
}

/// Makes `answer` all that follows the Ethernet header and its tags.
#[inline(always)]
fn write<T>(ctx: &XdpContext, packet: &Packet, answer: &T) -> bool {
    cut(ctx, packet, len_of::<T>()) && store(ctx, packet.network_offset, answer)
}

/// Leaves room for `len` bytes behind the Ethernet header and its tags.
#[inline(always)]
fn cut(ctx: &XdpContext, packet: &Packet, len: u32) -> bool {
    #[expect(clippy::cast_possible_truncation, reason = "a frame is shorter than 2^17 bytes")]
    let delta = (i64::from(packet.network_offset) + i64::from(len) - packet.frame_len.cast_signed()) as i32;
    // SAFETY: the helper checks the new length; no pointer into the packet is held.
    unsafe { bpf_xdp_adjust_tail(ctx.ctx, delta) == 0 }
}

#[expect(clippy::cast_possible_truncation, reason = "headers of tens of bytes")]
const fn len_of<T>() -> u32 {
    size_of::<T>() as u32
}

#[inline(always)]
fn load<T>(ctx: &XdpContext, offset: u32, value: &mut T) -> bool {
    let (to, len) = (core::ptr::from_mut(value).cast::<c_void>(), len_of::<T>());
    // SAFETY: the helper checks `offset` and `len` against the frame and writes `len` bytes, the size of `T`, which is plain
    // bytes wherever this is called.
    unsafe { bpf_xdp_load_bytes(ctx.ctx, offset, to, len) == 0 }
}

#[inline(always)]
fn store<T>(ctx: &XdpContext, offset: u32, value: &T) -> bool {
    let (from, len) = (core::ptr::from_ref(value).cast_mut().cast::<c_void>(), len_of::<T>());
    // SAFETY: the helper checks `offset` and `len` against the frame and only reads `len` bytes, the size of `T`.
    unsafe { bpf_xdp_store_bytes(ctx.ctx, offset, from, len) == 0 }
}
