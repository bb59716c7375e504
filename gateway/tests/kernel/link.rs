//! Who sends, and what is not IP.

use gateway_common::reason::Reason;

use crate::harness::*;

#[test]
fn frames_of_an_unlisted_device_pass_and_are_counted_together() {
    let mut filter = Filter::new(&Setup::phone("[block]\nhosts = [\"x.example\"]"));
    let mut tcp = Tcp::new(Path::v4().from(STRANGER));
    filter.give(&tcp.syn(), &passes(Reason::Unfiltered).of("other"));
    filter.give(&tcp.send(&hello("x.example")), &passes(Reason::Unfiltered).of("other"));
    filter.give(&Path::v6().from(TV).udp(b"hi"), &passes(Reason::Unfiltered).of("other"));
}

#[test]
fn a_blocked_name_is_dropped_and_its_flow_with_it() {
    let mut filter = Filter::phone("[block]\nhosts = [\"x.example\"]");
    let mut tcp = Tcp::new(Path::v4());
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&tcp.ack(), &passes(Reason::NoPayload));
    filter.give(&tcp.send(&hello("x.example")), &drops(Reason::TlsSni, "p").named("x.example"));
    filter.give(&tcp.ack(), &drops(Reason::KnownFlow, "p").because(Reason::TlsSni));
}
