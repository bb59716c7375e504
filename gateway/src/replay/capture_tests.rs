//! Captures as pcap-file writes them, and what is wrong with some.

use std::borrow::Cow;
use std::time::Duration;

use pcap_file::pcap::{PcapHeader, PcapTsResolution, PcapWriter, RawPcapPacket};
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::InterfaceDescriptionBlock;
use pcap_file::pcapng::blocks::section_header::SectionHeaderBlock;
use pcap_file::pcapng::blocks::simple_packet::SimplePacketBlock;
use pcap_file::pcapng::{PcapNgBlock as _, PcapNgWriter};
use pcap_file::{DataLink, Endianness};

use super::*;

type Frames = Vec<(u64, Result<u32, Skip>, Vec<u8>)>;

/// Every frame, and how the capture ends.
fn frames(bytes: &[u8]) -> (Frames, Result<(), String>) {
    let mut frames = Vec::new();
    let mut packet = Packet::default();
    let mut capture = match Capture::new(Box::new(Cursor::new(bytes.to_vec()))) {
        Ok(capture) => capture,
        Err(error) => return (frames, Err(error.to_string())),
    };
    loop {
        match capture.next(&mut packet) {
            Ok(true) => frames.push((packet.number, packet.link, packet.data.clone())),
            Ok(false) => return (frames, Ok(())),
            Err(error) => return (frames, Err(error.to_string())),
        }
    }
}

/// A pcap file of three frames, the last of which claims odd lengths and an odd time.
fn pcap(endianness: Endianness, ts_resolution: PcapTsResolution, link: u32) -> Vec<u8> {
    let datalink = DataLink::from(link);
    let header = PcapHeader { snaplen: 4, datalink, ts_resolution, endianness, ..PcapHeader::default() };
    let mut writer = PcapWriter::with_header(Vec::new(), header).unwrap();
    for (data, ts_frac) in [(&b"one"[..], 0), (b"", 0), (b"three", u32::MAX)] {
        let incl_len = u32::try_from(data.len()).unwrap();
        let data = Cow::Borrowed(data);
        writer.write_raw_packet(&RawPcapPacket { ts_sec: 0, ts_frac, incl_len, orig_len: 1, data }).unwrap();
    }
    writer.into_inner()
}

fn three(link: u32) -> Frames {
    let link = Ok(link);
    vec![(1, link, b"one".to_vec()), (2, link, Vec::new()), (3, link, b"three".to_vec())]
}

fn enhanced(interface_id: u32, data: &[u8]) -> EnhancedPacketBlock<'_> {
    let original_len = u32::try_from(data.len()).unwrap();
    let (timestamp, options) = (Duration::ZERO, Vec::new());
    EnhancedPacketBlock { interface_id, timestamp, original_len, data: Cow::Borrowed(data), options }
}

#[test]
fn pcap_is_read_in_either_byte_order_and_with_either_resolution() {
    for endianness in [Endianness::Big, Endianness::Little] {
        for resolution in [PcapTsResolution::MicroSecond, PcapTsResolution::NanoSecond] {
            for link in [1, 12, 101, 276] {
                assert_eq!(frames(&pcap(endianness, resolution, link)), (three(link), Ok(())));
            }
        }
    }
}

#[test]
fn the_link_type_of_pcap_is_read_without_what_is_said_of_checksums() {
    let bytes = pcap(Endianness::Little, PcapTsResolution::MicroSecond, 0x5400_0001);
    assert_eq!(frames(&bytes).0, three(1));
}

#[test]
fn pcapng_is_read_over_sections_of_either_byte_order_and_several_interfaces() {
    let mut writer = PcapNgWriter::with_endianness(Vec::new(), Endianness::Big).unwrap();
    writer.write_pcapng_block(InterfaceDescriptionBlock::new(DataLink::ETHERNET, 0)).unwrap();
    writer.write_pcapng_block(InterfaceDescriptionBlock::new(DataLink::RAW, 0)).unwrap();
    writer.write_pcapng_block(enhanced(1, b"first")).unwrap();
    writer.write_pcapng_block(enhanced(0, b"second")).unwrap();
    let section = SectionHeaderBlock { endianness: Endianness::Little, ..SectionHeaderBlock::default() };
    writer.write_block(&section.into_block()).unwrap();
    writer.write_pcapng_block(InterfaceDescriptionBlock::new(DataLink::LINUX_SLL2, 3)).unwrap();
    writer.write_pcapng_block(enhanced(0, b"third")).unwrap();
    let simple = SimplePacketBlock { original_len: 5, data: Cow::Borrowed(b"fou") };
    writer.write_pcapng_block(simple).unwrap();
    let expected = [(1, 101, &b"first"[..]), (2, 1, b"second"), (3, 276, b"third"), (4, 276, b"fou")];
    let expected = expected.map(|(number, link, data)| (number, Ok(link), data.to_vec())).to_vec();
    assert_eq!(frames(&writer.into_inner()), (expected, Ok(())));
}

#[test]
fn blocks_that_hold_no_frame_of_a_known_interface_count_and_others_do_not() {
    let mut writer = PcapNgWriter::with_endianness(Vec::new(), Endianness::Little).unwrap();
    writer.write_pcapng_block(InterfaceDescriptionBlock::new(DataLink::ETHERNET, 0)).unwrap();
    let mut bytes = writer.into_inner();
    let mut block = |kind: u32, body: &[u8]| {
        let len = u32::try_from(12 + body.len()).unwrap().to_le_bytes();
        bytes.extend([&kind.to_le_bytes(), &len, body, &len].concat());
    };
    block(SYSTEMD_JOURNAL_EXPORT_BLOCK, b"A=1\n");
    // Interface 1, which there is not.
    block(ENHANCED_PACKET_BLOCK, &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // A frame of five bytes in four.
    block(ENHANCED_PACKET_BLOCK, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0, 1, 2, 3, 4]);
    block(ENHANCED_PACKET_BLOCK, &[0, 0, 0, 0]);
    block(0x0bad, &[0, 0, 0, 0]);
    block(5, &[0; 12]);
    // The block before the enhanced one: two bytes of interface, two of drops.
    block(PACKET_BLOCK, &[0, 0, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 2, 0, 0]);
    let expected =
        [Err(Skip::Journal), Err(Skip::NoInterface), Err(Skip::BadBlock), Err(Skip::BadBlock), Ok(1)];
    let (frames, end) = frames(&bytes);
    assert_eq!(frames.iter().map(|(_, link, _)| *link).collect::<Vec<_>>(), expected);
    assert_eq!((frames[4].0, frames[4].2.as_slice(), end), (5, &[1, 2][..], Ok(())));
}

#[test]
fn a_file_that_is_cut_gives_what_is_whole_and_says_where_it_ends() {
    let bytes = pcap(Endianness::Little, PcapTsResolution::MicroSecond, 1);
    // Where header and frames end.
    let ends = [24, 24 + 19, 24 + 19 + 16];
    for len in 24..bytes.len() {
        let whole = ends.iter().filter(|end| **end <= len).count() - 1;
        let end = if ends.contains(&len) {
            Ok(())
        } else {
            Err(format!("is cut: it ends in the middle of what follows frame {whole}"))
        };
        assert_eq!(frames(&bytes[..len]), (three(1)[..whole].to_vec(), end), "{len} bytes");
    }
    let cut = Err(String::from("is cut: it ends in the middle of what follows frame 0"));
    assert_eq!(frames(&bytes[..23]), (Vec::new(), cut));
}

#[test]
fn a_block_whose_lengths_contradict_each_other_ends_the_file() {
    let mut writer = PcapNgWriter::with_endianness(Vec::new(), Endianness::Little).unwrap();
    writer.write_pcapng_block(InterfaceDescriptionBlock::new(DataLink::ETHERNET, 0)).unwrap();
    writer.write_pcapng_block(enhanced(0, b"good")).unwrap();
    writer.write_pcapng_block(enhanced(0, b"bad.")).unwrap();
    let mut bytes = writer.into_inner();
    *bytes.last_mut().unwrap() ^= 0xff;
    let broken = Err(String::from("cannot be read on after frame 1"));
    assert_eq!(frames(&bytes), (vec![(1, Ok(1), b"good".to_vec())], broken));
}

#[test]
fn what_is_no_capture_is_told_from_what_is_packed() {
    let unknown = Err(String::from("is neither a pcap nor a pcapng file"));
    for bytes in [&b""[..], b"\xd4\xc3", b"GET / HTTP/1.1"] {
        assert_eq!(frames(bytes), (Vec::new(), unknown.clone()));
    }
    let packed = Err(String::from("is compressed; unpack it first"));
    for bytes in [&b"\x1f\x8b\x08\x00"[..], b"\x28\xb5\x2f\xfd1", b"\xfd7zXZ\0", b"\x04\x22\x4d\x18"] {
        assert_eq!(frames(bytes), (Vec::new(), packed.clone()));
    }
}
