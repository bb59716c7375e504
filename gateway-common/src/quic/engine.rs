//! The way through a datagram, packet by packet; the heavy steps are functions of an engine.

use super::flight::Flight;
use super::header::{HEAD_BYTES, Kind};
use super::open::Slot;
use super::progress::Progress;

/// How many packets of one datagram are looked at.
const MAX_PACKETS: u32 = 4;

/// Access to the datagram, and the heavy steps.
///
/// The functions with a body are what the kernel makes functions of its own.
pub trait Engine: Sized {
    /// Copies `len` bytes (1 to [`HEAD_BYTES`]) of the datagram from `at` on into `head`; false if that fails.
    fn load_head(&self, at: u32, len: u32, head: &mut [u8; HEAD_BYTES]) -> bool;

    /// Copies `len` bytes (1 to [`super::SLOT_BYTES`]) of the datagram from `at` on into `slot`; false if that fails.
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
        flight.find::<Self>() as u32
    }

    /// [`Flight::look`].
    fn look(flight: &mut Flight, number: u32) -> u32 {
        u32::from(flight.look(number))
    }

    /// [`Flight::compare`].
    fn compare(flight: &mut Flight, number: u32, start: u32, len: u32) {
        flight.compare(number, start, len);
    }

    /// [`Flight::copies_agree`].
    fn copies_agree(flight: &mut Flight, there: u32) -> u32 {
        u32::from(flight.copies_agree::<Self>(there))
    }

    /// [`Flight::add`].
    fn add(flight: &mut Flight, start: u32, len: u32) -> u32 {
        flight.add::<Self>(start, len) as u32
    }

    /// [`Flight::read_frames`].
    fn read_frames(flight: &mut Flight) -> u32 {
        flight.read_frames::<Self>() as u32
    }

    /// [`Flight::step`].
    fn step(flight: &mut Flight) -> u32 {
        flight.step::<Self>() as u32
    }
}

/// Reads the header of the first packet of a datagram of `len` bytes: which connection ID and version it has lies in the
/// flight then.
#[inline(always)]
pub fn peek<E: Engine>(engine: &E, flight: &mut Flight, len: u32) -> Kind {
    flight.begin_datagram();
    flight.begin_packet(engine, 0, len)
}

/// Reads one datagram of `len` bytes.
///
/// The flight is one in which nothing has been read yet ([`Flight::clear`]), or that of an earlier datagram of the same
/// connection.
#[inline(always)]
pub fn read<E: Engine>(engine: &E, flight: &mut Flight, len: u32) -> Progress {
    let mut at = 0;
    let mut seen = Progress::NotInitial;
    flight.begin_datagram();
    // RFC 9000, 12.2: a datagram may hold packets of different kinds, in any order, and behind them anything.
    for _ in 0..MAX_PACKETS {
        if at >= len {
            return seen;
        }
        match flight.begin_packet(engine, at, len - at) {
            Kind::Initial => match flight.packet(engine, at) {
                Progress::Hungry => seen = Progress::Hungry,
                progress => return progress,
            },
            Kind::EarlyData => {
                if matches!(seen, Progress::NotInitial) {
                    seen = Progress::EarlyData;
                }
            }
            Kind::Handshake => {}
            Kind::Malformed => return Progress::Malformed,
            Kind::Other | Kind::UnknownVersion | Kind::Negotiation | Kind::Retry => return seen,
        }
        at += flight.packet_end();
    }
    if at >= len { seen } else { Progress::TooLong }
}
