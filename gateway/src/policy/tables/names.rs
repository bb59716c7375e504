//! The table of names (see [`gateway_common::table::names`]), made from names one by one.
//!
//! A million of them come from lists, so nothing is kept of a name but hashes: that of the name and of each name above it,
//! which is what it takes to see that a name says nothing which a name above it does not say.
#![expect(clippy::cast_possible_truncation, reason = "the highest bits of a hash are an index")]

use gateway_common::abi::{Masks, NameMasks};
use gateway_common::name;
use gateway_common::table::Cell;
use gateway_common::table::names::{self, SLOTS, Shape};

use super::index;
use super::masks::{Interned, covers, either};

/// Slots for each hundred names. More slots, fewer names in their second place: quicker to build and to search, but larger.
const SLOTS_PER_HUNDRED: usize = 120;

/// How often a name makes room for another before the table is made larger.
const MAX_MOVES: u32 = 500;

/// Names while they are gathered.
#[derive(Clone, Debug)]
pub struct Names {
    seed: u64,
    interned: Interned,
    /// For each name the hashes of all that it ends in, the shortest first, its own last.
    suffixes: Vec<u64>,
    /// For each name how many of those are its own.
    counts: Vec<u8>,
    /// For each name the number of its masks.
    masks: Vec<u32>,
}

/// A name that is listed, once.
#[derive(Clone, Copy, Default)]
struct Entry {
    hash: u64,
    masks: u32,
}

/// The finished table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameTable {
    /// As the kernel reads it.
    pub cells: Vec<Cell>,
    /// Where what lies.
    pub shape: Shape,
    /// Key of the hashes.
    pub seed: u64,
    /// How many names there are.
    pub names: usize,
    /// How many names more were listed, of which names above them say all.
    pub folded: usize,
}

impl Names {
    /// None yet; `seed` is the key of the hashes.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            interned: Interned::default(),
            suffixes: Vec::new(),
            counts: Vec::new(),
            masks: Vec::new(),
        }
    }

    /// The number under which [`Names::add`] takes these masks.
    pub fn number(&mut self, masks: NameMasks) -> u32 {
        self.interned.number(masks)
    }

    /// Adds a name, which is lower-case and without a trailing dot; `masks` is a number of [`Names::number`].
    pub fn add(&mut self, name: &[u8], masks: u32) {
        if masks == 0 {
            return;
        }
        let mut count = 0;
        let mut state = self.seed;
        for byte in name.iter().rev() {
            if *byte == b'.' {
                self.suffixes.push(name::finish(state));
                count += 1;
            }
            state = name::absorb(state, *byte);
        }
        self.suffixes.push(name::finish(state));
        self.counts.push(count + 1);
        self.masks.push(masks);
    }

    /// Makes the table.
    pub fn build(mut self) -> NameTable {
        let mut entries = self.sorted();
        let folded = self.fold(&mut entries);
        let Self { seed, interned, .. } = self;
        let names = entries.iter().filter(|entry| entry.masks != 0).count();
        if names == 0 {
            return NameTable { seed, folded, ..NameTable::default() };
        }
        let mut buckets = (names * SLOTS_PER_HUNDRED).div_ceil(100 * SLOTS).max(1);
        let mut cells = loop {
            if let Some(cells) = placed(&entries, buckets) {
                break cells;
            }
            buckets += buckets.div_ceil(16);
        };
        let shape = Shape { buckets: index(buckets), masks: index(cells.len()) };
        cells.extend(interned.cells());
        NameTable { cells, shape, seed, names, folded }
    }

    /// The names by their hashes, each once, with all that was said of it.
    fn sorted(&mut self) -> Vec<Entry> {
        // First into as many heaps as there are values of the highest bits, then each heap by itself: what is sorted then lies
        // in the nearest cache.
        let bits = (self.masks.len() / 256).max(1).ilog2();
        let heap = |hash: u64| (hash >> 1 >> (63 - bits)) as usize;
        let mut starts = vec![0_usize; (1 << bits) + 1];
        for (hash, _) in self.hashes() {
            if let Some(start) = starts.get_mut(heap(hash) + 1) {
                *start += 1;
            }
        }
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        let mut entries = vec![Entry::default(); self.masks.len()];
        let mut next = starts.clone();
        for (hash, masks) in self.hashes() {
            if let Some(at) = next.get_mut(heap(hash)) {
                if let Some(entry) = entries.get_mut(*at) {
                    *entry = Entry { hash, masks };
                }
                *at += 1;
            }
        }
        for heap in starts.windows(2) {
            if let [from, to] = heap
                && let Some(heap) = entries.get_mut(*from..*to)
            {
                heap.sort_unstable_by_key(|entry| entry.hash);
            }
        }
        let interned = &mut self.interned;
        entries.dedup_by(|later, kept| {
            let same = later.hash == kept.hash;
            if same {
                kept.masks = interned.union(kept.masks, later.masks);
            }
            same
        });
        entries
    }

    /// The hash and the masks of each name that was added.
    fn hashes(&self) -> impl Iterator<Item = (u64, u32)> {
        let mut end = 0;
        self.counts.iter().zip(&self.masks).filter_map(move |(count, masks)| {
            end += usize::from(*count);
            Some((*self.suffixes.get(end - 1)?, *masks))
        })
    }

    /// Takes the masks from each of the `entries` of which the names above say the same; returns from how many.
    fn fold(&self, entries: &mut [Entry]) -> usize {
        let Some(above) = Above::new(entries, &self.interned) else { return 0 };
        let mut folded = Vec::new();
        let mut rest = self.suffixes.as_slice();
        for count in &self.counts {
            let (suffixes, after) = rest.split_at(usize::from(*count).min(rest.len()));
            rest = after;
            let Some((own, parents)) = suffixes.split_last() else { continue };
            if !parents.iter().any(|hash| above.may_hold(*hash)) {
                continue;
            }
            let mut said = Masks::default();
            for parent in parents {
                said = either(said, self.interned.masks(above.masks(entries, *parent)).below);
            }
            if said == Masks::default() {
                continue;
            }
            let Some(at) = above.position(entries, *own) else { continue };
            let own = entries.get(at).map_or(NameMasks::default(), |entry| self.interned.masks(entry.masks));
            if covers(said, own.below) && covers(said, own.exact) {
                folded.push(at);
            }
        }
        folded.sort_unstable();
        folded.dedup();
        for at in &folded {
            if let Some(entry) = entries.get_mut(*at) {
                entry.masks = 0;
            }
        }
        folded.len()
    }
}

/// Where the names lie that say something about those below them.
struct Above {
    /// A bit for each value of the hashes' highest bits that such a name has.
    bits: Vec<u64>,
    shift: u32,
    /// By the hashes' highest bits, of which there are fewer: the first of the entries that has them, or comes after.
    first: Vec<u32>,
    first_shift: u32,
}

impl Above {
    /// `None` if there is no such name.
    fn new(entries: &[Entry], interned: &Interned) -> Option<Self> {
        let says = |entry: &&Entry| interned.masks(entry.masks).below != Masks::default();
        let count = entries.iter().filter(says).count();
        if count == 0 {
            return None;
        }
        let log = (count * 16).next_power_of_two().ilog2().max(6);
        let first_log = (entries.len() / 4).next_power_of_two().ilog2().max(1);
        let mut this = Self {
            bits: vec![0; 1 << (log - 6)],
            shift: 64 - log,
            first: Vec::with_capacity((1 << first_log) + 1),
            first_shift: 64 - first_log,
        };
        for entry in entries.iter().filter(says) {
            let (word, bit) = this.bit(entry.hash);
            if let Some(word) = this.bits.get_mut(word) {
                *word |= bit;
            }
        }
        for (at, entry) in entries.iter().enumerate() {
            let heap = (entry.hash >> this.first_shift) as usize;
            while this.first.len() <= heap {
                this.first.push(index(at));
            }
        }
        this.first.resize((1 << first_log) + 1, index(entries.len()));
        Some(this)
    }

    const fn bit(&self, hash: u64) -> (usize, u64) {
        let at = hash >> self.shift;
        ((at >> 6) as usize, 1 << (at & 63))
    }

    /// False for most hashes of names that are not there.
    fn may_hold(&self, hash: u64) -> bool {
        let (word, bit) = self.bit(hash);
        self.bits.get(word).is_some_and(|word| word & bit != 0)
    }

    fn position(&self, entries: &[Entry], hash: u64) -> Option<usize> {
        let heap = (hash >> self.first_shift) as usize;
        let (from, to) = (*self.first.get(heap)? as usize, *self.first.get(heap + 1)? as usize);
        let found = entries.get(from..to)?.iter().position(|entry| entry.hash == hash)?;
        Some(from + found)
    }

    /// The number of the masks of the name with this hash, 0 if it is not there.
    fn masks(&self, entries: &[Entry], hash: u64) -> u32 {
        if !self.may_hold(hash) {
            return 0;
        }
        self.position(entries, hash).and_then(|at| entries.get(at)).map_or(0, |entry| entry.masks)
    }
}

/// The names in `buckets` cells; `None` if one of them found no place.
fn placed(entries: &[Entry], buckets: usize) -> Option<Vec<Cell>> {
    let mut cells = vec![[0; 8]; buckets];
    let count = u32::try_from(buckets).ok()?;
    // Which of the names in a full cell makes room: any generator will do.
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for entry in entries.iter().filter(|entry| entry.masks != 0) {
        let mut entry = *entry;
        let [mut at, second] = names::places(entry.hash, count);
        if put(&mut cells, at, entry) {
            continue;
        }
        if put(&mut cells, second, entry) {
            send_on(&mut cells, at, entry.hash);
            continue;
        }
        let mut moves = 0;
        loop {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            entry = swap(&mut cells, at, (random % SLOTS as u64) as usize, entry);
            let [first, second] = names::places(entry.hash, count);
            at = if at == first { second } else { first };
            if at == second {
                send_on(&mut cells, first, entry.hash);
            }
            if put(&mut cells, at, entry) {
                break;
            }
            moves += 1;
            if moves > MAX_MOVES {
                return None;
            }
        }
    }
    Some(cells)
}

/// Puts the entry into the cell, if that has room.
fn put(cells: &mut [Cell], at: u32, entry: Entry) -> bool {
    cells.get_mut(at as usize).is_some_and(|cell| names::put(cell, entry.hash, entry.masks))
}

/// Puts the entry into the slot and returns the one that was there.
fn swap(cells: &mut [Cell], at: u32, slot: usize, entry: Entry) -> Entry {
    let Some(cell) = cells.get_mut(at as usize) else { return entry };
    let (hash, masks) = names::swap(cell, slot, entry.hash, entry.masks);
    Entry { hash, masks }
}

/// Marks the first cell of a name that goes to its second.
fn send_on(cells: &mut [Cell], first: u32, hash: u64) {
    if let Some(cell) = cells.get_mut(first as usize) {
        names::set_sent_on(cell, hash);
    }
}

/// A finished table, wherever its cells lie.
#[derive(Clone, Copy, Debug)]
pub struct NameView<'a> {
    /// As [`NameTable::cells`].
    pub cells: &'a [Cell],
    /// As [`NameTable::shape`].
    pub shape: Shape,
    /// As [`NameTable::seed`].
    pub seed: u64,
}

impl NameTable {
    /// What is listed of a name, which is lower-case and without a trailing dot: who blocks and who allows it.
    pub fn look_up(&self, name: &[u8]) -> Masks {
        NameView { cells: &self.cells, shape: self.shape, seed: self.seed }.look_up(name)
    }
}

impl NameView<'_> {
    /// As [`NameTable::look_up`].
    pub fn look_up(&self, name: &[u8]) -> Masks {
        let mut masks = Masks::default();
        let mut state = self.seed;
        for byte in name.iter().rev() {
            if *byte == b'.' {
                masks = either(masks, self.masks(name::finish(state)).below);
            }
            state = name::absorb(state, *byte);
        }
        either(masks, self.masks(name::finish(state)).exact)
    }

    /// What is listed under this hash.
    fn masks(&self, hash: u64) -> NameMasks {
        match names::find(self.cells, self.shape, hash) {
            0 => NameMasks::default(),
            number => names::masks(self.cells, self.shape, number),
        }
    }
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;
