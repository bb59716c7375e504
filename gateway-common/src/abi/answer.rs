//! What becomes of packets that are rejected.

/// How many answers one CPU sends to one device in a second; what is rejected beyond that is dropped.
pub const REPLIES_A_SECOND: u32 = 64;

/// What became of a packet that was rejected, by index in the map `ANSWERS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Answer {
    /// It was turned into the answer to its sender and handed to the interface.
    Sent,
    /// It was dropped: there is no answer to such a packet (a reset, a multicast, a fragment, what cannot be read).
    None,
    /// It was dropped: its device had [`REPLIES_A_SECOND`] answers in this second.
    Limited,
    /// It was dropped: its interface cannot send answers (map `MUTE`).
    Mute,
}

impl Answer {
    /// Every one, in the order of its index.
    pub const ALL: &[Self] = &[Self::Sent, Self::None, Self::Limited, Self::Mute];

    /// The word that stands for it in metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::None => "none",
            Self::Limited => "limited",
            Self::Mute => "mute",
        }
    }
}

/// Why an interface cannot send what XDP turns around (map `MUTE`, key: the interface's index).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Mute {
    /// Its driver runs programs but does not say that it can send for them.
    Driver,
    /// It is one end of a veth pair, and the other end has no program, without which it does not look for such frames.
    Peer,
}

impl Mute {
    /// Every one, in the order of its number.
    pub const ALL: &[Self] = &[Self::Driver, Self::Peer];

    /// The one with this number, if there is one.
    pub fn from_index(index: u32) -> Option<Self> {
        Self::ALL.iter().copied().find(|mute| *mute as u32 == index)
    }

    /// Why, in a few words for people.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Driver => "its driver does not say that it can send from XDP",
            Self::Peer => "the other end of its veth pair has no XDP program",
        }
    }

    /// What the owner can do about it.
    pub const fn cure(self) -> &'static str {
        match self {
            Self::Driver => "a newer kernel may bring it",
            Self::Peer => "attach one there in native mode; one that passes everything will do",
        }
    }
}
