//! The host of an HTTP/1 request on any port. The first request of a connection decides.

use gateway_common::abi::{FlowState, Kind, Verdict};
use gateway_common::http::{MAX_STEPS, Progress, Request};
use gateway_common::reason::Reason;

use super::stream::Protocol;
use crate::judge;
use crate::maps::{Partial, Scratch, Tables};
use crate::settle::Finding;

/// HTTP/1 (RFC 9112).
pub struct Http;

impl Protocol for Http {
    const STATE: FlowState = FlowState::Http;

    #[inline(always)]
    fn begin(partial: &mut Partial) {
        partial.request = Request::START;
    }

    #[inline(always)]
    fn read_piece(scratch: *mut Scratch) -> u32 {
        read_request(scratch)
    }

    #[inline(always)]
    fn judge(scratch: *mut Scratch, tables: Tables, progress: u32) -> Finding {
        match progress {
            p if p == Progress::Named as u32 => {
                judge::by_server_name(scratch, tables, Reason::HttpHost, Kind::HttpHost)
            }
            p if p == Progress::Literal as u32 => judge::ip_literal(scratch, tables, Kind::HttpHost),
            p if p == Progress::Http2 as u32 => Finding::nameless(Verdict::pass(Reason::NotInspected)),
            _ => Finding::nameless(judge::nameless(scratch, tables)),
        }
    }
}

/// Steps through the piece. A function of its own, which the verifier goes through once and not for every piece.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn read_request(scratch: *mut Scratch) -> u32 {
    for _ in 0..MAX_STEPS {
        let progress = step_request(scratch);
        if progress != Progress::Going as u32 {
            return progress;
        }
    }
    Progress::TooLong as u32
}

/// One step of the automaton. A function of its own, which the verifier goes through once and not at every turn.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn step_request(scratch: *mut Scratch) -> u32 {
    // SAFETY: null or this CPU's element of SCRATCH, which outlives the program and which nobody else writes now.
    let Some(scratch) = (unsafe { scratch.as_mut() }) else { return Progress::TooLong as u32 };
    let partial = &mut scratch.partial;
    partial.request.step(&mut scratch.piece, &mut partial.name) as u32
}
