//! The first flight of a client: what is kept of a flow, and the way from a datagram to a result.

use super::frames::{Found, Frames};
use super::header::{ConnectionId, HEAD_BYTES, Header, Kind};
use super::hello::Hello;
use super::keys::{COMPRESSIONS, Keys, Turn};
use super::open::{Payloads, place_of};
pub use super::open::{SLOT_BYTES, SLOTS, Slot};
use super::segments::{Added, MAX_STREAM, Segments};
use crate::name::WireName;

/// How many packets of one datagram are looked at.
const MAX_PACKETS: u32 = 4;

/// What one datagram may cost beside the derivation of keys, in units of a step (about 20 ns on the machine where this was
/// measured). The costliest honest one (a hello in ten shuffled pieces with padding between) takes about 300.
const BUDGET: u32 = 4000;
/// Two blocks of AES.
const PAIR_COST: u32 = 7;
/// Header protection, and what else there is once for a packet.
const PACKET_COST: u32 = 16;
/// So many pieces, as power of two, are looked at for one unit.
const LOOKED_SHIFT: u32 = 3;

/// How many bytes a step looks at.
const WINDOW: u32 = 8;

/// What a datagram came to. The numbers are what the kernel functions around the steps return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Progress {
    /// Step again.
    Going,
    /// The hello, or an Initial with the start of it, is in another datagram.
    Hungry,
    /// The name is complete.
    Named,
    /// The hello ended without a server name.
    Nameless,
    /// No Initial, nor anything else to keep back: a short header, a Handshake packet, what only servers send.
    NotInitial,
    /// 0-RTT data, in front of everything else.
    EarlyData,
    /// A long header of a version whose Initials cannot be read.
    UnknownVersion,
    /// Lengths contradict each other, or a value is none that the protocol has.
    Malformed,
    /// The datagram takes more work, the hello more room than it may.
    TooLong,
}

impl Progress {
    /// The progress with this number, as a kernel function returned it.
    #[inline(always)]
    pub const fn from_number(number: u32) -> Self {
        // Compared one by one: an index into a table would bring a bounds check.
        match number {
            0 => Self::Going,
            1 => Self::Hungry,
            2 => Self::Named,
            3 => Self::Nameless,
            4 => Self::NotInitial,
            5 => Self::EarlyData,
            6 => Self::UnknownVersion,
            7 => Self::Malformed,
            _ => Self::TooLong,
        }
    }
}

/// The first flight of a client, as far as it has been seen.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Flight {
    /// The name, complete after [`Progress::Named`].
    pub name: WireName,
    hello: Hello,
    header: Header,
    keys: Keys,
    frames: Frames,
    segments: Segments,
    payloads: Payloads,
    /// The connection ID of the first packet of the datagram.
    id: ConnectionId,
    /// Whether the packet under way has that connection ID.
    follows: bool,
    /// Whether the keys, if they are known, were made from another connection ID or for another version.
    foreign: bool,
    /// How many slots are in use.
    slots: u32,
    /// How many segments there were before the packet under way.
    before: u32,
    /// How far the hello had been read before it, and how long the name was.
    hello_before: Hello,
    name_before: u32,
    /// What the datagram has cost.
    spent: u32,
    /// Whether the hello can be read on, as far as is known.
    reading: bool,
}

/// Access to the datagram, and the heavy steps.
///
/// The functions with a body are what the kernel makes functions of its own.
pub trait Engine: Sized {
    /// Copies `len` bytes (1 to [`HEAD_BYTES`]) of the datagram from `at` on into `head`; false if that fails.
    fn load_head(&self, at: u32, len: u32, head: &mut [u8; HEAD_BYTES]) -> bool;

    /// Copies `len` bytes (1 to [`SLOT_BYTES`]) of the datagram from `at` on into `slot`; false if that fails.
    fn load_payload(&self, at: u32, len: u32, slot: &mut Slot) -> bool;

    /// [`Flight::read_header`].
    fn header(flight: &mut Flight) -> u32 {
        flight.read_header() as u32
    }

    /// [`Flight::read_length`].
    fn length(flight: &mut Flight) -> u32 {
        u32::from(flight.read_length())
    }

    /// [`Flight::derive`].
    fn derive(flight: &mut Flight) {
        flight.derive::<Self>();
    }

    /// [`Flight::turn`].
    fn turn(flight: &mut Flight) -> u32 {
        flight.turn() as u32
    }

    /// [`Flight::compress`].
    fn compress(flight: &mut Flight) {
        flight.compress();
    }

    /// [`Flight::compress_label`].
    fn compress_label(flight: &mut Flight) {
        flight.compress_label();
    }

    /// [`Flight::unprotect`].
    fn unprotect(flight: &mut Flight) -> u32 {
        flight.unprotect()
    }

    /// [`Flight::decrypt`].
    fn decrypt(flight: &mut Flight, pair: u32) {
        flight.decrypt(pair);
    }

    /// [`Flight::find`].
    fn find(flight: &mut Flight) -> u32 {
        u32::from(flight.find())
    }

    /// [`Flight::add`].
    fn add(flight: &mut Flight, start: u32, len: u32) -> u32 {
        flight.add(start, len) as u32
    }

    /// [`Flight::read_frames`].
    fn read_frames(flight: &mut Flight) -> u32 {
        flight.read_frames::<Self>() as u32
    }

    /// [`Flight::step`].
    fn step(flight: &mut Flight) -> u32 {
        flight.step::<Self>() as u32
    }

    /// [`Flight::end_packet`].
    fn end_packet(flight: &mut Flight) {
        flight.end_packet();
    }
}

/// Reads one datagram of `len` bytes.
///
/// The flight is one in which nothing has been read yet ([`Flight::clear`]), or that of an earlier datagram of the flow
/// that did not bring the name.
#[inline(always)]
pub fn read<E: Engine>(engine: &E, flight: &mut Flight, len: u32) -> Progress {
    flight.spent = 0;
    let mut at = 0;
    let mut seen = false;
    // One turn more, for a packet that is read again with keys of its own.
    for _ in 0..=MAX_PACKETS {
        if at >= len {
            break;
        }
        match flight.begin_packet(engine, at, len - at) {
            Kind::Initial => {}
            // RFC 9000, 12.2: a datagram may hold packets of different kinds, and behind them anything.
            Kind::EarlyData | Kind::Handshake if seen => {
                at += flight.header.end;
                continue;
            }
            _ if seen => break,
            other => return alone(other),
        }
        if seen && !flight.follows {
            // RFC 9000, 12.2: servers ignore a packet behind another that has a different connection ID.
            at += flight.header.end;
            continue;
        }
        let foreign = flight.keys.known && flight.foreign;
        let progress = flight.packet(engine, at);
        if matches!(progress, Progress::Malformed) && foreign && !seen {
            // Another connection between the same ports: what is known of the old one is worth nothing.
            flight.clear();
            continue;
        }
        if !matches!(progress, Progress::Hungry) {
            return progress;
        }
        seen = true;
        at += flight.header.end;
    }
    Progress::Hungry
}

/// What a datagram comes to that begins with another packet than an Initial.
#[inline(always)]
const fn alone(kind: Kind) -> Progress {
    match kind {
        Kind::EarlyData => Progress::EarlyData,
        Kind::UnknownVersion => Progress::UnknownVersion,
        Kind::Malformed => Progress::Malformed,
        Kind::Initial | Kind::Other | Kind::Negotiation | Kind::Handshake | Kind::Retry => {
            Progress::NotInitial
        }
    }
}

impl Flight {
    /// A flight of which nothing has been read.
    pub const EMPTY: Self = Self {
        name: WireName::EMPTY,
        hello: Hello::START,
        header: Header::EMPTY,
        keys: Keys::EMPTY,
        frames: Frames::EMPTY,
        segments: Segments::EMPTY,
        payloads: Payloads::EMPTY,
        id: ConnectionId::EMPTY,
        follows: false,
        foreign: false,
        slots: 0,
        before: 0,
        hello_before: Hello::START,
        name_before: 0,
        spent: 0,
        reading: false,
    };

    /// Forgets all that has been read. What is not touched here is written before it is read.
    #[inline(always)]
    pub fn clear(&mut self) {
        self.name.len = 0;
        self.hello = Hello::START;
        self.keys.forget();
        self.segments.clear();
        self.slots = 0;
        self.reading = false;
    }

    /// Whether the hello has begun, so that the flight is worth keeping until the next datagram.
    #[inline(always)]
    pub const fn has_begun(&self) -> bool {
        self.slots > 0 || self.hello.at > 0
    }

    /// Reads the header of the packet that begins at `at`, with `left` bytes to the end of the datagram.
    #[inline(always)]
    fn begin_packet<E: Engine>(&mut self, engine: &E, at: u32, left: u32) -> Kind {
        self.header.left = left;
        if !self.load_head(engine, at, left) {
            return Kind::Malformed;
        }
        let kind = Kind::from_number(E::header(self));
        if !matches!(kind, Kind::Initial | Kind::EarlyData | Kind::Handshake) {
            return kind;
        }
        let length_at = self.header.length_at;
        if length_at >= left || !self.load_head(engine, at + length_at, left - length_at) {
            return Kind::Malformed;
        }
        if E::length(self) == 0 { Kind::Malformed } else { kind }
    }

    #[inline(always)]
    fn load_head<E: Engine>(&mut self, engine: &E, at: u32, left: u32) -> bool {
        let have = if left < HEAD_BYTES as u32 { left } else { HEAD_BYTES as u32 };
        self.header.have = have;
        engine.load_head(at, have, &mut self.header.head)
    }

    /// Reads the packet whose header has been read and which begins at `at`. [`Progress::Hungry`] at its end.
    #[inline(always)]
    fn packet<E: Engine>(&mut self, engine: &E, at: u32) -> Progress {
        if !self.keys.known {
            E::derive(self);
        }
        self.spent += PACKET_COST;
        let slot = self.slots;
        if slot >= SLOTS as u32 {
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
        if len > SLOT_BYTES as u32 {
            return Progress::TooLong;
        }
        if !engine.load_payload(at + start, len, &mut self.payloads.slots[slot as usize & (SLOTS - 1)]) {
            return Progress::Malformed;
        }
        self.frames.begin(place_of(slot), place_of(slot) + len);
        self.before = self.segments.count;
        self.hello_before = self.hello;
        self.name_before = self.name.len;
        let progress = Progress::from_number(E::read_frames(self));
        match progress {
            Progress::Hungry => E::end_packet(self),
            Progress::Malformed | Progress::TooLong => self.undo(),
            _ => {}
        }
        progress
    }

    /// Forgets what a packet has brought that cannot be read to its end: servers would discard all of it.
    #[inline(always)]
    fn undo(&mut self) {
        self.hello = self.hello_before;
        self.name.len = self.name_before;
        self.segments.truncate(self.before);
        self.reading = false;
    }

    /// Steps to the end of the packet, [`Progress::Hungry`], or to a result.
    #[inline(always)]
    pub fn read_frames<E: Engine>(&mut self) -> Progress {
        for _ in 0..=BUDGET {
            let progress = Progress::from_number(E::step(self));
            if !matches!(progress, Progress::Going) {
                return progress;
            }
        }
        Progress::TooLong
    }

    /// Derives the keys from the connection ID of the packet under way.
    #[inline(always)]
    pub fn derive<E: Engine>(&mut self) {
        for _ in 0..=COMPRESSIONS {
            match E::turn(self) {
                turn if turn == Turn::Block as u32 => E::compress(self),
                turn if turn == Turn::Label as u32 => E::compress_label(self),
                _ => break,
            }
        }
    }

    /// Reads the header up to the length field.
    #[inline(always)]
    pub fn read_header(&mut self) -> Kind {
        self.header.begin()
    }

    /// Reads the length of the packet, false if it is none, and compares its connection ID.
    #[inline(always)]
    pub fn read_length(&mut self) -> bool {
        let header = &mut self.header;
        self.foreign = !self.keys.are_from(&header.id, header.secret);
        // Nothing is spent yet: this is the first packet of the datagram.
        if self.spent == 0 {
            self.id = header.id;
        }
        self.follows = self.id.is(&header.id);
        header.length()
    }

    /// Goes on with the derivation of the keys.
    #[inline(always)]
    pub fn turn(&mut self) -> Turn {
        self.keys.turn(&self.header.id, self.header.secret)
    }

    /// One compression of SHA-256.
    #[inline(always)]
    pub fn compress(&mut self) {
        self.keys.compression.run();
    }

    /// One compression of SHA-256, of the message of a label.
    #[inline(always)]
    pub fn compress_label(&mut self) {
        self.keys.compress_label();
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

    /// Looks for the piece that has the byte that is waited for.
    #[inline(always)]
    pub fn find(&mut self) -> bool {
        self.segments.find(self.hello.at)
    }

    /// Adds the CRYPTO data that ends where the frames have been read to.
    #[inline(always)]
    pub fn add(&mut self, start: u32, len: u32) -> Added {
        self.segments.add(start, start + len, self.frames.at - len, self.hello.at)
    }

    /// Ends a packet that did not bring the name: keeps its payload if something in it may still be asked for.
    #[inline(always)]
    pub fn end_packet(&mut self) {
        if !self.segments.drop_passed(self.before, self.hello.at) {
            self.slots += 1;
        }
    }

    /// Reads one integer of the hello if it can go on, else one of the frames. [`Progress::Hungry`] at the end of the
    /// packet.
    #[inline(always)]
    pub fn step<E: Engine>(&mut self) -> Progress {
        self.spent += 1;
        if self.spent > BUDGET {
            return Progress::TooLong;
        }
        if self.reading { self.hello_step::<E>() } else { self.frame_step::<E>() }
    }

    #[inline(always)]
    fn hello_step<E: Engine>(&mut self) -> Progress {
        let (mut place, mut there) = self.segments.at_hand(self.hello.at);
        if there == 0 {
            let found = E::find(self);
            self.spent += self.segments.looked >> LOOKED_SHIFT;
            if found == 0 {
                self.reading = false;
                return Progress::Going;
            }
            (place, there) = self.segments.at_hand(self.hello.at);
        }
        let there = if there < WINDOW { there } else { WINDOW };
        let window = self.window::<E>(place, there);
        self.hello.step(window, there, &mut self.name)
    }

    #[inline(always)]
    fn frame_step<E: Engine>(&mut self) -> Progress {
        let (at, left) = (self.frames.at, self.frames.left());
        let there = if left < WINDOW { left } else { WINDOW };
        let window = if there > 0 { self.window::<E>(at, there) } else { 0 };
        let whole_block = left >= 2 * WINDOW && at & 15 == 0;
        if window == 0 && whole_block && self.frames.at_frame() && self.payloads.window(at + WINDOW) == 0 {
            // A block of PADDING.
            self.frames.at += 2 * WINDOW;
            return Progress::Going;
        }
        match self.frames.step(window) {
            Found::Going => Progress::Going,
            Found::Crypto(offset, len) => self.crypto::<E>(offset, len),
            Found::End => Progress::Hungry,
            Found::Malformed => Progress::Malformed,
        }
    }

    #[inline(always)]
    fn crypto<E: Engine>(&mut self, offset: u64, len: u32) -> Progress {
        if offset + u64::from(len) > u64::from(MAX_STREAM) {
            return Progress::TooLong;
        }
        #[expect(clippy::cast_possible_truncation, reason = "was compared")]
        let added = E::add(self, offset as u32, len);
        self.spent += self.segments.looked >> LOOKED_SHIFT;
        if added == Added::Full as u32 {
            return Progress::TooLong;
        }
        self.reading = added == Added::Awaited as u32;
        Progress::Going
    }

    /// The eight bytes from `place` on, the first `there` of them decrypted.
    #[inline(always)]
    fn window<E: Engine>(&mut self, place: u32, there: u32) -> u64 {
        // The bytes may lie in two pairs of blocks.
        for _ in 0..2 {
            let Err(pair) = self.payloads.are_decrypted(place, there) else { break };
            self.spent += PAIR_COST;
            E::decrypt(self, pair);
        }
        self.payloads.window(place)
    }
}

impl Flight {
    /// What the last datagram has cost, in units of the budget: for measurements.
    pub const fn spent(&self) -> u32 {
        self.spent
    }
}
