//! Which interfaces cannot send what XDP turns around, so that `reject` drops there and says so.
//!
//! In generic mode the network stack sends, which works everywhere. In native mode the driver must: since Linux 6.3 it says
//! whether it can. A veth says that it can and yet loses the frame unless the other end of the pair has a program in its
//! driver: only then is that end told that something waits (drivers/net/veth.c, `veth_xdp_flush`; GRO there, which also
//! switches its polling on, is not enough).

use std::io;

use gateway_common::abi::Mute;
use nix::net::if_::if_nametoindex;

use super::Error;
use super::attach::Attached;
use super::maps::{Maps, map};
use super::pins::Mode;
use crate::netlink::link::{self, Link};

/// `NETDEV_XDP_ACT_BASIC` of linux/netdev.h: pass, drop, abort and send.
const BASIC: u64 = 1;

/// Whether rejected packets of an interface can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Voice {
    /// They are.
    Answers,
    /// They are dropped.
    Mute(Mute),
    /// The kernel would not say, for this reason; they are answered, perhaps in vain.
    Unknown(String),
}

/// Asks the kernel whether `interface` can send answers when the program is attached in `mode`.
pub fn voice(interface: &str, mode: Mode) -> Voice {
    match mode {
        Mode::Generic => Voice::Answers,
        Mode::Native => native(interface).unwrap_or_else(|error| Voice::Unknown(error.to_string())),
    }
}

fn native(interface: &str) -> io::Result<Voice> {
    let index = if_nametoindex(interface)?;
    let link = link::link(index, None)?;
    if link.kind.as_deref() == Some("veth") {
        return of_veth(&link);
    }
    let says_so = link::xdp_features(index)?.is_none_or(|features| features & BASIC != 0);
    Ok(if says_so { Voice::Answers } else { Voice::Mute(Mute::Driver) })
}

fn of_veth(link: &Link) -> io::Result<Voice> {
    let Some(peer) = link.peer else { return Ok(Voice::Mute(Mute::Peer)) };
    let there = link::link(peer, link.peer_namespace)?;
    Ok(if there.native_program { Voice::Answers } else { Voice::Mute(Mute::Peer) })
}

impl Maps {
    /// Keeps in the kernel which of `attached` are mute. All other interfaces are not.
    ///
    /// # Errors
    /// [`Error::Map`] if the map cannot be read or written.
    pub fn set_mute(&mut self, attached: &[Attached]) -> Result<(), Error> {
        let mut kept = Vec::new();
        for this in attached {
            if let (Voice::Mute(mute), Some(index)) = (&this.voice, this.index) {
                let set = self.mute.insert(index, *mute as u32, 0);
                set.map_err(|source| map("write", "MUTE", source))?;
                kept.push(index);
            }
        }
        let stale = self.mute.keys().filter_map(Result::ok).filter(|index| !kept.contains(index));
        for index in stale.collect::<Vec<u32>>() {
            self.mute.remove(&index).map_err(|source| map("write", "MUTE", source))?;
        }
        Ok(())
    }

    /// Why the interface with this index cannot send answers, if it is known not to.
    pub fn mute(&self, index: u32) -> Option<Mute> {
        Mute::from_index(self.mute.get(&index, 0).ok()?)
    }

    /// How many rejected packets came to each [`gateway_common::abi::Answer`], in their order.
    ///
    /// # Errors
    /// [`Error::Map`] if the map cannot be read.
    pub fn read_answers(&self) -> Result<Vec<u64>, Error> {
        let sum = |index| {
            let values = self.answers.get(&index, 0).map_err(|source| map("read", "ANSWERS", source))?;
            Ok(values.iter().sum())
        };
        (0..self.answers.len()).map(sum).collect()
    }
}
