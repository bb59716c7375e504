//! The server name of a TLS ClientHello on any port: in one TCP segment or in several, in one TLS record or in several.

use gateway_common::abi::{FlowState, Kind};
use gateway_common::reason::Reason;
use gateway_common::tls::{Hello, MAX_STEPS, Progress};

use super::stream::Protocol;
use crate::judge;
use crate::maps::{Partial, Scratch, Tables};
use crate::settle::Finding;

/// TLS, as RFC 8446 and those before it begin.
pub struct Tls;

impl Protocol for Tls {
    const STATE: FlowState = FlowState::Tls;

    #[inline(always)]
    fn begin(partial: &mut Partial) {
        partial.hello = Hello::START;
    }

    #[inline(always)]
    fn read_piece(scratch: *mut Scratch) -> u32 {
        read_hello(scratch)
    }

    #[inline(always)]
    fn judge(scratch: *mut Scratch, tables: Tables, progress: u32) -> Finding {
        let finding = if progress == Progress::Nameless as u32 {
            Finding::nameless(judge::nameless(scratch, tables))
        } else {
            judge::by_server_name(scratch, tables, Reason::TlsSni, Kind::TlsSni)
        };
        // SAFETY: the per-CPU element that the caller got from the map and checked; nobody else writes it now.
        let has_ech = unsafe { (*scratch).partial.hello.has_ech() };
        judge::with_ech(scratch, tables, has_ech, finding)
    }

    #[inline(always)]
    fn name_so_far(partial: &Partial) -> (Kind, u32) {
        if partial.hello.is_named() { (Kind::TlsSni, partial.name.len) } else { (Kind::None, 0) }
    }
}

/// The policies of the device that block hellos with an encrypted one inside, or some of them.
#[inline(always)]
fn ech_blocking(scratch: *mut Scratch, tables: Tables) -> u64 {
    // SAFETY: as in `judge`.
    (tables.generation.ech | tables.generation.ech_judge) & unsafe { (*scratch).packet.device.policies }
}

/// Steps through the piece. A function of its own, which the verifier goes through once and not for every piece.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn read_hello(scratch: *mut Scratch) -> u32 {
    leap_hello(scratch);
    for _ in 0..MAX_STEPS {
        let progress = step_hello(scratch);
        if progress != Progress::Going as u32 {
            return progress;
        }
    }
    Progress::TooLong as u32
}

/// One step: in strides if it can be. Behind the name it goes on only for a device of which a policy wants to know what
/// else the hello holds. A function of its own, as little as can be left in the loop, which the verifier goes round.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn step_hello(scratch: *mut Scratch) -> u32 {
    let mut progress = stride_hello(scratch);
    if progress == Progress::Going as u32 {
        progress = crawl_hello(scratch);
    }
    if progress == Progress::Named as u32 && goes_on(scratch) != 0 {
        return Progress::Going as u32;
    }
    progress
}

/// Whether a hello whose name is complete has to be read on: it is not blocked, it has shown no encrypted hello so far,
/// and a policy would block one. A function of its own, which the verifier goes through once.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn goes_on(element: *mut Scratch) -> u32 {
    // SAFETY: null or this CPU's element of SCRATCH, which outlives the program and which nobody else writes now.
    let Some(scratch) = (unsafe { element.as_mut() }) else { return 0 };
    let Some(tables) = Tables::of_slot(scratch.packet.slot) else { return 0 };
    if ech_blocking(element, tables) == 0 || scratch.partial.hello.has_ech() {
        return 0;
    }
    let finding = judge::by_server_name(element, tables, Reason::TlsSni, Kind::TlsSni);
    u32::from(finding.verdict.action.lets_through())
}

/// The beginning of a hello, if it lies in the piece whole. A function of its own, which the verifier goes through once; so
/// are the next two, and not at every turn.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn leap_hello(scratch: *mut Scratch) -> u32 {
    // SAFETY: null or this CPU's element of SCRATCH, which outlives the program and which nobody else writes now.
    let Some(scratch) = (unsafe { scratch.as_mut() }) else { return 0 };
    scratch.partial.hello.leap(&mut scratch.piece);
    0
}

/// Extensions and a name that lie in the piece whole.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn stride_hello(scratch: *mut Scratch) -> u32 {
    // SAFETY: as in `leap_hello`.
    let Some(scratch) = (unsafe { scratch.as_mut() }) else { return Progress::TooLong as u32 };
    let partial = &mut scratch.partial;
    partial.hello.stride(&mut scratch.piece, &mut partial.name) as u32
}

/// One step of the automaton.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn crawl_hello(scratch: *mut Scratch) -> u32 {
    // SAFETY: as in `leap_hello`.
    let Some(scratch) = (unsafe { scratch.as_mut() }) else { return Progress::TooLong as u32 };
    let partial = &mut scratch.partial;
    partial.hello.crawl(&mut scratch.piece, &mut partial.name) as u32
}
