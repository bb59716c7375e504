//! The shortest frames and the longest.

use aya::programs::{TestRun as _, TestRunOptions};
use aya::util::KernelVersion;
use gateway_common::reason::Reason;

use crate::harness::*;

const BLOCKED: &str = "[block]\ndomains = [\"example.org\"]";

#[test]
fn the_padding_of_a_short_frame_is_no_payload() {
    let mut filter = Filter::phone(BLOCKED);
    let mut tcp = Tcp::new(Path::v4());
    filter
        .give(&tcp.segment(&[], |header| header.syn = true).padded(60), &passes(Reason::NoPayload).begins());
    filter.give(&tcp.ack().padded(60), &passes(Reason::NoPayload));
    filter.give(&tcp.send(&hello("www.example.org")), &drops(Reason::TlsSni, "p").named("www.example.org"));
    let udp = Path::v4().port(5000);
    filter.give(&udp.udp(b"").padded(60), &passes(Reason::NotInspected).begins());
    filter.give(&udp.udp(b"x").padded(60), &passes(Reason::KnownFlow));
}

#[test]
fn what_follows_the_packet_in_its_frame_changes_nothing() {
    let mut filter = Filter::phone(BLOCKED);
    for path in [Path::v4(), Path::v6()] {
        let frame = Tcp::new(path).send(&hello("www.example.org"));
        let len = frame.bytes.len();
        let expected = drops(Reason::TlsSni, "p").begins().named("www.example.org");
        filter.give(&frame.padded(len + 64), &expected);
    }
}

#[test]
fn a_jumbo_frame_with_the_hello_at_its_front_is_judged() {
    let mut filter = Filter::phone(BLOCKED);
    for (port, (path, mtu)) in (50_000..).zip([(Path::v4(), 9000), (Path::v6(), 9000), (Path::v4(), 16_000)])
    {
        let mut tcp = Tcp::new(path.source_port(port));
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        let mut payload = hello("www.example.org");
        payload.resize(mtu - 60, 0x17);
        filter.give(&tcp.send(&payload), &drops(Reason::TlsSni, "p").named("www.example.org"));
        filter.give(&tcp.send(&vec![0; mtu - 60]), &drops(Reason::KnownFlow, "p").because(Reason::TlsSni));
    }
}

#[test]
fn jumbo_frames_of_other_protocols_pass_and_count_whole() {
    let mut filter = Filter::phone(BLOCKED);
    let mut tcp = Tcp::new(Path::v4());
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&tcp.send(&[0x42; 8940]), &passes(Reason::NotInspected));
    filter.give(&tcp.send(&[0x42; 8940]), &passes(Reason::KnownFlow));
    filter.give(&Path::v6().port(5000).udp(&[0x42; 8900]), &passes(Reason::NotInspected).begins());
    filter.give(&Path::v4().from(STRANGER).udp(&[0x42; 8900]), &passes(Reason::Unfiltered).of("other"));
    filter.give(&Path::v4().udp(&[0x42; 8900]).cut(8000), &drops(Reason::Truncated, "p"));
}

/// A frame of many bytes lies in several pieces of memory, of which a program reads only the first directly. Here the
/// TCP header and its payload move over the end of that piece (3520 bytes on x86-64). Wherever they come to lie, the
/// name is read or the frame is dropped for a stated reason: it never passes.
#[test]
fn a_hello_does_not_pass_wherever_the_first_piece_of_a_frame_ends() {
    let mut filter = Filter::phone(BLOCKED);
    let mut passed = Vec::new();
    for (port, len) in (50_000..).zip((900..1000).step_by(4)) {
        let chain = [Extension::of_len(60, 2048), Extension::authentication(len), Extension::of_len(60, 456)];
        let path = Path::v6().extensions(chain).source_port(port);
        let payload_at = path.transport_at() + 20;
        let mut tcp = Tcp::new(path);
        let before = filter.run(&tcp.syn());
        if before == "XDP_PASS" && filter.run(&tcp.send(&hello("www.example.org"))) != "XDP_DROP" {
            passed.push(payload_at);
        }
    }
    assert!(passed.is_empty(), "the hello passed where it begins at {passed:?}");
}

/// The context of an XDP program that says how much of a frame lies in its first piece of memory (`struct xdp_md`).
fn context(first_piece: usize) -> Vec<u8> {
    let [data, meta, interface, queue, egress] = [0_u32; 5];
    let data_end = u32::try_from(first_piece).unwrap();
    [data, data_end, meta, interface, queue, egress].into_iter().flat_map(u32::to_ne_bytes).collect()
}

/// Network cards that split headers from payload leave no more than the headers in the first piece. Kernels before 6.18
/// cannot be told to do so in a test run.
#[test]
fn a_hello_does_not_pass_however_little_of_its_frame_lies_in_the_first_piece() {
    if KernelVersion::current().unwrap() < KernelVersion::new(6, 18, 0) {
        eprintln!("not run: it needs Linux 6.18");
        return;
    }
    let mut filter = Filter::phone(BLOCKED);
    let mut passed = Vec::new();
    let whole = Tcp::new(Path::v4()).send(&hello("www.example.org")).bytes.len();
    for (port, first_piece) in (50_000..).zip(14..whole) {
        let frame = Tcp::new(Path::v4().source_port(port)).send(&hello("www.example.org"));
        let context = context(first_piece);
        let options =
            TestRunOptions { data_in: Some(&frame.bytes), ctx_in: Some(&context), ..TestRunOptions::new() };
        let result = filter.loaded.ingress().unwrap().test_run(options);
        if explained(result).return_value != 1 {
            passed.push(first_piece);
        }
    }
    assert!(passed.is_empty(), "the hello passed with {passed:?} bytes in the first piece");
}
