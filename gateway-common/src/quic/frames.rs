//! The frames of an Initial (RFC 9000, 12.4 and 19): one integer a step, data passed over by its length.
//!
//! An Initial may hold PADDING, PING, ACK, CRYPTO and CONNECTION_CLOSE (of the transport). Servers close the connection on
//! any other, so there is no name to be found in such a packet.

/// Which integer comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Field {
    Type,
    CryptoOffset,
    CryptoLen,
    /// The largest acknowledged packet number, then the delay.
    AckLargest,
    AckDelay,
    AckCount,
    /// Integers that say nothing here; `ignored` of them.
    Ignored,
    /// Of CONNECTION_CLOSE: error code, frame type.
    CloseCode,
    CloseType,
    CloseLen,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing yet.
    Going,
    /// CRYPTO data: offset in the stream, length; it lies behind what was read.
    Crypto(u64, u32),
    /// The payload is read to its end.
    End,
    /// A frame that an Initial must not hold, or a length that contradicts the packet.
    Malformed,
}

/// How far the frames of a packet have been read.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Frames {
    /// Where the next byte is.
    pub(super) at: u32,
    /// Where the payload ends.
    pub(super) end: u32,
    offset: u64,
    ignored: u32,
    ecn: bool,
    /// Whether the frames are those of Google's QUIC, of which CRYPTO and PING have other numbers.
    google: bool,
    field: Field,
}

/// How many bytes a step looks at.
const WINDOW: u32 = 8;
/// How many integers a step reads: the header of a CRYPTO frame.
const INTEGERS: u32 = 3;

const PADDING: u64 = 0x00;
const PING: u64 = 0x01;
const ACK: u64 = 0x02;
const ACK_ECN: u64 = 0x03;
const CRYPTO: u64 = 0x06;
const CONNECTION_CLOSE: u64 = 0x1c;
const GOOGLE_PING: u64 = 0x07;
const GOOGLE_CRYPTO: u64 = 0x08;

impl Frames {
    pub(super) const EMPTY: Self =
        Self { at: 0, end: 0, offset: 0, ignored: 0, ecn: false, google: false, field: Field::Type };

    /// Sets out to read the payload between these places.
    #[inline(always)]
    pub(super) fn begin(&mut self, at: u32, end: u32, google: bool) {
        *self = Self { at, end, google, ..Self::EMPTY };
    }

    #[inline(always)]
    pub(super) const fn left(&self) -> u32 {
        self.end.saturating_sub(self.at)
    }

    /// Whether the next byte begins a frame.
    #[inline(always)]
    pub(super) const fn at_frame(&self) -> bool {
        matches!(self.field, Field::Type)
    }

    /// Reads what integers of one frame there are in `window`, the next eight bytes, first one highest; those behind the end
    /// of the payload may be anything.
    #[inline(always)]
    pub(super) fn step(&mut self, window: u64) -> Found {
        let left = self.left();
        if left == 0 {
            return if self.at_frame() { Found::End } else { Found::Malformed };
        }
        if self.at_frame() && window >> 56 == PADDING {
            // To the next multiple of eight at most, from where whole pairs of blocks are passed over.
            let aligned = WINDOW - (self.at & (WINDOW - 1));
            self.at += padding(window, if left < aligned { left } else { aligned });
            return Found::Going;
        }
        let mut rest = window;
        let mut there = if left < WINDOW { left } else { WINDOW };
        for turn in 0..INTEGERS {
            // RFC 9000, 16: the first two bits say how long it is.
            let width = 1 << (rest >> 62);
            if width > there {
                // Eight bytes hold any integer, so the first one can only be cut short by the end of the payload.
                return if turn == 0 { Found::Malformed } else { Found::Going };
            }
            self.at += width;
            there -= width;
            let found = self.take((rest << 2 >> 2) >> (64 - 8 * width));
            if there == 0 || self.at_frame() || !matches!(found, Found::Going) {
                return found;
            }
            rest <<= 8 * width;
        }
        Found::Going
    }

    #[inline(always)]
    fn take(&mut self, value: u64) -> Found {
        self.field = match self.field {
            Field::Type => match value {
                PADDING => Field::Type,
                PING if !self.google => Field::Type,
                GOOGLE_PING if self.google => Field::Type,
                GOOGLE_CRYPTO if self.google => Field::CryptoOffset,
                _ if self.google => return Found::Malformed,
                ACK | ACK_ECN => {
                    self.ecn = value == ACK_ECN;
                    Field::AckLargest
                }
                CRYPTO => Field::CryptoOffset,
                CONNECTION_CLOSE => Field::CloseCode,
                _ => return Found::Malformed,
            },
            Field::CryptoOffset => {
                self.offset = value;
                Field::CryptoLen
            }
            Field::CryptoLen => {
                self.field = Field::Type;
                return if self.pass(value) {
                    Found::Crypto(self.offset, self.low(value))
                } else {
                    Found::Malformed
                };
            }
            Field::AckLargest => Field::AckDelay,
            Field::AckDelay => Field::AckCount,
            Field::AckCount => {
                // A range is two integers of at least one byte.
                if value > u64::from(self.left()) {
                    return Found::Malformed;
                }
                self.ignored = 1 + 2 * self.low(value) + if self.ecn { 3 } else { 0 };
                Field::Ignored
            }
            Field::Ignored => {
                self.ignored -= 1;
                if self.ignored == 0 { Field::Type } else { Field::Ignored }
            }
            Field::CloseCode => Field::CloseType,
            Field::CloseType => Field::CloseLen,
            Field::CloseLen => {
                if !self.pass(value) {
                    return Found::Malformed;
                }
                Field::Type
            }
        };
        Found::Going
    }

    #[inline(always)]
    const fn low(&self, value: u64) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "was compared with what is left of the packet")]
        let low = value as u32;
        low
    }

    #[inline(always)]
    fn pass(&mut self, bytes: u64) -> bool {
        let fits = bytes <= u64::from(self.left());
        if fits {
            self.at += self.low(bytes);
        }
        fits
    }
}

/// How many bytes of padding `window` begins with, at least one of which is there. Not each number is told apart: what is
/// left over is found by the next steps.
#[inline(always)]
const fn padding(window: u64, left: u32) -> u32 {
    let zeros = if window == 0 {
        8
    } else if window >> 32 == 0 {
        4
    } else if window >> 48 == 0 {
        2
    } else {
        1
    };
    if zeros < left { zeros } else { left }
}
