//! What is a request and what is another protocol.

use super::*;

/// The outcome, and after how many bytes it was reached.
fn decided(stream: impl AsRef<[u8]>) -> (Outcome, usize) {
    let stream = stream.as_ref();
    let whole = read_all(stream);
    (
        whole,
        (0..stream.len()).find(|len| read_all(&stream[..*len]).0 != Progress::Hungry).unwrap_or(stream.len()),
    )
}

#[test]
fn another_protocol_is_told_as_early_as_possible() {
    let streams: [(&[u8], usize); 20] = [
        (&[22, 3, 1, 2, 0, 1, 0], 1),
        (b"\0\0\0\0", 1),
        (b" GET / HTTP/1.1\r\n", 1),
        (b"get / HTTP/1.1\r\n", 1),
        (b"Get / HTTP/1.1\r\n", 2),
        (b"\r\n\r\n / HTTP/1.1\r\n", 5),
        (b"SSH-2.0-OpenSSH_9.9\r\n", 5),
        (b"STARTTLS\r\n", 9),
        (b"GET\t/ HTTP/1.1\r\n", 4),
        (b"GET\r\n", 4),
        (b"GET_X / HTTP/1.1\r\n", 4),
        (b"ABCDEFGHIJKLMNOPQR / HTTP/1.1\r\n", 18),
        (b"GET \x01/ HTTP/1.1\r\n", 5),
        (b"GET /\t HTTP/1.1\r\n", 6),
        (b"GET /\x7f HTTP/1.1\r\n", 6),
        (b"EHLO client.example\r\n", 20),
        (b"GET http://a.example\r\n", 21),
        (b"CONNECT \ta:1 HTTP/1.1\r\n", 9),
        (b"CONNECT \r\n", 9),
        (b"OPTIONS sip:user@a.example SIP/2.0\r\n", 35),
    ];
    for (stream, after) in streams {
        let expected = (without_name(Progress::NotHttp), after);
        assert_eq!(decided(stream), expected, "{:?}", String::from_utf8_lossy(stream));
    }
}

#[test]
fn a_line_whose_last_word_is_not_http_1_and_a_digit_is_no_request() {
    for line in [
        "GET /",
        "GET / ",
        "GET /HTTP/1.1",
        "GET / HTTP/1.",
        "GET / HTTP/1",
        "GET / HTTP/",
        "GET / HTTP",
        "GET / HTTP/2.0",
        "GET / HTTP/0.9",
        "GET / HTTP/1.1a",
        "GET / HTTP/1.a",
        "GET / HTTP/1.1 a",
        "GET / http/1.1",
        "GET / XHTTP/1.1",
        "GET / HTTP/11.1",
        "GET / HTTP/1.1 1",
        "GET / HTTP/1.11.",
        "GET / HTTP/1.HTTP/1.",
        "GET  HTTP/1.1",
        "GET / aaaaaaaaHTTP/1.1",
        "DESCRIBE rtsp://[a RTSP/1.0",
        "DESCRIBE rtsp://a\\b RTSP/1.0",
        "GET / HTTP/1.\u{661}",
    ] {
        let request = format!("{line}\r\nHost: {NAME}\r\n\r\n");
        assert_eq!(read_all(request), without_name(Progress::NotHttp), "{line}");
    }
}

#[test]
fn a_request_line_is_read_as_lenient_servers_read_it() {
    for line in [
        "GET / HTTP/1.0",
        "GET / HTTP/1.9",
        "GET / HTTP/1.11",
        "\r\nGET / HTTP/1.1",
        "\n\r\n\nGET / HTTP/1.1",
        "GET   /   HTTP/1.1",
        "GET / HTTP/1.1  ",
        "GET /a b HTTP/1.1",
        "GET /a HTTP/1.1 HTTP/1.1",
        "GET /a HTTP/1. HTTP/1.1",
        "G / HTTP/1.1",
        "- / HTTP/1.1",
        "GET \u{fc} HTTP/1.1",
        "GET /HTTP/1.1 HTTP/1.1",
    ] {
        let request = format!("{line}\r\nHost: {NAME}\r\n\r\n");
        assert_eq!(read_all(request), named(NAME), "{line:?}");
    }
}

#[test]
fn the_preface_of_http_2_is_told_apart() {
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    assert_eq!(decided(preface), (without_name(Progress::Http2), "PRI * HTTP/2.".len()));
    for other in ["GET * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PRIX * HTTP/2.0\r\n", "PRI * HTTP/3.0\r\n"] {
        assert_eq!(read_all(other), without_name(Progress::NotHttp), "{other}");
    }
}

#[test]
fn the_byte_after_the_line_with_the_host_decides_or_the_end_of_the_header() {
    for (request, last) in [
        (with_host(" a.example"), "a.example\r\nA"),
        (with_host(""), "Host:\r\nA"),
        (format!("GET / HTTP/1.0\r\nHost: a\r\n\r\n{NAME}"), "Host: a\r\n\r"),
        (with_target("http://a.example/"), "HTTP/1.1\r\n"),
        (with_target("http://a%/"), "HTTP/1.1\r\n"),
        ("CONNECT a.example:1 HTTP/1.1\nHost: b\n\n".into(), "HTTP/1.1\n"),
        (format!("GET / HTTP/1.1\r\nAccept: */*\r\n\r\n{NAME}"), "*/*\r\n\r\n"),
        (format!("GET / HTTP/1.1\r\nHost : {NAME}\r\n\r\n"), "Host "),
    ] {
        let after = request.find(last).unwrap() + last.len();
        assert_eq!(decided(&request).1, after, "{request:?}");
    }
}

#[test]
fn six_bytes_tell_whether_a_stream_may_begin_a_request() {
    for start in [
        "GET / ",
        "POST /",
        "\r\nGET ",
        "OPTION",
        "M-SEAR",
        "PRI * ",
        "G http",
        "\n\n\n\n\n\n",
        "GET \u{fc}x",
    ] {
        assert!(may_begin(*start.as_bytes().first_chunk().unwrap()), "{start:?}");
    }
    for start in
        [&[22, 3, 1, 2, 0, 1], b"SSH-2.", b" GET /", b"get / ", b"GET\t/ ", b"GE\0T /", &[0; 6], b"GETGE["]
    {
        assert!(!may_begin(*start), "{start:?}");
    }
}
