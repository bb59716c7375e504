//! Access to the bytes of a frame: the one place that turns packet addresses into values.

use core::ffi::c_void;

use core::mem::MaybeUninit;

use aya_ebpf::helpers::generated::{bpf_skb_load_bytes, bpf_xdp_get_buff_len, bpf_xdp_load_bytes};
use aya_ebpf::programs::{TcContext, XdpContext};
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
    piece.at = 0;
    piece.len = 0;
    if len == 0 {
        return true;
    }
    let bounded = bounded(len);
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

/// `len`, but at most the size of a piece, and of 0 something else.
#[inline(always)]
fn bounded(len: u32) -> u32 {
    const MASK: u32 = PIECE_LEN - 1;
    let wanted = if len > MASK + 1 { MASK + 1 } else { len };
    // A range of 1 to 2048 that also the verifier of 6.1 sees.
    (opaque(wanted).wrapping_sub(1) & MASK) + 1
}

/// The packet that a classifier looks at, of which any part may lie anywhere.
pub struct TcFrame<'a>(pub &'a TcContext);

impl Frame for TcFrame<'_> {
    #[inline(always)]
    fn len(&self) -> usize {
        self.0.len() as usize
    }

    #[inline(always)]
    fn read<T: FromBytes + Immutable + Copy>(&self, offset: usize) -> Option<T> {
        let mut value = MaybeUninit::<T>::uninit();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a packet is shorter than 2^32 bytes, a header than 2^8"
        )]
        let (offset, size) = (offset as u32, size_of::<T>() as u32);
        // SAFETY: the helper checks the place against the packet and writes `size` bytes, the size of the value.
        let failed = unsafe {
            bpf_skb_load_bytes(self.0.skb.skb.cast(), offset, value.as_mut_ptr().cast::<c_void>(), size)
        };
        // SAFETY: the helper filled it, and `T: FromBytes` accepts any bytes.
        if failed != 0 { None } else { Some(unsafe { value.assume_init() }) }
    }
}

/// Like [`load`], of what a classifier looks at. `len` is not 0.
#[inline(always)]
pub fn load_down(ctx: &TcContext, offset: u32, len: u32, piece: &mut Piece) -> bool {
    let bounded = bounded(len);
    piece.at = 0;
    piece.len = bounded;
    let to = piece.bytes.as_mut_ptr().cast::<c_void>();
    // SAFETY: the helper checks the place against the packet and writes `bounded` bytes, at most the size of the array.
    unsafe { bpf_skb_load_bytes(ctx.skb.skb.cast(), offset, to, bounded) == 0 }
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
