//! What stands in the place of a name, or hides another one: an address, and an encrypted hello inside (ECH).

use gateway_common::abi::Kind;
use gateway_common::reason::Reason;

use crate::harness::*;

/// encrypted_client_hello (RFC 9849).
const ECH: u16 = 0xfe0d;
const OUTER: &str = "public.example";

/// Hellos for this outer name with an encrypted one inside: before the name and behind it, near and so far that it comes
/// in another segment.
fn with_ech(name: &str) -> [Vec<u8>; 4] {
    let name = server_name(name.as_bytes());
    let (ech, far): (&[u8], &[u8]) = (&[0x5e; 186], &[0x33; 1500]);
    [
        with_extensions(&[(43, &[2, 3, 4]), (ECH, ech), (0, &name)]),
        with_extensions(&[(0, &name), (ECH, ech), (13, &[0, 4, 4, 3, 8, 4])]),
        with_extensions(&[(ECH, ech), (51, far), (0, &name)]),
        with_extensions(&[(0, &name), (51, far), (ECH, ech)]),
    ]
}

/// Opens a connection and sends this; the last segment brings what is expected.
#[track_caller]
fn send(filter: &mut Filter, source_port: u16, payload: &[u8], segment: usize, expected: &Expected) {
    let mut tcp = Tcp::new(Path::v4().source_port(source_port));
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    let mut segments = payload.chunks(segment).peekable();
    while let Some(segment) = segments.next() {
        let frame = tcp.send(segment);
        let incomplete = passes(Reason::Incomplete);
        filter.give(&frame, if segments.peek().is_none() { expected } else { &incomplete });
    }
}

#[test]
fn an_encrypted_hello_is_refused_where_a_policy_says_so_wherever_it_stands() {
    let mut filter = Filter::phone("[inspect]\nech = \"block\"");
    let expected = drops(Reason::Ech, "p").named(OUTER);
    for (port, hello) in (50_000..).zip(with_ech(OUTER)) {
        // A jumbo frame, and segments of the usual size.
        send(&mut filter, port, &hello, 4000, &expected);
        send(&mut filter, port + 100, &hello, 1400, &expected);
    }
    // Without one, the name is judged at the end of the hello.
    let name = server_name(OUTER.as_bytes());
    let plain = with_extensions(&[(0, &name), (51, &[0x33; 1500]), (13, &[0, 4, 4, 3, 8, 4])]);
    send(&mut filter, 51_000, &plain, 1400, &passes(Reason::TlsSni).named(OUTER));
    send(&mut filter, 51_001, &nameless(), 1400, &passes(Reason::Nameless));
}

#[test]
fn an_encrypted_hello_passes_by_default_at_its_name() {
    let mut filter = Filter::phone("[block]\nhosts = [\"other.example\"]");
    for (port, hello) in (50_000..).zip(with_ech(OUTER)) {
        let end = position(&hello, OUTER.as_bytes()) + OUTER.len();
        send(&mut filter, port, &hello[..end], 1400, &passes(Reason::TlsSni).named(OUTER));
    }
}

#[test]
fn a_blocked_outer_name_decides_before_the_encrypted_hello_does() {
    let mut filter = Filter::phone(&format!("[block]\nhosts = [\"{OUTER}\"]\n[inspect]\nech = \"block\""));
    for (port, hello) in (50_000..).zip(with_ech(OUTER)) {
        let end = position(&hello, OUTER.as_bytes()) + OUTER.len();
        send(&mut filter, port, &hello[..end], 1400, &drops(Reason::TlsSni, "p").named(OUTER));
    }
}

#[test]
fn an_encrypted_hello_without_an_outer_name_is_refused_where_a_policy_says_so() {
    let hello = with_extensions(&[(43, &[2, 3, 4]), (ECH, &[0x5e; 186])]);
    let refused = drops(Reason::Ech, "p").decides(Kind::None);
    send(&mut Filter::phone("[inspect]\nech = \"block\""), 50_000, &hello, 1400, &refused);
    let both = "[inspect]\nech = \"block\"\nnameless = \"block\"";
    send(&mut Filter::phone(both), 50_000, &hello, 1400, &drops(Reason::Nameless, "p").decides(Kind::None));
    let neither = "[block]\nhosts = [\"other.example\"]";
    send(&mut Filter::phone(neither), 50_000, &hello, 1400, &passes(Reason::Nameless));
}

#[test]
fn a_policy_that_observes_lets_an_encrypted_hello_pass_and_one_that_blocks_comes_before_it() {
    let observing = "action = \"observe\"\n[inspect]\nech = \"block\"";
    let mut filter = Filter::phone(observing);
    let [_, hello, ..] = with_ech(OUTER);
    send(&mut filter, 50_000, &hello, 1400, &observes(Reason::Ech, "p").named(OUTER));
    let setup = Setup::new()
        .policy("watch", &format!("action = \"observe\"\n[block]\nhosts = [\"{OUTER}\"]"))
        .policy("hard", "[inspect]\nech = \"block\"")
        .device("phone", PHONE, &["watch", "hard"]);
    send(&mut Filter::new(&setup), 50_000, &hello, 1400, &drops(Reason::Ech, "hard").named(OUTER));
}

#[test]
fn a_hello_that_breaks_behind_its_name_is_malformed_and_its_name_is_told() {
    let mut filter = Filter::phone("[inspect]\nech = \"block\"");
    let mut hello = with_extensions(&[(0, &server_name(OUTER.as_bytes())), (51, &[0x33; 40])]);
    let at = position(&hello, &[0, 51, 0, 40]);
    hello[at + 2] = 9;
    send(&mut filter, 50_000, &hello, 1400, &drops(Reason::Malformed, "p").named(OUTER));
}

#[test]
fn an_address_in_place_of_a_server_name_is_told_as_one() {
    let addresses = ["192.0.2.1", "2001:db8::1", "[2001:db8::1]"];
    let mut filter = Filter::phone("[inspect]\nnameless = \"block\"");
    for (port, address) in (50_000..).zip(addresses) {
        let expected = passes(Reason::IpLiteral).named(address);
        send(&mut filter, port, &crafted(address.as_bytes()), 1400, &expected);
    }
    let mut filter = Filter::phone("[inspect]\nip_literal = \"block\"");
    for (port, address) in (50_000..).zip(addresses) {
        let expected = drops(Reason::IpLiteral, "p").named(address);
        send(&mut filter, port, &crafted(address.as_bytes()), 1400, &expected);
    }
    send(
        &mut filter,
        51_000,
        &crafted(b"1e100.example"),
        1400,
        &passes(Reason::TlsSni).named("1e100.example"),
    );
    send(&mut filter, 51_001, &nameless(), 1400, &passes(Reason::Nameless));
}

#[test]
fn an_address_in_place_of_a_host_is_told_as_one() {
    let hosts =
        [("192.0.2.1:8080", "192.0.2.1"), ("[2001:db8::7]:80", "2001:db8::7"), ("10.0.0.1", "10.0.0.1")];
    for (text, refused) in
        [("[inspect]\nnameless = \"block\"", false), ("[inspect]\nip_literal = \"block\"", true)]
    {
        let mut filter = Filter::phone(text);
        for (port, (host, name)) in (50_000..).zip(hosts) {
            let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
            let expected = if refused { drops(Reason::IpLiteral, "p") } else { passes(Reason::IpLiteral) };
            send(&mut filter, port, request.as_bytes(), 1400, &expected.named(name).decides(Kind::HttpHost));
        }
    }
}

/// A policy that judges hidden names by what was asked for.
const JUDGE: &str = "[block]\ndomains = [\"blocked.example\"]\n[allow]\nhosts = [\"fine.blocked.example\"]\n[inspect]\nech = \"judge\"";

/// Tells the phone that the server of the path has this name.
#[track_caller]
fn resolve(filter: &mut Filter, path: &Path, name: &str) {
    let record = Record::address(&path.destination.to_string(), 300);
    filter.down(&answer(path.clone(), name, &[record]), None);
}

/// Opens a connection on this path and sends a hello with an encrypted one inside.
#[track_caller]
fn say_hello(filter: &mut Filter, path: &Path, hello: &[u8], expected: &Expected) {
    let mut tcp = Tcp::new(path.clone());
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&tcp.send(hello), expected);
}

#[test]
fn a_hidden_name_is_judged_by_the_name_that_the_device_asked_for() {
    for path in [Path::v4(), Path::v6()] {
        for (port, hello) in (50_000..).zip(with_ech(OUTER)) {
            let mut filter = Filter::phone(JUDGE);
            let path = |n: u16| path.clone().source_port(port + n);
            // Nobody knows for what the address stands.
            say_hello(&mut filter, &path(0), &hello, &passes(Reason::TlsSni).named(OUTER));
            resolve(&mut filter, &path(0), "www.blocked.example");
            let blocked = drops(Reason::Asked, "p").named(OUTER);
            say_hello(&mut filter, &path(100), &hello, &blocked);
            // Allowed, then of no list.
            resolve(&mut filter, &path(0), "fine.blocked.example");
            say_hello(&mut filter, &path(200), &hello, &passes(Reason::TlsSni).named(OUTER));
            resolve(&mut filter, &path(0), "www.example.org");
            say_hello(&mut filter, &path(300), &hello, &passes(Reason::TlsSni).named(OUTER));
            resolve(&mut filter, &path(0), "blocked.example");
            say_hello(&mut filter, &path(400), &hello, &blocked);
        }
    }
}

#[test]
fn a_hello_that_shows_a_name_which_the_device_asked_for_hides_none() {
    let mut filter = Filter::phone(JUDGE);
    let [_, hello, ..] = with_ech("www.example.org");
    let path = Path::v4();
    resolve(&mut filter, &path, "www.example.org");
    resolve(&mut filter, &path, "www.blocked.example");
    // Both are behind one address; the extension is one that browsers send at random (GREASE).
    say_hello(&mut filter, &path, &hello, &passes(Reason::TlsSni).named("www.example.org"));
    // A device that did not ask for it hides something.
    let [_, other, ..] = with_ech(OUTER);
    say_hello(&mut filter, &path.source_port(51_000), &other, &drops(Reason::Asked, "p").named(OUTER));
}

#[test]
fn an_answer_whose_time_is_over_judges_nothing() {
    let mut filter = Filter::phone(JUDGE);
    let path = Path::v4();
    resolve(&mut filter, &path, "www.blocked.example");
    let (key, asked) = filter.maps.asked.iter().next().unwrap().unwrap();
    let past = now() / 1_000_000_000 - 1;
    let mut old = asked.0;
    old.until = past;
    filter.maps.asked.insert(key, gateway::datapath::plain::Plain(old), 0).unwrap();
    let [_, hello, ..] = with_ech(OUTER);
    say_hello(&mut filter, &path, &hello, &passes(Reason::TlsSni).named(OUTER));
}

#[test]
fn what_one_device_asked_for_judges_no_other() {
    let policy = Setup::new().policy("p", JUDGE).device("phone", PHONE, &["p"]).device("tv", TV, &["p"]);
    let mut filter = Filter::new(&policy);
    let path = Path::v4();
    resolve(&mut filter, &path, "www.blocked.example");
    let [_, hello, ..] = with_ech(OUTER);
    let mut tcp = Tcp::new(path.from(TV));
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins().of("tv"));
    filter.give(&tcp.send(&hello), &passes(Reason::TlsSni).named(OUTER).of("tv"));
}

#[test]
fn policies_that_judge_block_and_pass_encrypted_hellos_speak_for_themselves() {
    let judge = "[block]\ndomains = [\"blocked.example\"]\n[inspect]\nech = \"judge\"";
    let [_, hello, ..] = with_ech(OUTER);
    let of = |policies: &[(&str, &str)]| {
        let names: Vec<&str> = policies.iter().map(|(name, _)| *name).collect();
        let setup = policies.iter().fold(Setup::new(), |setup, (name, text)| setup.policy(name, text));
        let mut filter = Filter::new(&setup.device("phone", PHONE, &names));
        resolve(&mut filter, &Path::v4(), "www.blocked.example");
        filter
    };
    // Who only passes them does not lift what another one says, and its own entries do not count.
    let blind = "[block]\ndomains = [\"blocked.example\"]";
    say_hello(&mut of(&[("a", blind)]), &Path::v4(), &hello, &passes(Reason::TlsSni).named(OUTER));
    say_hello(
        &mut of(&[("a", blind), ("b", judge)]),
        &Path::v4(),
        &hello,
        &drops(Reason::Asked, "b").named(OUTER),
    );
    let hard = ("hard", "[inspect]\nech = \"block\"");
    say_hello(&mut of(&[("a", judge), hard]), &Path::v4(), &hello, &drops(Reason::Ech, "hard").named(OUTER));
    let watching = ("w", "action = \"observe\"\n[inspect]\nech = \"block\"");
    say_hello(
        &mut of(&[("a", judge), watching]),
        &Path::v4(),
        &hello,
        &drops(Reason::Asked, "a").named(OUTER),
    );
    let observing = format!("action = \"observe\"\n{judge}");
    say_hello(&mut of(&[("o", &observing)]), &Path::v4(), &hello, &observes(Reason::Asked, "o").named(OUTER));
}

#[test]
fn a_flow_with_a_hidden_name_is_judged_again_under_another_policy() {
    let mut filter = Filter::phone("[block]\nhosts = [\"x.example\"]\n[inspect]\nech = \"judge\"");
    let path = Path::v4();
    resolve(&mut filter, &path, "www.blocked.example");
    let [_, hello, ..] = with_ech(OUTER);
    let mut tcp = Tcp::new(path);
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&tcp.send(&hello), &passes(Reason::TlsSni).named(OUTER));
    filter.reload(&Setup::phone(JUDGE));
    filter.give(&tcp.send(b"more"), &drops(Reason::Asked, "p").decides(Kind::None));
    // Its shown name is remembered behind that.
    filter.reload(&Setup::phone(&format!("[block]\nhosts = [\"{OUTER}\"]")));
    filter.give(&tcp.send(b"more"), &drops(Reason::KnownFlow, "p").because(Reason::TlsSni));
    filter.reload(&Setup::phone("[block]\nhosts = [\"x.example\"]"));
    filter.give(&tcp.send(b"more"), &passes(Reason::KnownFlow));
}

#[test]
fn a_flow_that_begins_blocked_for_a_hidden_name_is_judged_by_what_it_shows_when_that_is_over() {
    let mut filter = Filter::phone(JUDGE);
    let path = Path::v4();
    resolve(&mut filter, &path, "www.blocked.example");
    let [_, hello, ..] = with_ech(OUTER);
    let mut tcp = Tcp::new(path);
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    filter.give(&tcp.send(&hello), &drops(Reason::Asked, "p").named(OUTER));
    filter.reload(&Setup::phone(&format!("[block]\nhosts = [\"{OUTER}\"]")));
    filter.give(&tcp.send(b"more"), &drops(Reason::KnownFlow, "p").because(Reason::TlsSni));
}
