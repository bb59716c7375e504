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
        if progress == Progress::Named as u32 {
            return judge::by_name(scratch, tables, Reason::TlsSni, Kind::TlsSni);
        }
        Finding::nameless(judge::nameless(scratch, tables))
    }
}

/// Steps through the piece. A function of its own, which the verifier goes through once and not for every piece.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn read_hello(scratch: *mut Scratch) -> u32 {
    for _ in 0..MAX_STEPS {
        let progress = step_hello(scratch);
        if progress != Progress::Going as u32 {
            return progress;
        }
    }
    Progress::TooLong as u32
}

/// One step of the automaton. A function of its own, which the verifier goes through once and not at every turn.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn step_hello(scratch: *mut Scratch) -> u32 {
    // SAFETY: null or this CPU's element of SCRATCH, which outlives the program and which nobody else writes now.
    let Some(scratch) = (unsafe { scratch.as_mut() }) else { return Progress::TooLong as u32 };
    let partial = &mut scratch.partial;
    partial.hello.step(&mut scratch.piece, &mut partial.name) as u32
}
