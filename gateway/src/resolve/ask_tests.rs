//! Real questions to a small DNS server on the loopback interface.

use std::net::UdpSocket;
use std::thread;

use super::*;

const A: u16 = 1;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const AAAA: u16 = 28;

/// A record: the name whose it is, its type, its TTL, its data.
type Record = (&'static str, u16, u32, Vec<u8>);

/// What the server does with a question.
enum Reaction {
    /// Answers with this code, these records, and these about the zone.
    Replies(u8, Vec<Record>, Vec<Record>),
    /// Answers another question than was asked.
    Spoofs,
    /// Nothing.
    IsSilent,
}

fn name(text: &str) -> Vec<u8> {
    let labels = text.split('.').filter(|label| !label.is_empty());
    let mut bytes: Vec<u8> = labels
        .flat_map(|label| std::iter::once(u8::try_from(label.len()).unwrap()).chain(label.bytes()))
        .collect();
    bytes.push(0);
    bytes
}

fn reaction(host: &str, kind: u16) -> Reaction {
    use Reaction::*;
    let v4 = |host, last, ttl| (host, A, ttl, vec![203, 0, 113, last]);
    let found = |records| Replies(0, records, Vec::new());
    match (host, kind) {
        ("a.example", A) => found(vec![v4("a.example", 7, 120), v4("a.example", 8, 90)]),
        ("a.example", AAAA) => found(vec![(
            "a.example",
            AAAA,
            60,
            "2001:db8::7".parse::<std::net::Ipv6Addr>().unwrap().octets().into(),
        )]),
        ("alias.example", A) => found(vec![
            ("alias.example", CNAME, 300, name("middle.example")),
            ("middle.example", CNAME, 20, name("end.example")),
            v4("end.example", 9, 300),
        ]),
        ("far.example", A) => found(vec![("far.example", CNAME, 30, name("a.example"))]),
        ("none.example", _) => {
            let numbers = [1_u32, 2, 3, 4, 77].map(u32::to_be_bytes).concat();
            let soa = [name("ns.example"), name("who.example"), numbers].concat();
            Replies(3, Vec::new(), vec![("example", SOA, 100, soa)])
        }
        ("broken.example", _) => Replies(2, Vec::new(), Vec::new()),
        ("refused.example", _) => Replies(5, Vec::new(), Vec::new()),
        ("spoofed.example", _) => Spoofs,
        ("silent.example", _) => IsSilent,
        _ => found(Vec::new()),
    }
}

fn reply(query: &[u8], question: &[u8], code: u8, records: &[Record], zone: &[Record]) -> Vec<u8> {
    let count = |records: &[Record]| u16::try_from(records.len()).unwrap().to_be_bytes();
    let mut bytes =
        [&query[..2], &[0x81, 0x80 | code, 0, 1], &count(records), &count(zone), &[0, 0], question].concat();
    for (owner, kind, ttl, data) in records.iter().chain(zone) {
        bytes.extend(name(owner));
        bytes.extend([kind.to_be_bytes(), [0, 1]].concat());
        bytes.extend(ttl.to_be_bytes());
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(data);
    }
    bytes
}

/// A server, for as long as the test process lives.
fn server() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 1500];
        while let Ok((len, peer)) = socket.recv_from(&mut buffer) {
            let query = &buffer[..len];
            let (mut at, mut labels) = (12, Vec::new());
            while query[at] != 0 {
                let end = at + 1 + usize::from(query[at]);
                labels.push(String::from_utf8(query[at + 1..end].to_ascii_lowercase()).unwrap());
                at = end;
            }
            let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
            let bytes = match reaction(&labels.join("."), kind) {
                Reaction::Replies(code, records, zone) => {
                    reply(query, &query[12..at + 5], code, &records, &zone)
                }
                Reaction::Spoofs => {
                    let other = [name("evil.example"), vec![0, 1, 0, 1]].concat();
                    reply(query, &other, 0, &[("evil.example", A, 60, vec![203, 0, 113, 66])], &[])
                }
                Reaction::IsSilent => continue,
            };
            socket.send_to(&bytes, peer).unwrap();
        }
    });
    address
}

/// What comes of a question to the server.
fn answer(host: &str, family: Family) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let asker = Asker::patient(&[server()], Duration::from_millis(300)).unwrap();
        assert_eq!(*asker.servers(), ["127.0.0.1".parse().unwrap()].into());
        asker.ask(&Question { host: host.parse().unwrap(), family }).await
    })
}

fn addresses(texts: &[&str], ttl: u64) -> Answer {
    let addresses = texts.iter().map(|text| text.parse().unwrap()).collect();
    Answer::Addresses(addresses, Duration::from_secs(ttl))
}

#[test]
fn a_host_has_addresses_of_both_families_with_the_shortest_of_their_ttls() {
    assert_eq!(answer("a.example", Family::V4), addresses(&["203.0.113.7", "203.0.113.8"], 90));
    assert_eq!(answer("a.example", Family::V6), addresses(&["2001:db8::7"], 60));
}

#[test]
fn aliases_are_followed_and_the_shortest_ttl_of_the_chain_counts() {
    assert_eq!(answer("alias.example", Family::V4), addresses(&["203.0.113.9"], 20));
}

#[test]
fn an_alias_without_its_end_is_asked_on() {
    assert_eq!(answer("far.example", Family::V4), addresses(&["203.0.113.7", "203.0.113.8"], 30));
}

#[test]
fn a_name_that_is_not_there_or_has_no_address_is_an_answer() {
    assert_eq!(answer("none.example", Family::V4), Answer::Nothing(Some(Duration::from_secs(77))));
    assert_eq!(answer("empty.example", Family::V6), Answer::Nothing(None));
}

#[test]
fn a_server_that_fails_refuses_is_silent_or_answers_something_else_is_none() {
    for host in ["broken.example", "refused.example", "silent.example", "spoofed.example"] {
        let answer = answer(host, Family::V4);
        assert!(matches!(answer, Answer::Failed(_)), "{host}: {answer:?}");
    }
}
