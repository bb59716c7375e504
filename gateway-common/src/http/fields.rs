//! The header fields, of which only Host is read.

use super::authority::ends_before;
use super::{Progress, Request, Stage, is_control, word};
use crate::name::WireName;

const HOST: u64 = word(b"host");

impl Request {
    #[inline(always)]
    pub(super) const fn field_start(&mut self, byte: u8) -> Progress {
        self.word = 0;
        match byte {
            b'\n' => Progress::Nameless,
            b'\r' => self.go(Stage::HeadCr),
            b':' => Progress::Malformed,
            _ => self.field_name(byte),
        }
    }

    #[inline(always)]
    pub(super) const fn field_name(&mut self, byte: u8) -> Progress {
        if byte == b':' {
            return self.go(if self.word == HOST { Stage::HostStart } else { Stage::Value });
        }
        if byte == b' ' || is_control(byte) {
            return Progress::Malformed;
        }
        self.word = self.word << 8 | byte.to_ascii_lowercase() as u64;
        self.go(Stage::FieldName)
    }

    #[inline(always)]
    pub(super) const fn value(&mut self, byte: u8) -> Progress {
        match byte {
            b'\n' => self.go(Stage::FieldStart),
            b'\r' => self.go(Stage::ValueCr),
            0 => Progress::Malformed,
            _ => Progress::Going,
        }
    }

    #[inline(always)]
    pub(super) fn host_start(&mut self, byte: u8, name: &mut WireName) -> Progress {
        match byte {
            b' ' => Progress::Going,
            b'\t' if !self.in_line => Progress::Going,
            b'\r' | b'\n' if !self.in_line => {
                self.found = Progress::Nameless;
                self.host_tail(byte)
            }
            _ => self.host(byte, name),
        }
    }

    #[inline(always)]
    pub(super) fn host(&mut self, byte: u8, name: &mut WireName) -> Progress {
        if !ends_before(byte) {
            self.authority.byte(byte, name);
            return self.go(Stage::Host);
        }
        self.found = self.authority.end(name);
        if self.in_line { self.target(byte) } else { self.host_tail(byte) }
    }

    #[inline(always)]
    pub(super) const fn host_tail(&mut self, byte: u8) -> Progress {
        match byte {
            b'\n' => self.go(Stage::HostDone),
            b'\r' => self.go(Stage::HostCr),
            b' ' | b'\t' => self.go(Stage::HostTail),
            _ => Progress::Malformed,
        }
    }
}
