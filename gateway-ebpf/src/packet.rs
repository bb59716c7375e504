//! Access to the bytes of a frame: the one place that turns packet addresses into values.

use core::ffi::c_void;

use aya_ebpf::helpers::generated::{bpf_xdp_get_buff_len, bpf_xdp_load_bytes};
use aya_ebpf::programs::XdpContext;
use gateway_common::tls::{PIECE_LEN, Piece};
use gateway_common::wire::Frame;
use zerocopy::{FromBytes, Immutable};

use crate::opaque::opaque;

/// The frame that an XDP program looks at.
pub struct XdpFrame<'a> {
    ctx: &'a XdpContext,
    len: usize,
}

impl<'a> XdpFrame<'a> {
    #[inline(always)]
    pub fn new(ctx: &'a XdpContext) -> Self {
        // SAFETY: the helper only reads the context, which is the kernel's own. It counts fragments of jumbo frames too,
        // which `data_end` does not.
        let len = unsafe { bpf_xdp_get_buff_len(ctx.ctx) };
        #[expect(clippy::cast_possible_truncation, reason = "usize has 64 bits on bpf")]
        Self { ctx, len: len as usize }
    }
}

impl Frame for XdpFrame<'_> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.len
    }

    /// Headers lie in the linear part of a frame; one that does not is as good as missing.
    #[inline(always)]
    fn read<T: FromBytes + Immutable + Copy>(&self, offset: usize) -> Option<T> {
        let start = self.ctx.data() + offset;
        // Of one byte LLVM makes `start >= data_end`, from which the verifier does not learn that the byte is there.
        const { assert!(size_of::<T>() > 1) };
        if start + size_of::<T>() > self.ctx.data_end() {
            return None;
        }
        // SAFETY: the kernel keeps `data..data_end` readable while the program runs, and the comparison above, which the
        // verifier follows, puts all of `T` inside it. `T: FromBytes` accepts any bytes; alignment does not matter.
        Some(unsafe { (start as *const T).read_unaligned() })
    }
}

/// Copies the bytes from `offset` on into `piece`, as many as there are up to its size; false if that fails.
#[inline(always)]
pub fn load(ctx: &XdpContext, offset: u32, len: u32, piece: &mut Piece) -> bool {
    const MASK: u32 = PIECE_LEN - 1;
    piece.at = 0;
    piece.len = 0;
    if len == 0 {
        return true;
    }
    let wanted = if len > MASK + 1 { MASK + 1 } else { len };
    // A range of 1 to 2048 that also the verifier of 6.1 sees.
    let bounded = (opaque(wanted).wrapping_sub(1) & MASK) + 1;
    // SAFETY: the helper checks `offset` and `bounded` against the frame and writes `bounded` bytes, at most the size of
    // the array it is given.
    let failed =
        unsafe { bpf_xdp_load_bytes(ctx.ctx, offset, piece.bytes.as_mut_ptr().cast::<c_void>(), bounded) };
    if failed != 0 {
        return false;
    }
    piece.len = bounded;
    true
}

/// How many bytes [`start`] reads.
pub const START_BYTES: usize = START_LEN as usize;

/// [`START_BYTES`] as the number that lengths in a packet are.
pub const START_LEN: u32 = 6;

/// The first bytes of a payload; zeros for those that it does not have.
///
/// By a helper, since a payload may lie behind the linear part of the frame although its headers do not.
#[inline(always)]
pub fn start(ctx: &XdpContext, offset: u32, len: u32) -> [u8; START_BYTES] {
    let mut start = [0; START_BYTES];
    let to = start.as_mut_ptr().cast::<c_void>();
    let read = if len >= START_LEN { START_LEN } else { 1 };
    // SAFETY: the helper checks the place against the frame and writes `read` bytes, at most the size of the array. Should
    // it refuse, the zeros stay, which no message that is inspected begins with.
    unsafe { bpf_xdp_load_bytes(ctx.ctx, offset, to, read) };
    start
}
