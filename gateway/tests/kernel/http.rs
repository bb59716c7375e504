//! The host of an HTTP/1 request, on any port and however it is cut.

use gateway_common::abi::Kind;
use gateway_common::reason::Reason;

use crate::harness::*;

const BLOCKED: &str = "[block]\ndomains = [\"example.org\"]";
const REQUEST: &[u8] =
    b"GET /ping HTTP/1.1\r\nUser-Agent: miui\r\nhOsT: WWW.example.org:80\r\nAccept: */*\r\n\r\n";

#[test]
fn the_host_of_a_request_is_judged_on_any_port() {
    let mut filter = Filter::phone(BLOCKED);
    for (number, path) in (50_000..).zip([Path::v4().port(80), Path::v6().port(80), Path::v4().port(8123)]) {
        let mut tcp = Tcp::new(path.source_port(number));
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        let expected = drops(Reason::HttpHost, "p").named("www.example.org").decides(Kind::HttpHost);
        filter.give(&tcp.send(REQUEST), &expected);
        filter.give(&tcp.send(b"more"), &drops(Reason::KnownFlow, "p").because(Reason::HttpHost));
    }
}

#[test]
fn a_host_that_is_not_listed_passes_and_is_told() {
    let mut filter = Filter::phone(BLOCKED);
    let mut tcp = Tcp::new(Path::v4().port(80));
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    let expected = passes(Reason::HttpHost).named("notexample.org").decides(Kind::HttpHost);
    filter.give(&tcp.send(b"POST / HTTP/1.0\nHost: notexample.org\n\n"), &expected);
    filter.give(&tcp.send(REQUEST), &passes(Reason::KnownFlow));
}

#[test]
fn the_authority_of_an_absolute_target_decides() {
    let mut filter = Filter::phone(BLOCKED);
    let mut tcp = Tcp::new(Path::v4().port(3128));
    filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
    let proxied = b"GET http://www.example.org/ HTTP/1.1\r\nHost: other.example\r\n\r\n";
    let expected = drops(Reason::HttpHost, "p").named("www.example.org").decides(Kind::HttpHost);
    filter.give(&tcp.send(proxied), &expected);
}

#[test]
fn a_request_that_breaks_the_rules_is_malformed_and_what_is_no_request_is_not_inspected() {
    let mut filter = Filter::phone(BLOCKED);
    let cases: [(&[u8], Expected); 3] = [
        (
            b"GET / HTTP/1.1\r\nHost : www.example.org\r\n\r\n",
            drops(Reason::Malformed, "p").decides(Kind::None),
        ),
        (b"HELLO there, no request\r\n", passes(Reason::NotInspected)),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", passes(Reason::NotInspected)),
    ];
    for (port, (payload, expected)) in (50_000..).zip(cases) {
        let mut tcp = Tcp::new(Path::v4().port(80).source_port(port));
        filter.give(&tcp.syn(), &passes(Reason::NoPayload).begins());
        filter.give(&tcp.send(payload), &expected);
    }
}

#[test]
fn a_request_cut_in_two_anywhere_is_judged_like_a_whole_one() {
    let mut filter = Filter::phone(BLOCKED);
    for (port, cut) in (40_000..).zip(1..REQUEST.len()) {
        let mut tcp = Tcp::new(Path::v4().port(80).source_port(port));
        let verdicts =
            [tcp.syn(), tcp.send(&REQUEST[..cut]), tcp.send(&REQUEST[cut..])].map(|f| filter.run(&f));
        // The second piece never passes: it completes the name, or the first did.
        assert_eq!((verdicts[0], verdicts[2]), ("XDP_PASS", "XDP_DROP"), "cut behind {cut} bytes");
    }
}
