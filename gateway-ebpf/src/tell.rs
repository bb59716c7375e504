//! Counters and events: what is told about a verdict that has fallen. Nothing here can change one.

use aya_ebpf::bindings::{BPF_ANY, BPF_NOEXIST};
use aya_ebpf::helpers::bpf_ktime_get_ns;
use gateway_common::abi::{
    BlockedCounters, BlockedKey, Device, EVENTS_A_SECOND, Event, Kind, NO_POLICY, REASON_SLOTS, Seen,
    SeenKey, Verdict,
};
use gateway_common::name;
use gateway_common::reason::Reason;
use gateway_common::wire::MacAddr;

use crate::maps::{BLOCKED, COUNTERS, EVENTS, EVENTS_LIMITED, EVENTS_LOST, SEEN, Scratch, TOLD};
use crate::opaque::opaque;
use crate::{budget, clock};

/// Counts a frame of `len` bytes of `device` under `reason`, and a flow if it is the first that is seen of one.
#[inline(always)]
pub fn count(device: Device, len: u64, reason: Reason, begins_flow: bool) {
    let Some(counters) = COUNTERS.get_ptr_mut(device.number) else { return };
    // SAFETY: an element of this CPU, checked; packets of one CPU follow each other, so nobody else writes it now.
    let counters = unsafe { &mut *counters };
    counters.packets += 1;
    counters.bytes += len;
    counters.flows += u64::from(begins_flow);
    counters.reasons[usize::from(opaque(reason as u8)) & (REASON_SLOTS - 1)] += 1;
}

/// Counts `packets` of `bytes` bytes in all towards `device`.
#[inline(always)]
pub fn count_down(device: Device, packets: u64, bytes: u64) {
    let Some(counters) = COUNTERS.get_ptr_mut(device.number) else { return };
    // SAFETY: as in `count`; a CPU sends and receives one packet at a time.
    let counters = unsafe { &mut *counters };
    counters.down_packets += packets;
    counters.down_bytes += bytes;
}

/// Remembers that a device which is not listed sent something.
#[inline(always)]
pub fn seen(mac: MacAddr) {
    if mac.is_group() {
        return;
    }
    let now = clock::second();
    let key = SeenKey { mac, reserved: [0; 2] };
    let Some(seen) = SEEN.get_ptr_mut(key) else {
        // Should it fail, the next frame tries again.
        let _ = SEEN.insert(key, Seen { first: now, last: now }, u64::from(BPF_ANY));
        return;
    };
    // SAFETY: not null; all CPUs write the same word with the same meaning.
    let last = unsafe { &raw mut (*seen).last };
    // SAFETY: as above.
    if unsafe { last.read() } != now {
        // Once a second and not for each frame.
        // SAFETY: as above.
        unsafe { last.write(now) };
    }
}

/// Counts a frame that a policy blocked or would have blocked, and the flow if this frame brought its verdict.
#[inline(always)]
pub fn count_blocked(device: Device, verdict: Verdict, decides_flow: bool) {
    if verdict.policy == NO_POLICY {
        return;
    }
    let key = BlockedKey {
        device: device.number,
        policy: verdict.policy,
        reason: verdict.reason as u8,
        action: verdict.action as u8,
        reserved: 0,
    };
    if BLOCKED.get_ptr(key).is_none() {
        // Another CPU may have been quicker; its element is as good.
        let _ = BLOCKED.insert(key, BlockedCounters::default(), u64::from(BPF_NOEXIST));
    }
    let Some(counters) = BLOCKED.get_ptr_mut(key) else { return };
    // SAFETY: as in `count`; the daemon removes elements only of numbers that no device or policy has any more.
    let counters = unsafe { &mut *counters };
    counters.packets += 1;
    counters.flows += u64::from(decides_flow);
}

/// Sends an event about the packet in `scratch.packet`; `name_len` bytes of `scratch.partial.name` are its name. A device that has
/// had its share of this second is not told of, so that there is room for others.
#[inline(never)]
pub fn event(scratch: &mut Scratch, verdict: Verdict, kind: Kind, name_len: u32) {
    let packet = &scratch.packet;
    if !budget::take(&TOLD, packet.device, EVENTS_A_SECOND) {
        if let Some(limited) = EVENTS_LIMITED.get_ptr_mut(0) {
            // SAFETY: as in `count`.
            unsafe { *limited += 1 };
        }
        return;
    }
    let event = &mut scratch.event;
    // SAFETY: the helper has no arguments and only reads the clock.
    event.time = unsafe { bpf_ktime_get_ns() };
    event.flow = packet.flow;
    event.device = packet.device.number;
    event.vlans = packet.vlans;
    event.vlan_count = packet.vlan_count;
    event.kind = kind as u8;
    event.action = verdict.action as u8;
    event.reason = verdict.reason as u8;
    event.policy = verdict.policy;
    #[expect(clippy::cast_possible_truncation, reason = "a name is at most 253 bytes")]
    let len = name_len as u8;
    event.name_len = len;
    event.reserved = [0; 6];
    name::copy_words(&mut event.name, &scratch.partial.name.bytes, name_len);
    let event: &Event = event;
    if EVENTS.output(event, 0).is_err() {
        lost();
    }
}

#[inline(always)]
fn lost() {
    if let Some(lost) = EVENTS_LOST.get_ptr_mut(0) {
        // SAFETY: as in `count`.
        unsafe { *lost += 1 };
    }
}
