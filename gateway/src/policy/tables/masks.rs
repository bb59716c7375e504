//! Masks by number: most names share theirs with many others.

use std::collections::HashMap;

use gateway_common::abi::{Masks, NameMasks};
use gateway_common::table::Cell;

/// The masks that names have, each once. Number 0 says nothing.
#[derive(Clone, Debug)]
pub(super) struct Interned {
    masks: Vec<NameMasks>,
    numbers: HashMap<NameMasks, u32>,
    /// The last union that was asked for: lists that overlap ask for the same again and again.
    last: ((u32, u32), u32),
}

impl Default for Interned {
    fn default() -> Self {
        let nothing = NameMasks::default();
        Self { masks: vec![nothing], numbers: HashMap::from([(nothing, 0)]), last: ((0, 0), 0) }
    }
}

impl Interned {
    /// The number of `masks`.
    pub(super) fn number(&mut self, masks: NameMasks) -> u32 {
        *self.numbers.entry(masks).or_insert_with(|| {
            self.masks.push(masks);
            super::index(self.masks.len() - 1)
        })
    }

    /// The masks with this number.
    pub(super) fn masks(&self, number: u32) -> NameMasks {
        self.masks.get(number as usize).copied().unwrap_or_default()
    }

    /// The number of what `a` and `b` say together.
    pub(super) fn union(&mut self, a: u32, b: u32) -> u32 {
        if a == b || b == 0 {
            return a;
        }
        if self.last.0 != (a, b) {
            let (one, other) = (self.masks(a), self.masks(b));
            let both =
                NameMasks { below: either(one.below, other.below), exact: either(one.exact, other.exact) };
            self.last = ((a, b), self.number(both));
        }
        self.last.1
    }

    /// The masks as the kernel reads them, two in each cell.
    pub(super) fn cells(&self) -> impl Iterator<Item = Cell> {
        self.masks.chunks(2).map(|pair| {
            let [a, b] = [0, 1].map(|half| pair.get(half).copied().unwrap_or_default());
            let words = |masks: NameMasks| {
                [masks.below.block, masks.below.allow, masks.exact.block, masks.exact.allow]
            };
            let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (words(a), words(b));
            [a0, a1, a2, a3, b0, b1, b2, b3]
        })
    }
}

/// What either blocks, and what either allows.
pub(super) const fn either(a: Masks, b: Masks) -> Masks {
    Masks { block: a.block | b.block, allow: a.allow | b.allow }
}

/// Whether `outer` says all that `inner` does.
pub(super) const fn covers(outer: Masks, inner: Masks) -> bool {
    inner.block & !outer.block == 0 && inner.allow & !outer.allow == 0
}
