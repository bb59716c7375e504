//! What DNS answers to a device, over UDP: which name it asked for to be given which address.

use aya_ebpf::bindings::BPF_ANY;
use aya_ebpf::programs::TcContext;
use gateway_common::abi::{ALSO_ASKED, Asked, AskedKey, MAX_LIFE, MAX_NAME, MIN_LIFE, SUFFIXES};
use gateway_common::dns::answer::{Answers, MAX_STEPS, Progress};
use gateway_common::name::{self, WireName};
use gateway_common::wire::{self, Fragment};

use crate::egress::DNS_PORT;
use crate::maps::{self, ASKED, Downward, Tables};
use crate::packet::{self, TcFrame};
use crate::{clock, judge};

/// Reads the packet, if it is an answer, and remembers what is in it.
#[inline(always)]
pub fn run(ctx: &TcContext) {
    let Some(element) = maps::downward() else { return };
    if payload(ctx, element).is_none() {
        return;
    }
    for _ in 0..MAX_STEPS {
        match step_answers(element) {
            progress if progress == Progress::Going as u32 => {}
            progress if progress == Progress::Question as u32 => _ = hash_question(element),
            progress if progress == Progress::Address as u32 => _ = remember(),
            _ => return,
        }
    }
}

/// Loads the payload of a datagram from port 53, and notes to whom it goes.
#[inline(always)]
fn payload(ctx: &TcContext, element: *mut Downward) -> Option<()> {
    let frame = TcFrame(ctx);
    // SAFETY: this CPU's element, checked; nobody else writes it while this packet is looked at.
    let downward = unsafe { &mut *element };
    let link = wire::link(&frame).ok()?;
    let (_, network) = wire::network(&frame, link, &mut downward.extensions).ok()?;
    if network.protocol != wire::UDP || !matches!(network.fragment, Fragment::No) {
        return None;
    }
    let transport = wire::transport(&frame, &network).ok()??;
    if transport.source_port != DNS_PORT || transport.len == 0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a packet is shorter than 2^17 bytes")]
    let (offset, len) = (transport.offset as u32, transport.len as u32);
    downward.key = AskedKey { mac: link.destination, reserved: [0; 2], address: [0; 16] };
    downward.answers = Answers::datagram(len);
    downward.name.len = 0;
    packet::load_down(ctx, offset, len, &mut downward.piece).then_some(())
}

/// One step of the reader; its [`Progress`] as a number. A function of its own, which the verifier goes through once; so are those
/// below.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn step_answers(element: *mut Downward) -> u32 {
    // SAFETY: null or this CPU's element of DOWNWARD, which outlives the program and which nobody else writes now.
    let Some(downward) = (unsafe { element.as_mut() }) else { return Progress::Done as u32 };
    downward.answers.step(&mut downward.piece, &mut downward.name) as u32
}

/// Keeps the hashes of what the name of the question ends in.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn hash_question(element: *mut Downward) -> u32 {
    // SAFETY: as in `step_answers`.
    let Some(downward) = (unsafe { element.as_mut() }) else { return 0 };
    let Some(tables) = Tables::active() else { return 0 };
    downward.asked.count = 0;
    downward.asked.reserved = 0;
    let name: *const WireName = &raw const downward.name;
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
            keep(element, name::finish(state), 0);
        }
        state = name::absorb(state, byte);
    }
    keep(element, name::finish(state), 1);
    0
}

/// Keeps a hash, as flows do: of a name with more labels than there is room for, the longest are missing in between.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn keep(element: *mut Downward, hash: u64, whole: u32) -> u32 {
    // SAFETY: as in `step_answers`.
    let Some(downward) = (unsafe { element.as_mut() }) else { return 0 };
    let asked = &mut downward.asked;
    let count = asked.count as usize & (SUFFIXES - 1);
    if whole == 0 && count >= SUFFIXES - 1 {
        return 0;
    }
    asked.suffixes[count] = hash;
    #[expect(clippy::cast_possible_truncation, reason = "at most SUFFIXES")]
    let count = count as u32 + 1;
    asked.count = count;
    0
}

/// Remembers that the address in the answer was given for the name of the question. It looks up the element itself: Linux 6.1 takes
/// no key of a map from memory that a function was handed.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn remember() -> u32 {
    let Some(element) = maps::downward() else { return 0 };
    // SAFETY: this CPU's element, checked; nobody else writes it now.
    let downward = unsafe { &mut *element };
    let Downward { answers, key, asked, .. } = downward;
    let now = clock::second();
    let life = answers.ttl().clamp(MIN_LIFE, MAX_LIFE);
    key.address = answers.address();
    asked.until = now + u64::from(life);
    asked.before = [0; ALSO_ASKED];
    let name = judge::last(&asked.suffixes, asked.count);
    let key: &AskedKey = key;
    // SAFETY: read only. Should the element be written anew meanwhile, by the answer to another question of the device, one of
    // both names is not remembered.
    if let Some(known) = unsafe { ASKED.get(key) } {
        let (before, [first, second, third]) = (judge::last(&known.suffixes, known.count), known.before);
        if before == name {
            asked.before = known.before;
            asked.until = asked.until.max(known.until);
        } else if known.until >= now {
            // Each once.
            let [first, second] = match name {
                _ if name == first => [second, third],
                _ if name == second => [first, third],
                _ => [first, second],
            };
            asked.before = [before, first, second];
        }
    }
    let asked: &Asked = asked;
    // A full table makes room by itself. Should it fail all the same, the name is not known.
    let _ = ASKED.insert(key, asked, u64::from(BPF_ANY));
    0
}
