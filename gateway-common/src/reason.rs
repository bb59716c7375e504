//! Why a packet got its verdict: one list that is counter index, label and documentation at once.

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $label:literal,)+) => {
        /// Why a packet got its verdict. Every packet that is seen counts under exactly one of these.
        ///
        /// The discriminant is the index into [`crate::abi::DeviceCounters::reasons`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Reason {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Reason {
            /// Every reason, in the order of its index.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word that stands for this reason in metrics, events and JSON.
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)+
                }
            }

            /// The reason with this index, if there is one.
            ///
            /// By comparison, for which a compiler needs no table: the verifier of Linux 6.1 loses the bound of an index that
            /// lies on the stack for a while.
            #[inline(always)]
            pub const fn from_index(index: u8) -> Option<Self> {
                $(if index == Self::$variant as u8 {
                    return Some(Self::$variant);
                })+
                None
            }

            /// One sentence for people: what this reason means.
            pub const fn describe(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc,)+).trim_ascii(),)+
                }
            }
        }
    };
}

reasons! {
    /// The device has no policies; its packets are counted and passed.
    Unfiltered = "unfiltered",
    /// Neither IPv4 nor IPv6 (ARP, LLDP and the like).
    NotIp = "not_ip",
    /// IP, but neither TCP nor UDP, and the address is not listed.
    OtherProtocol = "other_protocol",
    /// The flow had its verdict already.
    KnownFlow = "known_flow",
    /// A TCP segment without data; the name is still to come.
    NoPayload = "no_payload",
    /// The payload is of no protocol whose names are read.
    NotInspected = "not_inspected",
    /// The destination address decided, or is on a list of a policy that only observes.
    Address = "address",
    /// The destination port decided.
    Port = "port",
    /// The server name of a TLS ClientHello was read and judged.
    TlsSni = "tls_sni",
    /// The server name in QUIC Initials was read and judged.
    QuicSni = "quic_sni",
    /// A policy blocks QUIC as such, so that clients fall back to TCP.
    Quic = "quic",
    /// 0-RTT data of a QUIC connection whose name is not known yet: dropped, so that it comes again behind the name.
    EarlyData = "early_data",
    /// More QUIC Initials of one device than are read in a second.
    RateLimited = "rate_limited",
    /// The host of an HTTP/1 request was read and judged.
    HttpHost = "http_host",
    /// The name in a DNS question was read and judged.
    DnsQname = "dns_qname",
    /// A ClientHello, request or question that carries no name.
    Nameless = "nameless",
    /// An address in the place where a name belongs.
    IpLiteral = "ip_literal",
    /// A ClientHello with another one inside that is encrypted (ECH).
    Ech = "ech",
    /// The name that the device had asked DNS for, of a ClientHello with an encrypted one inside.
    Asked = "asked",
    /// The beginning or a part of a message whose name is still to come.
    Incomplete = "incomplete",
    /// A segment that came before one in front of it while a name was being read: dropped, so that it comes again in order.
    OutOfOrder = "out_of_order",
    /// Bytes that were read already, sent once more.
    Retransmission = "retransmission",
    /// A message whose beginning was forgotten to make room for others.
    Evicted = "evicted",
    /// An IP fragment: a piece that cannot be judged alone.
    Fragment = "fragment",
    /// The frame ends before the header or payload that it announces.
    Truncated = "truncated",
    /// A version or length in a link, IP or transport header contradicts the rest.
    BadHeader = "bad_header",
    /// A message that should carry a name breaks its own format.
    Malformed = "malformed",
    /// A chain of headers or a message is longer than is followed.
    TooLong = "too_long",
    /// The program that reads this protocol's names is not loaded on this kernel.
    NoInspector = "no_inspector",
    /// A map or helper failed where it cannot; the packet passed.
    Internal = "internal",
}

impl Reason {
    /// How many reasons there are.
    pub const COUNT: usize = Self::ALL.len();

    /// Whether this reason says that a flow's name could not be learned (`gateway_gave_up_total`).
    pub const fn gave_up(self) -> bool {
        matches!(
            self,
            Self::Nameless
                | Self::IpLiteral
                | Self::RateLimited
                | Self::Evicted
                | Self::Fragment
                | Self::Truncated
                | Self::BadHeader
                | Self::Malformed
                | Self::TooLong
                | Self::NoInspector
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn every_index_leads_back_to_its_reason() {
        for (index, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, index);
            assert_eq!(Reason::from_index(u8::try_from(index).unwrap()), Some(*reason));
        }
        assert_eq!(Reason::from_index(u8::try_from(Reason::COUNT).unwrap()), None);
    }

    #[test]
    fn labels_are_unique_and_fit_for_prometheus() {
        for (index, reason) in Reason::ALL.iter().enumerate() {
            assert!(reason.label().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert!(Reason::ALL[index + 1..].iter().all(|other| other.label() != reason.label()));
            assert!(reason.describe().ends_with('.'));
        }
    }
}
