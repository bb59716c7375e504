//! The fast path: from a frame to its device, its address and its flow. Small, because every frame pays for it.

use aya_ebpf::programs::XdpContext;
use gateway_common::abi::{Action, Device, Flow, FlowState, OTHER_DEVICE, Stage, Verdict};
use gateway_common::http::{self, REQUEST_START};
use gateway_common::quic;
use gateway_common::reason::Reason;
use gateway_common::tls::{self, HELLO_START};
use gateway_common::wire::{self, Fragment, Frame as _, Link, MacAddr, Transport};

use crate::maps::{self, Packet, Scratch, Tables};
use crate::packet::{self, XdpFrame};
use crate::settle::{self, Finding};
use crate::{flow, judge, tell};

/// Port of DNS, network order.
const DNS_PORT: [u8; 2] = 53u16.to_be_bytes();

/// Port of QUIC where nothing else says what it is, network order.
const QUIC_PORT: [u8; 2] = 443u16.to_be_bytes();

/// How many bytes show what a stream can be the start of.
const START: usize = packet::START_BYTES;
const _: () = assert!(REQUEST_START == START && HELLO_START == START && quic::START == START);

/// What the fast path came to, in numbers of one size: of an enum whose values differ in theirs, the rest of a register would be
/// left as it is, which the verifier refuses where that was a pointer.
pub enum Outcome {
    /// The frame has its verdict, an [`Action`], and is counted.
    Done(u32),
    /// The payload may carry a name for this [`Stage`]; the packet's description lies in the scratch memory.
    Inspect(u32),
}

/// Judges one frame.
#[inline(always)]
pub fn run(ctx: &XdpContext) -> Outcome {
    let bytes = XdpFrame::new(ctx);
    let Some(tables) = Tables::active() else { return Outcome::Done(Action::Pass as u32) };
    let link = wire::link(&bytes);
    let device = link.map_or(tables.other(), |link| tables.device(link.source));
    if let (OTHER_DEVICE, Ok(link)) = (device.number, link) {
        tell::seen(link.source);
    }
    if device.policies == 0 {
        tell::count(device, bytes.len() as u64, Reason::Unfiltered, false);
        return Outcome::Done(Action::Pass as u32);
    }
    let Some(scratch) = maps::scratch() else { return Outcome::Done(Action::Pass as u32) };
    let mut frame = Frame { ctx, bytes, tables, scratch };
    frame.begin(device);
    link.and_then(|link| frame.network(link)).unwrap_or_else(|reason| frame.unreadable(reason))
}

/// A frame of a device that has policies.
struct Frame<'a> {
    ctx: &'a XdpContext,
    bytes: XdpFrame<'a>,
    tables: Tables,
    /// This CPU's element of SCRATCH, not null.
    scratch: *mut Scratch,
}

impl Frame<'_> {
    #[inline(always)]
    fn packet(&mut self) -> &mut Packet {
        // SAFETY: not null, and nobody else writes this CPU's element while this packet is judged.
        unsafe { &mut (*self.scratch).packet }
    }

    #[inline(always)]
    fn begin(&mut self, device: Device) {
        let (slot, frame_len) = (self.tables.slot, self.bytes.len() as u64);
        let packet = self.packet();
        packet.device = device;
        packet.slot = slot;
        packet.frame_len = frame_len;
        packet.vlan_count = 0;
        packet.question_end = 0;
        packet.answerable = false;
        packet.begins = false;
        packet.next_sequence = 0;
        packet.so_far = Verdict::pass(Reason::NoPayload);
        packet.flow.mac = MacAddr::default();
        packet.record.learned.reason = Reason::NoPayload as u8;
        packet.record.learned.has_ech = 0;
        packet.record.learned.count = 0;
    }

    #[inline(always)]
    fn network(&mut self, link: Link) -> Result<Outcome, Reason> {
        self.packet().flow.mac = link.source;
        // SAFETY: as in `packet`; a part of the element that nothing else borrows now.
        let extensions = unsafe { &mut (*self.scratch).extensions };
        let (vlans, network) = wire::network(&self.bytes, link, extensions)?;
        let packet = self.packet();
        packet.vlans = vlans.tags;
        packet.vlan_count = vlans.count;
        packet.is_v4 = network.is_v4;
        #[expect(clippy::cast_possible_truncation, reason = "a frame is shorter than 2^17 bytes")]
        {
            packet.network_offset = network.header as u32;
            packet.transport_offset = network.offset as u32;
        }
        packet.flow.protocol = network.protocol;
        packet.flow.reserved = 0;
        packet.flow.source_port = [0; 2];
        packet.flow.destination_port = [0; 2];
        // SAFETY: as in `packet`, which borrows `self` and so would keep `self.bytes` away.
        network.addresses(&self.bytes, unsafe { &mut (*self.scratch).packet.flow })?;
        if matches!(network.fragment, Fragment::Later) {
            return Ok(self.fragment());
        }
        let Some(transport) = wire::transport(&self.bytes, &network)? else {
            return Ok(self.stateless(Reason::OtherProtocol));
        };
        let packet = self.packet();
        packet.flow.source_port = transport.source_port;
        packet.flow.destination_port = transport.destination_port;
        packet.segment = transport.segment();
        if matches!(network.fragment, Fragment::First) {
            return Ok(self.fragment());
        }
        self.packet().answerable = true;
        Ok(self.transport(&transport))
    }

    /// A packet of TCP or UDP that is whole.
    #[inline(always)]
    fn transport(&mut self, transport: &Transport) -> Outcome {
        let is_udp = self.packet().flow.protocol == wire::UDP;
        if is_udp && transport.destination_port == DNS_PORT {
            return self.question(transport);
        }
        #[expect(clippy::cast_possible_truncation, reason = "the low half is what is kept")]
        let generation = self.tables.generation.number as u32;
        let known = match flow::look_up(&self.packet().flow) {
            Some(known) if known.generation != generation && !transport.is_opening() => {
                match self.judge_again(known) {
                    Ok(known) => known,
                    Err(outcome) => return outcome,
                }
            }
            known => known,
        };
        if is_udp {
            return self.datagram(transport, known);
        }
        let sequence = transport.payload_sequence();
        // A SYN begins a new connection, whatever was remembered under the same ports. One that leads to the very byte
        // that is expected next is the same SYN once more, or wants the beginning of a message to be forgotten.
        if let Some(known) = known
            && (!transport.is_opening()
                || (known.state != FlowState::Midway as u8 && known.sequence == sequence))
        {
            let verdict = flow::verdict(known);
            if known.state == FlowState::Decided as u8 {
                return self.finish(verdict, Reason::KnownFlow);
            }
            let packet = self.packet();
            packet.so_far = verdict;
            packet.state = known.state;
            return self.undecided(transport, known.sequence);
        }
        let state = if transport.is_opening() { FlowState::Opening } else { FlowState::Midway };
        let packet = self.packet();
        packet.begins = true;
        packet.state = state as u8;
        packet.next_sequence = sequence;
        if let Some(verdict) = judge::by_destination(self.scratch) {
            if !verdict.action.lets_through() {
                return self.decide(verdict);
            }
            self.packet().so_far = verdict;
        }
        let generation = self.tables.generation.number;
        let packet = self.packet();
        let so_far = packet.so_far;
        flow::remember(packet, state as u8, generation, so_far);
        self.undecided(transport, sequence)
    }

    /// Judges a flow of another generation by what was learned of it; what is remembered of it now, or the end of its packet.
    #[inline(always)]
    fn judge_again(&mut self, known: &Flow) -> Result<Option<&'static Flow>, Outcome> {
        let passed = flow::verdict(known).action.lets_through();
        let mut state = known.state;
        let packet = self.packet();
        packet.record.learned = known.learned;
        packet.next_sequence = known.sequence;
        let verdict = judge::again(self.scratch);
        let blocks = !verdict.action.lets_through();
        if blocks && passed {
            return Err(self.decide(verdict));
        }
        let decided = FlowState::Decided as u8;
        if blocks {
            state = decided;
        } else if state == decided && known.learned.reason == Reason::NoPayload as u8 {
            // Its destination was blocked, and nothing of it was read.
            return Ok(None);
        }
        let generation = self.tables.generation.number;
        let packet = self.packet();
        flow::remember(packet, state, generation, verdict);
        Ok(flow::look_up(&packet.flow))
    }

    /// A TCP segment of a flow whose name is not known; `expected` is the sequence number of the next byte to read, where
    /// one is known.
    #[inline(always)]
    fn undecided(&mut self, transport: &Transport, expected: u32) -> Outcome {
        if transport.len == 0 {
            return self.pass(Reason::NoPayload);
        }
        #[expect(clippy::cast_possible_truncation, reason = "a frame is shorter than 2^17 bytes")]
        let (offset, len) = (transport.offset as u32, transport.len as u32);
        let sequence = transport.payload_sequence();
        let packet = self.packet();
        let state = packet.state;
        let midway = state == FlowState::Midway as u8;
        // How many bytes of the payload were read before (RFC 9293, 3.4: sequence numbers wrap).
        let read_before = if midway { 0 } else { expected.wrapping_sub(sequence) };
        if read_before > i32::MAX as u32 {
            // Ahead of what is expected. Dropped, it comes again; passed, the name could hide behind it.
            return self.finish(
                Verdict { action: Action::Drop, ..Verdict::pass(Reason::OutOfOrder) },
                Reason::OutOfOrder,
            );
        }
        if read_before >= len {
            return self.pass(Reason::Retransmission);
        }
        packet.payload_offset = offset + read_before;
        packet.payload_len = len - read_before;
        packet.next_sequence = sequence.wrapping_add(len);
        if let Some(stage) = self.stage(transport, state) {
            return Outcome::Inspect(stage as u32);
        }
        if midway {
            // The middle of a connection that is older than the filter: a later segment may still begin a hello.
            return self.pass(Reason::NotInspected);
        }
        self.decide(Verdict::pass(Reason::NotInspected))
    }

    /// The inspector for the payload of a flow in `state`: the one that has begun, or the one for what its first bytes can
    /// be the start of. Fewer bytes than show that are worth a closer look only where they begin a connection.
    #[inline(always)]
    fn stage(&mut self, transport: &Transport, state: u8) -> Option<Stage> {
        let opening = state == FlowState::Opening as u8;
        match state {
            s if s == FlowState::Tls as u8 => return Some(Stage::Tls),
            s if s == FlowState::Http as u8 => return Some(Stage::Http),
            s if s == FlowState::Dns as u8 => return Some(Stage::Dns),
            _ if opening && transport.destination_port == DNS_PORT => return Some(Stage::Dns),
            _ => {}
        }
        let described = self.packet();
        let (offset, len) = (described.payload_offset, described.payload_len);
        let start = packet::start(self.ctx, offset, len);
        if len < packet::START_LEN {
            return match start[0] {
                _ if !opening => None,
                tls::FIRST_BYTE => Some(Stage::Tls),
                b'A'..=b'Z' | b'\r' | b'\n' => Some(Stage::Http),
                _ => None,
            };
        }
        if tls::may_begin(start) {
            Some(Stage::Tls)
        } else if http::may_begin(start) {
            Some(Stage::Http)
        } else {
            None
        }
    }

    /// A UDP packet to another port than 53. Until a verdict blocks its flow, each one that can be a QUIC Initial is read.
    #[inline(always)]
    fn datagram(&mut self, transport: &Transport, known: Option<&Flow>) -> Outcome {
        let decided = FlowState::Decided as u8;
        if let Some(known) = known {
            let verdict = flow::verdict(known);
            if known.state == decided {
                return self.finish(verdict, Reason::KnownFlow);
            }
            let packet = self.packet();
            packet.so_far = verdict;
            packet.next_sequence = known.sequence;
        } else {
            self.packet().begins = true;
            if let Some(verdict) = judge::by_destination(self.scratch) {
                if !verdict.action.lets_through() {
                    return self.decide(verdict);
                }
                self.packet().so_far = verdict;
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "a frame is shorter than 2^17 bytes")]
        let (offset, len) = (transport.offset as u32, transport.len as u32);
        // Short, because a packet of a connection that is under way pays for it.
        if len >= packet::START_LEN && self.long_header(transport.offset) {
            if let Some(known) = known {
                // An inspector may write the record anew.
                self.packet().record.learned = known.learned;
            }
            return self.initial(transport, offset, len);
        }
        if transport.destination_port == QUIC_PORT
            && let Some(verdict) = self.quic_is_blocked()
        {
            return self.decide(verdict);
        }
        self.no_initial()
    }

    /// Whether the payload's first byte is that of a long header of QUIC, or cannot be seen from here.
    #[inline(always)]
    fn long_header(&self, offset: usize) -> bool {
        self.bytes.read(offset).is_none_or(|[first, _]: [u8; 2]| quic::is_long(first))
    }

    /// A datagram that begins as one of QUIC with a long header does.
    #[inline(always)]
    fn initial(&mut self, transport: &Transport, offset: u32, len: u32) -> Outcome {
        let start = packet::start(self.ctx, offset, len);
        if (quic::may_be_quic(start) || transport.destination_port == QUIC_PORT)
            && let Some(verdict) = self.quic_is_blocked()
        {
            return self.decide(verdict);
        }
        let passing = self.tables.generation.quic_pass;
        let packet = self.packet();
        let policies = packet.device.policies & !passing;
        if policies == 0 || !quic::may_begin(start) {
            return self.no_initial();
        }
        packet.device.policies = policies;
        packet.payload_offset = offset;
        packet.payload_len = len;
        Outcome::Inspect(Stage::Quic as u32)
    }

    /// The verdict of a policy that blocks QUIC as such, if there is one and it does more than observe.
    #[inline(always)]
    fn quic_is_blocked(&mut self) -> Option<Verdict> {
        let generation = self.tables.generation;
        let packet = self.packet();
        let blocking = generation.quic_block & packet.device.policies;
        if blocking == 0 {
            return None;
        }
        let verdict = judge::blocked(blocking, generation, Reason::Quic);
        if !verdict.action.lets_through() {
            return Some(verdict);
        }
        packet.so_far = verdict;
        None
    }

    /// A datagram that is none to be read.
    #[inline(always)]
    fn no_initial(&mut self) -> Outcome {
        if !self.packet().begins {
            let verdict = self.packet().so_far;
            return self.finish(verdict, Reason::KnownFlow);
        }
        let finding = Finding::nameless(Verdict::pass(Reason::NotInspected));
        let generation = self.tables.generation.number;
        Outcome::Done(
            settle::remember(self.ctx, self.scratch, FlowState::Datagrams, generation, &finding) as u32
        )
    }

    /// A UDP packet to port 53: each is a flow of its own, of which nothing is remembered. One flow to a resolver may carry
    /// many questions, most carry one, and they would only push the flows of others out of the table.
    #[inline(always)]
    fn question(&mut self, transport: &Transport) -> Outcome {
        #[expect(clippy::cast_possible_truncation, reason = "a frame is shorter than 2^17 bytes")]
        let (offset, len) = (transport.offset as u32, transport.len as u32);
        let packet = self.packet();
        packet.begins = true;
        packet.state = FlowState::Midway as u8;
        packet.payload_offset = offset;
        packet.payload_len = len;
        if let Some(verdict) = judge::by_destination(self.scratch) {
            if !verdict.action.lets_through() {
                let finding = Finding::nameless(verdict);
                // SAFETY: as in `packet`.
                return Outcome::Done(settle::told(self.ctx, unsafe { &mut *self.scratch }, &finding) as u32);
            }
            self.packet().so_far = verdict;
        }
        Outcome::Inspect(Stage::Dns as u32)
    }

    /// A fragment: of TCP and of UDP ports 443 and 53 it could hide a name, so policies can block it; others go by address.
    #[inline(always)]
    fn fragment(&mut self) -> Outcome {
        let packet = self.packet();
        let hides_name = match packet.flow.protocol {
            wire::TCP => true,
            wire::UDP => matches!(packet.flow.destination_port, QUIC_PORT | DNS_PORT),
            _ => false,
        };
        let policies = packet.device.policies;
        let generation = self.tables.generation;
        let blocking = if hides_name { generation.fragments } else { 0 };
        let verdict = judge::by_kind(blocking, policies, generation, Reason::Fragment);
        if !verdict.action.lets_through() {
            return self.finish(verdict, Reason::Fragment);
        }
        // What is only observed may still be blocked by its destination.
        let verdict = judge::by_destination(self.scratch).unwrap_or(verdict);
        self.finish(verdict, verdict.reason)
    }

    /// A packet that belongs to no flow: by destination alone, else it passes for `reason`.
    #[inline(always)]
    fn stateless(&mut self, reason: Reason) -> Outcome {
        let verdict = judge::by_destination(self.scratch).unwrap_or(Verdict::pass(reason));
        self.finish(verdict, verdict.reason)
    }

    #[inline(always)]
    fn unreadable(&mut self, reason: Reason) -> Outcome {
        let policies = self.packet().device.policies;
        let verdict = judge::unreadable(policies, self.tables.generation, reason);
        self.finish(verdict, reason)
    }

    #[inline(always)]
    fn pass(&mut self, reason: Reason) -> Outcome {
        self.finish(Verdict::pass(reason), reason)
    }

    #[inline(always)]
    fn finish(&mut self, verdict: Verdict, counted: Reason) -> Outcome {
        Outcome::Done(settle::finish(self.ctx, self.packet(), verdict, counted, false) as u32)
    }

    #[inline(always)]
    fn decide(&mut self, verdict: Verdict) -> Outcome {
        let finding = Finding::nameless(verdict);
        Outcome::Done(settle::settle(self.ctx, self.scratch, self.tables.generation.number, &finding) as u32)
    }
}
