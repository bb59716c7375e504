//! What an interface is, and what its driver can do (rtnetlink(7), and the kernel's Documentation/netlink/specs/netdev.yaml).

use std::io::{self, ErrorKind};

use nix::sys::socket::SockProtocol;

use super::request::{ask, attribute, find};

/// `struct ifinfomsg` of rtnetlink(7): family, type, index, flags, change.
const IFINFO: usize = 16;
/// `struct genlmsghdr`: command, version, reserved.
const GENL: usize = 4;

const RTM_GETLINK: u16 = 18;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_EXT_MASK: u16 = 29;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_XDP: u16 = 43;
const IFLA_XDP_DRV_PROG_ID: u16 = 5;
const IFLA_TARGET_NETNSID: u16 = 46;
/// Leave statistics out of the answer.
const RTEXT_FILTER_SKIP_STATS: u32 = 8;

const GENL_ID_CTRL: u16 = 0x10;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const NETDEV_CMD_DEV_GET: u8 = 1;
const NETDEV_A_DEV_IFINDEX: u16 = 1;
const NETDEV_A_DEV_XDP_FEATURES: u16 = 3;

/// An interface as rtnetlink describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Link {
    /// What kind of virtual interface it is; none for hardware.
    pub kind: Option<String>,
    /// Index of the interface of which it is a port: a bridge, say.
    pub master: Option<u32>,
    /// Index of the interface that it belongs to: of a veth, the other end; of a VLAN, what carries it.
    pub peer: Option<u32>,
    /// Number, here, of the network namespace in which `peer` is, if in another one.
    pub peer_namespace: Option<i32>,
    /// Whether a program is attached in its driver.
    pub native_program: bool,
}

/// Describes the interface with this index, in this network namespace or in the one that has this number here.
///
/// # Errors
/// If the kernel refuses, as for an interface that is gone or a namespace that we have no rights in.
pub(crate) fn link(index: u32, namespace: Option<i32>) -> io::Result<Link> {
    let mut body = vec![0; IFINFO];
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    attribute(&mut body, IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes());
    if let Some(namespace) = namespace {
        attribute(&mut body, IFLA_TARGET_NETNSID, &namespace.to_ne_bytes());
    }
    let answer = ask(SockProtocol::NetlinkRoute, RTM_GETLINK, &body)?;
    Ok(read_link(answer.get(IFINFO..).unwrap_or_default()))
}

/// What the driver of an interface says that it can do for XDP (`NETDEV_XDP_ACT_*` of linux/netdev.h); `None` on a
/// kernel before 6.3, which does not know.
///
/// # Errors
/// If the kernel refuses, as for an interface that is gone.
pub(crate) fn xdp_features(index: u32) -> io::Result<Option<u64>> {
    let Some(family) = netdev_family()? else { return Ok(None) };
    let mut body = vec![NETDEV_CMD_DEV_GET, 1, 0, 0];
    attribute(&mut body, NETDEV_A_DEV_IFINDEX, &index.to_ne_bytes());
    let answer = ask(SockProtocol::NetlinkGeneric, family, &body)?;
    let found = find(answer.get(GENL..).unwrap_or_default(), NETDEV_A_DEV_XDP_FEATURES);
    Ok(found.and_then(|value| Some(u64::from_ne_bytes(value.get(..8)?.try_into().ok()?))))
}

fn netdev_family() -> io::Result<Option<u16>> {
    let mut body = vec![CTRL_CMD_GETFAMILY, 1, 0, 0];
    attribute(&mut body, CTRL_ATTR_FAMILY_NAME, b"netdev\0");
    let answer = match ask(SockProtocol::NetlinkGeneric, GENL_ID_CTRL, &body) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let found = find(answer.get(GENL..).unwrap_or_default(), CTRL_ATTR_FAMILY_ID);
    Ok(found.and_then(|value| Some(u16::from_ne_bytes(value.get(..2)?.try_into().ok()?))))
}

fn read_link(attributes: &[u8]) -> Link {
    let number = |kind| Some(u32::from_ne_bytes(find(attributes, kind)?.get(..4)?.try_into().ok()?));
    let kind = find(attributes, IFLA_LINKINFO).and_then(|info| find(info, IFLA_INFO_KIND));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned();
    Link {
        kind: kind.map(text),
        master: number(IFLA_MASTER),
        peer: number(IFLA_LINK),
        peer_namespace: number(IFLA_LINK_NETNSID).map(u32::cast_signed),
        native_program: find(attributes, IFLA_XDP)
            .is_some_and(|xdp| find(xdp, IFLA_XDP_DRV_PROG_ID).is_some()),
    }
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
