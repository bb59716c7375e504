//! A packet that is rejected becomes the answer to its sender: a TCP reset, or ICMP "port unreachable".
//!
//! The Ethernet header and its VLAN tags stay, with the addresses exchanged; what follows is written anew and the frame
//! cut to its length. Whatever cannot be answered is dropped.

use core::ffi::c_void;

use aya_ebpf::helpers::bpf_ktime_get_ns;
use aya_ebpf::helpers::generated::{bpf_xdp_adjust_tail, bpf_xdp_load_bytes, bpf_xdp_store_bytes};
use aya_ebpf::programs::XdpContext;
use gateway_common::abi::REPLIES_A_SECOND;
use gateway_common::reply::{ResetV4, ResetV6, UnreachableV4, UnreachableV6};
use gateway_common::wire::{TCP, UDP};

use crate::maps::{self, Packet, REPLIES, Reply};

/// TCP: a reset is never answered (RFC 9293, 3.10.7.1).
const RST: u8 = 0x04;

/// Turns the frame around; false if there is no answer to it, or none left in this second.
#[inline(always)]
pub fn run(ctx: &XdpContext) -> bool {
    let Some(scratch) = maps::scratch() else { return false };
    // SAFETY: this CPU's element, checked, which the fast path filled for this packet; nobody else writes it now.
    let scratch = unsafe { &mut *scratch };
    let (packet, reply) = (&scratch.packet, &mut scratch.reply);
    if !within_budget(packet) {
        return false;
    }
    let answered = match (packet.flow.protocol, packet.is_v4) {
        (TCP, _) if packet.segment.flags & RST != 0 => false,
        (TCP, true) => {
            reply.reset_v4 = ResetV4::new(&packet.flow, &packet.segment);
            write(ctx, packet, &reply.reset_v4)
        }
        (TCP, false) => {
            reply.reset_v6 = ResetV6::new(&packet.flow, &packet.segment);
            write(ctx, packet, &reply.reset_v6)
        }
        (UDP, true) => unreachable_v4(ctx, packet, reply),
        (UDP, false) => unreachable_v6(ctx, packet, reply),
        _ => false,
    };
    answered && exchange_macs(ctx, reply)
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

/// Whether the device may be answered once more in this second: it must not be able to make us flood.
#[inline(always)]
fn within_budget(packet: &Packet) -> bool {
    let Some(budget) = REPLIES.get_ptr_mut(packet.device.number) else { return false };
    // SAFETY: an element of this CPU, checked; packets of one CPU follow each other.
    let budget = unsafe { &mut *budget };
    // SAFETY: the helper has no arguments and only reads the clock.
    #[expect(clippy::cast_possible_truncation, reason = "seconds since boot")]
    let second = (unsafe { bpf_ktime_get_ns() } / 1_000_000_000) as u32;
    if budget.second != second {
        budget.second = second;
        budget.sent = 0;
    }
    budget.sent += 1;
    budget.sent <= REPLIES_A_SECOND
}

/// Makes `answer` all that follows the Ethernet header and its tags.
#[inline(always)]
fn write<T>(ctx: &XdpContext, packet: &Packet, answer: &T) -> bool {
    let delta = i64::from(packet.network_offset) + size_of::<T>() as i64 - packet.frame_len as i64;
    #[expect(clippy::cast_possible_truncation, reason = "a frame is shorter than 2^17 bytes")]
    // SAFETY: the helper checks the new length; no pointer into the packet is held.
    if unsafe { bpf_xdp_adjust_tail(ctx.ctx, delta as i32) } != 0 {
        return false;
    }
    store(ctx, packet.network_offset, answer)
}

#[inline(always)]
fn exchange_macs(ctx: &XdpContext, reply: &mut Reply) -> bool {
    if !load(ctx, 0, &mut reply.macs) {
        return false;
    }
    let [destination, source] = reply.macs;
    reply.macs = [source, destination];
    store(ctx, 0, &reply.macs)
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
