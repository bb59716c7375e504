//! The names in DNS questions to port 53, over UDP and TCP. Each question is judged by itself: one flow to a resolver
//! carries many, so a flow is decided only when one of its questions is blocked over TCP.

use aya_ebpf::programs::XdpContext;
use gateway_common::abi::{Action, FlowState, Kind, Verdict};
use gateway_common::dns::{MAX_STEPS, Progress, Questions};
use gateway_common::reason::Reason;
use gateway_common::wire::TCP;

use super::stream::{go_on, next_piece};
use crate::maps::{self, Scratch, Tables};
use crate::settle::{self, Finding};
use crate::{flow, judge, tell};

/// How many questions and ends of messages or pieces one packet may bring.
const MAX_RESULTS: u32 = 24;

/// Reads the packet that the fast path left in the scratch memory.
#[inline(always)]
pub fn run(ctx: &XdpContext) -> Action {
    let Some(element) = maps::scratch() else { return Action::Pass };
    // SAFETY: this CPU's element, checked, which the fast path filled for this packet; nobody else writes it now.
    let scratch = unsafe { &mut *element };
    let Some(tables) = Tables::of_slot(scratch.packet.slot) else { return Action::Pass };
    let stream = scratch.packet.flow.protocol == TCP;
    let resumed = scratch.packet.state == FlowState::Dns as u8;
    if resumed && !flow::resume(&scratch.packet.flow, &mut scratch.partial) {
        let verdict = judge::unreadable(scratch.packet.device.policies, tables.generation, Reason::Evicted);
        return settle::settle(ctx, element, tables.generation.number, &Finding::nameless(verdict));
    }
    if !resumed {
        scratch.partial.questions =
            if stream { Questions::STREAM } else { Questions::datagram(scratch.packet.payload_len) };
    }
    scratch.finding = Finding::nameless(Verdict::pass(Reason::Nameless));
    if !questions(ctx, element) {
        let policies = scratch.packet.device.policies;
        scratch.finding = Finding::nameless(judge::unreadable(policies, tables.generation, Reason::TooLong));
    }
    let generation = tables.generation.number;
    let finding = scratch.finding;
    match (finding.verdict.action.lets_through(), stream) {
        // More questions may come, so the flow stays open; of what was read, the last finding is counted.
        (true, true) => go_on(ctx, scratch, FlowState::Dns, generation),
        (false, true) => settle::settle(ctx, element, generation, &finding),
        (_, false) => settle::told(ctx, scratch, &finding),
    }
}

/// What is to be done next; the numbers are what [`next_question`] returns.
#[repr(u32)]
enum Next {
    /// The next result.
    Result,
    /// The next piece of the payload.
    Piece,
    /// Nothing: the finding stands.
    End,
}

/// Judges question after question until one is blocked or there is no more; false if there are too many.
#[inline(always)]
fn questions(ctx: &XdpContext, element: *mut Scratch) -> bool {
    let mut next = Next::Piece as u32;
    for _ in 0..MAX_RESULTS {
        if next == Next::End as u32 {
            return true;
        }
        if next == Next::Piece as u32 {
            // SAFETY: as in `run`.
            match next_piece(ctx, unsafe { &mut *element }) {
                Some(0) => return true,
                Some(_) => {}
                None => return false,
            }
        }
        next = next_question(element);
    }
    false
}

/// Reads to the next result and leaves what it comes to in `scratch.finding`; [`Next`] as a number. A function of its own,
/// with all its state in the scratch memory, which the verifier goes through once and not at every turn.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn next_question(element: *mut Scratch) -> u32 {
    let progress = read_question(element);
    // SAFETY: null or this CPU's element of SCRATCH, which outlives the program and which nobody else writes now.
    let Some(scratch) = (unsafe { element.as_mut() }) else { return Next::End as u32 };
    let Some(tables) = Tables::of_slot(scratch.packet.slot) else { return Next::End as u32 };
    let policies = scratch.packet.device.policies;
    // Behind a message in a stream comes another; behind the one in a datagram, nothing.
    let next = if scratch.packet.flow.protocol == TCP { Next::Result } else { Next::End } as u32;
    let reason = match progress {
        p if p == Progress::Hungry as u32 => return Next::Piece as u32,
        p if p == Progress::Named as u32 => return judge_question(element, tables),
        p if p == Progress::Malformed as u32 => Reason::Malformed,
        p if p == Progress::TooLong as u32 => Reason::TooLong,
        p if p == Progress::NotQuery as u32 || p == Progress::OtherOpcode as u32 => {
            scratch.finding = Finding::nameless(Verdict::pass(Reason::NotInspected));
            return next;
        }
        p if p == Progress::Root as u32 => return Next::Result as u32,
        // The end of a message.
        _ => return next,
    };
    scratch.finding = Finding::nameless(judge::unreadable(policies, tables.generation, reason));
    Next::End as u32
}

#[inline(always)]
fn judge_question(element: *mut Scratch, tables: Tables) -> u32 {
    let finding = judge::by_name(element, tables, Reason::DnsQname, Kind::DnsQname);
    // SAFETY: as in `next_question`.
    let scratch = unsafe { &mut *element };
    if finding.verdict.action.lets_through() {
        // Told here, since the next question takes the place of its name.
        tell::event(scratch, finding.verdict, finding.kind, finding.name_len);
        scratch.finding = Finding { name_len: 0, ..finding };
        return Next::Result as u32;
    }
    scratch.packet.question_end = scratch.partial.questions.end();
    scratch.finding = finding;
    Next::End as u32
}

/// Steps to the next result. A function of its own, which the verifier goes through once and not at every turn.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn read_question(scratch: *mut Scratch) -> u32 {
    for _ in 0..MAX_STEPS {
        let progress = step_question(scratch);
        if progress != Progress::Going as u32 {
            return progress;
        }
    }
    Progress::TooLong as u32
}

/// One step of the automaton, likewise.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn step_question(scratch: *mut Scratch) -> u32 {
    // SAFETY: null or this CPU's element of SCRATCH, which outlives the program and which nobody else writes now.
    let Some(scratch) = (unsafe { scratch.as_mut() }) else { return Progress::TooLong as u32 };
    let partial = &mut scratch.partial;
    partial.questions.step(&mut scratch.piece, &mut partial.name) as u32
}
