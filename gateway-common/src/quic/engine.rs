//! The way through a datagram, packet by packet; the heavy steps are functions of an engine.

use super::flight::Flight;
use super::header::{HEAD_BYTES, Kind};
use super::open::Slot;
use super::progress::Progress;

/// How many packets of one datagram are looked at.
const MAX_PACKETS: u32 = 4;

/// Where in what an engine loads from a datagram is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Datagram {
    /// Its first byte.
    pub offset: u32,
    /// Its length in bytes.
    pub len: u32,
}

/// Access to the frame that the datagram is in, and the heavy steps.
///
/// The functions with a body are what the kernel makes functions of its own.
pub trait Engine: Sized {
    /// Copies `len` bytes (1 to [`HEAD_BYTES`]) of the frame from `at` on into `head`; false if that fails.
    fn load_head(&self, at: u32, len: u32, head: &mut [u8; HEAD_BYTES]) -> bool;

    /// Copies `len` bytes (1 to [`super::SLOT_BYTES`]) of the frame from `at` on into `slot`; false if that fails.
    fn load_payload(&self, at: u32, len: u32, slot: &mut Slot) -> bool;

    /// [`Flight::begin_packet`].
    fn peek(&self, flight: &mut Flight) -> u32 {
        flight.begin_packet(self) as u32
    }

    /// [`Flight::packet`].
    fn packet(&self, flight: &mut Flight) -> u32 {
        flight.packet(self) as u32
    }

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

    /// [`Flight::hello_step`].
    fn hello_step(flight: &mut Flight) -> u32 {
        flight.hello_step::<Self>() as u32
    }

    /// [`Flight::frame_step`].
    fn frame_step(flight: &mut Flight) -> u32 {
        flight.frame_step::<Self>() as u32
    }
}

/// Reads the header of the first packet of a datagram: which connection ID and version it has lies in the flight then.
#[inline(always)]
pub fn peek<E: Engine>(engine: &E, flight: &mut Flight, datagram: Datagram) -> Kind {
    flight.begin_datagram(datagram);
    Kind::from_number(engine.peek(flight))
}

/// Reads one datagram.
///
/// The flight is one in which nothing has been read yet ([`Flight::clear`]), or that of an earlier datagram of the same
/// connection.
#[inline(always)]
pub fn read<E: Engine>(engine: &E, flight: &mut Flight, datagram: Datagram) -> Progress {
    flight.begin_datagram(datagram);
    for _ in 0..MAX_PACKETS {
        let progress = Progress::from_number(engine.packet(flight));
        if !matches!(progress, Progress::Going) {
            return progress;
        }
    }
    Progress::TooLong
}
