//! The server name of a TLS ClientHello in one TCP segment, on any port.

use aya_ebpf::programs::XdpContext;
use gateway_common::abi::{Action, Kind, Verdict};
use gateway_common::reason::Reason;
use gateway_common::tls::{Hello, MAX_STEPS, Progress};

use crate::maps::{self, Scratch, Tables};
use crate::settle::{self, Finding};
use crate::{judge, packet};

/// Reads the packet that the fast path left in the scratch memory.
#[inline(always)]
pub fn run(ctx: &XdpContext) -> Action {
    let Some(element) = maps::scratch() else { return Action::Pass };
    // SAFETY: this CPU's element, checked, which the fast path filled for this packet; nobody else writes it now.
    let scratch = unsafe { &mut *element };
    let (offset, len) = (scratch.packet.payload_offset, scratch.packet.payload_len);
    let Some(tables) = Tables::of_slot(scratch.packet.slot) else { return Action::Pass };
    if !packet::load(ctx, offset, len, &mut scratch.piece) {
        return settle::finish(ctx, &scratch.packet, Verdict::pass(Reason::Internal), Reason::Internal, false);
    }
    scratch.hello = Hello::START;
    scratch.name.len = 0;
    let progress = read(element);
    let finding = judge(element, tables, progress);
    settle::settle(ctx, element, tables.generation.number, &finding)
}

/// Steps through the piece; [`Progress`] as a number.
#[inline(always)]
fn read(scratch: *mut Scratch) -> u32 {
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
    scratch.hello.step(&mut scratch.piece, &mut scratch.name) as u32
}

#[inline(always)]
fn judge(element: *mut Scratch, tables: Tables, progress: u32) -> Finding {
    // SAFETY: as in `run`.
    let scratch = unsafe { &*element };
    let policies = scratch.packet.device.policies;
    let generation = tables.generation;
    let nameless = |verdict| Finding { verdict, kind: Kind::None, name_len: 0 };
    if progress == Progress::Named as u32 {
        let name_len = scratch.name.len;
        let verdict = judge::by_name(element, tables, policies, Reason::TlsSni);
        return Finding { verdict, kind: Kind::TlsSni, name_len };
    }
    if progress == Progress::Nameless as u32 {
        return nameless(judge::by_kind(generation.nameless, policies, generation, Reason::Nameless));
    }
    let reason = match progress {
        p if p == Progress::Hungry as u32 => Reason::Incomplete,
        p if p == Progress::NotHello as u32 => Reason::NotInspected,
        p if p == Progress::Malformed as u32 => Reason::Malformed,
        _ => Reason::TooLong,
    };
    nameless(judge::unreadable(policies, generation, reason))
}

