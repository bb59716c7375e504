//! The client's Initial keys (RFC 9001, 5.2): HKDF-SHA256 from the connection ID, fourteen compressions.
//!
//! What does not depend on the connection ID is computed when this is compiled: the states of HMAC after the salt, and the
//! schedules of the messages that HKDF-Expand-Label hashes. A [`Keys::turn`] ends one compression and sets up the next, so
//! that the kernel's verifier sees one small function and a bounded loop around it.
//!
//! ```text
//! turn  0, 1   HMAC(salt, DCID)                   initial secret
//!       2 - 5  HMAC(initial secret, "client in")  client secret
//!       6, 7   the two states of HMAC under the client secret
//!       8 - 13 HMAC(client secret, "quic key"), "quic iv", "quic hp"
//! ```

use super::aes::{self, RoundKeys};
use super::header::{ConnectionId, Kind};
use super::sha256::{Compression, START, first_state, schedule};

/// How many compressions it takes.
pub(super) const COMPRESSIONS: u32 = 14;

/// What the keys of a version are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Secret {
    /// RFC 9001, and drafts 33 and 34.
    V1,
    /// RFC 9369.
    V2,
    /// Drafts 29 to 32.
    Draft29,
    /// Drafts 23 to 28.
    Draft23,
    /// Draft 22.
    Draft22,
    /// TLS in Google's QUIC, versions T050 and T051.
    T050,
    T051,
}

const SECRETS: usize = 8;

impl Secret {
    #[inline(always)]
    pub(super) const fn of(version: u32) -> Option<Self> {
        match version {
            1 | 0xff00_0021 | 0xff00_0022 => Some(Self::V1),
            0x6b33_43cf => Some(Self::V2),
            0xff00_001d..=0xff00_0020 => Some(Self::Draft29),
            // The last two are numbers of mvfst.
            0xff00_0017..=0xff00_001c | 0xface_b002 | 0xface_b00e => Some(Self::Draft23),
            0xff00_0016 | 0xface_b001 => Some(Self::Draft22),
            0x5430_3530 => Some(Self::T050),
            0x5430_3531 => Some(Self::T051),
            _ if Self::is_reserved(version) => Some(Self::V1),
            _ => None,
        }
    }

    /// Whether this version is reserved to be unknown (RFC 9000, 15). Clients send one to have the server say which it
    /// knows, with the salt of a version of their own: mostly [`Secret::V1`], and some with [`Secret::Draft29`].
    #[inline(always)]
    pub(super) const fn is_reserved(version: u32) -> bool {
        version & 0x0f0f_0f0f == 0x0a0a_0a0a
    }

    /// Whether the secret with this number is one of Google's QUIC.
    #[inline(always)]
    pub(super) const fn is_google(secret: u32) -> bool {
        secret == Self::T050 as u32 || secret == Self::T051 as u32
    }

    /// What the type bits of the first byte mean (RFC 9000, 17.2; RFC 9369, 3.2).
    #[inline(always)]
    pub(super) const fn kind(self, bits: u8) -> Kind {
        // Version 2 counts from one further on.
        let bits = if matches!(self, Self::V2) { bits.wrapping_sub(1) & 3 } else { bits & 3 };
        match bits {
            0 => Kind::Initial,
            1 => Kind::EarlyData,
            2 => Kind::Handshake,
            _ => Kind::Retry,
        }
    }
}

/// What one salt leads to.
#[derive(Clone, Copy)]
#[repr(C)]
struct Salted {
    inner: [u32; 8],
    outer: [u32; 8],
}

/// By [`Secret`]; what lies behind the last one is never asked for.
static SALTED: [Salted; SECRETS] = [
    salted(0x3876_2cf7_f559_34b3_4d17_9ae6_a4c8_0cad, 0xccbb_7f0a),
    salted(0x0ded_e3de_f700_a6db_8193_81be_6e26_9dcb, 0xf9bd_2ed9),
    salted(0xafbf_ec28_9993_d24c_9e97_86f1_9c61_11e0, 0x4390_a899),
    salted(0xc3ee_f712_c72e_bb5a_11a7_d243_2bb4_6365, 0xbef9_f502),
    salted(0x7fbc_db0e_7c66_bbe9_193a_96cd_2151_9ebd, 0x7a02_644a),
    salted(0x7ff5_79e5_acd0_7291_5580_304c_43a2_367c, 0x6048_8310),
    salted(0x7a4e_def4_e7cc_ee5f_a450_6c19_124f_c8cc, 0xda6e_033d),
    Salted { inner: [0; 8], outer: [0; 8] },
];

/// The schedules of what HKDF-Expand-Label hashes: of the client secret; then, each for version 1 and 2, of key, IV and
/// header protection key.
static EXPANDED: [[u32; 64]; 8] = [
    expanded(b"client in", 32),
    expanded(b"quic key", 16),
    expanded(b"quic iv", 12),
    expanded(b"quic hp", 16),
    expanded(b"client in", 32),
    expanded(b"quicv2 key", 16),
    expanded(b"quicv2 iv", 12),
    expanded(b"quicv2 hp", 16),
];

const INNER_PAD: u32 = 0x3636_3636;
const OUTER_PAD: u32 = 0x5c5c_5c5c;

#[expect(clippy::cast_possible_truncation, reason = "the word that is asked for")]
const fn salted(high: u128, low: u32) -> Salted {
    let mut inner = [INNER_PAD; 16];
    let mut outer = [OUTER_PAD; 16];
    let mut index = 0;
    while index < 5 {
        let word = if index < 4 { (high >> (96 - 32 * index)) as u32 } else { low };
        inner[index] ^= word;
        outer[index] ^= word;
        index += 1;
    }
    Salted { inner: first_state(inner), outer: first_state(outer) }
}

/// The schedule of the second block of HMAC's inner hash: `HkdfLabel` (RFC 8446, 7.1) and the counter of HKDF-Expand.
const fn expanded(label: &[u8], len: u8) -> [u32; 64] {
    const PREFIX: &[u8] = b"tls13 ";
    let mut bytes = [0; 64];
    bytes[1] = len;
    let mut at = 3;
    let mut index = 0;
    while index < PREFIX.len() + label.len() {
        bytes[at] = if index < PREFIX.len() { PREFIX[index] } else { label[index - PREFIX.len()] };
        at += 1;
        index += 1;
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 16")]
    let label_len = index as u8;
    bytes[2] = label_len;
    // No context; the counter; then the padding of SHA-256 with the length in bits of both blocks.
    bytes[at + 1] = 1;
    bytes[at + 2] = 0x80;
    let bits = 8 * (64 + at as u64 + 2);
    let mut block = [0; 16];
    let mut word = 0;
    while word < 14 {
        block[word] = u32::from_be_bytes([
            bytes[4 * word],
            bytes[4 * word + 1],
            bytes[4 * word + 2],
            bytes[4 * word + 3],
        ]);
        word += 1;
    }
    #[expect(clippy::cast_possible_truncation, reason = "less than 1024")]
    let bits = bits as u32;
    block[15] = bits;
    schedule(block)
}

/// What a turn asks for next. The numbers are what the kernel function around it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Turn {
    /// Nothing, the keys are there.
    Done,
    /// To compress the block that was set up.
    Block,
    /// To compress the message of a label.
    Label,
}

/// The keys of a client's Initials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Keys {
    /// For the payload.
    pub(super) payload: RoundKeys,
    /// For the header protection.
    pub(super) header: RoundKeys,
    /// Of the payload.
    pub(super) iv: [u32; 3],
    /// The connection ID that they were made from.
    pub id: ConnectionId,
    /// What they were made from beside it: a number for each salt.
    pub secret: u32,
    /// Not 0 if a flight of this connection is kept.
    pub kept: u32,
}

impl Keys {
    pub(super) const EMPTY: Self =
        Self { payload: [0; 44], header: [0; 44], iv: [0; 3], id: ConnectionId::EMPTY, secret: 0, kept: 0 };
}

/// The working memory for the derivation of keys.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Derivation {
    turn: u32,
    /// Which of `EXPANDED` is hashed next.
    label: u32,
    secret: u32,
    pub(super) compression: Compression,
    /// The two states of HMAC under the secret that is in use.
    inner: [u32; 8],
    outer: [u32; 8],
    word: [u32; 4],
}

impl Derivation {
    pub(super) const EMPTY: Self = Self {
        turn: 0,
        label: 0,
        secret: 0,
        compression: Compression::EMPTY,
        inner: [0; 8],
        outer: [0; 8],
        word: [0; 4],
    };

    /// Begins with the first turn.
    #[inline(always)]
    pub(super) const fn begin(&mut self) {
        self.turn = 0;
    }

    /// Takes what the last compression made and sets up the next one, at first from this connection ID.
    #[inline(always)]
    pub(super) fn turn(&mut self, keys: &mut Keys, id: &ConnectionId, secret: u32) -> Turn {
        let turn = self.turn;
        if turn == 0 {
            keys.id = *id;
            keys.secret = secret;
            keys.kept = 0;
            self.secret = secret;
        }
        self.turn = turn + 1;
        let done = self.compression.state;
        match turn {
            3 | 7 => self.inner = done,
            4 | 8 => self.outer = done,
            10 => aes::expand(first_words(&done), &mut keys.payload, &mut self.word),
            12 => {
                let [a, b, c, _] = first_words(&done);
                keys.iv = [a, b, c];
            }
            14 => aes::expand(first_words(&done), &mut keys.header, &mut self.word),
            _ => {}
        }
        match turn {
            0 => self.connection_id(id),
            1 => self.digest(done, SALTED[self.secret as usize & (SECRETS - 1)].outer),
            2 | 6 => {
                // The state is needed once more, for the outer pad.
                self.outer = done;
                self.pad(INNER_PAD);
            }
            3 | 7 => self.pad(OUTER_PAD),
            4 => return self.label(0),
            8 => return self.label(1),
            10 => return self.label(2),
            12 => return self.label(3),
            5 | 9 | 11 | 13 => self.digest(done, self.outer),
            _ => return Turn::Done,
        }
        Turn::Block
    }

    #[inline(always)]
    fn connection_id(&mut self, id: &ConnectionId) {
        let words = self.compression.block();
        words[..5].copy_from_slice(&id.words());
        words[5..16].fill(0);
        let len = id.len & 31;
        words[len as usize >> 2] |= 0x8000_0000 >> (8 * (len & 3));
        words[15] = 8 * (64 + len);
        self.compression.state = SALTED[self.secret as usize & (SECRETS - 1)].inner;
    }

    /// A digest as the second block, behind the state of a first one.
    #[inline(always)]
    fn digest(&mut self, digest: [u32; 8], state: [u32; 8]) {
        let words = self.compression.block();
        words[..8].copy_from_slice(&digest);
        words[8] = 0x8000_0000;
        words[9..15].fill(0);
        words[15] = 8 * (64 + 32);
        self.compression.state = state;
    }

    /// The secret in `outer` as key of HMAC.
    #[inline(always)]
    fn pad(&mut self, pad: u32) {
        let words = self.compression.block();
        for (word, secret) in words.iter_mut().zip(self.outer) {
            *word = secret ^ pad;
        }
        words[8..16].fill(pad);
        self.compression.state = START;
    }

    #[inline(always)]
    fn label(&mut self, label: u32) -> Turn {
        self.label = label + if self.secret == Secret::V2 as u32 { 4 } else { 0 };
        self.compression.state = self.inner;
        Turn::Label
    }

    /// The compression that [`Turn::Label`] asks for.
    #[inline(always)]
    pub(super) fn compress_label(&mut self) {
        self.compression.run_known(&EXPANDED[self.label as usize & (EXPANDED.len() - 1)]);
    }
}

/// The first half of a digest as AES takes it.
#[inline(always)]
fn first_words(digest: &[u32; 8]) -> [u32; 4] {
    let [a, b, c, d, ..] = *digest;
    [a.swap_bytes(), b.swap_bytes(), c.swap_bytes(), d.swap_bytes()]
}
