//! What a frame should bring about: its verdict, every counter that moves, the event that is told.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use gateway_common::abi::{Action, Answer, Event, Kind, NO_POLICY};
use gateway_common::reason::Reason;
use gateway_common::wire::MacAddr;

use super::frame::Frame;
use super::tally::{Names, Tally, by_policy, by_reason, of_answers, of_device};

/// What a frame brought about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the kernel does with the frame.
    pub verdict: &'static str,
    /// The frame afterwards.
    pub left: Left,
    /// Counters that moved, and by how much.
    pub moved: BTreeMap<String, i128>,
    /// Events in the ring buffer.
    pub events: Vec<Told>,
}

/// A frame as the program left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    Unchanged,
    Changed(Vec<u8>),
}

impl Left {
    /// `bytes` are what has become of `frame`.
    pub fn of(frame: &Frame, bytes: Vec<u8>) -> Self {
        if bytes == frame.bytes { Self::Unchanged } else { Self::Changed(bytes) }
    }
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub device: String,
    pub mac: MacAddr,
    pub vlans: Vec<u16>,
    pub protocol: u8,
    pub source: (IpAddr, u16),
    pub destination: (IpAddr, u16),
    pub kind: Option<&'static str>,
    pub name: String,
    pub verdict: &'static str,
    pub policy: Option<String>,
    pub reason: &'static str,
}

/// What a frame of the device `phone` should bring about; the methods say what else.
#[derive(Clone, Debug)]
pub struct Expected {
    action: Action,
    counted: Reason,
    because: Reason,
    policy: Option<&'static str>,
    device: &'static str,
    begins: bool,
    decides: Option<Kind>,
    name: Vec<u8>,
    answer: Option<Vec<u8>>,
    /// What becomes of a rejected frame.
    came_to: Answer,
}

/// The frame goes on, counted under `counted`.
pub fn passes(counted: Reason) -> Expected {
    Expected::new(Action::Pass, counted, None)
}

/// The frame is dropped by `policy`, counted under `counted`.
pub fn drops(counted: Reason, policy: &'static str) -> Expected {
    Expected::new(Action::Drop, counted, Some(policy))
}

/// The frame goes on, `policy` would have dropped it, and it is counted under `counted`.
pub fn observes(counted: Reason, policy: &'static str) -> Expected {
    Expected::new(Action::Observe, counted, Some(policy))
}

/// The frame is dropped by `policy` and this answer sent in its place; counted under `counted`.
pub fn rejects(counted: Reason, policy: &'static str, answer: Vec<u8>) -> Expected {
    Expected {
        answer: Some(answer),
        came_to: Answer::Sent,
        ..Expected::new(Action::Reject, counted, Some(policy))
    }
}

/// The frame is dropped by `policy`, which would answer if there were an answer to such a frame.
pub fn rejects_silently(counted: Reason, policy: &'static str) -> Expected {
    Expected::new(Action::Reject, counted, Some(policy))
}

/// The frame is dropped by no policy, so that it comes again.
pub fn withholds(counted: Reason) -> Expected {
    Expected::new(Action::Drop, counted, None)
}

impl Expected {
    fn new(action: Action, counted: Reason, policy: Option<&'static str>) -> Self {
        let (because, device) = (counted, "phone");
        let (begins, decides, name, answer) = (false, None, Vec::new(), None);
        let came_to = Answer::None;
        Self { action, counted, because, policy, device, begins, decides, name, answer, came_to }
    }

    /// Of another device.
    pub fn of(self, device: &'static str) -> Self {
        Self { device, ..self }
    }

    /// It is the first that is seen of its flow.
    pub fn begins(self) -> Self {
        Self { begins: true, ..self }
    }

    /// The verdict on its flow fell for this reason, not for that under which the frame is counted.
    pub fn because(self, because: Reason) -> Self {
        Self { because, ..self }
    }

    /// It brings the verdict on its flow, learned from this.
    pub fn decides(self, kind: Kind) -> Self {
        Self { decides: Some(kind), ..self }
    }

    /// It brings the verdict on its flow by this server name.
    pub fn named(self, name: &str) -> Self {
        Self { name: name.into(), ..self.decides(Kind::TlsSni) }
    }

    /// The same of a name that is no text.
    pub fn named_bytes(self, name: &[u8]) -> Self {
        Self { name: name.into(), ..self.decides(Kind::TlsSni) }
    }

    /// There would be an answer to it, but none is sent, because of this.
    pub fn unanswered(self, came_to: Answer) -> Self {
        Self { came_to, ..self }
    }

    /// All of it for this frame.
    pub fn outcome(&self, frame: &Frame) -> Outcome {
        let (verdict, left) = match (self.action, &self.answer) {
            (Action::Reject, Some(answer)) => ("XDP_TX", Left::Changed(answer.clone())),
            (Action::Reject | Action::Drop, _) => ("XDP_DROP", Left::Unchanged),
            (Action::Pass | Action::Observe, _) => ("XDP_PASS", Left::Unchanged),
        };
        Outcome { verdict, left, moved: self.moved(frame), events: self.event(frame).into_iter().collect() }
    }

    fn moved(&self, frame: &Frame) -> BTreeMap<String, i128> {
        let mut tally = Tally::default();
        tally.add(of_device(self.device, "packets"), 1);
        tally.add(of_device(self.device, "bytes"), frame.bytes.len().try_into().unwrap());
        tally.add(of_device(self.device, "flows"), self.begins.into());
        tally.add(by_reason(self.device, self.counted.label()), 1);
        if let Some(policy) = self.policy {
            let blocked =
                |what| by_policy(what, self.device, policy, self.because.label(), self.action.label());
            tally.add(blocked("packets"), 1);
            tally.add(blocked("flows"), self.decides.is_some().into());
        }
        tally.add(of_answers(self.came_to), (self.action == Action::Reject).into());
        tally.0
    }

    fn event(&self, frame: &Frame) -> Option<Told> {
        let kind = self.decides?;
        let path = &frame.path;
        Some(Told {
            device: self.device.into(),
            mac: path.mac,
            vlans: path.tags.iter().map(|(_, number)| *number).collect(),
            protocol: frame.protocol,
            source: (path.source, path.source_port),
            destination: (path.destination, path.destination_port),
            kind: kind.label(),
            name: self.name.escape_ascii().to_string(),
            verdict: self.action.label(),
            policy: self.policy.map(String::from),
            reason: self.because.label(),
        })
    }
}

impl Told {
    /// The event in terms of people.
    pub fn new(event: &Event, names: &Names) -> Self {
        let address = |bytes| Ipv6Addr::from(bytes).to_canonical();
        let flow = &event.flow;
        let tags = &event.vlans[..event.vlan_count.into()];
        Self {
            device: names.device(event.device),
            mac: flow.mac,
            vlans: tags.iter().map(|tag| u16::from_be_bytes(*tag) & 0xfff).collect(),
            protocol: flow.protocol,
            source: (address(flow.source), u16::from_be_bytes(flow.source_port)),
            destination: (address(flow.destination), u16::from_be_bytes(flow.destination_port)),
            kind: Kind::from_index(event.kind).unwrap().label(),
            name: event.name[..event.name_len.into()].escape_ascii().to_string(),
            verdict: Action::from_index(event.action).unwrap().label(),
            policy: (event.policy != NO_POLICY).then(|| names.policy(event.policy)),
            reason: Reason::from_index(event.reason).unwrap().label(),
        }
    }
}
