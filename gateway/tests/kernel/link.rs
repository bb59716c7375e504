//! Who sends, what lies between Ethernet and IP, and what is not IP.

use gateway_common::reason::Reason;

use crate::harness::*;

const BLOCKED: &str = "[block]\nhosts = [\"x.example\"]";

#[test]
fn frames_of_an_unlisted_device_pass_and_are_counted_together() {
    let mut filter = Filter::phone(BLOCKED);
    let mut tcp = Tcp::new(Path::v4().from(STRANGER));
    filter.give(&tcp.syn(), &passes(Reason::Unfiltered).of("other"));
    filter.give(&tcp.send(&hello("x.example")), &passes(Reason::Unfiltered).of("other"));
    filter.give(&Path::v6().from(TV).udp(b"hi"), &passes(Reason::Unfiltered).of("other"));
    filter.give(&Path::v4().from(TV).frame(0x0806, &[0; 28]), &passes(Reason::Unfiltered).of("other"));
}

#[test]
fn a_device_without_policies_is_counted_by_its_name_and_passes_whatever_it_sends() {
    let mut filter = Filter::new(&Setup::phone(BLOCKED).device("tv", TV, &[]));
    let path = Path::v4().from(TV);
    let mut tcp = Tcp::new(path.clone());
    let passes = passes(Reason::Unfiltered).of("tv");
    filter.give(&tcp.syn(), &passes);
    filter.give(&tcp.send(&hello("x.example")), &passes);
    filter.give(&tcp.send(&[0; 100]).cut(60), &passes);
    filter.give(&path.udp(b"hi").patched(path.ip_at(), &[0x40]), &passes);
    filter.give(&path.fragment(0, true).udp(b"hi there"), &passes);
    filter.give(&Path::v6().from(TV).frame(0x88cc, &[2, 7, 4]), &passes);
}

#[test]
fn arp_lldp_and_others_that_are_not_ip_pass() {
    const ARP: [u8; 28] = [
        0, 1, 8, 0, 6, 4, 0, 1, 0x8c, 0xbe, 0xbe, 0x12, 0x34, 0x56, 192, 168, 1, 5, 0, 0, 0, 0, 0, 0, 192,
        168, 1, 1,
    ];
    const LLDP: [u8; 14] = [2, 7, 4, 0x8c, 0xbe, 0xbe, 0x12, 0x34, 0x56, 6, 2, 0, 120, 0];
    let mut filter = Filter::phone(BLOCKED);
    let plain = Path::v4();
    let tagged = Path::v4().tagged(&[(C_TAG, 10)]);
    filter.give(&plain.frame(0x0806, &ARP), &passes(Reason::NotIp));
    filter.give(&plain.frame(0x0806, &ARP).padded(60), &passes(Reason::NotIp));
    filter.give(&tagged.frame(0x0806, &ARP), &passes(Reason::NotIp));
    filter.give(&plain.frame(0x88cc, &LLDP), &passes(Reason::NotIp));
    filter.give(&tagged.frame(0x88cc, &LLDP), &passes(Reason::NotIp));
    // EAPOL, wake-on-LAN, and an 802.3 length (spanning tree) in place of an EtherType.
    for ether_type in [0x888e, 0x0842, 0x0026] {
        filter.give(&plain.frame(ether_type, &[0x42; 46]), &passes(Reason::NotIp));
    }
    filter.give(&plain.frame(0x88cc, &[]), &passes(Reason::NotIp));
}

#[test]
fn a_name_is_found_behind_no_tag_one_tag_and_two_tags() {
    let mut filter = Filter::phone(BLOCKED);
    let tags: [&[(u16, u16)]; 7] = [
        &[],
        &[(C_TAG, 10)],
        &[(C_TAG, 0)],
        &[(S_TAG, 4094)],
        &[(S_TAG, 200), (C_TAG, 10)],
        &[(C_TAG, 200), (C_TAG, 10)],
        &[(0x9100, 200), (C_TAG, 10)],
    ];
    for (port, tags) in (50_000..).zip(tags) {
        for path in [Path::v4(), Path::v6()] {
            let mut tcp = Tcp::new(path.tagged(tags).source_port(port));
            filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
            filter.give(&tcp.send(&hello("x.example")), &drops(Reason::TlsSni, "p").named("x.example"));
            filter.give(&tcp.ack(), &drops(Reason::KnownFlow, "p").because(Reason::TlsSni));
        }
    }
}

#[test]
fn three_tags_are_too_long_a_chain() {
    let three = [(S_TAG, 1), (C_TAG, 2), (C_TAG, 3)];
    let mut filter = Filter::phone(BLOCKED);
    filter.give(&Tcp::new(Path::v4().tagged(&three)).syn(), &drops(Reason::TooLong, "p"));
    filter.give(&Path::v6().tagged(&three).udp(b"hi"), &drops(Reason::TooLong, "p"));
    let mut lenient = Filter::phone("[inspect]\nmalformed = \"pass\"");
    lenient.give(&Tcp::new(Path::v4().tagged(&three)).syn(), &passes(Reason::TooLong));
}
