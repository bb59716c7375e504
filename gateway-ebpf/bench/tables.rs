//! Programs that only `cargo xtask bench tables` loads: one look-up at every turn of a test run, each of another name or address.
//!
//! The filter's own functions search, in its own maps, which the daemon's half fills: the files are those of `src`. Beside them
//! stand programs that search maps of the kernel's own kinds, and such that find out what is asked and then ask nothing: what
//! they take is subtracted from the others.
#![no_std]
#![no_main]
#![expect(missing_docs, reason = "the attribute macros make functions that cannot be given a doc comment")]
#![expect(dead_code, reason = "of the filter, only what searches is needed")]
#![expect(clippy::cast_possible_truncation, reason = "numbers are prepared so that they fit")]

#[path = "../src/budget.rs"]
mod budget;
#[path = "../src/clock.rs"]
mod clock;
#[path = "../src/flow.rs"]
mod flow;
#[path = "../src/judge.rs"]
mod judge;
#[path = "../src/maps.rs"]
mod maps;
#[path = "../src/opaque.rs"]
mod opaque;
#[path = "../src/settle.rs"]
mod settle;
#[path = "../src/tell.rs"]
mod tell;

use aya_ebpf::bindings::xdp_action;
use aya_ebpf::btf_maps::lpm_trie::{Key, LpmTrie};
use aya_ebpf::btf_maps::{Array, HashMap, ProgramArray};
use aya_ebpf::macros::{btf_map, xdp};
use aya_ebpf::programs::XdpContext;
use gateway_common::abi::{MAX_NAME, Masks};
use gateway_common::name;
use gateway_common::table::ranges::{self, V4, V6};

use crate::maps::{InMap, PREFIXES, Scratch, Tables};

/// How many names or addresses are prepared.
const PREPARED: usize = 1 << 17;

/// What is asked, in words: an address in two, or up to 56 bytes of a name and its length in the last.
#[btf_map]
static SOUGHT: Array<[u64; 8], PREPARED> = Array::new();

/// The index of the next that is asked, and how many were found.
#[btf_map]
static COUNTS: Array<[u32; 2], 1> = Array::new();

/// The hashes of names, in the kernel's hash table.
#[btf_map]
static HASHES: HashMap<u64, u32, { 1 << 20 }> = HashMap::new();

/// The nets of each family, in the kernel's tries.
#[btf_map]
static TRIE_V4: LpmTrie<[u8; 4], u32, { 1 << 17 }> = LpmTrie::new();
#[btf_map]
static TRIE_V6: LpmTrie<[u8; 16], u32, { 1 << 17 }> = LpmTrie::new();

/// The program that [`through`] goes on in.
#[btf_map]
static MEASURED: ProgramArray<1> = ProgramArray::new();

/// What is asked next, and where what was found is counted.
struct Turn {
    asked: &'static [u64; 8],
    found: *mut u32,
    tables: Tables,
    scratch: *mut Scratch,
}

impl Turn {
    #[inline(always)]
    fn next() -> Option<Self> {
        let counts = COUNTS.get_ptr_mut(0)?;
        // SAFETY: an element of an array, checked; there is one test run at a time.
        let counts = unsafe { &mut *counts };
        let asked = SOUGHT.get(counts[0] & (PREPARED as u32 - 1))?;
        counts[0] = counts[0].wrapping_add(1);
        let (tables, scratch) = (Tables::active()?, maps::scratch()?);
        Some(Self { asked, found: &raw mut counts[1], tables, scratch })
    }

    /// The next, as a name in the scratch memory.
    #[inline(always)]
    fn next_name() -> Option<Self> {
        let this = Self::next()?;
        // SAFETY: the per-CPU element, checked; nobody else writes to it now.
        let scratch = unsafe { &mut *this.scratch };
        scratch.packet.slot = this.tables.slot;
        let words = scratch.partial.name.bytes.as_chunks_mut::<8>().0;
        for (word, asked) in words.iter_mut().zip(this.asked).take(7) {
            *word = core::hint::black_box(*asked).to_ne_bytes();
        }
        scratch.partial.name.len = this.asked[7] as u32 & 0x3f;
        Some(this)
    }

    /// Counts what was found.
    #[inline(always)]
    fn end(self, found: bool) -> u32 {
        // SAFETY: the element that `next` has checked.
        unsafe { *self.found += u32::from(found) };
        xdp_action::XDP_PASS
    }

    #[inline(always)]
    const fn v6(&self) -> V6 {
        V6(self.asked[0], self.asked[1])
    }
}

/// Asks nothing about a name.
#[xdp]
pub fn no_name(_: XdpContext) -> u32 {
    let Some(turn) = Turn::next_name() else { return xdp_action::XDP_ABORTED };
    turn.end(false)
}

/// A name as the filter looks it up, with all names above it.
#[xdp]
pub fn name_in_table(_: XdpContext) -> u32 {
    let Some(turn) = Turn::next_name() else { return xdp_action::XDP_ABORTED };
    judge::look_up_name(turn.scratch);
    // SAFETY: as in `Turn::next_name`.
    let masks = unsafe { (*turn.scratch).masks };
    turn.end(masks.block != 0)
}

/// The same in the kernel's hash table.
#[xdp]
pub fn name_in_hashes(_: XdpContext) -> u32 {
    let Some(turn) = Turn::next_name() else { return xdp_action::XDP_ABORTED };
    let found = look_up_hashes(turn.scratch);
    turn.end(found != 0)
}

/// As [`judge::look_up_name`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn look_up_hashes(element: *mut Scratch) -> u32 {
    // SAFETY: null or a per-CPU element of SCRATCH, which outlives the program and which nobody else writes now.
    let Some(scratch) = (unsafe { element.as_mut() }) else { return 0 };
    let Some(tables) = Tables::of_slot(scratch.packet.slot) else { return 0 };
    let mut state = tables.generation.hash_seed;
    let mut left = scratch.partial.name.len;
    let mut found = 0;
    for _ in 0..MAX_NAME {
        if left == 0 {
            break;
        }
        left -= 1;
        let byte = scratch.partial.name.byte(left);
        if byte == b'.' {
            found |= in_hashes(name::finish(state));
        }
        state = name::absorb(state, byte);
    }
    found | in_hashes(name::finish(state))
}

/// A function of its own, as [`judge::gather`] is.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn in_hashes(hash: u64) -> u32 {
    // SAFETY: nothing is removed while a test runs.
    unsafe { HASHES.get(hash) }.map_or(0, |number| *number)
}

/// Asks nothing about an address.
#[xdp]
pub fn no_address(_: XdpContext) -> u32 {
    let Some(turn) = Turn::next() else { return xdp_action::XDP_ABORTED };
    let V6(high, low) = turn.v6();
    core::hint::black_box(high ^ low);
    turn.end(false)
}

/// An IPv4 address as the filter looks it up.
#[xdp]
pub fn v4_in_table(_: XdpContext) -> u32 {
    let Some(turn) = Turn::next() else { return xdp_action::XDP_ABORTED };
    let Some(cells) = PREFIXES.get(turn.tables.slot) else { return xdp_action::XDP_ABORTED };
    let address = V4(turn.v6().1 as u32);
    let masks = ranges::masks(&InMap(cells), &turn.tables.generation.prefixes_v4, address, u64::MAX);
    turn.end(masks != Masks::default())
}

/// An IPv6 address as the filter looks it up.
#[xdp]
pub fn v6_in_table(_: XdpContext) -> u32 {
    let Some(turn) = Turn::next() else { return xdp_action::XDP_ABORTED };
    let Some(cells) = PREFIXES.get(turn.tables.slot) else { return xdp_action::XDP_ABORTED };
    let masks = ranges::masks(&InMap(cells), &turn.tables.generation.prefixes_v6, turn.v6(), u64::MAX);
    turn.end(masks != Masks::default())
}

/// An IPv4 address in the kernel's trie.
#[xdp]
pub fn v4_in_trie(_: XdpContext) -> u32 {
    let Some(turn) = Turn::next() else { return xdp_action::XDP_ABORTED };
    let found = TRIE_V4.get(&Key::new(32, (turn.v6().1 as u32).to_be_bytes())).is_some();
    turn.end(found)
}

/// An IPv6 address in the kernel's trie.
#[xdp]
pub fn v6_in_trie(_: XdpContext) -> u32 {
    let Some(turn) = Turn::next() else { return xdp_action::XDP_ABORTED };
    let V6(high, low) = turn.v6();
    let address = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
    let found = TRIE_V6.get(&Key::new(128, address)).is_some();
    turn.end(found)
}

/// Goes on in a filter that somebody else has loaded.
#[xdp(frags)]
pub fn through(ctx: XdpContext) -> u32 {
    // SAFETY: the map holds XDP programs, and nothing here waits to be dropped.
    unsafe { MEASURED.tail_call(&ctx, 0) };
    xdp_action::XDP_ABORTED
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // Nothing above can panic, so this is never linked.
    loop {}
}

/// What the kernel asks of a program that calls GPL-only helpers.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
