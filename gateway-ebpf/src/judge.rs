//! From device, address, port and name to a verdict. One AND of policy bits decides.

use aya_ebpf::btf_maps::HashMap;
use aya_ebpf::btf_maps::lpm_trie::Key;
use gateway_common::abi::{
    Action, Generation, Kind, MAX_NAME, Masks, NO_PARENT, NameMasks, PortKey, PrefixMasks, Verdict,
};
use gateway_common::name;
use gateway_common::reason::Reason;

use crate::maps::{Inner, NAMES, PREFIXES_V4, PREFIXES_V6, Scratch, Tables};
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
    let address = if scratch.packet.is_v4 {
        let [.., a, b, c, d] = flow.destination;
        let trie = PREFIXES_V4.get(tables.slot);
        trie.map_or(0, |trie| {
            longest(Key::new(32, [a, b, c, d, 0, 0, 0, 0]), 32, policies, |key| trie.get(key))
        })
    } else {
        let trie = PREFIXES_V6.get(tables.slot);
        trie.map_or(0, |trie| longest(Key::new(128, flow.destination), 128, policies, |key| trie.get(key)))
    };
    if address != 0 {
        return blocked(address, tables.generation, Reason::Address).to_bits();
    }
    let key = PortKey { port: flow.destination_port, protocol: flow.protocol, reserved: 0 };
    let port = tables.port(key).map_or(0, |masks| lifted(masks, policies));
    if port != 0 { blocked(port, tables.generation, Reason::Port).to_bits() } else { NOT_BLOCKED }
}

/// No verdict: the number of no action.
const NOT_BLOCKED: u32 = u32::MAX;

/// The policies that block, or none if one allows.
#[inline(always)]
const fn lifted(masks: Masks, policies: u64) -> u64 {
    if masks.allow & policies != 0 { 0 } else { masks.block & policies }
}

/// Goes from the longest listed prefix to those around it, until one has a say about `policies`.
#[inline(always)]
fn longest<K>(
    mut key: Key<K>,
    bits: u32,
    policies: u64,
    look_up: impl Fn(&Key<K>) -> Option<&'static Inner<PrefixMasks>>,
) -> u64 {
    // Prefixes that contain each other differ in length, so there cannot be more than this.
    for _ in 0..=bits {
        let Some([prefix]) = look_up(&key) else { return 0 };
        if (prefix.masks.block | prefix.masks.allow) & policies != 0 {
            return lifted(prefix.masks, policies);
        }
        if prefix.parent == NO_PARENT {
            return 0;
        }
        key.prefix_len = prefix.parent;
    }
    0
}

/// The finding on the name in `scratch.partial.name`, of the packet in `scratch.packet`.
#[inline(always)]
pub fn by_name(scratch: *mut Scratch, tables: Tables, reason: Reason, kind: Kind) -> Finding {
    look_up_name(scratch);
    // SAFETY: `scratch` is the per-CPU element that the caller got from the map and checked.
    let scratch = unsafe { &*scratch };
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
    let scratch = unsafe { &*scratch };
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
    let policies = unsafe { (*scratch).packet.device.policies };
    by_kind(tables.generation.nameless, policies, tables.generation, Reason::Nameless)
}

/// `finding` on a hello that lets it through, unless another hello is inside and a policy blocks that.
#[inline(always)]
pub fn with_ech(scratch: *mut Scratch, tables: Tables, has_ech: bool, finding: Finding) -> Finding {
    if !has_ech || !finding.verdict.action.lets_through() {
        return finding;
    }
    // SAFETY: as in `by_name`.
    let policies = unsafe { (*scratch).packet.device.policies };
    let verdict = by_kind(tables.generation.ech, policies, tables.generation, Reason::Ech);
    if matches!(verdict.action, Action::Pass) { finding } else { Finding { verdict, ..finding } }
}

/// Gathers in `scratch.masks` the policies that block and allow `scratch.partial.name`, in one pass from its last byte to its
/// first. A function of its own, so that the verifier goes through the loop once.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn look_up_name(scratch: *mut Scratch) -> u32 {
    // SAFETY: null or a per-CPU element of SCRATCH, which outlives the program and which nobody else writes now.
    let Some(scratch) = (unsafe { scratch.as_mut() }) else { return 0 };
    scratch.masks = Masks::default();
    let Some(tables) = Tables::of_slot(scratch.packet.slot) else { return 0 };
    let Some(names) = NAMES.get(tables.slot) else { return 0 };
    let mut state = tables.generation.hash_seed;
    let mut left = scratch.partial.name.len;
    for _ in 0..MAX_NAME {
        if left == 0 {
            break;
        }
        left -= 1;
        let byte = scratch.partial.name.byte(left);
        if byte == b'.' {
            gather(&mut scratch.masks, names, state, false);
        }
        state = name::absorb(state, byte);
    }
    gather(&mut scratch.masks, names, state, true);
    1
}

#[inline(always)]
fn gather(masks: &mut Masks, names: &HashMap<u64, Inner<NameMasks>, 1>, state: u64, whole: bool) {
    // SAFETY: the value is read at once; an inner map is filled before it is put in force and never written again.
    let Some([found]) = (unsafe { names.get(name::finish(state)) }) else { return };
    masks.block |= found.below.block;
    masks.allow |= found.below.allow;
    if whole {
        masks.block |= found.exact.block;
        masks.allow |= found.exact.allow;
    }
}
