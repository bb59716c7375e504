//! The server name in a client's QUIC Initials, on any port.
//!
//! The name is mostly in the first one; then only the keys are kept. Of a hello that goes on, the flight is kept as it is,
//! and the next packet is read in its place. The packets before the last one pass: a server does nothing with half a hello.
//!
//! A verdict to pass does not decide the flow: each further Initial is read as the first one was, since the one before may
//! be forged so that the server has never accepted it. A verdict to block does.

use core::ffi::c_void;

use aya_ebpf::bindings::{BPF_ANY, xdp_md};
use aya_ebpf::helpers::generated::bpf_xdp_load_bytes;
use aya_ebpf::programs::XdpContext;
use gateway_common::abi::{Action, FlowKey, FlowState, INITIALS_A_SECOND, Kind, Verdict};
use gateway_common::quic::{
    self, Datagram, Engine, Flight, HEAD_BYTES, KEPT, Keys, Memory, NAMED, Progress, Reading, SLOT_BYTES,
    Slot, Whose,
};
use gateway_common::reason::Reason;

use crate::maps::{self, FLIGHTS, FlightKey, INITIALS, KEYS, Packet, Scratch, Tables};
use crate::opaque::opaque;
use crate::settle::{self, Finding};
use crate::{budget, flow, judge};

/// Reads the packet that the fast path left in the scratch memory.
#[inline(always)]
pub fn run(ctx: &XdpContext) -> Action {
    let (Some(element), Some(fresh)) = (maps::scratch(), maps::flight()) else { return Action::Pass };
    // SAFETY: this CPU's element, checked, which the fast path filled for this packet; nobody else writes it now.
    let packet = unsafe { &mut (*element).packet };
    let Some(tables) = Tables::of_slot(packet.slot) else { return Action::Pass };
    if !budget::take(&INITIALS, packet.device, INITIALS_A_SECOND) {
        return limited(ctx, packet, tables);
    }
    let seeks_ech = (tables.generation.ech | tables.generation.ech_judge) & packet.device.policies != 0;
    let mut memory = OfFlow { element, fresh, kept: fresh };
    let datagram = Datagram { offset: packet.payload_offset, len: packet.payload_len };
    let engine = InFrame { ctx: ctx.ctx };
    let reading = quic::read_datagram(&engine, &mut memory, datagram, packet.next_sequence, seeks_ech);
    let flight = if reading.kept { memory.kept } else { fresh };
    end(ctx, element, flight, &reading)
}

/// Ends a packet that is not read because the device has sent too many.
#[inline(never)]
fn limited(ctx: &XdpContext, packet: &mut Packet, tables: Tables) -> Action {
    let verdict = judge::unreadable(packet.device.policies, tables.generation, Reason::RateLimited);
    let so_far = packet.so_far;
    flow::remember(packet, FlowState::Datagrams as u8, tables.generation.number, so_far);
    settle::finish(ctx, packet, verdict.or(so_far), Reason::RateLimited, false)
}

/// Keeps what the next datagram needs, and ends the packet.
#[inline(never)]
fn end(ctx: &XdpContext, element: *mut Scratch, flight: *mut Flight, reading: &Reading) -> Action {
    // SAFETY: as in `run`: this CPU's flight or the kept one.
    let flight = unsafe { &mut *flight };
    // SAFETY: as in `run`.
    let scratch = unsafe { &mut *element };
    let Some(tables) = Tables::of_slot(scratch.packet.slot) else { return Action::Pass };
    let flags = scratch.packet.next_sequence;
    let again = flags & NAMED != 0 && !reading.derived;
    let finding = if reading.evicted {
        Finding::nameless(unreadable(scratch, tables, Reason::Evicted))
    } else if reading.is_idle(flags) {
        flight.undo();
        Finding::nameless(withheld(Reason::Retransmission))
    } else {
        if reading.surplus {
            flight.discard();
        }
        scratch.packet.next_sequence |= keep(scratch, flight, reading);
        found(element, tables, flight, reading.progress, flags)
    };
    let blocks = !finding.verdict.action.lets_through();
    // SAFETY: as in `run`; the reference above is not used any more.
    let scratch = unsafe { &mut *element };
    // What is not complete says nothing about its flow: the server may not accept it.
    if reading.evicted || reading.is_complete() && (blocks || !again) {
        let state = if blocks { FlowState::Decided } else { FlowState::Datagrams };
        return settle::remember(ctx, element, state, tables.generation.number, &finding);
    }
    let packet = &mut scratch.packet;
    let counted = if reading.is_complete() { Reason::KnownFlow } else { finding.verdict.reason };
    let so_far = packet.so_far;
    flow::remember(packet, FlowState::Datagrams as u8, tables.generation.number, so_far);
    settle::finish(ctx, packet, finding.verdict.or(so_far), counted, false)
}

/// What reading came to.
#[inline(always)]
fn found(element: *mut Scratch, tables: Tables, flight: &Flight, progress: Progress, flags: u32) -> Finding {
    // SAFETY: as in `run`.
    let scratch = unsafe { &mut *element };
    let verdict = match progress {
        Progress::Named => {
            scratch.partial.name = flight.name;
            let finding = judge::by_server_name(element, tables, Reason::QuicSni, Kind::QuicSni);
            return judge::with_ech(element, tables, flight.has_ech(), finding);
        }
        Progress::Nameless => {
            let finding = Finding::nameless(judge::nameless(element, tables));
            return judge::with_ech(element, tables, flight.has_ech(), finding);
        }
        Progress::Malformed => unreadable(scratch, tables, Reason::Malformed),
        Progress::TooLong => unreadable(scratch, tables, Reason::TooLong),
        Progress::EarlyData if flags & NAMED == 0 => withheld(Reason::EarlyData),
        Progress::Hungry if flags & NAMED == 0 => Verdict::pass(Reason::Incomplete),
        _ if scratch.packet.begins => Verdict::pass(Reason::NotInspected),
        _ => Verdict::pass(Reason::KnownFlow),
    };
    Finding::nameless(verdict)
}

#[inline(always)]
fn unreadable(scratch: &Scratch, tables: Tables, reason: Reason) -> Verdict {
    judge::unreadable(scratch.packet.device.policies, tables.generation, reason)
}

/// Dropped, since it will come again, without a policy having a say.
#[inline(always)]
const fn withheld(reason: Reason) -> Verdict {
    Verdict { action: Action::Drop, ..Verdict::pass(reason) }
}

/// Keeps keys and flight as far as they are needed; the flags of the flow that come by it.
#[inline(always)]
fn keep(scratch: &mut Scratch, flight: &mut Flight, reading: &Reading) -> u32 {
    let mut flags = if reading.is_complete() { NAMED } else { 0 };
    if reading.keeps_flight() {
        flight.keys.kept = 1;
        scratch.flight_key.flow = scratch.packet.flow;
        scratch.flight_key.id = flight.keys.id;
        scratch.flight_key.secret = flight.keys.secret;
        flags |= KEPT;
        // By reference: there is no room for them on the stack. Should it fail, the next datagram finds nothing and says so.
        let (key, flight): (&FlightKey, &Flight) = (&scratch.flight_key, flight);
        let _ = FLIGHTS.insert(key, flight, u64::from(BPF_ANY));
    }
    if reading.keeps_keys() {
        // Should it fail, they are derived again.
        let (key, keys): (&FlowKey, &Keys) = (&scratch.packet.flow, &flight.keys);
        let _ = KEYS.insert(key, keys, u64::from(BPF_ANY));
    }
    flags
}

/// What the maps hold of the flow in `element.packet`.
///
/// Packets of a flow come on one CPU, where one follows the other. Should an element be evicted and reused while it is
/// read, its memory stays valid and what is read is nonsense.
struct OfFlow {
    element: *mut Scratch,
    fresh: *mut Flight,
    kept: *mut Flight,
}

impl<'a> Memory<'a> for OfFlow {
    #[inline(always)]
    fn keys(&self) -> Option<&'a Keys> {
        // SAFETY: as in `run`.
        let packet = unsafe { &(*self.element).packet };
        if packet.begins {
            return None;
        }
        let key: &FlowKey = &packet.flow;
        // SAFETY: see above.
        unsafe { KEYS.get(key) }
    }

    #[inline(always)]
    fn find(&mut self, whose: Whose) -> bool {
        // SAFETY: as in `run`.
        let scratch = unsafe { &mut *self.element };
        // SAFETY: this CPU's flight, checked in `run`.
        let fresh = unsafe { &*self.fresh };
        scratch.flight_key.flow = scratch.packet.flow;
        scratch.flight_key.secret = fresh.secret();
        scratch.flight_key.id = match (whose, self.keys()) {
            (Whose::Last, Some(keys)) => keys.id,
            _ => *fresh.id(),
        };
        let key: &FlightKey = &scratch.flight_key;
        let Some(kept) = FLIGHTS.get_ptr_mut(key) else { return false };
        self.kept = kept;
        true
    }

    #[inline(always)]
    fn kept(&mut self) -> &mut Flight {
        // SAFETY: this CPU's flight, or one that `find` has found.
        unsafe { &mut *self.kept }
    }

    #[inline(always)]
    fn fresh(&mut self) -> &mut Flight {
        // SAFETY: this CPU's flight, checked in `run`.
        unsafe { &mut *self.fresh }
    }
}
/// A frame; each heavy step is a function of its own, which the verifier goes through once.
struct InFrame {
    ctx: *mut xdp_md,
}

impl InFrame {
    /// Copies `len` bytes, 1 to `SIZE`, to `to`, which has room for `SIZE`.
    #[inline(always)]
    fn load<const SIZE: usize>(&self, at: u32, len: u32, to: *mut c_void) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "at most 2048")]
        const {
            assert!(SIZE.is_power_of_two() && SIZE as u32 as usize == SIZE)
        };
        #[expect(clippy::cast_possible_truncation, reason = "checked above")]
        let mask = SIZE as u32 - 1;
        // A range of 1 to SIZE that also the verifier of 6.1 sees.
        let bounded = (opaque(len).wrapping_sub(1) & mask) + 1;
        // SAFETY: the context is that of this program; the helper checks `at` and `bounded` against the frame and writes
        // `bounded` bytes, for which the caller gives room.
        let failed = unsafe { bpf_xdp_load_bytes(self.ctx, at, to, bounded) };
        failed == 0
    }
}

impl Engine for InFrame {
    #[inline(always)]
    fn load_head(&self, at: u32, len: u32, head: &mut [u8; HEAD_BYTES]) -> bool {
        self.load::<HEAD_BYTES>(at, len, head.as_mut_ptr().cast())
    }

    #[inline(always)]
    fn load_payload(&self, at: u32, len: u32, slot: &mut Slot) -> bool {
        self.load::<SLOT_BYTES>(at, len, slot.as_mut_ptr().cast())
    }

    #[inline(always)]
    fn peek(&self, flight: &mut Flight) -> u32 {
        quic_peek(self.ctx, flight)
    }

    #[inline(always)]
    fn packet(&self, flight: &mut Flight) -> u32 {
        quic_packet(self.ctx, flight)
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
    fn look(flight: &mut Flight, number: u32) -> u32 {
        quic_look(flight, number)
    }

    #[inline(always)]
    fn compare(flight: &mut Flight, number: u32, start: u32, len: u32) {
        quic_compare(flight, number, start, len);
    }

    #[inline(always)]
    fn copies_agree(flight: &mut Flight, there: u32) -> u32 {
        quic_copies_agree(flight, there)
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
    fn hello_step(flight: &mut Flight) -> u32 {
        quic_hello_step(flight)
    }

    #[inline(always)]
    fn frame_step(flight: &mut Flight) -> u32 {
        quic_frame_step(flight)
    }
}

/// Reads the header of a packet. Verified once, as the following are; the context is the program's.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn quic_peek(ctx: *mut xdp_md, flight: *mut Flight) -> u32 {
    // SAFETY: null, this CPU's element of FLIGHT or one of FLIGHTS, which outlive the program and which nobody else writes
    // now (see `run`).
    let Some(flight) = (unsafe { flight.as_mut() }) else { return 0 };
    flight.begin_packet(&InFrame { ctx }) as u32
}

/// Reads a packet.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn quic_packet(ctx: *mut xdp_md, flight: *mut Flight) -> u32 {
    // SAFETY: as in `quic_peek`.
    let Some(flight) = (unsafe { flight.as_mut() }) else { return 0 };
    flight.packet(&InFrame { ctx }) as u32
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
    quic_derive(flight) { flight.derive::<InFrame>(); 0_u8 };
    quic_turn(flight) flight.turn() as u32;
    quic_compress(flight) { flight.compress(); 0_u8 };
    quic_compress_label(flight) { flight.compress_label(); 0_u8 };
    quic_unprotect(flight) flight.unprotect();
    quic_decrypt(flight, pair) { flight.decrypt(pair); 0_u8 };
    quic_find(flight) flight.find::<InFrame>() as u32;
    quic_look(flight, number) flight.look(number);
    quic_compare(flight, number, start, len) { flight.compare(number, start, len); 0_u8 };
    quic_copies_agree(flight, there) flight.copies_agree::<InFrame>(there);
    quic_add(flight, start, len) flight.add::<InFrame>(start, len) as u32;
    quic_read_frames(flight) flight.read_frames::<InFrame>() as u32;
    quic_hello_step(flight) flight.hello_step::<InFrame>() as u32;
    quic_frame_step(flight) flight.frame_step::<InFrame>() as u32;
}
