//! Shared types as aya's `Pod`.

use aya::Pod;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// A shared type in a map. aya's trait and the types are both foreign here, so a wrapper carries the one to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Plain<T>(pub T);

// SAFETY: `Pod` asks that any bytes are a value and that every byte of a value is initialised. That is what `FromBytes`
// (the former) and `IntoBytes` (the latter: no padding) guarantee, and `repr(transparent)` hands it on.
unsafe impl<T: FromBytes + IntoBytes + Immutable + Copy + 'static> Pod for Plain<T> {}
