//! The request line: method, target, version.

use super::{Progress, Request, Stage, is_control, is_method, word};

/// Longest method: the longest that is registered, UPDATEREDIRECTREF.
const MAX_METHOD: u8 = 17;

const CONNECT: u64 = word(b"CONNECT");
const PRI: u64 = word(b"PRI");
const HTTP_1: u64 = word(b"HTTP/1.");
const HTTP_2: u64 = word(b"HTTP/2.");

impl Request {
    #[inline(always)]
    pub(super) const fn start(&mut self, byte: u8) -> Progress {
        match byte {
            b'\r' | b'\n' => Progress::Going,
            b' ' => Progress::NotHttp,
            _ => self.method(byte),
        }
    }

    #[inline(always)]
    pub(super) const fn method(&mut self, byte: u8) -> Progress {
        if byte == b' ' {
            self.preface = self.word == PRI;
            return self.go(if self.word == CONNECT { Stage::HostStart } else { Stage::TargetStart });
        }
        if !is_method(byte) || self.method == MAX_METHOD {
            return Progress::NotHttp;
        }
        self.method += 1;
        self.word = self.word << 8 | byte as u64;
        self.go(Stage::Method)
    }

    #[inline(always)]
    pub(super) const fn target_start(&mut self, byte: u8) -> Progress {
        match byte {
            b' ' => Progress::Going,
            b'A'..=b'Z' | b'a'..=b'z' => self.go(Stage::Scheme),
            _ => self.target(byte),
        }
    }

    #[inline(always)]
    pub(super) const fn scheme(&mut self, byte: u8) -> Progress {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'.' => Progress::Going,
            b':' => self.go(Stage::Colon),
            _ => self.target(byte),
        }
    }

    #[inline(always)]
    pub(super) const fn target(&mut self, byte: u8) -> Progress {
        if is_control(byte) {
            // The end of the line too: there was no version.
            return Progress::NotHttp;
        }
        self.word = 0;
        self.go(if byte == b' ' { Stage::Word } else { Stage::Target })
    }

    #[inline(always)]
    pub(super) const fn word(&mut self, byte: u8) -> Progress {
        if is_control(byte) {
            return Progress::NotHttp;
        }
        self.word = if byte == b' ' { 0 } else { self.word << 8 | byte as u64 };
        if self.preface && self.word == HTTP_2 {
            return Progress::Http2;
        }
        self.go(if self.word == HTTP_1 { Stage::Minor } else { Stage::Word })
    }

    #[inline(always)]
    pub(super) const fn versioned(&mut self, byte: u8) -> Progress {
        match byte {
            b'\n' => self.line_end(),
            b'\r' => self.go(Stage::LineCr),
            b' ' => {
                self.word = 0;
                self.go(Stage::Versioned)
            }
            _ => self.word(byte),
        }
    }

    #[inline(always)]
    pub(super) const fn line_end(&mut self) -> Progress {
        self.in_line = false;
        self.stage = Stage::FieldStart;
        self.found
    }
}
