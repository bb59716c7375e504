//! The server name in a client's QUIC Initials, on any port.
//!
//! The name is mostly in the first one; then nothing is kept. Of a hello that goes on, the flight is kept as it is, its keys
//! too, and the next packet is read in its place. The packets before the last one pass: a server does nothing with half a
//! hello.
//!
//! A packet that cannot be read and that no policy blocks passes and leaves its flow undecided. So a forged one, which the
//! server would discard, does not let a real one pass unread.

use core::ffi::c_void;

use aya_ebpf::EbpfContext as _;
use aya_ebpf::bindings::BPF_ANY;
use aya_ebpf::helpers::generated::bpf_xdp_load_bytes;
use aya_ebpf::programs::XdpContext;
use gateway_common::abi::{Action, FlowState, Kind, NO_POLICY, Verdict};
use gateway_common::quic::{self, Engine, Flight, HEAD_BYTES, Progress, SLOT_BYTES, Slot};
use gateway_common::reason::Reason;

use crate::maps::{self, FLIGHTS, Scratch, Tables};
use crate::opaque::opaque;
use crate::settle::{self, Finding};
use crate::{flow, judge};

/// Reads the packet that the fast path left in the scratch memory.
#[inline(always)]
pub fn run(ctx: &XdpContext) -> Action {
    let (Some(element), Some(fresh)) = (maps::scratch(), maps::flight()) else { return Action::Pass };
    // SAFETY: this CPU's element, checked, which the fast path filled for this packet; nobody else writes it now.
    let packet = unsafe { &(*element).packet };
    let kept = FLIGHTS.get_ptr_mut(&packet.flow);
    // SAFETY: this CPU's element or one of the flow, both checked. Packets of a flow come on one CPU, where one follows the
    // other; should the element be evicted and reused at this moment, its memory stays valid and what is read is nonsense.
    let flight = unsafe { &mut *kept.unwrap_or(fresh) };
    if kept.is_none() {
        flight.clear();
    }
    let engine = InFrame { ctx, offset: packet.payload_offset };
    let progress = quic::read(&engine, flight, packet.payload_len);
    match progress {
        Progress::Named | Progress::Nameless if kept.is_some() => {
            // An error only says that it was forgotten before.
            let _ = FLIGHTS.remove(&packet.flow);
        }
        // The hello of a flow is not worth less for a packet of it that is.
        Progress::Hungry | Progress::Malformed | Progress::TooLong if kept.is_none() && flight.has_begun() => {
            // Should it fail, the next packet is read as if it were the first.
            let _ = FLIGHTS.insert(&packet.flow, &*flight, u64::from(BPF_ANY));
        }
        _ => {}
    }
    // SAFETY: as above; `packet` is not used any more.
    unsafe { (*element).partial.name = flight.name };
    end(ctx, element, progress)
}

/// Ends the packet. What brings no name decides its flow only if a policy blocks it.
///
/// A function of its own, so that its stack and that of the derivation of keys do not add up.
#[inline(never)]
fn end(ctx: &XdpContext, element: *mut Scratch, progress: Progress) -> Action {
    // SAFETY: as in `run`.
    let scratch = unsafe { &*element };
    let Some(tables) = Tables::of_slot(scratch.packet.slot) else { return Action::Pass };
    let verdict = judge(element, tables, scratch.packet.device.policies, progress);
    let named = matches!(progress, Progress::Named);
    let generation = tables.generation.number;
    if named || matches!(progress, Progress::Nameless) || blocks(verdict) {
        let kind = if named { Kind::QuicSni } else { Kind::None };
        let name_len = if named { scratch.partial.name.len } else { 0 };
        return settle::settle(ctx, element, generation, &Finding { verdict, kind, name_len });
    }
    if !matches!(verdict.reason, Reason::EarlyData | Reason::NotInspected) {
        flow::remember(&scratch.packet, FlowState::Quic, generation, scratch.packet.so_far);
    }
    settle::finish(ctx, &scratch.packet, verdict, verdict.reason, false)
}

/// Whether a policy blocks; 0-RTT data is dropped without one.
#[inline(always)]
const fn blocks(verdict: Verdict) -> bool {
    !verdict.action.lets_through() && verdict.policy != NO_POLICY
}

/// The verdict on what was read.
#[inline(always)]
fn judge(element: *mut Scratch, tables: Tables, policies: u64, progress: Progress) -> Verdict {
    let generation = tables.generation;
    let reason = match progress {
        Progress::Named => return judge::by_name(element, tables, policies, Reason::QuicSni),
        Progress::Nameless => {
            return judge::by_kind(generation.nameless, policies, generation, Reason::Nameless);
        }
        Progress::EarlyData => {
            return Verdict { action: Action::Drop, ..Verdict::pass(Reason::EarlyData) };
        }
        Progress::Going | Progress::Hungry => Reason::Incomplete,
        Progress::NotInitial => Reason::NotInspected,
        Progress::UnknownVersion => Reason::UnknownVersion,
        Progress::Malformed => Reason::Malformed,
        Progress::TooLong => Reason::TooLong,
    };
    judge::unreadable(policies, generation, reason)
}

/// A datagram in a frame; each heavy step is a function of its own, which the verifier goes through once.
struct InFrame<'a> {
    ctx: &'a XdpContext,
    /// Where in the frame the datagram begins.
    offset: u32,
}

impl InFrame<'_> {
    /// Copies `len` bytes, 1 to `SIZE`, to `to`, which has room for `SIZE`.
    #[inline(always)]
    fn load<const SIZE: usize>(&self, at: u32, len: u32, to: *mut c_void) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "at most 2048")]
        const { assert!(SIZE.is_power_of_two() && SIZE as u32 as usize == SIZE) };
        #[expect(clippy::cast_possible_truncation, reason = "checked above")]
        let mask = SIZE as u32 - 1;
        // A range of 1 to SIZE that also the verifier of 6.1 sees.
        let bounded = (opaque(len).wrapping_sub(1) & mask) + 1;
        // SAFETY: the helper checks the offset and `bounded` against the frame and writes `bounded` bytes, for which the
        // caller gives room.
        let failed = unsafe { bpf_xdp_load_bytes(self.ctx.as_ptr().cast(), self.offset + at, to, bounded) };
        failed == 0
    }
}

impl Engine for InFrame<'_> {
    #[inline(always)]
    fn load_head(&self, at: u32, len: u32, head: &mut [u8; HEAD_BYTES]) -> bool {
        self.load::<HEAD_BYTES>(at, len, head.as_mut_ptr().cast())
    }

    #[inline(always)]
    fn load_payload(&self, at: u32, len: u32, slot: &mut Slot) -> bool {
        self.load::<SLOT_BYTES>(at, len, slot.as_mut_ptr().cast())
    }

    #[inline(always)]
    fn header(flight: &mut Flight) -> u32 {
        quic_header(flight)
    }

    #[inline(always)]
    fn length(flight: &mut Flight) -> u32 {
        quic_length(flight)
    }

    #[inline(always)]
    fn derive(flight: &mut Flight) {
        quic_derive(flight);
    }

    #[inline(always)]
    fn turn(flight: &mut Flight) -> u32 {
        quic_turn(flight)
    }

    #[inline(always)]
    fn compress(flight: &mut Flight) {
        quic_compress(flight);
    }

    #[inline(always)]
    fn compress_label(flight: &mut Flight) {
        quic_compress_label(flight);
    }

    #[inline(always)]
    fn unprotect(flight: &mut Flight) -> u32 {
        quic_unprotect(flight)
    }

    #[inline(always)]
    fn decrypt(flight: &mut Flight, pair: u32) {
        quic_decrypt(flight, pair);
    }

    #[inline(always)]
    fn find(flight: &mut Flight) -> u32 {
        quic_find(flight)
    }

    #[inline(always)]
    fn add(flight: &mut Flight, start: u32, len: u32) -> u32 {
        quic_add(flight, start, len)
    }

    #[inline(always)]
    fn read_frames(flight: &mut Flight) -> u32 {
        quic_read_frames(flight)
    }

    #[inline(always)]
    fn step(flight: &mut Flight) -> u32 {
        quic_step(flight)
    }

    #[inline(always)]
    fn end_packet(flight: &mut Flight) {
        quic_end_packet(flight);
    }
}

/// Functions that the kernel verifies once, for any flight.
macro_rules! steps {
    ($($name:ident($flight:ident $(, $argument:ident)*) $step:expr;)+) => {
        $(
            #[unsafe(no_mangle)]
            #[inline(never)]
            extern "C" fn $name(flight: *mut Flight $(, $argument: u32)*) -> u32 {
                // SAFETY: null, this CPU's element of FLIGHT or one of FLIGHTS, which outlive the program and which nobody
                // else writes now (see `run`).
                let Some($flight) = (unsafe { flight.as_mut() }) else { return 0 };
                u32::from($step)
            }
        )+
    };
}

steps! {
    quic_header(flight) flight.read_header() as u32;
    quic_length(flight) flight.read_length();
    quic_derive(flight) { flight.derive::<InFrame<'_>>(); 0_u8 };
    quic_turn(flight) flight.turn() as u32;
    quic_compress(flight) { flight.compress(); 0_u8 };
    quic_compress_label(flight) { flight.compress_label(); 0_u8 };
    quic_unprotect(flight) flight.unprotect();
    quic_decrypt(flight, pair) { flight.decrypt(pair); 0_u8 };
    quic_find(flight) flight.find();
    quic_add(flight, start, len) flight.add(start, len) as u32;
    quic_read_frames(flight) flight.read_frames::<InFrame<'_>>() as u32;
    quic_step(flight) flight.step::<InFrame<'_>>() as u32;
    quic_end_packet(flight) { flight.end_packet(); 0_u8 };
}

#[inline(always)]
pub fn bench(what: u32) -> u32 {
    let Some(flight) = maps::flight() else { return 0 };
    let flight = unsafe { &mut *flight };
    for i in 0..64 {
        match what {
            0 => { quic_compress(flight); }
            1 => { quic_decrypt(flight, i); }
            2 => { flight.clear(); quic_derive(flight); }
            3 => { quic_unprotect(flight); }
            _ => { if i & 15 == 0 { flight.clear(); } quic_turn(flight); }
        }
    }
    2
}

#[inline(always)]
pub fn bench_ctx(ctx: &XdpContext, what: u32) -> u32 {
    let (Some(element), Some(flight)) = (maps::scratch(), maps::flight()) else { return 0 };
    let flight = unsafe { &mut *flight };
    for _ in 0..4 {
        match what {
            5 => { let kept = FLIGHTS.get_ptr_mut(unsafe { &(*element).packet.flow }); if kept.is_none() { flight.clear(); } }
            6 => { flight.clear(); let p = unsafe { &(*element).packet }; quic::read(&InFrame { ctx, offset: p.payload_offset }, flight, p.payload_len); }
            _ => { end(ctx, element, Progress::Named); }
        }
    }
    2
}
