//! The connections of a flow: which keys and which flight a datagram belongs to.
//!
//! A client changes its destination connection ID after the server's first answer, and the keys of its Initials stay those
//! of the first one; after a Retry they do not (RFC 9001, 5.2). So a datagram with an ID that is not known is read with the
//! keys of the connection before, and, where these do not fit, as the beginning of another one. A flight is one attempt to
//! connect, known by its 5-tuple and its first connection ID: pieces under different keys never make one hello.

use super::engine::{Datagram, Engine, peek, read};
use super::flight::Flight;
use super::header::Kind;
use super::keys::{Keys, Secret};
use super::progress::Progress;

/// Of a flow: a flight of it is kept, because its hello was not complete.
pub const KEPT: u32 = 1;
/// Of a flow: a hello was read to its name or its end, and may pass.
pub const NAMED: u32 = 2;

/// Which connection a flight is looked for of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The one that begins with the ID of the datagram ([`Flight::id`]).
    Own,
    /// The last one of the flow.
    Last,
}

/// What is remembered of a flow between its datagrams, and working memory.
pub trait Memory<'a> {
    /// The keys of the flow's last connection.
    fn keys(&self) -> Option<&'a Keys>;

    /// Makes a kept flight the one that [`Memory::kept`] gives; false if there is none. It is that of the connection whose
    /// first ID is that of the datagram, or that of [`Memory::keys`], under the keys of the version of the datagram.
    fn find(&mut self, whose: Whose) -> bool;

    /// The flight that was found.
    fn kept(&mut self) -> &mut Flight;

    /// A flight to use for this datagram.
    fn fresh(&mut self) -> &mut Flight;
}

/// What reading a datagram came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The result.
    pub progress: Progress,
    /// Whether the flight is the kept one.
    pub kept: bool,
    /// Whether keys were derived anew.
    pub derived: bool,
    /// Whether the datagram brought pieces of a hello.
    pub pieces: bool,
    /// Whether all these pieces were there before.
    pub repeats: bool,
    /// Whether what was read before of the connection was forgotten to make room.
    pub evicted: bool,
    /// Whether the datagram is of a hello that was complete before, with which it agrees. Its pieces need not be kept: what
    /// comes later is compared with those that made the hello complete. A client that waits for a slow server sends its
    /// hello again and again, each time cut in other places.
    pub surplus: bool,
}

impl Reading {
    #[inline(always)]
    pub(super) const fn nothing(progress: Progress) -> Self {
        Self {
            progress,
            kept: false,
            derived: false,
            pieces: false,
            repeats: false,
            evicted: false,
            surplus: false,
        }
    }

    /// Whether the hello is read as far as it needs to be.
    #[inline(always)]
    pub const fn is_complete(&self) -> bool {
        matches!(self.progress, Progress::Named | Progress::Nameless)
    }

    /// Whether the fresh flight is to be kept until the next datagram.
    #[inline(always)]
    pub const fn keeps_flight(&self) -> bool {
        matches!(self.progress, Progress::Hungry) && self.pieces && !self.kept
    }

    /// Whether the keys are to be remembered.
    #[inline(always)]
    pub const fn keeps_keys(&self) -> bool {
        self.keeps_flight() || self.derived && self.is_complete()
    }

    /// Whether the datagram only says again what is not enough, so that it need not go on: the server can do nothing with
    /// it, and it will come again.
    #[inline(always)]
    pub const fn is_idle(&self, flags: u32) -> bool {
        matches!(self.progress, Progress::Hungry) && self.repeats && self.kept && flags & NAMED == 0
    }
}

/// Reads a datagram of a flow with these `flags` ([`KEPT`], [`NAMED`]).
#[inline(always)]
pub fn read_datagram<'a, E: Engine, M: Memory<'a>>(
    engine: &E,
    memory: &mut M,
    datagram: Datagram,
    flags: u32,
    seeks_ech: bool,
) -> Reading {
    let fresh = memory.fresh();
    fresh.seek_ech(seeks_ech);
    fresh.set_spent(0);
    fresh.guess(Secret::V1 as u32);
    match peek(engine, fresh, datagram) {
        Kind::Initial | Kind::EarlyData | Kind::Handshake => {}
        Kind::Malformed => return Reading::nothing(Progress::Malformed),
        Kind::Other | Kind::UnknownVersion | Kind::Negotiation | Kind::Retry => {
            return Reading::nothing(Progress::NotInitial);
        }
    }
    let Some(kept) = place(memory, flags) else {
        return Reading { evicted: true, ..Reading::nothing(Progress::Hungry) };
    };
    let mut reading = read_in(engine, memory, datagram, kept, seeks_ech);
    if matches!(reading.progress, Progress::Malformed) && memory.fresh().is_unsure() {
        let spent = if kept { memory.kept().spent() } else { memory.fresh().spent() };
        let fresh = memory.fresh();
        fresh.set_spent(spent);
        fresh.clear();
        fresh.guess_again();
        fresh.derive_from_own();
        reading = read_in(engine, memory, datagram, false, seeks_ech);
    }
    reading
}

/// Reads the datagram in the kept or the fresh flight.
#[inline(always)]
fn read_in<'a, E: Engine, M: Memory<'a>>(
    engine: &E,
    memory: &mut M,
    datagram: Datagram,
    kept: bool,
    seeks_ech: bool,
) -> Reading {
    let flight = if kept { memory.kept() } else { memory.fresh() };
    flight.seek_ech(seeks_ech);
    let had_keys = flight.has_keys();
    let progress = read(engine, flight, datagram);
    Reading {
        progress,
        kept,
        derived: flight.has_keys() && !had_keys,
        pieces: flight.has_pieces(),
        repeats: flight.repeats(),
        evicted: false,
        surplus: kept && flight.is_surplus(progress),
    }
}

/// Sets up the flight in which the datagram whose header was read is to be read: whether that is the kept one; `None` if it
/// was evicted. Whether the keys may not fit is noted in the fresh one.
#[inline(always)]
fn place<'a, M: Memory<'a>>(memory: &mut M, flags: u32) -> Option<bool> {
    let fresh = memory.fresh();
    fresh.clear();
    let Some(keys) = memory.keys() else {
        let fresh = memory.fresh();
        fresh.derive_from_own();
        fresh.set_unsure(fresh.is_guess());
        return if flags & KEPT == 0 { Some(false) } else { None };
    };
    let fresh = memory.fresh();
    fresh.guess(keys.secret);
    // RFC 9369, 4.1: the keys of the version that was agreed on come from the same connection ID.
    fresh.derive_from(&keys.id);
    let (secret, foreign) = (fresh.secret(), !fresh.is_of(keys));
    // Pieces of the connection that begins with the datagram's own ID are never read apart from each other.
    fresh.set_unsure(false);
    if flags & KEPT != 0 && memory.find(Whose::Own) {
        memory.kept().set_spent(0);
        return Some(true);
    }
    memory.fresh().set_unsure(foreign);
    if flags & KEPT != 0 && foreign && memory.find(Whose::Last) {
        memory.kept().set_spent(0);
        return Some(true);
    }
    let fresh = memory.fresh();
    if secret == keys.secret {
        if keys.kept != 0 {
            return None;
        }
        fresh.use_keys(keys);
    }
    Some(false)
}
