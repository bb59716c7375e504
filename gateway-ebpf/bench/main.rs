//! Programs that only `cargo xtask bench` loads: what the filter is measured against, and what gives it a new flow at
//! every turn.
//!
//! A test run hands the same frame to the program again and again, so every turn but the first would be one of a flow
//! that has its verdict. [`turn`] stands in front: it writes a number into the frame, in the place of the source port
//! and of the low half of the source address, and goes on in the program that is measured. The time that is told is the
//! difference between a run that goes on in the filter and one that goes on in [`empty`], so that [`turn`] costs nothing.
#![no_std]
#![no_main]
#![expect(missing_docs, reason = "the attribute macros make functions that cannot be given a doc comment")]

use aya_ebpf::bindings::{TC_ACT_UNSPEC, xdp_action};
use aya_ebpf::btf_maps::{Array, ProgramArray};
use aya_ebpf::macros::{btf_map, classifier, xdp};
use aya_ebpf::programs::{TcContext, XdpContext};

/// The number of the next flow, how much more that of the one behind it is (0 or 1), and where in [`MEASURED`] the
/// program is that is measured.
#[btf_map]
static TURN: Array<[u32; 3], 1> = Array::new();

/// The filter, and [`empty`].
#[btf_map]
static MEASURED: ProgramArray<2> = ProgramArray::new();

/// Ethernet and IPv4 without tags and options: the low half of the source address, and the source port behind the header.
const ADDRESS_AT: usize = 14 + 14;
const PORT_AT: usize = 14 + 20;

/// The program that does nothing.
#[xdp(frags)]
pub fn empty(_: XdpContext) -> u32 {
    xdp_action::XDP_PASS
}

/// The same on the way to the devices.
#[classifier]
pub fn empty_down(_: TcContext) -> i32 {
    TC_ACT_UNSPEC
}

/// Makes the frame one of the next flow, and goes on in the program that is measured.
#[xdp(frags)]
pub fn turn(ctx: XdpContext) -> u32 {
    let data = ctx.data();
    let Some(turn) = TURN.get_ptr_mut(0) else { return xdp_action::XDP_ABORTED };
    // SAFETY: an element of an array, checked; there is one test run at a time.
    let [number, step, measured] = unsafe { *turn };
    if data + PORT_AT + 2 <= ctx.data_end() {
        let [a, b, c, d] = number.to_be_bytes();
        // SAFETY: the comparison above puts it inside the frame.
        unsafe { ((data + ADDRESS_AT) as *mut [u8; 2]).write_unaligned([a, b]) };
        // SAFETY: likewise.
        unsafe { ((data + PORT_AT) as *mut [u8; 2]).write_unaligned([c, d]) };
        // SAFETY: as above.
        unsafe { (*turn)[0] = number.wrapping_add(step) };
    }
    // SAFETY: the map holds XDP programs, and nothing here waits to be dropped.
    unsafe { MEASURED.tail_call(&ctx, measured) };
    xdp_action::XDP_ABORTED
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // Nothing above can panic, so this is never linked.
    loop {}
}

/// What the kernel asks of a program that calls GPL-only helpers.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
