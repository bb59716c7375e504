//! One request and what the kernel answers to it: a message, or all rows of a table.

use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};

/// `struct nlmsghdr`: length, type, flags, sequence, port.
const HEADER: usize = 16;
/// Room for an answer: the kernel puts no more into one datagram of a table (`NLMSG_GOODSIZE`, netlink_dump).
const ANSWER: usize = 32 * 1024;

const NLM_F_REQUEST: u16 = 1;
/// All rows of a table (`NLM_F_ROOT | NLM_F_MATCH`).
const NLM_F_DUMP: u16 = 0x300;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// The upper two bits of an attribute's type are flags.
const NLA_TYPE_MASK: u16 = 0x3fff;

/// A message of the kernel.
#[derive(Debug, PartialEq, Eq)]
struct Message<'a> {
    kind: u16,
    /// What follows the header.
    body: &'a [u8],
}

/// Sends a request on a socket of its own and returns what follows the header of the answer.
///
/// # Errors
/// If the kernel refuses.
pub(crate) fn ask(protocol: SockProtocol, kind: u16, body: &[u8]) -> io::Result<Vec<u8>> {
    let socket = send(protocol, kind, NLM_F_REQUEST, body)?;
    let mut buffer = vec![0; ANSWER];
    let answer = receive(&socket, &mut buffer)?;
    Ok(split(answer)?.0.body.to_vec())
}

/// Asks for all rows of a table and hands what follows the header of each to `row`.
///
/// # Errors
/// If the kernel refuses, or breaks off.
pub(crate) fn dump(
    protocol: SockProtocol,
    kind: u16,
    body: &[u8],
    mut row: impl FnMut(&[u8]),
) -> io::Result<()> {
    let socket = send(protocol, kind, NLM_F_REQUEST | NLM_F_DUMP, body)?;
    let mut buffer = vec![0; ANSWER];
    loop {
        let answer = receive(&socket, &mut buffer)?;
        if answer.is_empty() {
            return Err(cut_short());
        }
        if rows(answer, &mut row)? {
            return Ok(());
        }
    }
}

/// Hands the rows of one datagram to `row`; whether the table ends there.
fn rows(mut messages: &[u8], row: &mut impl FnMut(&[u8])) -> io::Result<bool> {
    // Each turn takes at least a header.
    while !messages.is_empty() {
        let (Message { kind, body }, rest) = split(messages)?;
        if kind == NLMSG_DONE {
            return Ok(true);
        }
        row(body);
        messages = rest;
    }
    Ok(false)
}

fn send(protocol: SockProtocol, kind: u16, flags: u16, body: &[u8]) -> io::Result<OwnedFd> {
    let socket: OwnedFd = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol)?;
    let len = u32::try_from(HEADER + body.len()).map_err(|_| ErrorKind::InvalidInput)?;
    let mut request = Vec::with_capacity(HEADER + body.len());
    request.extend(len.to_ne_bytes());
    request.extend(kind.to_ne_bytes());
    request.extend(flags.to_ne_bytes());
    request.extend(1_u32.to_ne_bytes());
    request.extend(0_u32.to_ne_bytes());
    request.extend(body);
    sendto(socket.as_raw_fd(), &request, &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
    Ok(socket)
}

/// A request is answered before `send` returns, and the next rows of a table are made as the last are taken: where no answer
/// waits, none will come.
fn receive<'a>(socket: &OwnedFd, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
    let len = recv(socket.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT)?;
    buffer.get(..len).ok_or_else(cut_short)
}

/// The first message and what follows it, or the error that it tells.
fn split(messages: &[u8]) -> io::Result<(Message<'_>, &[u8])> {
    let word = |at: usize| Some(u32::from_ne_bytes(messages.get(at..at + 4)?.try_into().ok()?));
    let len = word(0).and_then(|len| usize::try_from(len).ok()).ok_or_else(cut_short)?;
    let kind = match messages.get(4..6) {
        Some(&[a, b]) => u16::from_ne_bytes([a, b]),
        _ => return Err(cut_short()),
    };
    let body = messages.get(HEADER..len).ok_or_else(cut_short)?;
    if kind == NLMSG_ERROR || kind == NLMSG_DONE {
        let code = word(HEADER).ok_or_else(cut_short)?.cast_signed();
        if kind == NLMSG_ERROR || code < 0 {
            return Err(io::Error::from_raw_os_error(code.wrapping_neg()));
        }
    }
    let rest = messages.get(len.next_multiple_of(4)..).unwrap_or_default();
    Ok((Message { kind, body }, rest))
}

fn cut_short() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the kernel's answer is cut short")
}

/// The first attribute of this type.
pub(crate) fn find(mut attributes: &[u8], kind: u16) -> Option<&[u8]> {
    // Each turn takes at least the four bytes of a header.
    while let [a, b, c, d, ..] = *attributes {
        let len = usize::from(u16::from_ne_bytes([a, b]));
        let value = attributes.get(4..len)?;
        if u16::from_ne_bytes([c, d]) & NLA_TYPE_MASK == kind {
            return Some(value);
        }
        attributes = attributes.get(len.next_multiple_of(4)..)?;
    }
    None
}

/// Appends an attribute, padded to four bytes.
pub(crate) fn attribute(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    #[expect(clippy::cast_possible_truncation, reason = "the values here have a few bytes")]
    let len = (4 + value.len()) as u16;
    body.extend(len.to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
