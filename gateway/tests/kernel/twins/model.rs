//! What must become of a frame, from the shared parsers as the host runs them. Knows one flow at a time.

mod quic;

use std::collections::BTreeMap;

use gateway::policy::{Compiled, Numbers};
use gateway_common::abi::{Action, Kind};
use gateway_common::checks::dns::{read_announced, read_stream};
use gateway_common::checks::wire::{Walk, payload, walk};
use gateway_common::name::WireName;
use gateway_common::reason::Reason;
use gateway_common::wire::{Fragment, TCP, UDP};
use gateway_common::{dns, http, tls};

use crate::harness::{Left, Outcome, Setup, by_policy, by_reason, of_device};

/// How many results the program takes from one packet of DNS.
const MOST_RESULTS: usize = 24;

/// What a frame brought about.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    verdict: &'static str,
    changed: bool,
    moved: BTreeMap<String, i128>,
    told: Vec<Told>,
}

/// Of an event: kind, name, verdict and reason.
type Told = (Option<&'static str>, String, &'static str, &'static str);

impl From<Outcome> for Seen {
    fn from(outcome: Outcome) -> Self {
        let told =
            outcome.events.into_iter().map(|event| (event.kind, event.name, event.verdict, event.reason));
        Self {
            verdict: outcome.verdict,
            changed: outcome.left != Left::Unchanged,
            moved: outcome.moved,
            told: told.collect(),
        }
    }
}

/// A verdict with its reason.
type Ruling = (Action, Reason);

/// What is known of the flow.
#[derive(Debug)]
enum Flow {
    /// Nothing.
    New,
    /// Its SYN was seen.
    Opening,
    /// It was not.
    Midway,
    /// A message has begun, with these bytes so far; of DNS, and so many results were judged.
    Reads(Protocol, Vec<u8>, usize),
    /// Datagrams that have no verdict yet.
    Datagrams(quic::Datagrams),
    /// Its verdict.
    Decided(Ruling),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Tls,
    Http,
    Dns,
}

/// What a frame comes to.
struct Ruled {
    ruling: Ruling,
    counted: Reason,
    /// Whether it brings the verdict on its flow, or on a question.
    decides: bool,
    /// Whether a policy has a say in it.
    of_policy: bool,
    told: Vec<Told>,
}

/// The policy, and the flow as far as it is known.
pub struct Model {
    compiled: Compiled,
    flow: Flow,
}

impl Model {
    pub fn new(setup: &Setup) -> Self {
        let config = setup.config();
        let numbers = Numbers::default().assign(&config).unwrap();
        Self { compiled: Compiled::new(&config, numbers, 0).unwrap(), flow: Flow::New }
    }

    /// The next frame is of another flow.
    pub fn forget(&mut self) {
        self.flow = Flow::New;
    }

    /// What must become of the next frame of the flow.
    pub fn expects(&mut self, frame: &[u8]) -> Seen {
        let walked = walk(frame);
        let begins = matches!(&walked, Ok(walked) if self.begins(walked));
        let Ruled { ruling: (action, because), counted, decides, of_policy, told } = match walked {
            Err(reason) => Ruled::counted(unreadable(reason)),
            Ok(walked) => self.walked(frame, &walked),
        };
        let one = |key| (key, 1);
        let mut moved: BTreeMap<String, i128> = [
            one(of_device("other", "packets")),
            (of_device("other", "bytes"), frame.len().try_into().unwrap()),
            one(by_reason("other", counted.label())),
        ]
        .into();
        moved.extend(begins.then(|| one(of_device("other", "flows"))));
        let by_p = |what| one(by_policy(what, "other", "p", because.label(), action.label()));
        let by_policy = action == Action::Drop && of_policy;
        moved.extend(by_policy.then(|| by_p("packets")));
        moved.extend((by_policy && decides).then(|| by_p("flows")));
        let verdict = if action == Action::Drop { "XDP_DROP" } else { "XDP_PASS" };
        Seen { verdict, changed: false, moved, told }
    }

    /// Whether the frame is the first of its flow, and flows of its kind are known.
    fn begins(&self, walked: &Walk) -> bool {
        walked.network.fragment == Fragment::No
            && walked.transport.is_some()
            && matches!(self.flow, Flow::New)
    }

    fn walked(&mut self, frame: &[u8], walked: &Walk) -> Ruled {
        let to_port = walked.transport.map_or(0, |transport| u16::from_be_bytes(transport.destination_port));
        let protocol = walked.network.protocol;
        let hides_name = protocol == TCP || protocol == UDP && to_port == 443;
        let fragment = (if hides_name { Action::Drop } else { Action::Pass }, Reason::Fragment);
        let transport = match (walked.network.fragment, walked.transport) {
            (Fragment::Later, _) | (Fragment::First, Some(_)) => return Ruled::counted(fragment),
            (Fragment::No | Fragment::First, None) => return Ruled::passed(Reason::OtherProtocol),
            (Fragment::No, Some(transport)) => transport,
        };
        let payload = payload(frame, walked);
        if protocol == UDP {
            return match to_port {
                53 => self.datagram(payload),
                _ => self.datagram_of_flow(payload),
            };
        }
        if let Flow::Decided(ruling) = self.flow {
            return Ruled { counted: Reason::KnownFlow, ..Ruled::counted(ruling) };
        }
        if matches!(self.flow, Flow::New) {
            self.flow = if transport.is_opening() { Flow::Opening } else { Flow::Midway };
        }
        if payload.is_empty() { Ruled::passed(Reason::NoPayload) } else { self.segment(to_port, payload) }
    }

    /// Data of a TCP connection without a verdict.
    fn segment(&mut self, to_port: u16, payload: &[u8]) -> Ruled {
        let midway = matches!(self.flow, Flow::Midway);
        let begun = match &self.flow {
            Flow::Reads(protocol, before, results) => Some((*protocol, [before, payload].concat(), *results)),
            _ => protocol(midway, to_port, payload).map(|protocol| (protocol, payload.to_vec(), 0)),
        };
        let Some((protocol, bytes, results)) = begun else {
            let ruled = Ruled::passed(Reason::NotInspected);
            return if midway { ruled } else { self.decide(ruled) };
        };
        let ruled = match protocol {
            Protocol::Tls => self.hello(&bytes),
            Protocol::Http => self.request(&bytes),
            Protocol::Dns => {
                let all = read_stream(&[&bytes]);
                self.flow = Flow::Reads(protocol, bytes, all.len());
                let (answers, told) = self.judge_questions(&all[results..], false);
                return match answers {
                    Some(ruled) => self.decide(Ruled { told, ..ruled }),
                    None => Ruled { told, ..Ruled::passed(Reason::Incomplete) },
                };
            }
        };
        match ruled {
            None => {
                self.flow = Flow::Reads(protocol, bytes, 0);
                Ruled::passed(Reason::Incomplete)
            }
            Some(ruled) if midway && ruled.counted == Reason::NotInspected => ruled,
            Some(ruled) => self.decide(ruled),
        }
    }

    /// A ClientHello as far as it is there; `None` if it goes on.
    fn hello(&self, bytes: &[u8]) -> Option<Ruled> {
        let (progress, name) = tls::read(bytes);
        Some(match progress {
            // Nobody steps on behind a name.
            tls::Progress::Hungry | tls::Progress::Going | tls::Progress::Ended => return None,
            tls::Progress::Named => self.server_name(Reason::TlsSni, Kind::TlsSni, &name),
            tls::Progress::Nameless => Ruled::nameless(),
            tls::Progress::NotHello => Ruled::passed(Reason::NotInspected),
            tls::Progress::Malformed => Ruled::refused(Reason::Malformed),
            tls::Progress::TooLong => Ruled::refused(Reason::TooLong),
        })
    }

    /// A request likewise.
    fn request(&self, bytes: &[u8]) -> Option<Ruled> {
        let (progress, name) = http::read(bytes);
        Some(match progress {
            http::Progress::Hungry | http::Progress::Going => return None,
            http::Progress::Named => self.server_name(Reason::HttpHost, Kind::HttpHost, &name),
            http::Progress::Literal => Ruled::literal(Kind::HttpHost, &name),
            http::Progress::Nameless => Ruled::nameless(),
            http::Progress::NotHttp | http::Progress::Http2 => Ruled::passed(Reason::NotInspected),
            http::Progress::Malformed => Ruled::refused(Reason::Malformed),
            http::Progress::TooLong => Ruled::refused(Reason::TooLong),
        })
    }

    /// A DNS message in a datagram, which is a flow of its own.
    fn datagram(&self, message: &[u8]) -> Ruled {
        // Without a byte there is nothing to read, and nothing wrong with it.
        let results = if message.is_empty() { Vec::new() } else { read_announced(message, message.len()).0 };
        let named = results.iter().any(|(progress, _)| *progress == dns::Progress::Named);
        let passed = match results.last().map(|(progress, _)| *progress) {
            Some(dns::Progress::NotQuery | dns::Progress::OtherOpcode) => Reason::NotInspected,
            _ if named => Reason::DnsQname,
            _ => Reason::Nameless,
        };
        let (ruled, told) = self.judge_questions(&results, true);
        Ruled { told, ..ruled.unwrap_or(Ruled::passed(passed)) }
    }

    /// The first result that blocks, and all that is told up to it. Of a datagram the last result ends the reading.
    fn judge_questions(
        &self,
        results: &[(dns::Progress, Vec<u8>)],
        datagram: bool,
    ) -> (Option<Ruled>, Vec<Told>) {
        let mut told = Vec::new();
        let least_left = if datagram { 0 } else { 1 };
        for (n, (progress, name)) in (1..).zip(results) {
            let ruled = match progress {
                dns::Progress::Named => self.named(Reason::DnsQname, Kind::DnsQname, name),
                dns::Progress::Malformed => Ruled::refused(Reason::Malformed),
                dns::Progress::TooLong => Ruled::refused(Reason::TooLong),
                _ => Ruled::passed(Reason::Nameless),
            };
            let blocks = ruled.ruling.0 == Action::Drop;
            if n >= MOST_RESULTS || (n == results.len() && n + least_left >= MOST_RESULTS && !blocks) {
                told.extend(ruled.told.into_iter().filter(|_| !blocks && n <= MOST_RESULTS));
                let ruled = Ruled::refused(Reason::TooLong);
                told.extend(ruled.told.clone());
                return (Some(ruled), told);
            }
            told.extend(ruled.told.clone());
            if blocks {
                return (Some(ruled), told);
            }
        }
        (None, told)
    }

    /// A server name, which may be an address.
    fn server_name(&self, reason: Reason, kind: Kind, name: &WireName) -> Ruled {
        if name.is_ip_literal() {
            Ruled::literal(kind, name)
        } else {
            self.named(reason, kind, name.as_bytes())
        }
    }

    fn named(&self, reason: Reason, kind: Kind, name: &[u8]) -> Ruled {
        // With the dot that `judge_name` takes off. What is no text is in no policy, but what is above it may be.
        let absolute = format!("{}.", String::from_utf8_lossy(name));
        let blocks = self.compiled.judge_name(u64::MAX, &absolute).is_some_and(|ruling| ruling.blocks());
        let action = if blocks { Action::Drop } else { Action::Pass };
        let told = (kind.label(), name.escape_ascii().to_string(), action.label(), reason.label());
        Ruled { told: vec![told], decides: true, ..Ruled::counted((action, reason)) }
    }

    fn decide(&mut self, ruled: Ruled) -> Ruled {
        self.flow = Flow::Decided(ruled.ruling);
        ruled
    }
}

impl Ruled {
    fn counted(ruling: Ruling) -> Self {
        Self { ruling, counted: ruling.1, decides: false, of_policy: true, told: Vec::new() }
    }

    fn passed(reason: Reason) -> Self {
        Self::counted((Action::Pass, reason))
    }

    /// Withheld, since it will come again.
    fn withheld(reason: Reason) -> Self {
        Self { of_policy: false, ..Self::dropped(reason) }
    }

    /// A packet that does not pass, and says nothing of its flow.
    fn dropped(reason: Reason) -> Self {
        Self::counted((Action::Drop, reason))
    }

    /// A message that cannot be read, or should carry a name and does not.
    fn refused(reason: Reason) -> Self {
        let told = (None, String::new(), Action::Drop.label(), reason.label());
        Self { told: vec![told], decides: true, ..Self::counted((Action::Drop, reason)) }
    }

    /// An address in the place of a name.
    fn literal(kind: Kind, name: &WireName) -> Self {
        let (action, reason) = (Action::Pass, Reason::IpLiteral);
        let told = (kind.label(), name.as_bytes().escape_ascii().to_string(), action.label(), reason.label());
        Self { told: vec![told], decides: true, ..Self::counted((action, reason)) }
    }

    fn nameless() -> Self {
        Self::refused(Reason::Nameless)
    }
}

/// What the headers of a frame that cannot be read come to.
fn unreadable(reason: Reason) -> Ruling {
    (if reason == Reason::NotIp { Action::Pass } else { Action::Drop }, reason)
}

/// The protocol that a stream begins, if its names are read.
fn protocol(midway: bool, to_port: u16, start: &[u8]) -> Option<Protocol> {
    if !midway && to_port == 53 {
        return Some(Protocol::Dns);
    }
    match (start.first_chunk(), start) {
        (Some(start), _) if tls::may_begin(*start) => Some(Protocol::Tls),
        (Some(start), _) if http::may_begin(*start) => Some(Protocol::Http),
        (Some(_), _) => None,
        _ if midway => None,
        (None, [tls::FIRST_BYTE, ..]) => Some(Protocol::Tls),
        (None, [b'A'..=b'Z' | b'\r' | b'\n', ..]) => Some(Protocol::Http),
        _ => None,
    }
}
