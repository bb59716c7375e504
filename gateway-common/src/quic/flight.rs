//! The first flight of a client: what is kept of it, and the way through its packets.

mod steps;

use super::engine::{Datagram, Engine};
use super::frames::Frames;
use super::header::{ConnectionId, HEAD_LEN, Header, Kind};
use super::hello::Hello;
use super::keys::{COMPRESSIONS, Derivation, Keys, Secret, Turn};
use super::open::{MAX_SLOTS, Payloads, SLOT_LEN, SLOTS, place_of};
use super::progress::Progress;
use super::segments::Segments;
use crate::name::WireName;

/// What one datagram may cost, in units of a step (some 17 ns on the machine where this was measured). The costliest honest
/// one (eleven shuffled pieces with PING and PADDING between, as Chromium sends) takes up to 454 beside the keys
/// (`checks/quic/shapes.rs`).
pub(crate) const BUDGET: u32 = KEYS_COST + 480;
/// The derivation of keys.
pub(crate) const KEYS_COST: u32 = 300;
/// Header protection, and what else there is once for a packet.
const PACKET_COST: u32 = 16;

/// The first flight of a client, as far as it has been seen.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Flight {
    /// The name, complete after [`Progress::Named`].
    pub name: WireName,
    /// The keys, if [`Flight::has_keys`].
    pub keys: Keys,
    hello: Hello,
    header: Header,
    derivation: Derivation,
    frames: Frames,
    segments: Segments,
    payloads: Payloads,
    /// The datagram that is being read, how far it has been read, and the [`Progress`] of its packets so far as a number.
    datagram: Datagram,
    at: u32,
    seen: u32,
    /// The connection ID of the first packet of the datagram.
    id: ConnectionId,
    /// The connection ID that keys are derived from.
    source: ConnectionId,
    /// Whether the packet under way is the first of its datagram, and has to agree with those in front of it.
    first: bool,
    follows: bool,
    /// Whether `keys` are there.
    keyed: bool,
    /// Whether the hello can be read on, as far as is known.
    reading: bool,
    /// Whether the frames are read to their end, and only the hello is read on.
    draining: bool,
    /// Whether the hello is read as far as it needs to be.
    complete: bool,
    /// Whether it was before the datagram under way.
    was_complete: bool,
    /// Whether the hello is read to its end (see [`Flight::seek_ech`]).
    seeks_ech: bool,
    /// Whether the keys may not fit (see [`Flight::is_unsure`]).
    unsure: bool,
    /// How many slots are in use.
    slots: u32,
    /// How many slots and segments there were before the datagram under way.
    slots_before: u32,
    before: u32,
    /// What the datagram has cost.
    spent: u32,
}

impl Flight {
    /// A flight of which nothing has been read.
    pub const EMPTY: Self = Self {
        name: WireName::EMPTY,
        keys: Keys::EMPTY,
        hello: Hello::START,
        header: Header::EMPTY,
        derivation: Derivation::EMPTY,
        frames: Frames::EMPTY,
        segments: Segments::EMPTY,
        payloads: Payloads::EMPTY,
        datagram: Datagram { offset: 0, len: 0 },
        at: 0,
        seen: 0,
        id: ConnectionId::EMPTY,
        source: ConnectionId::EMPTY,
        first: true,
        follows: true,
        keyed: false,
        reading: false,
        draining: false,
        complete: false,
        was_complete: false,
        seeks_ech: false,
        unsure: false,
        slots: 0,
        slots_before: 0,
        before: 0,
        spent: 0,
    };

    /// Forgets all that has been read. What is not touched here is written before it is read.
    #[inline(always)]
    pub fn clear(&mut self) {
        self.restart_hello();
        self.segments.clear();
        self.keyed = false;
        self.slots = 0;
    }

    /// Sets whether a hello is read to its end, so that it is known whether another one is inside ([`Flight::has_ech`]).
    #[inline(always)]
    pub fn seek_ech(&mut self, seeks: bool) {
        self.seeks_ech = seeks;
    }

    /// Gives a flight in which nothing has been read keys that were derived before.
    #[inline(always)]
    pub fn use_keys(&mut self, keys: &Keys) {
        self.keys = *keys;
        self.keyed = true;
    }

    /// Has keys be derived from this connection ID and not that of the first packet, if there are none yet.
    #[inline(always)]
    pub fn derive_from(&mut self, source: &ConnectionId) {
        self.source = *source;
    }

    /// Likewise from the connection ID of the first packet, which was read ([`super::peek`]).
    #[inline(always)]
    pub fn derive_from_own(&mut self) {
        self.source = self.id;
    }

    /// Whether `keys` were made from the connection ID of the first packet of the datagram.
    #[inline(always)]
    pub fn is_of(&self, keys: &Keys) -> bool {
        self.id.is(&keys.id)
    }

    /// What the keys of the version of the datagram are made from, as a number.
    #[inline(always)]
    pub const fn secret(&self) -> u32 {
        self.header.secret
    }

    /// Whether the version of the datagram is reserved (RFC 9000, 15), so that [`Flight::secret`] is a guess.
    #[inline(always)]
    pub const fn is_guess(&self) -> bool {
        self.header.reserved
    }

    /// Whether the keys with which the datagram is read may not fit: they are those of a connection whose first ID is not
    /// that of the datagram, or made with a salt that is a guess.
    #[inline(always)]
    pub const fn is_unsure(&self) -> bool {
        self.unsure
    }

    /// Sets [`Flight::is_unsure`].
    #[inline(always)]
    pub const fn set_unsure(&mut self, unsure: bool) {
        self.unsure = unsure;
    }

    /// If the [`Flight::secret`] was a guess for the datagram's own connection ID, makes the other guess.
    #[inline(always)]
    pub fn guess_again(&mut self) {
        if self.header.reserved && self.source.is(&self.id) {
            self.header.guess(Secret::Draft29 as u32);
        }
    }

    /// Sets the [`Flight::secret`] of reserved versions.
    #[inline(always)]
    pub const fn guess(&mut self, secret: u32) {
        self.header.guess(secret);
    }

    /// The connection ID of the first packet of the datagram.
    #[inline(always)]
    pub const fn id(&self) -> &ConnectionId {
        &self.id
    }

    /// Whether the keys are known.
    #[inline(always)]
    pub const fn has_keys(&self) -> bool {
        self.keyed
    }

    /// Whether the hello has an encrypted one inside. Only a hello that was read to its end can tell.
    #[inline(always)]
    pub const fn has_ech(&self) -> bool {
        self.hello.ech
    }

    /// Whether the datagram brought pieces of a hello.
    #[inline(always)]
    pub const fn has_pieces(&self) -> bool {
        self.segments.count > self.before
    }

    /// Whether all pieces that the datagram brought, if any, were there before.
    #[inline(always)]
    pub const fn repeats(&self) -> bool {
        self.has_pieces() && !self.segments.news
    }

    /// What has been spent of the budget of the datagram.
    #[inline(always)]
    pub const fn spent(&self) -> u32 {
        self.spent
    }

    /// Sets what has been spent of the budget of the datagram.
    #[inline(always)]
    pub fn set_spent(&mut self, spent: u32) {
        self.spent = spent;
    }

    /// Forgets what the datagram has brought.
    #[inline(always)]
    pub fn undo(&mut self) {
        self.restart_hello();
        self.discard();
    }

    /// Whether the hello was complete before the datagram under way, which agrees with it, as its result `progress` says.
    #[inline(always)]
    pub const fn is_surplus(&self, progress: Progress) -> bool {
        let agrees = match progress {
            Progress::Named | Progress::Nameless => true,
            Progress::Hungry => !self.segments.overlap,
            _ => false,
        };
        self.was_complete && agrees
    }

    /// Forgets the pieces that the datagram has brought, but not the result.
    #[inline(always)]
    pub fn discard(&mut self) {
        self.segments.truncate(self.before);
        self.slots = self.slots_before;
    }

    #[inline(always)]
    fn restart_hello(&mut self) {
        self.hello.restart(self.seeks_ech);
        self.name.len = 0;
        self.reading = false;
        self.complete = false;
    }

    #[inline(always)]
    pub(super) fn begin_datagram(&mut self, datagram: Datagram) {
        self.datagram = datagram;
        self.at = 0;
        self.seen = Progress::NotInitial as u32;
        self.first = true;
        self.was_complete = self.complete;
        self.before = self.segments.count;
        self.slots_before = self.slots;
        self.segments.begin_datagram();
    }

    /// Reads the header of the packet that begins where the one before ended.
    #[inline(always)]
    pub fn begin_packet<E: Engine>(&mut self, engine: &E) -> Kind {
        let left = self.datagram.len - self.at;
        self.header.left = left;
        if !self.load_head(engine, 0, left) {
            return Kind::Malformed;
        }
        let kind = Kind::from_number(E::header(self));
        if !matches!(kind, Kind::Initial | Kind::EarlyData | Kind::Handshake) {
            return kind;
        }
        let length_at = self.header.length_at;
        if length_at >= left || !self.load_head(engine, length_at, left - length_at) {
            return Kind::Malformed;
        }
        if E::length(self) == 0 { Kind::Malformed } else { kind }
    }

    /// Loads what there is of the packet from its byte `from` on, `left` bytes before the end of the datagram.
    #[inline(always)]
    fn load_head<E: Engine>(&mut self, engine: &E, from: u32, left: u32) -> bool {
        let have = if left < HEAD_LEN { left } else { HEAD_LEN };
        self.header.have = have;
        engine.load_head(self.datagram.offset + self.at + from, have, &mut self.header.head)
    }

    /// Reads one packet of the datagram. [`Progress::Going`] if it goes on behind it.
    ///
    /// RFC 9000, 12.2: a datagram may hold packets of different kinds, in any order, and behind them anything.
    #[inline(always)]
    pub fn packet<E: Engine>(&mut self, engine: &E) -> Progress {
        if self.at >= self.datagram.len {
            return Progress::from_number(self.seen);
        }
        match self.begin_packet(engine) {
            Kind::Initial => match self.initial(engine) {
                Progress::Hungry => self.seen = Progress::Hungry as u32,
                progress => return progress,
            },
            Kind::EarlyData if self.seen == Progress::NotInitial as u32 => {
                self.seen = Progress::EarlyData as u32;
            }
            Kind::EarlyData | Kind::Handshake => {}
            Kind::Malformed => return Progress::Malformed,
            Kind::Other | Kind::UnknownVersion | Kind::Negotiation | Kind::Retry => {
                return Progress::from_number(self.seen);
            }
        }
        self.at += self.header.end;
        if self.at >= self.datagram.len { Progress::from_number(self.seen) } else { Progress::Going }
    }

    /// Reads the Initial whose header has been read. [`Progress::Hungry`] at its end.
    #[inline(always)]
    fn initial<E: Engine>(&mut self, engine: &E) -> Progress {
        // RFC 9000, 12.2: a sender must not put packets with different connection IDs into one datagram.
        if !self.follows {
            return Progress::Malformed;
        }
        if !self.keyed {
            if self.spent + KEYS_COST > BUDGET {
                // What was tried with other keys has cost too much already.
                self.spent = BUDGET + 1;
                return Progress::TooLong;
            }
            E::derive(self);
            self.spent += KEYS_COST;
        }
        self.spent += PACKET_COST;
        let slot = self.slots;
        if slot >= MAX_SLOTS {
            return Progress::TooLong;
        }
        let number_len = E::unprotect(self);
        if number_len == 0 {
            return Progress::Malformed;
        }
        let (start, len) = self.header.payload(number_len);
        if len == 0 {
            return Progress::Malformed;
        }
        if len > SLOT_LEN {
            return Progress::TooLong;
        }
        let at = self.datagram.offset + self.at + start;
        if !engine.load_payload(at, len, &mut self.payloads.slots[slot as usize & (SLOTS - 1)]) {
            return Progress::Malformed;
        }
        self.frames.begin(place_of(slot), place_of(slot) + len, Secret::is_google(self.keys.secret));
        self.draining = false;
        self.reading = self.segments.count > 0 && self.reads_at_once();
        let count = self.segments.count;
        let progress = Progress::from_number(E::read_frames(self));
        self.complete |= matches!(progress, Progress::Named | Progress::Nameless);
        if matches!(progress, Progress::Malformed | Progress::TooLong) {
            // Servers would discard all of the packet.
            self.segments.truncate(count);
            self.restart_hello();
        } else if self.segments.count > count {
            self.slots += 1;
        }
        progress
    }

    /// Steps to the end of the packet, [`Progress::Hungry`], or to a result.
    #[inline(always)]
    pub fn read_frames<E: Engine>(&mut self) -> Progress {
        for _ in 0..=BUDGET {
            self.spent += 1;
            if self.spent > BUDGET {
                break;
            }
            let step = if self.reading { E::hello_step(self) } else { E::frame_step(self) };
            let progress = Progress::from_number(step);
            if !matches!(progress, Progress::Going) {
                return progress;
            }
        }
        Progress::TooLong
    }

    /// Derives the keys from the connection ID that was set.
    #[inline(always)]
    pub fn derive<E: Engine>(&mut self) {
        self.derivation.begin();
        for _ in 0..=COMPRESSIONS {
            match E::turn(self) {
                turn if turn == Turn::Block as u32 => E::compress(self),
                turn if turn == Turn::Label as u32 => E::compress_label(self),
                _ => break,
            }
        }
        self.keyed = true;
    }

    /// Reads the header up to the length field.
    #[inline(always)]
    pub fn read_header(&mut self) -> Kind {
        self.header.begin()
    }

    /// Reads the length of the packet, false if it is none, and compares its connection ID.
    #[inline(always)]
    pub fn read_length(&mut self) -> bool {
        if self.first {
            self.id = self.header.id;
            self.first = false;
        }
        self.follows = self.id.is(&self.header.id);
        self.header.length()
    }

    /// Goes on with the derivation of the keys.
    #[inline(always)]
    pub fn turn(&mut self) -> Turn {
        self.derivation.turn(&mut self.keys, &self.source, self.header.secret)
    }

    /// One compression of SHA-256.
    #[inline(always)]
    pub fn compress(&mut self) {
        self.derivation.compression.run();
    }

    /// One compression of SHA-256, of the message of a label.
    #[inline(always)]
    pub fn compress_label(&mut self) {
        self.derivation.compress_label();
    }

    /// Takes off the header protection: length of the packet number, 0 if the keys do not fit.
    #[inline(always)]
    pub fn unprotect(&mut self) -> u32 {
        self.payloads.header(&self.header, &self.keys, self.slots).unwrap_or(0)
    }

    /// Decrypts a pair of blocks.
    #[inline(always)]
    pub fn decrypt(&mut self, pair: u32) {
        self.payloads.decrypt(pair, &self.keys.payload);
    }
}
