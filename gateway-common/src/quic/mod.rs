//! From a client's QUIC Initial packets to the server name of the ClientHello in them (RFC 9000, 9001, 9369).
//!
//! The keys of an Initial follow from the connection ID that the client chose, so anybody can read it. What is done, as
//! little of it as will do:
//!
//! 1. `header`: version, packet, connection ID, token and length, each checked against the datagram.
//! 2. `keys`: HKDF-SHA256 (`sha256`). Once for a flow; the client changes the connection ID after the server's first
//!    answer, the keys stay.
//! 3. `open`: header protection, then AES-128 (`aes`) in counter mode, of just those blocks that are looked at. The
//!    tag is not checked: with public keys it proves nothing about the sender, and what the server would not accept because
//!    of it can say something only about a name that the client itself has put there.
//! 4. `frames`: over the frames by their lengths. `segments`: which bytes of the CRYPTO stream are where.
//! 5. `hello`: over the ClientHello by its lengths, to the name.
//!
//! A [`Flight`] is all that is known of a flow: the kernel keeps one of each CPU for a packet that is all there is, and one
//! of each flow whose hello goes on in another packet. The heavy steps are functions of an [`Engine`]: the kernel makes
//! each one a function of its own, which its verifier goes through once.

mod aes;
mod connection;
mod engine;
mod flight;
mod frames;
mod header;
mod hello;
mod host;
mod keys;
mod open;
mod progress;
mod segments;
mod sha256;

pub use connection::{KEPT, Memory, NAMED, Reading, Whose, read_datagram};
pub use engine::{Datagram, Engine};
#[cfg(any(test, feature = "checks"))]
pub(crate) use flight::BUDGET;
pub use flight::Flight;
pub use header::{ConnectionId, HEAD_BYTES, Kind, START, is_long, may_be_quic, may_begin};
pub use host::Reader;
pub use keys::{Keys, Turn};
pub use open::{SLOT_BYTES, Slot};
pub use progress::Progress;
pub use segments::{Added, Found};

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
