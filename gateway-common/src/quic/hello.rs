//! From the CRYPTO stream to the server name of the ClientHello in it (RFC 8446, 4.1.2; RFC 6066, 3).
//!
//! The same message as in TLS over TCP, without records, and it need not be read in order: what is passed over need not
//! even be there. Each step takes what it can of one integer or of the name.

use super::Progress;
use super::segments::MAX_STREAM;
use crate::name::WireName;

/// Which integer comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Field {
    MessageHeader,
    SessionIdLen,
    CipherSuitesLen,
    CompressionLen,
    ExtensionsLen,
    ExtensionHeader,
    NameListLen,
    NameHeader,
    Name,
}

impl Field {
    /// Width in bytes.
    #[inline(always)]
    const fn width(self) -> u32 {
        match self {
            Self::SessionIdLen | Self::CompressionLen => 1,
            Self::CipherSuitesLen | Self::ExtensionsLen | Self::NameListLen => 2,
            Self::NameHeader => 3,
            Self::MessageHeader | Self::ExtensionHeader => 4,
            Self::Name => 0,
        }
    }
}

/// How far a ClientHello has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Hello {
    /// Where in the stream the next byte is.
    pub(super) at: u32,
    /// Where the hello ends.
    end: u32,
    /// The integer so far, first byte highest.
    value: u32,
    /// How many bytes of it are there.
    have: u32,
    /// Bytes left of the list of names, then of the name.
    name_left: u32,
    field: Field,
    /// Whether to read on behind the name, to learn whether another hello is inside.
    seeks_ech: bool,
    /// Whether the name is complete.
    named: bool,
    /// Whether something contradicts the rest, so that without a name the hello is malformed.
    odd: bool,
    /// Whether an encrypted hello is inside (RFC 9849).
    pub(super) ech: bool,
}

const CLIENT_HELLO: u32 = 1;
const HEADER: u32 = 4;
/// `legacy_version` and `random`.
const VERSION_RANDOM: u32 = 34;
const MAX_SESSION_ID: u32 = 32;
const EXTENSION_SERVER_NAME: u32 = 0;
/// encrypted_client_hello (RFC 9849, 11.1).
const EXTENSION_ECH: u32 = 0xfe0d;
const NAME_TYPE_HOST: u32 = 0;
/// Body of a server_name extension with a name of one byte: list length, type, name length, name.
const NAME_LIST_MIN: u32 = 2 + 3 + 1;
/// How many bytes a step is shown.
const WINDOW: u32 = 8;

impl Hello {
    /// A hello of which nothing has been read.
    pub(super) const START: Self = Self {
        at: 0,
        end: HEADER,
        value: 0,
        have: 0,
        name_left: 0,
        field: Field::MessageHeader,
        seeks_ech: false,
        named: false,
        odd: false,
        ech: false,
    };

    /// Forgets what has been read; `seeks_ech` says whether the name is the end.
    #[inline(always)]
    pub(super) fn restart(&mut self, seeks_ech: bool) {
        *self = Self { seeks_ech, ..Self::START };
    }

    /// Reads on. `window` is the next bytes of the stream, first one highest, of which `there` (1 to 8) are there.
    ///
    /// A name that was read stays, whatever the rest of the hello is.
    #[inline(always)]
    pub(super) fn step(&mut self, window: u64, there: u32, name: &mut WireName) -> Progress {
        match self.read(window, there, name) {
            Progress::Malformed | Progress::Nameless if self.named => Progress::Named,
            progress => progress,
        }
    }

    #[inline(always)]
    fn read(&mut self, window: u64, there: u32, name: &mut WireName) -> Progress {
        if matches!(self.field, Field::Name) {
            return self.name(window, there, name);
        }
        let width = self.field.width();
        let missing = width - self.have;
        let taken = if missing < there { missing } else { there };
        self.at += taken;
        if self.at > self.end {
            return Progress::Malformed;
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most four bytes")]
        let value = (u64::from(self.value) << (8 * taken) | window >> (64 - 8 * taken)) as u32;
        if taken < missing {
            self.value = value;
            self.have += taken;
            return Progress::Going;
        }
        self.value = 0;
        self.have = 0;
        self.accept(value)
    }

    /// Takes the value of the integer `self.field` and goes to the next field.
    #[inline(always)]
    fn accept(&mut self, value: u32) -> Progress {
        match self.field {
            Field::MessageHeader => {
                self.end = HEADER + (value & 0x00ff_ffff);
                self.field = Field::SessionIdLen;
                if value >> 24 != CLIENT_HELLO {
                    Progress::Malformed
                } else if self.end > MAX_STREAM {
                    Progress::TooLong
                } else {
                    self.pass(VERSION_RANDOM)
                }
            }
            Field::SessionIdLen => {
                self.field = Field::CipherSuitesLen;
                if value > MAX_SESSION_ID { Progress::Malformed } else { self.pass(value) }
            }
            Field::CipherSuitesLen => {
                self.field = Field::CompressionLen;
                if value < 2 || value & 1 != 0 { Progress::Malformed } else { self.pass(value) }
            }
            Field::CompressionLen => {
                self.field = Field::ExtensionsLen;
                if value < 1 { Progress::Malformed } else { self.pass_to_end(value) }
            }
            Field::ExtensionsLen => {
                self.field = Field::ExtensionHeader;
                // As in TLS over TCP: a hello that contradicts itself here still has the name that it shows.
                let left = self.end - self.at;
                self.odd = value != left;
                self.end = self.at + if value < left { value } else { left };
                self.pass_to_end(0)
            }
            Field::ExtensionHeader => self.extension(value >> 16, value & 0xffff),
            Field::NameListLen => {
                self.field = Field::NameHeader;
                self.name_left -= 2;
                if value != self.name_left { Progress::Malformed } else { Progress::Going }
            }
            Field::NameHeader => self.name_header(value >> 16, value & 0xffff),
            Field::Name => Progress::Malformed,
        }
    }

    #[inline(always)]
    fn extension(&mut self, kind: u32, len: u32) -> Progress {
        if kind != EXTENSION_SERVER_NAME || self.named {
            self.ech |= kind == EXTENSION_ECH;
            return self.pass_to_end(len);
        }
        if len < NAME_LIST_MIN || len > self.end - self.at {
            return Progress::Malformed;
        }
        self.name_left = len;
        self.field = Field::NameListLen;
        Progress::Going
    }

    #[inline(always)]
    const fn name_header(&mut self, kind: u32, len: u32) -> Progress {
        // RFC 6066, 3: only host names are defined, and a list holds at most one of a type; how long an entry of another
        // type is cannot be known.
        if kind != NAME_TYPE_HOST || len == 0 || len + 3 != self.name_left {
            return Progress::Malformed;
        }
        self.name_left = len;
        self.field = Field::Name;
        Progress::Going
    }

    #[inline(always)]
    fn name(&mut self, window: u64, there: u32, name: &mut WireName) -> Progress {
        let taken = if self.name_left < there { self.name_left } else { there };
        let mut rest = window;
        for index in 0..WINDOW {
            if index >= taken {
                break;
            }
            let byte = (rest >> 56) as u8;
            if !name.push(byte) {
                return Progress::TooLong;
            }
            rest <<= 8;
        }
        self.at += taken;
        self.name_left -= taken;
        if self.name_left > 0 {
            Progress::Going
        } else if name.close() {
            self.name_is_complete()
        } else if name.len == 0 {
            Progress::Malformed
        } else {
            Progress::TooLong
        }
    }

    #[inline(always)]
    const fn name_is_complete(&mut self) -> Progress {
        self.named = true;
        self.field = Field::ExtensionHeader;
        if self.seeks_ech && self.at < self.end { Progress::Going } else { Progress::Named }
    }

    /// Passes over bytes, which must lie within the hello.
    #[inline(always)]
    const fn pass(&mut self, bytes: u32) -> Progress {
        if bytes > self.end - self.at {
            return Progress::Malformed;
        }
        self.at += bytes;
        Progress::Going
    }

    /// Passes over bytes with which the hello may end. Without a word about extensions it may (RFC 8446, 4.1.2 reads it as a
    /// hello of TLS 1.2), and behind any of them.
    #[inline(always)]
    const fn pass_to_end(&mut self, bytes: u32) -> Progress {
        let progress = self.pass(bytes);
        if !matches!(progress, Progress::Going) || self.at < self.end {
            progress
        } else if self.odd {
            Progress::Malformed
        } else {
            Progress::Nameless
        }
    }
}
