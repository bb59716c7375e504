//! The way to the devices: what goes to each is counted, and what may be an answer of DNS is picked out. Nothing is held up here.

use aya_ebpf::programs::TcContext;
use gateway_common::wire::{self, MacAddr};
use zerocopy::FromBytes;

use crate::maps::Tables;
use crate::tell;

/// Port of DNS, network order.
pub const DNS_PORT: [u8; 2] = 53u16.to_be_bytes();

/// Length of the Ethernet header.
const ETHERNET: usize = 14;

/// Counts a packet; whether it may be an answer of DNS to a device that has policies. Only headers that lie where they nearly always
/// do are looked at for that.
#[inline(always)]
pub fn run(ctx: &TcContext) -> bool {
    let Some(tables) = Tables::active() else { return false };
    let Some(destination) = read::<MacAddr>(ctx, 0) else { return false };
    if destination.is_group() {
        // To no device, or to all of them.
        return false;
    }
    let device = tables.device(destination);
    // SAFETY: the kernel's own context, which outlives the program.
    let skb = unsafe { &*ctx.skb.skb };
    // What the frame, or all that it is cut into, takes on the wire.
    let (segments, bytes) = (skb.gso_segs, skb.wire_len);
    let packets = if segments == 0 { 1 } else { segments };
    tell::count_down(device, packets.into(), bytes.into());
    device.policies != 0 && may_be_answer(ctx)
}

/// Whether this looks like UDP from port 53, or hides what it is behind a tag or an extension header.
#[inline(always)]
fn may_be_answer(ctx: &TcContext) -> bool {
    let source_port = match read::<[u8; 2]>(ctx, 12) {
        Some([0x08, 0x00]) => {
            let Some([version_ihl, _]) = read::<[u8; 2]>(ctx, ETHERNET) else { return false };
            let Some([protocol, _]) = read::<[u8; 2]>(ctx, ETHERNET + 9) else { return false };
            if protocol != wire::UDP {
                return false;
            }
            ETHERNET + usize::from(version_ihl & 0x0f) * 4
        }
        Some([0x86, 0xdd]) => match read::<[u8; 2]>(ctx, ETHERNET + 6) {
            Some([wire::UDP, _]) => ETHERNET + 40,
            // Hop-by-hop options, routing, fragment, destination options (RFC 8200, 4.1).
            Some([0 | 43 | 44 | 60, _]) => return true,
            _ => return false,
        },
        Some([0x81, 0x00] | [0x88, 0xa8]) => return true,
        _ => return false,
    };
    // What does not lie in the first part of the packet may be one.
    read(ctx, source_port).is_none_or(|port: [u8; 2]| port == DNS_PORT)
}

/// What lies at `offset`, if that is in the first part of the packet.
#[inline(always)]
fn read<T: FromBytes + Copy>(ctx: &TcContext, offset: usize) -> Option<T> {
    let start = ctx.data() + offset;
    // Of one byte LLVM makes `start >= data_end`, from which the verifier does not learn that the byte is there.
    const { assert!(size_of::<T>() > 1) };
    if start + size_of::<T>() > ctx.data_end() {
        return None;
    }
    // SAFETY: the kernel keeps `data..data_end` readable while the program runs, and the comparison above, which the verifier
    // follows, puts all of `T` inside it. `T: FromBytes` accepts any bytes; alignment does not matter.
    Some(unsafe { (start as *const T).read_unaligned() })
}
