//! From device, address, port and name to a verdict. One AND of policy bits decides.

use gateway_common::abi::{
    Action, Asked, AskedKey, Generation, Kind, Learned, MAX_NAME, Masks, PortKey, SUFFIXES, Verdict,
};
use gateway_common::name::{self, WireName};
use gateway_common::reason::Reason;
use gateway_common::table::ranges::{V4, V6};
use gateway_common::table::{names, ranges};

use crate::clock;
use crate::maps::{ASKED, InMap, NAMES, PREFIXES, Scratch, Tables};
use crate::opaque::opaque;
use crate::settle::Finding;

/// The verdict of `blocking`, the policies of a device that block: those that enforce come before those that only
/// observe, then the lowest number.
#[inline(always)]
pub fn blocked(blocking: u64, generation: &Generation, reason: Reason) -> Verdict {
    let enforcing = blocking & !generation.observe;
    let bits = if enforcing != 0 { enforcing } else { blocking };
    let bit = bits & bits.wrapping_neg();
    let action = match (bit & generation.observe, bit & generation.reject) {
        (0, 0) => Action::Drop,
        (0, _) => Action::Reject,
        _ => Action::Observe,
    };
    #[expect(clippy::cast_possible_truncation, reason = "at most 64")]
    Verdict { action, reason, policy: bits.trailing_zeros() as u8 }
}

/// The verdict on what some policies block by its kind: nameless, malformed, a fragment.
#[inline(always)]
pub fn by_kind(blocking: u64, policies: u64, generation: &Generation, reason: Reason) -> Verdict {
    if blocking & policies == 0 {
        Verdict::pass(reason)
    } else {
        blocked(blocking & policies, generation, reason)
    }
}

/// The verdict on what cannot be read, or is no IP at all.
#[inline(always)]
pub fn unreadable(policies: u64, generation: &Generation, reason: Reason) -> Verdict {
    match reason {
        Reason::Truncated
        | Reason::BadHeader
        | Reason::Malformed
        | Reason::TooLong
        | Reason::Evicted
        | Reason::RateLimited => by_kind(generation.malformed, policies, generation, reason),
        _ => Verdict::pass(reason),
    }
}

/// The verdict by destination address, then by destination port, if one of them is blocked.
#[inline(always)]
pub fn by_destination(scratch: *mut Scratch) -> Option<Verdict> {
    Verdict::from_bits(judge_destination(scratch))
}

/// [`by_destination`] of the flow in `scratch.packet` as bits, [`NOT_BLOCKED`] if it is not. A function of its own, so
/// that the verifier goes through its loops once and its stack is its own.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn judge_destination(scratch: *mut Scratch) -> u32 {
    // SAFETY: null or a per-CPU element of SCRATCH, which outlives the program and which nobody else writes now.
    let Some(scratch) = (unsafe { scratch.as_ref() }) else { return NOT_BLOCKED };
    let (flow, policies) = (&scratch.packet.flow, scratch.packet.device.policies);
    let Some(tables) = Tables::of_slot(scratch.packet.slot) else { return NOT_BLOCKED };
    let generation = tables.generation;
    let mut address = 0;
    if let Some(cells) = PREFIXES.get(tables.slot) {
        let cells = InMap(cells);
        let [high, low] = [0, 8].map(|at| word(&flow.destination, at));
        let masks = if scratch.packet.is_v4 {
            #[expect(clippy::cast_possible_truncation, reason = "an IPv4 address is the last four bytes")]
            let low = V4(low as u32);
            ranges::masks(&cells, &generation.prefixes_v4, low, policies)
        } else {
            ranges::masks(&cells, &generation.prefixes_v6, V6(high, low), policies)
        };
        address = lifted(masks, policies);
    }
    if address & !generation.observe != 0 {
        return blocked(address, generation, Reason::Address).to_bits();
    }
    // Nobody blocks the address, or only policies that observe: they do not lift what another one says of the port.
    let key = PortKey { port: flow.destination_port, protocol: flow.protocol, reserved: 0 };
    let port = tables.port(key).map_or(0, |masks| lifted(masks, policies));
    if port & !generation.observe != 0 || address == 0 && port != 0 {
        blocked(port, generation, Reason::Port).to_bits()
    } else if address != 0 {
        blocked(address, generation, Reason::Address).to_bits()
    } else {
        NOT_BLOCKED
    }
}

/// No verdict: the number of no action.
const NOT_BLOCKED: u32 = u32::MAX;

/// The policies that block, or none if one allows.
#[inline(always)]
const fn lifted(masks: Masks, policies: u64) -> u64 {
    if masks.allow & policies != 0 { 0 } else { masks.block & policies }
}

/// Eight bytes of an address as a number.
#[inline(always)]
fn word(address: &[u8; 16], at: usize) -> u64 {
    let mut word = 0;
    for byte in &address[at..at + 8] {
        word = word << 8 | u64::from(*byte);
    }
    word
}

/// The finding on the name in `scratch.partial.name`, of the packet in `scratch.packet`.
#[inline(always)]
pub fn by_name(scratch: *mut Scratch, tables: Tables, reason: Reason, kind: Kind) -> Finding {
    look_up_name(scratch);
    // SAFETY: `scratch` is the per-CPU element that the caller got from the map and checked.
    let scratch = unsafe { &mut *scratch };
    scratch.packet.record.learned.reason = reason as u8;
    let (masks, policies, name_len) =
        (scratch.masks, scratch.packet.device.policies, scratch.partial.name.len);
    let blocking = lifted(masks, policies);
    let verdict =
        if blocking == 0 { Verdict::pass(reason) } else { blocked(blocking, tables.generation, reason) };
    Finding { verdict, kind, name_len }
}

/// The finding on the server name in `scratch.partial.name`: that of [`by_name`], unless it is an address. Its
/// destination was judged as such when the flow began, so here policies decide that block it by its kind.
#[inline(always)]
pub fn by_server_name(scratch: *mut Scratch, tables: Tables, reason: Reason, kind: Kind) -> Finding {
    if is_ip_literal(scratch) == 0 {
        return by_name(scratch, tables, reason, kind);
    }
    ip_literal(scratch, tables, kind)
}

/// The finding on an address in the place of a name, in `scratch.partial.name`.
#[inline(always)]
pub fn ip_literal(scratch: *mut Scratch, tables: Tables, kind: Kind) -> Finding {
    // SAFETY: as in `by_name`.
    let scratch = unsafe { &mut *scratch };
    scratch.packet.record.learned.reason = Reason::IpLiteral as u8;
    let (policies, generation) = (scratch.packet.device.policies, tables.generation);
    let verdict = by_kind(generation.ip_literal, policies, generation, Reason::IpLiteral);
    Finding { verdict, kind, name_len: scratch.partial.name.len }
}

/// Whether `scratch.partial.name` is an address. A function of its own, so that the verifier goes through its loops once.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn is_ip_literal(scratch: *mut Scratch) -> u32 {
    // SAFETY: null or a per-CPU element of SCRATCH, which outlives the program and which nobody else writes now.
    let Some(scratch) = (unsafe { scratch.as_ref() }) else { return 0 };
    u32::from(scratch.partial.name.is_ip_literal())
}

/// The verdict on a message that carries no name.
#[inline(always)]
pub fn nameless(scratch: *mut Scratch, tables: Tables) -> Verdict {
    // SAFETY: as in `by_name`.
    let packet = unsafe { &mut (*scratch).packet };
    packet.record.learned.reason = Reason::Nameless as u8;
    let policies = packet.device.policies;
    by_kind(tables.generation.nameless, policies, tables.generation, Reason::Nameless)
}

/// `finding` on a hello that lets it through, unless another hello is inside and a policy blocks that.
#[inline(always)]
pub fn with_ech(scratch: *mut Scratch, tables: Tables, has_ech: bool, finding: Finding) -> Finding {
    // SAFETY: as in `by_name`.
    let packet = unsafe { &mut (*scratch).packet };
    packet.record.learned.has_ech = u8::from(has_ech);
    if !has_ech || !finding.verdict.action.lets_through() {
        return finding;
    }
    let verdict = with_hidden(scratch, tables);
    if matches!(verdict.action, Action::Pass) { finding } else { Finding { verdict, ..finding } }
}

/// The verdict on a hello because another one is inside: some policies block it for that, others by the name that the device had
/// asked for.
#[inline(always)]
fn with_hidden(scratch: *mut Scratch, tables: Tables) -> Verdict {
    let generation = tables.generation;
    // SAFETY: as in `by_name`.
    let policies = unsafe { (*scratch).packet.device.policies };
    let verdict = by_kind(generation.ech, policies, generation, Reason::Ech);
    if generation.ech_judge & policies == 0 || !verdict.action.lets_through() {
        return verdict;
    }
    match Verdict::from_bits(judge_asked(scratch)) {
        Some(asked) if !asked.action.lets_through() => asked,
        Some(asked) => verdict.or(asked),
        None => verdict,
    }
}

/// The verdict by the name for which the device of the flow in `scratch.packet` was given its destination as the address, as bits;
/// [`NOT_BLOCKED`] if it is not known, not blocked, or the name that the hello shows is one that the device asked for itself: then
/// that one was judged, and what is encrypted is the same or random bytes (GREASE, RFC 9849, 6.2). A function of its own, which
/// only hellos with an encrypted one inside pay for.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn judge_asked(scratch: *mut Scratch) -> u32 {
    // SAFETY: null or a per-CPU element of SCRATCH, which outlives the program and which nobody else writes now.
    let Some(scratch) = (unsafe { scratch.as_mut() }) else { return NOT_BLOCKED };
    let Some(tables) = Tables::of_slot(scratch.packet.slot) else { return NOT_BLOCKED };
    let Some(cells) = NAMES.get(tables.slot) else { return NOT_BLOCKED };
    let (flow, generation) = (&scratch.packet.flow, tables.generation);
    let key = AskedKey { mac: flow.mac, reserved: [0; 2], address: flow.destination };
    // SAFETY: read only. Should the element be written anew meanwhile, suffixes of two names may be met; both were asked for.
    let Some(asked) = (unsafe { ASKED.get(key) }) else { return NOT_BLOCKED };
    if asked.until < clock::second() || was_asked(asked, &scratch.packet.record.learned) {
        return NOT_BLOCKED;
    }
    let mut masks = Masks::default();
    for at in 0..SUFFIXES {
        if at < asked.count as usize {
            let whole = at + 1 == asked.count as usize;
            add(&mut masks, InMap(cells), generation.names, asked.suffixes[at], whole);
        }
    }
    let blocking = lifted(masks, scratch.packet.device.policies) & generation.ech_judge;
    if blocking == 0 { NOT_BLOCKED } else { blocked(blocking, generation, Reason::Asked).to_bits() }
}

/// Whether the name of which `learned` holds the hashes is one that was asked for.
#[inline(always)]
fn was_asked(asked: &Asked, learned: &Learned) -> bool {
    if learned.count == 0 {
        return false;
    }
    let shown = last(&learned.suffixes, learned.count.into());
    let [first, second, third] = asked.before;
    shown == last(&asked.suffixes, asked.count) || shown == first || shown == second || shown == third
}

/// The last hash of `count`, at least one: that of the whole name.
#[inline(always)]
pub fn last(suffixes: &[u64; SUFFIXES], count: u32) -> u64 {
    suffixes[opaque(count.wrapping_sub(1)) as usize & (SUFFIXES - 1)]
}

/// Gathers in `scratch.masks` the policies that block and allow `scratch.partial.name`. In one pass from its last byte to its
/// first the hashes are met, which are kept for the record of the flow; then what is listed under them is looked for, all at
/// once, so that the memory behind the searches is waited for once and not for each label. A function of its own, so that the
/// verifier goes through the loops once.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn look_up_name(element: *mut Scratch) -> u32 {
    // SAFETY: null or a per-CPU element of SCRATCH, which outlives the program and which nobody else writes now.
    let Some(scratch) = (unsafe { element.as_mut() }) else { return 0 };
    scratch.masks = Masks::default();
    scratch.packet.record.learned.count = 0;
    let Some(tables) = Tables::of_slot(scratch.packet.slot) else { return 0 };
    let name: *const WireName = &raw const scratch.partial.name;
    let mut state = tables.generation.hash_seed;
    // SAFETY: a part of the element, which the calls below do not write.
    let mut left = unsafe { (*name).len };
    for _ in 0..MAX_NAME {
        if left == 0 {
            break;
        }
        left -= 1;
        // SAFETY: as above.
        let byte = unsafe { (*name).byte(left) };
        if byte == b'.' {
            meet(element, name::finish(state), 0);
        }
        state = name::absorb(state, byte);
    }
    meet(element, name::finish(state), 1);
    gather_kept(element);
    0
}

/// Keeps a hash for the record of the flow. For one that finds no room there, gathers at once what is listed under it. A function
/// of its own, with its count in the scratch memory: the verifier tells numbers apart that it sees.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn meet(element: *mut Scratch, hash: u64, whole: u32) -> u32 {
    // SAFETY: as in `look_up_name`.
    let Some(scratch) = (unsafe { element.as_mut() }) else { return 0 };
    let learned = &mut scratch.packet.record.learned;
    let count = learned.count as usize & (SUFFIXES - 1);
    if whole == 0 && count >= SUFFIXES - 1 {
        return gather(element, hash);
    }
    learned.suffixes[count] = hash;
    #[expect(clippy::cast_possible_truncation, reason = "at most SUFFIXES")]
    let count = count as u8 + 1;
    learned.count = count;
    0
}

/// Gathers what is listed under the hashes that were kept of a name. A function of its own, so that the verifier goes through it
/// once.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn gather_kept(scratch: *mut Scratch) -> u32 {
    // SAFETY: as in `look_up_name`.
    let Some(scratch) = (unsafe { scratch.as_mut() }) else { return 0 };
    let Some(tables) = Tables::of_slot(scratch.packet.slot) else { return 0 };
    let Some(cells) = NAMES.get(tables.slot) else { return 0 };
    let count = scratch.packet.record.learned.count as usize;
    for at in 0..SUFFIXES {
        if at < count {
            let hash = scratch.packet.record.learned.suffixes[at];
            add(&mut scratch.masks, InMap(cells), tables.generation.names, hash, at + 1 == count);
        }
    }
    0
}

/// Gathers what is listed under the hash of a name above the one that is looked up. A function of its own, so that the verifier
/// goes through it once and not for each label.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn gather(scratch: *mut Scratch, hash: u64) -> u32 {
    // SAFETY: as in `look_up_name`.
    let Some(scratch) = (unsafe { scratch.as_mut() }) else { return 0 };
    let Some(tables) = Tables::of_slot(scratch.packet.slot) else { return 0 };
    let Some(cells) = NAMES.get(tables.slot) else { return 0 };
    add(&mut scratch.masks, InMap(cells), tables.generation.names, hash, false);
    0
}

/// Adds to `masks` what is listed under a hash: that of the whole name, or of what is above it.
#[inline(always)]
fn add(masks: &mut Masks, cells: InMap, shape: names::Shape, hash: u64, whole: bool) {
    let number = names::find(&cells, shape, hash);
    if number != 0 {
        let found = names::masks(&cells, shape, number);
        let found = if whole { found.exact } else { found.below };
        masks.block |= found.block;
        masks.allow |= found.allow;
    }
}

/// The verdict on a flow of which the record in `scratch.packet` says what was learned, under the policy in force.
#[inline(always)]
pub fn again(scratch: *mut Scratch) -> Verdict {
    Verdict::from_bits(judge_again(scratch)).unwrap_or(Verdict::pass(Reason::Internal))
}

/// [`again`] as bits. A function of its own, which packets of a flow that was judged by the policy in force do not pay for.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn judge_again(element: *mut Scratch) -> u32 {
    let destination = by_destination(element);
    // SAFETY: null or a per-CPU element of SCRATCH, which outlives the program and which nobody else writes now.
    let Some(scratch) = (unsafe { element.as_mut() }) else { return NOT_BLOCKED };
    let Some(tables) = Tables::of_slot(scratch.packet.slot) else { return NOT_BLOCKED };
    let so_far = destination.unwrap_or(Verdict::pass(Reason::NoPayload));
    if !so_far.action.lets_through() {
        return so_far.to_bits();
    }
    let generation = tables.generation;
    let (learned, policies) = (&scratch.packet.record.learned, scratch.packet.device.policies);
    let has_ech = learned.has_ech != 0;
    let reason = Reason::from_index(learned.reason).unwrap_or(Reason::Internal);
    let verdict = match reason {
        Reason::TlsSni | Reason::HttpHost => by_suffixes(element, tables, policies, reason),
        Reason::QuicSni => by_suffixes(element, tables, policies & !generation.quic_pass, reason),
        // Of a stream whose reading has ended nobody knows what is asked further.
        Reason::DnsQname => match by_suffixes(element, tables, policies, reason) {
            verdict if verdict.action.lets_through() => Verdict { action: Action::Drop, ..verdict },
            verdict => verdict,
        },
        Reason::Nameless => by_kind(generation.nameless, policies, generation, reason),
        Reason::IpLiteral => by_kind(generation.ip_literal, policies, generation, reason),
        _ => unreadable(policies, generation, reason),
    };
    let verdict = if has_ech && verdict.action.lets_through() {
        with_hidden(element, tables).or(verdict)
    } else {
        verdict
    };
    verdict.or(so_far).to_bits()
}

/// The verdict by the hashes that were kept of a name.
#[inline(always)]
fn by_suffixes(element: *mut Scratch, tables: Tables, policies: u64, reason: Reason) -> Verdict {
    // SAFETY: as in `judge_again`.
    unsafe { (*element).masks = Masks::default() };
    gather_kept(element);
    // SAFETY: as in `judge_again`.
    let blocking = lifted(unsafe { (*element).masks }, policies);
    if blocking == 0 { Verdict::pass(reason) } else { blocked(blocking, tables.generation, reason) }
}
