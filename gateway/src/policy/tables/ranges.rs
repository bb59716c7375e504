//! The trees of nets (see [`gateway_common::table::ranges`]), one for each family, in one table.
#![expect(clippy::cast_possible_truncation, reason = "an address is taken apart into its words")]

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use gateway_common::abi::Masks;
use gateway_common::table::Cell;
use gateway_common::table::ranges::{self, Address, Shape, V4, V6};
use ipnet::IpNet;

use super::index;

/// Nets while they are gathered, with what is said of each.
pub type Prefixes = BTreeMap<IpNet, Masks>;

/// The finished trees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrefixTable {
    /// As the kernel reads them.
    pub cells: Vec<Cell>,
    /// Where the tree of IPv4 lies.
    pub v4: Shape,
    /// Where the tree of IPv6 lies.
    pub v6: Shape,
    /// How many nets there are.
    pub nets: usize,
}

impl PrefixTable {
    /// The trees of `prefixes`.
    pub fn new(prefixes: &Prefixes) -> Self {
        let mut links = Links::default();
        let family = |v4| prefixes.iter().filter(move |(net, _)| matches!(net, IpNet::V4(_)) == v4);
        let v4 = ranges(family(true), &mut links, u128::from(u32::MAX));
        let v6 = ranges(family(false), &mut links, u128::MAX);
        let mut cells = Vec::new();
        let v4 = tree(&mut cells, &v4, &V4_FORM);
        let v6 = tree(&mut cells, &v6, &V6_FORM);
        let at = index(cells.len());
        cells.extend(links.cells());
        Self { cells, v4: Shape { links: at, ..v4 }, v6: Shape { links: at, ..v6 }, nets: prefixes.len() }
    }

    /// What the longest net around the address that says something about `policies` says.
    pub fn look_up(&self, address: IpAddr, policies: u64) -> Masks {
        let cells: &[Cell] = &self.cells;
        match address {
            IpAddr::V4(address) => ranges::masks(cells, &self.v4, V4(address.into()), policies),
            IpAddr::V6(address) => {
                let [high, low] = halves(address.into());
                ranges::masks(cells, &self.v6, V6(high, low), policies)
            }
        }
    }
}

/// The links of all chains, each once; number 0 is the end.
#[derive(Default)]
struct Links {
    numbers: HashMap<(Masks, u32), u32>,
    links: Vec<(Masks, u32)>,
}

impl Links {
    fn number(&mut self, masks: Masks, next: u32) -> u32 {
        *self.numbers.entry((masks, next)).or_insert_with(|| {
            self.links.push((masks, next));
            index(self.links.len())
        })
    }

    fn cells(&self) -> Vec<Cell> {
        let end = [(Masks::default(), 0)];
        let words: Vec<u64> = end
            .iter()
            .chain(&self.links)
            .flat_map(|(masks, next)| [masks.block, masks.allow, u64::from(*next), 0])
            .collect();
        words.chunks(8).map(|words| filled(words.iter().copied())).collect()
    }
}

/// A cell of these words, and zeros.
fn filled(words: impl Iterator<Item = u64>) -> Cell {
    let mut cell = [0; 8];
    cell.iter_mut().zip(words).for_each(|(word, value)| *word = value);
    cell
}

/// Where a range starts, and the link with which its chain begins.
type Range = (u128, u32);

/// The ranges into which the nets of a family cut the addresses from 0 to `last`; none if there are no nets.
fn ranges<'a>(
    nets: impl Iterator<Item = (&'a IpNet, &'a Masks)>,
    links: &mut Links,
    last: u128,
) -> Vec<Range> {
    let mut ranges = vec![(0, 0)];
    // The nets around the place where we are, outermost first: where each ends, and its link. Sorted by address, then by
    // length, a net comes behind those that contain it.
    let mut around: Vec<(u128, u32)> = Vec::new();
    let mut any = false;
    for (net, masks) in nets {
        any = true;
        let (start, end) = (number(net.network()), number(net.broadcast()));
        close(&mut around, &mut ranges, Some(start), last);
        let link = links.number(*masks, around.last().map_or(0, |(_, link)| *link));
        open(&mut ranges, start, link);
        around.push((end, link));
    }
    close(&mut around, &mut ranges, None, last);
    if any { ranges } else { Vec::new() }
}

/// Ends the nets that end before `start`, or all.
fn close(around: &mut Vec<(u128, u32)>, ranges: &mut Vec<Range>, start: Option<u128>, last: u128) {
    while let Some((end, _)) = around.pop_if(|(end, _)| start.is_none_or(|start| *end < start)) {
        if end < last {
            open(ranges, end + 1, around.last().map_or(0, |(_, link)| *link));
        }
    }
}

/// Begins a range, unless nothing changes with it.
fn open(ranges: &mut Vec<Range>, start: u128, link: u32) {
    ranges.pop_if(|(before, _)| *before == start);
    if ranges.last().is_none_or(|(_, before)| *before != link) {
        ranges.push((start, link));
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

fn halves(number: u128) -> [u64; 2] {
    [(number >> 64) as u64, number as u64]
}

/// How nodes and leaves of a family are written.
struct Form {
    children: usize,
    ranges: usize,
    /// A node with these keys, and the greatest address where there are fewer.
    node: fn(&[u128]) -> Cell,
    /// A leaf with these ranges, of which there are as many as it holds.
    leaf: fn(&[Range]) -> Cell,
}

const V4_FORM: Form = Form {
    children: V4::CHILDREN,
    ranges: V4::RANGES,
    node: |keys| {
        let key = |at: usize| keys.get(at).map_or(u64::from(u32::MAX), |key| *key as u64);
        filled((0..8).map(|word| key(2 * word) | key(2 * word + 1) << 32))
    },
    leaf: |ranges| filled(ranges.iter().map(|(start, link)| (*start as u64) << 32 | u64::from(*link))),
};

const V6_FORM: Form = Form {
    children: V6::CHILDREN,
    ranges: V6::RANGES,
    node: |keys| {
        let key = |at: usize| halves(keys.get(at).copied().unwrap_or(u128::MAX));
        filled((0..3).flat_map(key))
    },
    leaf: |ranges| {
        let link = |at: usize| ranges.get(at).map_or(0, |(_, link)| u64::from(*link));
        let starts = ranges.iter().flat_map(|(start, _)| halves(*start));
        filled(starts.chain([link(0) | link(1) << 32, link(2)]))
    },
};

/// Appends a tree over the ranges.
fn tree(cells: &mut Vec<Cell>, ranges: &[Range], form: &Form) -> Shape {
    let mut shape = Shape::default();
    let Some(last) = ranges.last() else { return shape };
    // From the leaves up: the cells of each level, and the first address below each of them.
    let mut levels: Vec<Vec<Cell>> = Vec::new();
    let mut leaves = Vec::new();
    for chunk in ranges.chunks(form.ranges) {
        let mut full = chunk.to_vec();
        // What only fills a leaf up starts at the last address and says what the last range says.
        full.resize(form.ranges, (u128::MAX, last.1));
        leaves.push((form.leaf)(&full));
    }
    let mut firsts: Vec<u128> = ranges.iter().step_by(form.ranges).map(|(start, _)| *start).collect();
    levels.push(leaves);
    while firsts.len() > 1 {
        let children = firsts.chunks(form.children);
        levels
            .push(children.clone().map(|starts| (form.node)(starts.get(1..).unwrap_or_default())).collect());
        firsts = children.filter_map(|starts| starts.first().copied()).collect();
    }
    for (level, nodes) in levels.into_iter().rev().enumerate() {
        if let (Some(at), Some(len)) = (shape.at.get_mut(level), shape.len.get_mut(level)) {
            (*at, *len) = (index(cells.len()), index(nodes.len()));
        }
        cells.extend(nodes);
        shape.levels = index(level + 1);
    }
    shape
}

#[cfg(test)]
#[path = "ranges_tests.rs"]
mod tests;
