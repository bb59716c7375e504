//! Datagrams to any port but DNS's: those that can be QUIC go through the host's reader, one by one.

use gateway_common::abi::{Action, Kind};
use gateway_common::quic::{self, Progress, Reader};
use gateway_common::reason::Reason;

use super::{Flow, Model, Ruled};

/// A flow of datagrams without a verdict.
#[derive(Debug)]
pub struct Datagrams {
    reader: Box<Reader>,
    /// Whether one was seen.
    begun: bool,
    /// Whether a hello was read to its name or end.
    named: bool,
}

impl Datagrams {
    fn new() -> Self {
        Self { reader: Box::new(Reader::new(false)), begun: false, named: false }
    }
}

impl Model {
    /// The next datagram of the flow.
    pub(super) fn datagram_of_flow(&mut self, payload: &[u8]) -> Ruled {
        let mut datagrams = match std::mem::replace(&mut self.flow, Flow::New) {
            Flow::Decided(ruling) => {
                self.flow = Flow::Decided(ruling);
                return Ruled { counted: Reason::KnownFlow, ..Ruled::counted(ruling) };
            }
            Flow::Datagrams(datagrams) => datagrams,
            _ => Datagrams::new(),
        };
        let may_begin = payload.first_chunk().is_some_and(|start| quic::may_begin(*start));
        let other = Ruled::passed(if datagrams.begun { Reason::KnownFlow } else { Reason::NotInspected });
        let (ruled, decides) =
            if may_begin { self.initial(&mut datagrams, payload, other) } else { (other, false) };
        datagrams.begun = true;
        self.flow = if decides { Flow::Decided(ruled.ruling) } else { Flow::Datagrams(datagrams) };
        ruled
    }

    /// A datagram that begins as an Initial can, and whether it decides the flow. `other`: what one without an Initial comes to.
    fn initial(&self, datagrams: &mut Datagrams, payload: &[u8], other: Ruled) -> (Ruled, bool) {
        let named_before = datagrams.named;
        let reading = datagrams.reader.read(payload);
        datagrams.named |= reading.is_complete();
        let idle = reading.progress == Progress::Hungry && reading.kept && reading.repeats && !named_before;
        let ruled = match reading.progress {
            _ if idle => Ruled::withheld(Reason::Retransmission),
            Progress::Named => {
                let name = &datagrams.reader.flight().name;
                self.server_name(Reason::QuicSni, Kind::QuicSni, name)
            }
            Progress::Nameless => Ruled::nameless(),
            Progress::Malformed => Ruled::dropped(Reason::Malformed),
            Progress::TooLong => Ruled::dropped(Reason::TooLong),
            Progress::EarlyData if !named_before => Ruled::withheld(Reason::EarlyData),
            Progress::Hungry if !named_before => Ruled::passed(Reason::Incomplete),
            _ => other,
        };
        let blocks = ruled.ruling.0 == Action::Drop;
        if reading.is_complete() && !blocks && named_before && !reading.derived {
            // The flow had its name before.
            return (Ruled { counted: Reason::KnownFlow, ..Ruled::counted(ruled.ruling) }, false);
        }
        (ruled, reading.is_complete() && blocks)
    }
}
