//! The walk over IPv6 extension headers (RFC 8200, 4).

use zerocopy::network_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable};

use super::{Fragment, Frame, Network, fragment};
use crate::reason::Reason;

#[derive(Clone, Copy, FromBytes, Immutable)]
#[repr(C)]
struct ExtensionHeader {
    next_header: u8,
    len: u8,
}

#[derive(Clone, Copy, FromBytes, Immutable)]
#[repr(C)]
struct FragmentHeader {
    next_header: u8,
    reserved: u8,
    offset_more: U16,
    id: U32,
}

/// How far the walk over IPv6 extension headers is (RFC 8200, 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Extensions {
    protocol: u8,
    /// A [`Fragment`] as number.
    fragment: u8,
    /// Where in the frame the next header begins.
    offset: u16,
    /// What is left of the packet, in bytes.
    len: u16,
    reserved: u16,
}

impl Extensions {
    /// The walk over the `len` bytes that begin at `offset`, with a header of the kind `protocol`.
    pub(super) const fn new(protocol: u8, offset: u16, len: u16) -> Self {
        Self { protocol, fragment: 0, offset, len, reserved: 0 }
    }

    const HOP_BY_HOP: u8 = 0;
    const ROUTING: u8 = 43;
    const FRAGMENT: u8 = 44;
    const AUTHENTICATION: u8 = 51;
    const DESTINATION: u8 = 60;
    const MOBILITY: u8 = 135;
    const HIP: u8 = 139;
    const SHIM6: u8 = 140;

    /// No chain of headers that is followed leads beyond this: 14 + 8 + 40 + 8 * 2048 bytes.
    const OFFSET_MASK: u16 = 0x7fff;

    /// Whether the next header is one to walk over. A later fragment holds no header at all.
    pub(super) const fn is_extension(&self) -> bool {
        self.fragment != Fragment::Later as u8
            && matches!(
                self.protocol,
                Self::HOP_BY_HOP
                    | Self::ROUTING
                    | Self::FRAGMENT
                    | Self::AUTHENTICATION
                    | Self::DESTINATION
                    | Self::MOBILITY
                    | Self::HIP
                    | Self::SHIM6
            )
    }

    /// Walks over one header; false if there is none.
    #[inline(always)]
    pub(super) fn step<F: Frame + ?Sized>(&mut self, frame: &F) -> Result<bool, Reason> {
        if !self.is_extension() {
            return Ok(false);
        }
        let offset = usize::from(self.offset & Self::OFFSET_MASK);
        let header: ExtensionHeader = frame.read(offset).ok_or(Reason::Truncated)?;
        let len = match self.protocol {
            Self::FRAGMENT => {
                let header: FragmentHeader = frame.read(offset).ok_or(Reason::Truncated)?;
                let place = header.offset_more.get();
                // A second fragment header cannot make the packet whole again: whoever reassembles sees the first.
                let kind = fragment(place >> 3, place & 1 != 0) as u8;
                self.fragment = if kind > self.fragment { kind } else { self.fragment };
                // RFC 8200, 4.5.
                8
            }
            // RFC 4302, 2.2: in units of four bytes, less two.
            Self::AUTHENTICATION => (u16::from(header.len) + 2) * 4,
            _ => (u16::from(header.len) + 1) * 8,
        };
        self.len = self.len.checked_sub(len).ok_or(Reason::BadHeader)?;
        self.offset += len;
        self.protocol = header.next_header;
        Ok(true)
    }

    #[inline(always)]
    pub(super) fn network(&self, header: usize) -> Network {
        Network {
            header,
            protocol: self.protocol,
            fragment: match self.fragment {
                0 => Fragment::No,
                1 => Fragment::First,
                _ => Fragment::Later,
            },
            is_v4: false,
            offset: usize::from(self.offset & Self::OFFSET_MASK),
            len: usize::from(self.len),
        }
    }
}
