//! The frames of a pcap or pcapng file, numbered as Wireshark does.
//!
//! Only what is needed is read of a record or block, so that an odd time or a wrong original length stops nothing.

use std::io::{self, Cursor, Read};

use pcap_file::pcap::{PcapReadError, PcapReader};
use pcap_file::pcapng::blocks::block_common::{
    ENHANCED_PACKET_BLOCK, PACKET_BLOCK, SIMPLE_PACKET_BLOCK, SYSTEMD_JOURNAL_EXPORT_BLOCK,
};
use pcap_file::pcapng::{PcapNgReadError, PcapNgReader, PcapNgState, RawBlock};

use super::Skip;

/// The first four bytes of a pcap file, of microseconds and of nanoseconds, in either byte order.
const PCAP: [[u8; 4]; 4] =
    [[0xa1, 0xb2, 0xc3, 0xd4], [0xd4, 0xc3, 0xb2, 0xa1], [0xa1, 0xb2, 0x3c, 0x4d], [0x4d, 0x3c, 0xb2, 0xa1]];
/// The first four bytes of a pcapng file.
const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// A capture that cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system does not give its bytes.
    #[error("cannot be read")]
    Read(#[source] io::Error),
    /// It is something else.
    #[error("is neither a pcap nor a pcapng file")]
    Unknown,
    /// It is packed by gzip, xz, zstd or lz4.
    #[error("is compressed; unpack it first")]
    Compressed,
    /// It ends too early.
    #[error("is cut: it ends in the middle of what follows frame {after}")]
    Cut {
        /// The last frame that is whole; 0 if there is none.
        after: u64,
    },
    /// It breaks the rules of its format.
    #[error("cannot be read on after frame {after}")]
    Broken {
        /// The last frame before that; 0 if there is none.
        after: u64,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A frame of a capture, with room for the next one.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Its number, from 1.
    pub number: u64,
    /// Its link-layer type, or why there is nothing to run.
    pub link: Result<u32, Skip>,
    /// Its bytes, from the link-layer header on.
    pub data: Vec<u8>,
}

impl Default for Packet {
    fn default() -> Self {
        Self { number: 0, link: Err(Skip::NoInterface), data: Vec::new() }
    }
}

type Source = io::Chain<Cursor<Vec<u8>>, Box<dyn Read>>;

enum Format {
    Pcap(PcapReader<Source>, u32),
    PcapNg(Box<PcapNgReader<Source>>),
}

/// A capture that is read from its beginning to its end.
pub struct Capture {
    format: Format,
    frames: u64,
}

impl Capture {
    /// Reads the beginning of a capture and finds out its format.
    ///
    /// # Errors
    /// If it is no capture, or cut in its first header.
    pub fn new(mut source: Box<dyn Read>) -> Result<Self, Error> {
        let mut magic = Vec::with_capacity(4);
        source.by_ref().take(4).read_to_end(&mut magic).map_err(Error::Read)?;
        let first = <[u8; 4]>::try_from(magic.as_slice()).map_err(|_| Error::Unknown)?;
        let source = Cursor::new(magic).chain(source);
        let format = if PCAP.contains(&first) {
            let reader = PcapReader::new(source).map_err(|error| of_pcap(error, 0))?;
            // The upper half of the field says whether frames end with a checksum (draft-ietf-opsawg-pcap, 4).
            let link = u32::from(reader.header().datalink) & 0xffff;
            Format::Pcap(reader, link)
        } else if first == PCAPNG {
            let reader = PcapNgReader::new(source).map_err(|error| of_pcapng(error, 0))?;
            Format::PcapNg(Box::new(reader))
        } else if is_compressed(first) {
            return Err(Error::Compressed);
        } else {
            return Err(Error::Unknown);
        };
        Ok(Self { format, frames: 0 })
    }

    /// Reads the next frame into `packet`; false at the end of the file.
    ///
    /// # Errors
    /// If the rest of the file cannot be read. There is no more to come then.
    pub fn next(&mut self, packet: &mut Packet) -> Result<bool, Error> {
        let found = match &mut self.format {
            Format::Pcap(reader, link) => match reader.next_raw_packet() {
                None => false,
                Some(read) => {
                    let read = read.map_err(|error| of_pcap(error, self.frames))?;
                    packet.link = Ok(*link);
                    packet.data.clear();
                    packet.data.extend_from_slice(&read.data);
                    true
                }
            },
            Format::PcapNg(reader) => loop {
                match reader.next_raw_block() {
                    None => break false,
                    Some(read) => {
                        let (block, state) = read.map_err(|error| of_pcapng(error, self.frames))?;
                        if read_block(&block, state, packet) {
                            break true;
                        }
                    }
                }
            },
        };
        if found {
            self.frames += 1;
            packet.number = self.frames;
        }
        Ok(found)
    }
}

/// Reads a block; false if it holds no frame.
fn read_block(block: &RawBlock<'_>, state: &PcapNgState, packet: &mut Packet) -> bool {
    let body = Body { bytes: &block.body, big_endian: state.endianness().is_big() };
    // Where the data are: draft-ietf-opsawg-pcapng, 4.3, 4.4 and appendix A (the block that the first replaced).
    let found = match block.type_ {
        ENHANCED_PACKET_BLOCK => body.frame(body.long(0), body.long(12), 20, state),
        PACKET_BLOCK => body.frame(body.short(0), body.long(12), 20, state),
        SIMPLE_PACKET_BLOCK => body.simple_frame(state),
        SYSTEMD_JOURNAL_EXPORT_BLOCK => Err(Skip::Journal),
        _ => return false,
    };
    packet.data.clear();
    packet.link = found.map(|(link, data)| {
        packet.data.extend_from_slice(data);
        link
    });
    true
}

/// What stands between the two lengths of a block.
#[derive(Clone, Copy)]
struct Body<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl<'a> Body<'a> {
    fn long(self, at: usize) -> Option<u32> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn short(self, at: usize) -> Option<u32> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(u32::from(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }))
    }

    /// The link type of the interface and the `len` bytes from `start` on.
    fn frame(
        self,
        interface: Option<u32>,
        len: Option<u32>,
        start: usize,
        state: &PcapNgState,
    ) -> Result<(u32, &'a [u8]), Skip> {
        let (interface, len) = interface.zip(len).and_then(in_memory).ok_or(Skip::BadBlock)?;
        let interface = state.interfaces().get(interface).ok_or(Skip::NoInterface)?;
        let data = self.bytes.get(start..).and_then(|rest| rest.get(..len)).ok_or(Skip::BadBlock)?;
        Ok((interface.linktype.into(), data))
    }

    /// A frame of the first interface. Its length is not said: it is that on the wire, unless the interface or the block
    /// ends before it.
    fn simple_frame(self, state: &PcapNgState) -> Result<(u32, &'a [u8]), Skip> {
        let interface = state.interfaces().first().ok_or(Skip::NoInterface)?;
        let limit = if interface.snaplen == 0 { u32::MAX } else { interface.snaplen };
        let room = u32::try_from(self.bytes.len().saturating_sub(4)).unwrap_or(u32::MAX);
        let len = self.long(0).map(|len| len.min(limit).min(room));
        self.frame(Some(0), len, 4, state)
    }
}

fn in_memory((interface, len): (u32, u32)) -> Option<(usize, usize)> {
    Some((usize::try_from(interface).ok()?, usize::try_from(len).ok()?))
}

/// gzip, xz, zstd, lz4.
fn is_compressed(first: [u8; 4]) -> bool {
    first.starts_with(&[0x1f, 0x8b])
        || [[0xfd, 0x37, 0x7a, 0x58], [0x28, 0xb5, 0x2f, 0xfd], [0x04, 0x22, 0x4d, 0x18]].contains(&first)
}

fn of_pcap(error: PcapReadError, after: u64) -> Error {
    match error {
        PcapReadError::Io(source) => of_io(source, after),
        other => Error::Broken { after, source: Box::new(other) },
    }
}

fn of_pcapng(error: PcapNgReadError, after: u64) -> Error {
    match error {
        PcapNgReadError::Io(source) => of_io(source, after),
        other => Error::Broken { after, source: Box::new(other) },
    }
}

fn of_io(source: io::Error, after: u64) -> Error {
    if source.kind() == io::ErrorKind::UnexpectedEof { Error::Cut { after } } else { Error::Read(source) }
}

#[cfg(test)]
#[path = "capture_tests.rs"]
mod tests;
