//! A name server that knows the hosts of the lab, over UDP and TCP. What it does not know has no addresses.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;

use anyhow::{Context, Result};

use super::network::{Family, HOSTS, ORDINARY};
use super::tls_server::PATIENCE;

/// The bytes of a header (RFC 1035, 4.1.1).
const HEADER: usize = 12;
/// A response (QR) from an authority (AA) without an error.
const RESPONSE: u8 = 0x84;
/// Where the question's name is, as a compressed name (RFC 1035, 4.1.4).
const NAME_OF_QUESTION: [u8; 2] = [0xc0, 0x0c];
/// The class IN, and for how many seconds an answer holds.
const IN_FOR_A_MINUTE: [u8; 6] = [0, 1, 0, 0, 0, 60];
/// The types A and AAAA.
const A: u8 = 1;
const AAAA: u8 = 28;

/// Serves on port 53 of the addresses of [`ORDINARY`] as long as this process runs.
pub fn serve() -> Result<()> {
    for family in Family::BOTH {
        // A socket for each address: one for all would not know from which one to answer.
        let address = SocketAddr::new(ORDINARY.address(family), 53);
        let datagrams = UdpSocket::bind(address).with_context(|| format!("cannot bind {address}"))?;
        let listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
        thread::spawn(move || {
            let mut question = [0; 4096];
            while let Ok((len, client)) = datagrams.recv_from(&mut question) {
                if let Some(answer) = question.get(..len).and_then(answer) {
                    // It fails where the client is gone.
                    drop(datagrams.send_to(&answer, client));
                }
            }
        });
        thread::spawn(move || {
            for client in listener.incoming().filter_map(Result::ok) {
                thread::spawn(move || drop(answer_all(client)));
            }
        });
    }
    Ok(())
}

/// Answers every question of one connection.
fn answer_all(mut client: TcpStream) -> Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    loop {
        let mut len = [0; 2];
        client.read_exact(&mut len)?;
        let mut question = vec![0; u16::from_be_bytes(len).into()];
        client.read_exact(&mut question)?;
        let answer = answer(&question).context("no question")?;
        let len = u16::try_from(answer.len()).context("a long answer")?;
        client.write_all(&[&len.to_be_bytes(), answer.as_slice()].concat())?;
    }
}

/// The answer to a message with one question.
fn answer(message: &[u8]) -> Option<Vec<u8>> {
    let (name, end) = name(message)?;
    let [_, kind, ..] = *message.get(end..end + 4)? else { return None };
    let address = match kind {
        A => address(&name, Family::V4),
        AAAA => address(&name, Family::V6),
        _ => None,
    };
    let answers = u8::from(address.is_some());
    let mut answer = message.get(..2)?.to_vec();
    answer.extend([RESPONSE | message.get(2)? & 1, 0, 0, 1, 0, answers, 0, 0, 0, 0]);
    answer.extend(message.get(HEADER..end + 4)?);
    if let Some(address) = address {
        let octets = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        answer.extend(NAME_OF_QUESTION);
        answer.extend([0, kind]);
        answer.extend(IN_FOR_A_MINUTE);
        answer.extend(u16::try_from(octets.len()).ok()?.to_be_bytes());
        answer.extend(octets);
    }
    Some(answer)
}

/// The name of the first question, and where it ends.
fn name(message: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), HEADER);
    loop {
        let len = usize::from(*message.get(at)?);
        at += 1;
        if len == 0 {
            return Some((labels.join("."), at));
        }
        labels.push(String::from_utf8_lossy(message.get(at..at + len)?).into_owned());
        at += len;
    }
}

fn address(name: &str, family: Family) -> Option<IpAddr> {
    let host = HOSTS.into_iter().find(|host| name.eq_ignore_ascii_case(host.name))?;
    Some(host.address(family))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(kind: u8) -> Vec<u8> {
        let mut question = b"\x12\x34\x01\x20\0\x01\0\0\0\0\0\0".to_vec();
        question.extend(b"\x03WWW\x07example\x03org\0\0");
        question.extend([kind, 0, 1]);
        question
    }

    #[test]
    fn a_host_of_the_lab_has_an_address_of_either_family() {
        let said = answer(&question(A)).expect("an answer");
        assert_eq!(said.get(..8).expect("a header"), b"\x12\x34\x85\0\0\x01\0\x01");
        assert!(said.ends_with(&[0, 4, 203, 0, 113, 10]));
        let said = answer(&question(AAAA)).expect("an answer");
        assert!(said.ends_with(&[0, 16, 0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10]));
    }

    #[test]
    fn what_is_not_there_has_no_answer_and_what_is_broken_gets_none() {
        assert_eq!(answer(&question(16)).expect("an answer").get(6..8).expect("a header"), [0, 0]);
        assert!(answer(&question(A)[..20]).is_none());
    }
}
