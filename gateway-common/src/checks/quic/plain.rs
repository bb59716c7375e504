//! A plain reader: keys and decryption by rustls, the stream as a list of pieces, the hello read from them anew each time.

mod hello;
mod packet;

use std::vec::Vec;

use crate::quic::{Kind, Progress};
use hello::Hello;
use packet::{Frame, Key, Packet, Salt, frames, packet};

/// How many packets of a datagram are looked at, how many with pieces are kept of a connection, and how many pieces.
const PACKETS: usize = 4;
const KEPT_PACKETS: usize = 4;
const PIECES: usize = 64;
/// How far the stream is followed, and how long the payload of a packet may be.
const STREAM: u64 = 16 * 1024;
const PAYLOAD: usize = 2048;
/// How many unfinished connections of a flow are kept.
const CONNECTIONS: usize = 8;

/// A piece of the stream.
#[derive(Debug)]
pub struct Piece {
    start: usize,
    bytes: Vec<u8>,
}

impl Piece {
    fn end(&self) -> usize {
        self.start + self.bytes.len()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at.checked_sub(self.start)?).copied()
    }
}

/// What reading a datagram came to.
#[derive(Clone, Debug)]
pub struct Read {
    pub progress: Progress,
    pub name: Vec<u8>,
    pub ech: bool,
    /// Whether it says again what is not enough.
    pub idle: bool,
}

impl Read {
    fn nothing(progress: Progress) -> Self {
        Self { progress, name: Vec::new(), ech: false, idle: false }
    }

    fn is_complete(&self) -> bool {
        matches!(self.progress, Progress::Named | Progress::Nameless)
    }
}

/// A connection: what has arrived under the same keys.
#[derive(Debug, Default)]
struct Connection {
    key: Option<Key>,
    /// What keys are made from if there are none.
    source: Vec<u8>,
    /// And the salt, where the version does not say it.
    guess: Option<Salt>,
    pieces: Vec<Piece>,
    /// How many packets with pieces there are.
    packets: usize,
    /// Whether pieces overlap. From then on every copy of what is read is compared, at the end of each packet.
    overlap: bool,
    /// Whether the hello was read; it is not read again unless pieces overlap.
    complete: bool,
    /// Pieces at the beginning of the datagram, and whether one that came since has a byte that no other piece has.
    before: usize,
    news: bool,
}

/// What is known of a flow.
pub struct Flow {
    seeks_ech: bool,
    /// Whether a hello was read to its name or end.
    pub named: bool,
    /// Whether what is read now depends on how far one looks ahead at bytes that contradict each other.
    pub unsure: bool,
    /// Whether something was met that rustls has no keys for.
    pub lost: bool,
    /// The keys of the last connection.
    last: Option<Key>,
    kept: Vec<Connection>,
}

impl Flow {
    pub fn new(seeks_ech: bool) -> Self {
        Self { seeks_ech, named: false, unsure: false, lost: false, last: None, kept: Vec::new() }
    }

    /// Reads one datagram.
    pub fn read(&mut self, datagram: &[u8]) -> Read {
        let first = packet(datagram);
        match first.kind {
            Kind::Initial | Kind::EarlyData | Kind::Handshake => {}
            Kind::Malformed => return Read::nothing(Progress::Malformed),
            _ => return Read::nothing(Progress::NotInitial),
        }
        let own = |guess| {
            let (source, guess) = (first.id.clone(), Some(guess));
            Connection { source, guess, ..Connection::default() }
        };
        let Some(last) = self.last.clone() else {
            let read = self.read_fresh(own(Salt::V1), datagram, &first.id);
            if read.progress == Progress::Malformed && first.reserved {
                return self.read_fresh(own(Salt::Draft29), datagram, &first.id);
            }
            return read;
        };
        let foreign = first.id != last.id;
        let salt = if first.reserved { last.salt } else { first.salt };
        let of = |kept: &[Connection], id: &[u8]| {
            kept.iter()
                .position(|kept| kept.key.as_ref().is_some_and(|key| (key.salt, &key.id[..]) == (salt, id)))
        };
        let by_own = of(&self.kept, &first.id);
        let found = by_own.or_else(|| of(&self.kept, &last.id).filter(|_| foreign));
        let read = if let Some(index) = found {
            self.read_kept(index, datagram, &first.id)
        } else {
            // RFC 9369, 4.1: another version has its keys from the same connection ID.
            let key = (last.salt == salt).then_some(last.clone());
            let guess = Some(last.salt);
            let connection = Connection { key, source: last.id, guess, ..Connection::default() };
            self.read_fresh(connection, datagram, &first.id)
        };
        if read.progress == Progress::Malformed && foreign && by_own.is_none() {
            return self.read_fresh(own(last.salt), datagram, &first.id);
        }
        read
    }

    fn read_kept(&mut self, index: usize, datagram: &[u8], id: &[u8]) -> Read {
        let mut connection = std::mem::take(&mut self.kept[index]);
        let (packets, was_complete) = (connection.packets, connection.complete);
        let mut read = self.packets(&mut connection, datagram, id);
        let brought = connection.pieces.len() > connection.before;
        read.idle = read.progress == Progress::Hungry && brought && !connection.news && !self.named;
        // What agrees with a hello that was complete before says nothing new.
        let agrees = read.is_complete() || read.progress == Progress::Hungry && !connection.overlap;
        if read.idle || was_complete && agrees {
            connection.pieces.truncate(connection.before);
            connection.packets = packets;
            connection.complete &= !read.idle;
        }
        self.kept[index] = connection;
        self.named |= read.is_complete();
        read
    }

    fn read_fresh(&mut self, mut connection: Connection, datagram: &[u8], id: &[u8]) -> Read {
        let had_key = connection.key.is_some();
        let read = self.packets(&mut connection, datagram, id);
        let keeps = read.progress == Progress::Hungry && !connection.pieces.is_empty();
        if keeps || connection.key.is_some() && !had_key && read.is_complete() {
            self.last.clone_from(&connection.key);
        }
        if keeps && self.kept.len() < CONNECTIONS {
            self.kept.push(connection);
        }
        self.named |= read.is_complete();
        read
    }

    /// Reads a datagram, of which the first packet has this connection ID, packet by packet.
    fn packets(&mut self, connection: &mut Connection, datagram: &[u8], id: &[u8]) -> Read {
        connection.before = connection.pieces.len();
        connection.news = false;
        let mut seen = Progress::NotInitial;
        let mut rest = datagram;
        for _ in 0..PACKETS {
            let packet = packet(rest);
            match packet.kind {
                Kind::Initial => {
                    let read = self.initial(connection, rest, &packet, id);
                    if read.progress != Progress::Hungry {
                        return read;
                    }
                    seen = Progress::Hungry;
                }
                Kind::EarlyData if seen == Progress::NotInitial => seen = Progress::EarlyData,
                Kind::EarlyData | Kind::Handshake => {}
                Kind::Malformed => return Read::nothing(Progress::Malformed),
                _ => return Read::nothing(seen),
            }
            rest = &rest[packet.end..];
            if rest.is_empty() {
                return Read::nothing(seen);
            }
        }
        Read::nothing(Progress::TooLong)
    }

    fn initial(&mut self, connection: &mut Connection, bytes: &[u8], packet: &Packet, id: &[u8]) -> Read {
        if packet.id != id {
            return Read::nothing(Progress::Malformed);
        }
        let source = connection.source.clone();
        let salt = connection.guess.filter(|_| packet.reserved).unwrap_or(packet.salt);
        let key = connection.key.get_or_insert(Key { salt, id: source });
        if connection.packets >= KEPT_PACKETS {
            return Read::nothing(Progress::TooLong);
        }
        let Some(keys) = key.keys() else {
            self.lost = true;
            return Read::nothing(Progress::Malformed);
        };
        let payload = match packet.open(bytes, &keys) {
            None => return Read::nothing(Progress::Malformed),
            Some(payload) if payload.len() > PAYLOAD => return Read::nothing(Progress::TooLong),
            Some(payload) => payload,
        };
        let count = connection.pieces.len();
        let read = self.payload(connection, &payload);
        connection.complete |= read.is_complete();
        if matches!(read.progress, Progress::Malformed | Progress::TooLong) {
            // Servers would discard all of the packet.
            connection.pieces.truncate(count);
            connection.complete = false;
        } else if connection.pieces.len() > count {
            connection.packets += 1;
        }
        read
    }

    /// The frames of a packet, up to the one that completes the hello.
    fn payload(&mut self, connection: &mut Connection, payload: &[u8]) -> Read {
        let read = self.hello_at_once(connection);
        if read.progress != Progress::Hungry {
            return read;
        }
        for frame in frames(payload) {
            let (offset, bytes) = match frame {
                Frame::Malformed => return Read::nothing(Progress::Malformed),
                Frame::Crypto(offset, bytes) => (offset, bytes),
            };
            if offset + bytes.len() as u64 > STREAM {
                return Read::nothing(Progress::TooLong);
            }
            if bytes.is_empty() {
                continue;
            }
            let piece = Piece { start: usize::try_from(offset).unwrap_or(usize::MAX), bytes };
            let there = &connection.pieces;
            connection.overlap |=
                there.iter().any(|other| other.start < piece.end() && piece.start < other.end());
            connection.news |=
                !there.iter().any(|other| other.start <= piece.start && piece.end() <= other.end());
            if there.len() >= PIECES {
                return Read::nothing(Progress::TooLong);
            }
            connection.pieces.push(piece);
            let read = self.hello_at_once(connection);
            if read.progress != Progress::Hungry {
                return read;
            }
        }
        if connection.overlap && connection.pieces.len() > connection.before {
            connection.complete = false;
            return self.hello(connection);
        }
        Read::nothing(Progress::Hungry)
    }

    fn hello_at_once(&mut self, connection: &Connection) -> Read {
        if connection.overlap || connection.complete || connection.pieces.is_empty() {
            return Read::nothing(Progress::Hungry);
        }
        self.hello(connection)
    }

    /// What the pieces come to.
    fn hello(&mut self, connection: &Connection) -> Read {
        let read = |ahead| Hello::new(&connection.pieces, ahead, self.seeks_ech).read();
        let (exact, ahead) = (read(0), read(7));
        self.unsure |= exact.progress != ahead.progress;
        exact
    }
}
