//! The server name of a TLS ClientHello on any port: in one TCP segment or in several, in one TLS record or in several.
//!
//! What was read of a hello that goes on is kept between segments, some three hundred bytes, and never the hello itself.
//! The segments before the last one pass: a server does nothing with half a hello.

use aya_ebpf::programs::XdpContext;
use gateway_common::abi::{Action, FlowState, Kind, Verdict};
use gateway_common::reason::Reason;
use gateway_common::tls::{Hello, MAX_HELLO, MAX_STEPS, PIECE_LEN, Progress};

use crate::maps::{self, Partial, Scratch, Tables};
use crate::settle::{self, Finding};
use crate::{flow, judge, packet};

/// How many pieces of one frame are read: a hello of the greatest length, in records of its own.
const MAX_PIECES: u32 = MAX_HELLO / PIECE_LEN + 1;

/// Reads the packet that the fast path left in the scratch memory.
#[inline(always)]
pub fn run(ctx: &XdpContext) -> Action {
    let Some(element) = maps::scratch() else { return Action::Pass };
    // SAFETY: this CPU's element, checked, which the fast path filled for this packet; nobody else writes it now.
    let scratch = unsafe { &mut *element };
    let Some(tables) = Tables::of_slot(scratch.packet.slot) else { return Action::Pass };
    let resumed = scratch.packet.state == FlowState::Tls as u8;
    let progress = if resumed && !flow::resume(&scratch.packet.flow, &mut scratch.partial) {
        EVICTED
    } else {
        if !resumed {
            begin(&mut scratch.partial);
        }
        read(ctx, element)
    };
    if progress == Progress::Hungry as u32 {
        return go_on(ctx, scratch, tables.generation.number);
    }
    if resumed {
        flow::forget(&scratch.packet.flow);
    }
    let finding = judge(element, tables, progress);
    settle::settle(ctx, element, tables.generation.number, &finding)
}

/// Not a [`Progress`]: what was read before is gone.
const EVICTED: u32 = u32::MAX;

#[inline(always)]
fn begin(partial: &mut Partial) {
    partial.hello = Hello::START;
    partial.name.len = 0;
    partial.reserved = 0;
}

/// Passes a segment whose hello goes on in the next one, and keeps what was read.
#[inline(always)]
fn go_on(ctx: &XdpContext, scratch: &mut Scratch, generation: u64) -> Action {
    flow::suspend(&scratch.packet.flow, &scratch.partial);
    flow::remember(&scratch.packet, FlowState::Tls, generation, scratch.packet.so_far);
    settle::finish(ctx, &scratch.packet, Verdict::pass(Reason::Incomplete), Reason::Incomplete, false)
}

/// Reads the payload, piece by piece; [`Progress`] as a number.
#[inline(always)]
fn read(ctx: &XdpContext, element: *mut Scratch) -> u32 {
    for _ in 0..MAX_PIECES {
        // SAFETY: as in `run`.
        let scratch = unsafe { &mut *element };
        let packet = &mut scratch.packet;
        if packet.payload_len == 0 {
            return Progress::Hungry as u32;
        }
        if !packet::load(ctx, packet.payload_offset, packet.payload_len, &mut scratch.piece) {
            return Progress::TooLong as u32;
        }
        packet.payload_offset += scratch.piece.len;
        packet.payload_len -= scratch.piece.len;
        let progress = read_piece(element);
        if progress != Progress::Hungry as u32 {
            return progress;
        }
    }
    Progress::TooLong as u32
}

/// Steps through the piece. A function of its own, which the verifier goes through once and not for every piece.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn read_piece(scratch: *mut Scratch) -> u32 {
    for _ in 0..MAX_STEPS {
        let progress = read_hello(scratch);
        if progress != Progress::Going as u32 {
            return progress;
        }
    }
    Progress::TooLong as u32
}

/// One step of the automaton. A function of its own, which the verifier goes through once and not at every turn.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn read_hello(scratch: *mut Scratch) -> u32 {
    // SAFETY: null or this CPU's element of SCRATCH, which outlives the program and which nobody else writes now.
    let Some(scratch) = (unsafe { scratch.as_mut() }) else { return Progress::TooLong as u32 };
    let partial = &mut scratch.partial;
    partial.hello.step(&mut scratch.piece, &mut partial.name) as u32
}

#[inline(always)]
fn judge(element: *mut Scratch, tables: Tables, progress: u32) -> Finding {
    // SAFETY: as in `run`.
    let scratch = unsafe { &*element };
    let policies = scratch.packet.device.policies;
    let generation = tables.generation;
    if progress == Progress::Named as u32 {
        let name_len = scratch.partial.name.len;
        let verdict = judge::by_name(element, tables, policies, Reason::TlsSni);
        return Finding { verdict, kind: Kind::TlsSni, name_len };
    }
    let verdict = match progress {
        p if p == Progress::Nameless as u32 => {
            judge::by_kind(generation.nameless, policies, generation, Reason::Nameless)
        }
        p if p == Progress::NotHello as u32 => Verdict::pass(Reason::NotInspected),
        p if p == Progress::Malformed as u32 => judge::unreadable(policies, generation, Reason::Malformed),
        EVICTED => judge::unreadable(policies, generation, Reason::Evicted),
        _ => judge::unreadable(policies, generation, Reason::TooLong),
    };
    Finding { verdict, kind: Kind::None, name_len: 0 }
}
