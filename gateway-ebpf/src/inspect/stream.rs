//! What the inspectors of TCP protocols share: the message of a flow comes in pieces, and what was read of it is kept
//! between segments. The segments before the one that completes the name pass: a server does nothing with half a message.

use aya_ebpf::programs::XdpContext;
use gateway_common::abi::{Action, FlowState, Kind, Verdict};
use gateway_common::reason::Reason;
use gateway_common::tls::{MAX_HELLO, PIECE_LEN, Progress};

use crate::maps::{self, Partial, Scratch, Tables};
use crate::settle::{self, Finding};
use crate::{flow, judge, packet};

/// How many pieces of one frame are read: a message of the greatest length that is followed, and one more for what is
/// around it. `http::MAX_HEAD` is the same.
const MAX_PIECES: u32 = MAX_HELLO / PIECE_LEN + 1;

/// Not a [`Progress`]: what was read before is gone.
const EVICTED: u32 = u32::MAX;

/// A protocol over TCP, of which the first message decides.
///
/// Its progress is a number of which 0 to 6 mean what they mean in [`Progress`].
pub trait Protocol {
    /// The state of a flow whose message goes on.
    const STATE: FlowState;

    /// Makes `partial` one of which nothing has been read.
    fn begin(partial: &mut Partial);

    /// Reads the piece in the scratch memory.
    fn read_piece(scratch: *mut Scratch) -> u32;

    /// The finding of a progress that ends the reading and is none of malformed, too long or not of this protocol.
    fn judge(scratch: *mut Scratch, tables: Tables, progress: u32) -> Finding;

    /// The kind and length of a name that is complete, of a message that is read on behind it.
    fn name_so_far(_: &Partial) -> (Kind, u32) {
        (Kind::None, 0)
    }
}

/// Reads the packet that the fast path left in the scratch memory.
#[inline(always)]
pub fn run<P: Protocol>(ctx: &XdpContext) -> Action {
    let Some(element) = maps::scratch() else { return Action::Pass };
    // SAFETY: this CPU's element, checked, which the fast path filled for this packet; nobody else writes it now.
    let scratch = unsafe { &mut *element };
    let Some(tables) = Tables::of_slot(scratch.packet.slot) else { return Action::Pass };
    let resumed = scratch.packet.state == P::STATE as u8;
    let progress = if resumed && !flow::resume(&scratch.packet.flow, &mut scratch.partial) {
        EVICTED
    } else {
        if !resumed {
            P::begin(&mut scratch.partial);
            scratch.partial.name.len = 0;
        }
        read(ctx, element, P::read_piece)
    };
    if progress == Progress::Hungry as u32 {
        return go_on(ctx, scratch, P::STATE, tables.generation.number);
    }
    if progress == Progress::NotHello as u32 && scratch.packet.state == FlowState::Midway as u8 {
        // It only looked like one, in the middle of a connection: a later segment may still begin one.
        return settle::finish(
            ctx,
            &scratch.packet,
            Verdict::pass(Reason::NotInspected),
            Reason::NotInspected,
            false,
        );
    }
    if resumed {
        flow::forget(&scratch.packet.flow);
    }
    let finding = finding::<P>(element, tables, progress);
    settle::settle(ctx, element, tables.generation.number, &finding)
}

#[inline(always)]
fn finding<P: Protocol>(element: *mut Scratch, tables: Tables, progress: u32) -> Finding {
    // SAFETY: as in `run`.
    let policies = unsafe { (*element).packet.device.policies };
    let generation = tables.generation;
    let verdict = match progress {
        p if p == Progress::NotHello as u32 => Verdict::pass(Reason::NotInspected),
        p if p == Progress::Malformed as u32 => judge::unreadable(policies, generation, Reason::Malformed),
        p if p == Progress::TooLong as u32 => judge::unreadable(policies, generation, Reason::TooLong),
        EVICTED => judge::unreadable(policies, generation, Reason::Evicted),
        _ => return P::judge(element, tables, progress),
    };
    if progress == EVICTED {
        return Finding::nameless(verdict);
    }
    // SAFETY: as in `run`.
    let (kind, name_len) = P::name_so_far(unsafe { &(*element).partial });
    Finding { verdict, kind, name_len }
}

/// Passes a segment whose message goes on in the next one, and keeps what was read.
#[inline(always)]
pub fn go_on(ctx: &XdpContext, scratch: &mut Scratch, state: FlowState, generation: u64) -> Action {
    flow::suspend(&scratch.packet.flow, &scratch.partial);
    let so_far = scratch.packet.so_far;
    flow::remember(&mut scratch.packet, state as u8, generation, so_far);
    settle::finish(ctx, &scratch.packet, Verdict::pass(Reason::Incomplete), Reason::Incomplete, false)
}

/// Reads the payload, piece by piece, until there is a result or it is read to its end; the progress as a number.
#[inline(always)]
fn read(ctx: &XdpContext, element: *mut Scratch, read_piece: impl Fn(*mut Scratch) -> u32) -> u32 {
    for _ in 0..MAX_PIECES {
        // SAFETY: as in `run`.
        let scratch = unsafe { &mut *element };
        match next_piece(ctx, scratch) {
            Some(0) => return Progress::Hungry as u32,
            Some(_) => {}
            None => return Progress::TooLong as u32,
        }
        let progress = read_piece(element);
        if progress != Progress::Hungry as u32 {
            return progress;
        }
    }
    Progress::TooLong as u32
}

/// Loads what follows of the payload and returns how many bytes that is; `None` if they cannot be loaded.
#[inline(always)]
pub fn next_piece(ctx: &XdpContext, scratch: &mut Scratch) -> Option<u32> {
    let packet = &mut scratch.packet;
    if !packet::load(ctx, packet.payload_offset, packet.payload_len, &mut scratch.piece) {
        return None;
    }
    packet.payload_offset += scratch.piece.len;
    packet.payload_len -= scratch.piece.len;
    Some(scratch.piece.len)
}
